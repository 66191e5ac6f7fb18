"""What is in the bucket: keys, tables, journal lines, and the storage behind them.

Everything that the collector and the aggregator have in common is here, and nothing else:
the two programs never import each other, they meet only in the lake.
"""

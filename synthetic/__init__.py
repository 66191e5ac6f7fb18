"""A seeded market, written as a collector would have written it.

    noise      what a seed says about a moment
    market     instruments, trades and books as arrays
    text       arrays as CSV
    chunks     rows cut by the minute of their receipt, named and compressed
    journals   what a run says about itself
    faults     the troubles of the demo
    days       a whole day, plain or troubled, as a stream of objects
    cli        the edge: `python -m synthetic.cli`

The market is a function of seed, symbol and time without state, so any minute of it can be made
alone, and two runs that record the same minute hold the same trades.
"""

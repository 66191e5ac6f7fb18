"""A seeded market, written as a collector would have written it.

    noise      what a seed says about a moment
    rows       instruments, trades and books as arrays
    market     the trades and books of any minute
    text       arrays as CSV
    chunks     rows cut by the minute of their receipt, named and compressed
    journals   what a run says about itself
    days       a plain day of any size
    faults     troubles, planted in rows and chunks
    demo       a day with one of each trouble
    report     what was written, for a person to compare
    troubles   what was planted, in words and numbers
    archive    days as the exchange's archive publishes them
    writing    the lake: each made day is written once
    cli        `python -m synthetic.cli`

The market is a function of seed, symbol and time without state, so any minute of it can be made
alone, and two runs that record the same minute hold the same trades.
"""

"""Lists the carry: the chunks of the day before in which its last price is looked for."""

from datetime import date, timedelta

from aggregator.inputs import InputChunk, carry_window, sorted_out
from lake.layout import Stream, raw_day_prefix
from lake.storage import Storage


def carry_chunks(
    storage: Storage, symbol: str, day: date, margin: int, from_minute: int
) -> list[InputChunk]:
    """Return the trades chunks of the day before, from a minute on up to the margin."""
    start, end = carry_window(symbol, day, margin, from_minute)
    prefix = raw_day_prefix(Stream.TRADES, symbol, day - timedelta(days=1))
    return [*sorted_out(storage.list(prefix, start, end))[0]]

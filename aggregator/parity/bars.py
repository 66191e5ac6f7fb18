"""Published bars, read for comparison: those of a minute, or put together from shorter ones.

No clock, no disk.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from aggregator.parity.candles import MINUTES_PER_DAY, Bar, Candle
from aggregator.quality import GAP, OK, PARTIAL
from aggregator.resolutions import Resolution

_MINUTE_S = 60


def comparable(published: Iterable[Resolution]) -> Resolution | None:
    """Return the longest bars that minutes can be put together from; None if all are too long."""
    fitting = [each for each in published if _MINUTE_S % each.seconds == 0]
    return max(fitting, default=None)


def read_bars(text: bytes) -> tuple[Bar, ...]:
    """Return the bars of a CSV file by minute of the day; raise ValueError for any other file."""
    try:
        rows = [*csv.DictReader(io.StringIO(text.decode()))]
    except csv.Error as error:
        raise ValueError(f"it is no table: {error}") from error
    parts, rest = divmod(len(rows), MINUTES_PER_DAY)
    if rest or not parts:
        raise ValueError(f"it has {len(rows)} bars, so it is no whole day")
    try:
        bars = [_bar(row) for row in rows]
    except (ArithmeticError, KeyError, TypeError) as error:
        raise ValueError(f"a bar cannot be read: {error}") from error
    return tuple(_together(bars[i : i + parts]) for i in range(0, len(bars), parts))


def _bar(row: Mapping[str, str]) -> Bar:
    candle = Candle(
        _price(row["open"]), _price(row["high"]), _price(row["low"]), _price(row["close"]),
        _number(row["vol_total"]), _number(row["quote_volume"]), _number(row["trade_count"]),
        _number(row["vol_buy"]),
    )  # fmt: skip
    return Bar(candle, row["quality"], int(row["missing_trades"] or 0))


def _price(cell: str) -> Decimal | None:
    return _number(cell) if cell else None


def _number(cell: str) -> Decimal:
    found = Decimal(cell)
    if not found.is_finite():
        raise ValueError(f"a bar cannot be read: {cell} is no number")
    return found


def _together(parts: Sequence[Bar]) -> Bar:
    """Return one bar for several that follow each other."""
    if len(parts) == 1:
        return parts[0]
    # A bar without a trade has the last close before it, which need not lie in this minute.
    traded = [bar.candle for bar in parts if bar.candle.trade_count] or [parts[-1].candle]
    sums = zip(*(bar.candle[4:] for bar in parts), strict=True)
    candle = Candle(
        traded[0].open,
        max((each.high for each in traded if each.high is not None), default=None),
        min((each.low for each in traded if each.low is not None), default=None),
        traded[-1].close,
        *(sum(column, Decimal()) for column in sums),
    )
    return Bar(candle, _quality(parts), sum(bar.missing for bar in parts))


def _quality(parts: Sequence[Bar]) -> str:
    grades = {bar.quality for bar in parts}
    if len(grades) == 1:
        return grades.pop()
    return PARTIAL if grades & {OK, PARTIAL, GAP} else ""

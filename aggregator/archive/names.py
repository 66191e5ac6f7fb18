"""What the name of an archive's file says: the symbol, and the day or month. No clock, no disk."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from aggregator.utc import day_start_ms
from lake.layout import parse_date

_NAMED = re.compile(r"(?P<symbol>[^/]+?)-trades-(?P<rest>\d{4}-\d{2}.*)", re.ASCII)
_PERIOD = re.compile(r"(?P<month>\d{4}-\d{2})(?P<day>-\d{2})?(\.csv|\.csv\.gz|\.zip)", re.ASCII)


@dataclass(frozen=True)
class Period:
    """A day or a month, `[start_ms, end_ms)`, ms since 1970 UTC."""

    start_ms: int
    end_ms: int


def symbol_of(name: str) -> str | None:
    """Return the symbol that a name such as `BTCUSDT-trades-2025-01-31.zip` begins with."""
    match = _NAMED.fullmatch(name)
    return match["symbol"] if match else None


def period_of(name: str) -> Period | None:
    """Return the whole day or month that the name promises; None if it promises none.

    `BTCUSDT-trades-2025-01-31-00h.csv` promises nothing: it is not how the archive names a file.
    """
    named = _NAMED.fullmatch(name)
    match = _PERIOD.fullmatch(named["rest"]) if named else None
    first = parse_date(match["month"] + (match["day"] or "-01")) if match else None
    if not match or not first:
        return None
    after = first + timedelta(days=1) if match["day"] else _next_month(first)
    return Period(day_start_ms(first), day_start_ms(after))


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)

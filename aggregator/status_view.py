"""Published days, as a table for people or as JSON."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aggregator.status import DayStatus
from aggregator.terminal import CONDITION_STYLES
from lake.layout import Stream

_SHARES: dict[str, Callable[[DayStatus], float]] = {
    "bars ok": lambda day: day.ok,
    "book": lambda day: day.coverage,
}
_COUNTS: dict[str, Callable[[DayStatus], int]] = {
    "missing": lambda day: day.missing_trades,
    "holes": lambda day: day.holes,
    "malformed": lambda day: day.malformed_rows,
    "trades": lambda day: day.trades,
    "snapshots": lambda day: day.snapshots,
}
_OF_STREAM = {
    "book": Stream.DEPTH20, "snapshots": Stream.DEPTH20,
    "missing": Stream.TRADES, "holes": Stream.TRADES, "trades": Stream.TRADES,
}  # fmt: skip
_LEAST_WIDTH = {
    "missing": 72, "malformed": 95, "trades": 110, "snapshots": 110, "resolutions": 125,
}  # fmt: skip
"""Of a terminal that has room for the column."""
_PARITY_WIDTH, _PARITY_FROM = 14, 86


def print_statuses(days: Sequence[DayStatus], *, as_json: bool) -> None:
    """Print the days to standard output."""
    if as_json:
        json.dump([day.as_json() for day in days], sys.stdout, ensure_ascii=False, indent=1)
        print()
        return
    console = Console()
    if not days:
        console.print("nothing is published in these days; build them with daily or backfill")
        return
    console.print(_grid(days, console.width), _details(days, console.width))
    console.print(_sentence(days))


def _grid(days: Sequence[DayStatus], width: int) -> Table:
    """Return days × symbols, one sign a day, with as many symbols as the width has room for."""
    by_place = {(day.date, day.symbol): day for day in days}
    symbols = sorted({day.symbol for day in days})
    shown = _fitting(symbols, width - len("2025-12-11"))
    table = Table(box=None, header_style="bold", pad_edge=False, title_justify="left")
    table.add_column("day", no_wrap=True)
    for symbol in shown:
        table.add_column(symbol, no_wrap=True, justify="center")
    if len(shown) < len(symbols):
        table.add_column(f"+{len(symbols) - len(shown)}", no_wrap=True, style="dim")
    for date in sorted({day.date for day in days}):
        table.add_row(date, *(_sign(by_place.get((date, symbol))) for symbol in shown))
    return table


def _fitting(symbols: list[str], width: int) -> list[str]:
    shown: list[str] = []
    for symbol in symbols:
        width -= cell_len(symbol) + 2
        if width < len("+999"):
            break
        shown.append(symbol)
    return shown or symbols[:1]


def _sign(day: DayStatus | None) -> Text:
    if day is None:
        return Text("·", style="dim")
    style = CONDITION_STYLES.get(day.condition)
    if style is None:
        return Text("?", style="bold red")
    return Text("✓" if day.condition == "complete" else _floor_percent(day.ok), style=style)


def _floor_percent(share: float) -> str:
    """Write a share so that only the whole is 100 %."""
    return f"{int(share * 1000) / 10:g}%"


def _details(days: Sequence[DayStatus], width: int) -> Table:
    """Return one line a day, with as many columns as the width has room for."""
    names = _columns(days, width)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("day", "symbol", "condition"):
        table.add_column(name, no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for day in days:
        style = CONDITION_STYLES.get(day.condition, "bold red")
        first = [Text(day.date), Text(day.symbol), Text(day.condition, style=style)]
        table.add_row(*first, *(Text(_cell(day, name)) for name in names))
    return table


def _columns(days: Sequence[DayStatus], width: int) -> list[str]:
    """Return the columns that there is room for; that of comparisons only if there are any."""
    compared = width >= _PARITY_FROM and any(day.parity for day in days)
    room = width - _PARITY_WIDTH if compared else width
    names = [name for name in (*_SHARES, *_COUNTS) if room >= _LEAST_WIDTH.get(name, 0)]
    names += ["parity"] if compared else []
    return names + (["resolutions"] if room >= _LEAST_WIDTH["resolutions"] else [])


def _cell(day: DayStatus, name: str) -> str:
    if day.streams and _OF_STREAM.get(name, day.streams[0]) not in day.streams:
        return "none"
    if name == "parity":
        return _parity(day)
    if name in _SHARES:
        return _floor_percent(_SHARES[name](day))
    if name in _COUNTS:
        return f"{_COUNTS[name](day):,}"
    return " ".join(day.resolutions)


def _parity(day: DayStatus) -> str:
    """Say how many minutes are the exchange's klines, or how many are not."""
    said = day.parity
    if said is None:
        return ""
    if said.stale:
        return "stale"
    different = f"{said.different_though_ok:,} differ"
    return different if said.different_though_ok else f"{said.equal:,} equal"


def _sentence(days: Sequence[DayStatus]) -> str:
    counts = Counter(day.condition for day in days)
    names = [*CONDITION_STYLES, *sorted(counts.keys() - CONDITION_STYLES.keys())]
    return f"{len(days)} days: " + ", ".join(f"{counts[n]} {n}" for n in names if counts[n])

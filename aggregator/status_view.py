"""Published days, as a table for people or as JSON."""

import json
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aggregator.console import CONDITION_STYLES
from aggregator.status import DayStatus

_NARROW = 90


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
    console.print(_grid(days, console.width), _details(days, wide=console.width >= _NARROW))
    console.print(_sentence(days))


def _grid(days: Sequence[DayStatus], width: int) -> Table:
    """Return days × symbols, one sign a day, as many of the newest symbols' columns as fit."""
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
        width -= len(symbol) + 2
        if width < len("+999"):
            break
        shown.append(symbol)
    return shown or symbols[:1]


def _sign(day: DayStatus | None) -> Text:
    if day is None:
        return Text("·", style="dim")
    style = CONDITION_STYLES.get(day.condition, "bold red")
    return Text("✓" if day.condition == "complete" else f"{_floor_percent(day.ok)}", style=style)


def _floor_percent(share: float) -> str:
    """Write a share so that only the whole is 100 %."""
    return f"{int(share * 1000) / 10:g}%"


def _details(days: Sequence[DayStatus], *, wide: bool) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("day", "symbol", "condition"):
        table.add_column(name, no_wrap=True)
    names = ["bars ok", "book", "missing", "holes"]
    names += ["malformed", "trades", "snapshots", "resolutions"] if wide else []
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for day in days:
        table.add_row(*_cells(day, wide=wide))
    return table


def _cells(day: DayStatus, *, wide: bool) -> list[Text]:
    style = CONDITION_STYLES.get(day.condition, "bold red")
    first = [Text(day.date), Text(day.symbol), Text(day.condition, style=style)]
    numbers = [day.missing_trades, day.holes]
    numbers += [day.malformed_rows, day.trades, day.snapshots] if wide else []
    shares = [Text(_floor_percent(share)) for share in (day.ok, day.coverage)]
    cells = first + shares + [Text(f"{number:,}") for number in numbers]
    return cells + [Text(" ".join(day.resolutions))] if wide else cells


def _sentence(days: Sequence[DayStatus]) -> str:
    counts = {name: sum(day.condition == name for day in days) for name in CONDITION_STYLES}
    return f"{len(days)} days: " + ", ".join(f"{n} {name}" for name, n in counts.items() if n)

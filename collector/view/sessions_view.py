"""Runs of a collector, as a table for people or as JSON."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from collector.view.session import Session
from collector.view.words import count, floor_percent, size, span

_STYLES = {
    "complete": "green", "degraded": "yellow", "empty": "yellow", "died": "red", "open": "cyan",
}  # fmt: skip
_WORDS = {name: name for name in _STYLES} | {"open": "open (records still, or died unseen)"}


def print_sessions(found: Sequence[Session], *, as_json: bool, earlier: int = 0) -> None:
    """Print the runs to standard output; `earlier` days of the journal were not read."""
    if as_json:
        json.dump([_as_json(each) for each in found], sys.stdout, ensure_ascii=False, indent=1)
        print()
        return
    console = Console()
    if not found:
        console.print("no collector has left a journal here; collector run starts one")
        return
    console.print(_table(found, console.width))
    console.print(_sentence(found))
    if earlier:
        console.print(f"{count(earlier, 'earlier day')} not read; see --start", style="dim")


def _as_json(session: Session) -> dict[str, Any]:
    times = {"from": _iso(session.from_ms), "to": _iso(session.to_ms)}
    fields = {name: value for name, value in asdict(session).items() if not name.endswith("_ms")}
    return {"run": session.run, **times, **fields, "condition": session.condition}


def _iso(time_ms: int) -> str:
    at = datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")


def _table(found: Sequence[Session], width: int) -> Table:
    columns = [column for column in _COLUMNS if width >= column[1]]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, _, justify, _ in columns:
        table.add_column(name, justify=justify, no_wrap=name != "ended by")
    for session in found:
        table.add_row(*(cell(session) for _, _, _, cell in columns))
    return table


def _when(session: Session) -> Text:
    return Text(f"{datetime.fromtimestamp(session.from_ms / 1000, UTC):%Y-%m-%d %H:%M}")


def _symbols(session: Session) -> Text:
    names = session.symbols
    return Text(names[0] if len(names) == 1 else f"{len(names):,}")


def _condition(session: Session) -> Text:
    return Text(session.condition, style=_STYLES[session.condition])


def _gaps(session: Session) -> Text:
    return Text(f"{session.gaps:,}", style="bold red" if session.gaps else "")


_COLUMNS: tuple[tuple[str, int, JustifyMethod, Callable[[Session], Text]], ...] = (
    ("run", 0, "left", lambda each: Text(each.run)),
    ("since (UTC)", 0, "left", _when),
    ("span", 0, "right", lambda each: Text(span((each.to_ms - each.from_ms) / 1000))),
    ("symbols", 90, "right", _symbols),
    ("rows", 100, "right", lambda each: Text(f"{each.rows:,}")),
    ("size", 110, "right", lambda each: Text(size(each.bytes))),
    ("reconnects", 125, "right", lambda each: Text(f"{each.reconnects:,}")),
    ("refilled", 135, "right", lambda each: Text(f"{each.refilled:,}")),
    ("gaps", 75, "right", _gaps),
    ("covered", 65, "right", lambda each: Text(floor_percent(each.covered))),
    ("condition", 0, "left", _condition),
    ("ended by", 145, "left", lambda each: Text(each.stopped or "")),
)
"""Name, width of the least terminal that has room for it, side, and what its cells show."""


def _sentence(found: Sequence[Session]) -> str:
    counts = Counter(each.condition for each in found)
    said = ", ".join(f"{counts[name]} {word}" for name, word in _WORDS.items() if counts[name])
    return f"{count(len(found), 'run')}: {said}"

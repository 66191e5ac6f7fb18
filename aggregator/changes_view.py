"""Changes of published days, as a table for people or as JSON."""

import json
import sys
from collections.abc import Sequence
from datetime import date, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aggregator.changes import Change, changed_since
from lake.storage import Storage

_SHORT = 12
"""Digits of a hash that a person compares."""


def show_changes(
    storage: Storage, since: datetime, days: tuple[date, date], symbols: Sequence[str] | None,
    *, as_json: bool,
) -> None:  # fmt: skip
    """Print what changed since a time, of the published days of a range."""
    print_changes(changed_since(storage, since, *days, symbols), since, as_json=as_json)


def print_changes(changes: Sequence[Change], since: datetime, *, as_json: bool) -> None:
    """Print the changes to standard output."""
    if as_json:
        json.dump([each.as_json() for each in changes], sys.stdout, ensure_ascii=False, indent=1)
        print()
        return
    console = Console()
    if not changes:
        console.print(f"no published day changed since {since}", highlight=False, markup=False)
        return
    console.print(_table(changes))
    days = {(each.symbol, each.day) for each in changes}
    console.print(f"{len(days)} days to download again, {len(changes)} changes", highlight=False)


def _table(changes: Sequence[Change]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("day", "symbol", "changed", "why", "condition", "file", "old", "new"):
        table.add_column(name, overflow="fold")
    for change in changes:
        said = change.as_json()
        condition = "{old} → {new}".format(**said["condition"])
        first = [said["date"], said["symbol"], said["at"], said["reason"], condition]
        for file in said["outputs"]:
            old, new = file["old_sha256"] or "none", file["new_sha256"]
            table.add_row(*map(Text, [*first, file["name"], old[:_SHORT], new[:_SHORT]]))
    return table

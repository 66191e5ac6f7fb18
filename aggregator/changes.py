"""Which published days changed since a time, from the change objects in the lake."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from aggregator.parallel import in_parallel
from aggregator.plan import published_symbols
from lake.errors import NoSuchObject
from lake.layout import changes_bound, changes_prefix, last_part, manifest_key, parse_date
from lake.storage import Stat, Storage

_DATE_LENGTH = len("2025-12-11")

Hashes = Mapping[str, str]
"""The sha256 of files by name."""


@dataclass(frozen=True)
class Change:
    """One time that the files of a published day changed; `whole` is as it was written."""

    symbol: str
    day: date
    at: datetime
    whole: Mapping[str, Any]

    @classmethod
    def parse(cls, data: bytes) -> "Change":
        """Read a change object; raise ValueError if it is none."""
        try:
            whole = json.loads(data)
            at = datetime.fromisoformat(whole["at"])
            change = cls(whole["symbol"], date.fromisoformat(whole["date"]), at, whole)
            change.as_json()
            if not at.tzinfo:
                raise ValueError("its time says no zone")
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"it lacks {error}") from error
        return change

    @property
    def old(self) -> Hashes:
        """Return the hashes before; a file that is new has none."""
        files = self.whole["outputs"]
        return {each["name"]: each["old_sha256"] for each in files if each["old_sha256"]}

    @property
    def new(self) -> Hashes:
        """Return the hashes after."""
        return {each["name"]: each["new_sha256"] for each in self.whole["outputs"]}

    def as_json(self) -> dict[str, Any]:
        """Return what is told of it: the files that are other than before."""
        condition = self.whole["condition"]
        return {
            "symbol": self.symbol, "date": str(self.day), "at": self.whole["at"],
            "reason": str(self.whole["reason"]),
            "condition": {"old": str(condition["old"]), "new": str(condition["new"])},
            "outputs": [
                {"name": name, "old_sha256": self.old.get(name), "new_sha256": digest}
                for name, digest in sorted(self.new.items())
                if self.old.get(name) != digest
            ],
        }  # fmt: skip


def published(changes: Collection[Change], current: Hashes) -> list[Change]:
    """Return the changes of a day whose new files were published, given what is published now.

    A builder that stopped before its manifest leaves a change that never happened. One that did
    leads to what is published now, by itself or by later ones.
    """
    found: list[Change] = []
    states, left = [current], [*changes]
    while states:
        state = states.pop()
        ended = [each for each in left if _leads_to(each, state)]
        left = [each for each in left if each not in ended]
        found += ended
        states += [each.old for each in ended]
    return sorted(found, key=lambda each: (each.at, each.whole["reason"]))


def _leads_to(change: Change, state: Hashes) -> bool:
    """Tell whether the files are so after the change; a file more may have come without one."""
    return bool(change.new) and all(state.get(name) == new for name, new in change.new.items())


def changed_since(
    storage: Storage, since: datetime, start: date, end: date, symbols: Sequence[str] | None
) -> list[Change]:
    """Return the changes since a time, of the published days of a range, by symbol and day."""

    def of_symbol(symbol: str) -> list[Change]:
        return [*_of_symbol(storage, symbol, since, start, end)]

    found = in_parallel(of_symbol, symbols or published_symbols(storage))
    return [change for of in found for change in of]


def _of_symbol(
    storage: Storage, symbol: str, since: datetime, start: date, end: date
) -> Iterator[Change]:
    listed = storage.list(changes_prefix(symbol), changes_bound(symbol, start))
    for day, stats in groupby(listed, _day_of):
        if day and start <= day <= end:
            changes = [*_read(storage, stats)]
            if any(change.at >= since for change in changes):
                happened = published(changes, _current(storage, symbol, day))
                yield from (change for change in happened if change.at >= since)


def _day_of(stat: Stat) -> date | None:
    return parse_date(last_part(stat.key)[:_DATE_LENGTH])


def _read(storage: Storage, stats: Iterable[Stat]) -> Iterator[Change]:
    """Yield what can be read: a stray beside change objects is none."""
    for data in storage.read_many([*stats]):
        with suppress(ValueError):
            yield Change.parse(data)


def _current(storage: Storage, symbol: str, day: date) -> Hashes:
    """Return the hashes of what is published; none of a day that is not."""
    try:
        manifest = json.loads(storage.read(manifest_key(symbol, day))[0])
        return {each["name"]: each["sha256"] for each in manifest["outputs"]}
    except (NoSuchObject, ValueError, KeyError, TypeError):
        return {}

"""The journal that a dead run could not finish. No clock, no disk."""

import json
from collections.abc import Sequence
from typing import Any

from collector.spool.spoolnames import HourName

Objects = dict[HourName, list[bytes]]
_RECOVERED = 0
"""Number of the additional object of an hour that recovery makes; a living run counts from 1."""


def complete(hours: Objects, checkpoint: Sequence[bytes], word: bytes) -> Objects:
    """Return the objects of a dead run: its hours, with the claims of the checkpoint, and a word.

    The checkpoint begins with a `recording` line, and so does every object. A claim goes to its
    hour, else to a later one of its day, else to an additional object of its hour. The word, which
    says that the run was recovered, goes to the last object.
    """
    objects = {name: list(lines) for name, lines in sorted(hours.items()) if lines}
    recording, claims = checkpoint[:1], checkpoint[1:]
    for claim in claims:
        name = _place(objects, claim)
        if name:
            objects.setdefault(name, list(recording)).append(claim)
    if objects:
        objects[max(objects)].append(word)
    return objects


def _place(objects: Objects, claim: bytes) -> HourName | None:
    from_ms = (event_of(claim) or {}).get("from")
    if type(from_ms) is not int:
        return None
    hour = HourName.of(from_ms)
    later = [
        name for name in objects
        if name.extra is None and name.date == hour.date and name.hour >= hour.hour
    ]  # fmt: skip
    return min(later, default=HourName(hour.date, hour.hour, _RECOVERED))


def event_of(line: bytes) -> dict[str, Any] | None:
    """Return what a line of the journal says; None if it is torn."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None

"""A bucket of our own, which speaks the JSON API of Google Cloud Storage and misbehaves on request.

What no emulator does: delay every answer, refuse with 503 or 429, reset connections, cut bodies
short, damage them, and commit an object but never say so. It checks preconditions on every call,
pages listings as small as it is told to, and counts what it is asked for.

`python -m tests.bucket --help` runs it by hand.
"""

from tests.bucket.faults import (
    Corrupt,
    Cut,
    Drop,
    Fault,
    First,
    Kind,
    Refuse,
    Request,
    Reset,
    Rule,
    Script,
)
from tests.bucket.rights import Door, Right, door
from tests.bucket.server import BucketServer
from tests.bucket.store import Conditions, Draft, Object, Refused, Store

__all__ = [
    "BucketServer",
    "Conditions",
    "Corrupt",
    "Cut",
    "Door",
    "Draft",
    "Drop",
    "Fault",
    "First",
    "Kind",
    "Object",
    "Refuse",
    "Refused",
    "Request",
    "Reset",
    "Right",
    "Rule",
    "Script",
    "Store",
    "door",
]

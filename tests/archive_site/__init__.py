"""A local archive that serves real-shaped files, counts its requests and misbehaves on command."""

from tests.archive_site.faults import (
    Body,
    Cut,
    Fault,
    NoRange,
    Reset,
    Slow,
    Status,
)
from tests.archive_site.site import ArchiveSite, Asked, klines_path, trades_path

__all__ = [
    "ArchiveSite",
    "Asked",
    "Body",
    "Cut",
    "Fault",
    "NoRange",
    "Reset",
    "Slow",
    "Status",
    "klines_path",
    "trades_path",
]

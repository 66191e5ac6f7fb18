"""How large a collector's disk and an aggregator's memory must be. No clock, no disk.

Measured on the benchmark's lakes: a busy symbol with all of its books and 35 trades a second.
"""

import re

_UNITS = {
    "": 1, "MB": 10**6, "GB": 10**9,
    "Mi": 1 << 20, "Gi": 1 << 30, "MiB": 1 << 20, "GiB": 1 << 30,
}  # fmt: skip

PACKED_BYTES = 43_000
"""A symbol's minute in the spool, compressed: ten books and five trades a second."""
LOG_BYTES = 680_000
"""The same before it is compressed."""
LOG_MINUTES = 2
"""That lie there uncompressed: the minute that is open, and the one that is being closed."""
BOOKS_STOP_AT = 0.9
"""Of the spool's limit, from which on books are not recorded."""
DISK_SHARE = 0.95
"""Of a disk, what its file system leaves."""

UNIT_BYTES = 530_000_000
"""The most that one of the busiest days takes while it is built, each in a process of its own."""


def size(text: str) -> int:
    """Read `10Gi`, `9GiB` or `512Mi`, in bytes."""
    found = re.fullmatch(r"(\d+)([A-Za-z]*)", text)
    if not found or found[2] not in _UNITS:
        raise ValueError(f"{text!r} is no size; write it as 10Gi")
    return int(found[1]) * _UNITS[found[2]]


def spool_bytes(symbols: int, outage_minutes: int) -> int:
    """Return the limit of a spool that takes everything while the bucket is away for so long."""
    of_symbol = LOG_MINUTES * LOG_BYTES + outage_minutes * PACKED_BYTES
    return round(symbols * of_symbol / BOOKS_STOP_AT)


def outage_minutes(symbols: int, limit: int) -> int:
    """Return for how long the bucket may be away before books are left out."""
    room = limit * BOOKS_STOP_AT / symbols - LOG_MINUTES * LOG_BYTES
    return max(0, int(room / PACKED_BYTES))


def job_bytes(processes: int) -> int:
    """Return the memory of a task that builds so many days at once, and could all be busy."""
    return processes * UNIT_BYTES

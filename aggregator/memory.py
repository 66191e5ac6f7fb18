"""How this process asks the system for memory. Where it cannot be told, nothing changes."""

import ctypes
from contextlib import suppress

_M_MMAP_THRESHOLD = -3
_LARGE_BLOCK = 2 << 20


def give_large_blocks_back() -> None:
    """Make glibc return large blocks to the system as soon as they are freed.

    By default it raises its threshold with every large block that is freed, keeps them in its
    heaps, and a day of columns joined and dropped leaves a third more memory held than needed.
    """
    # Other C libraries do not know the call.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)

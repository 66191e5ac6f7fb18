"""How a process uses its memory. Where it cannot be told, nothing changes."""

import ctypes
import gc
from contextlib import suppress

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGE_BLOCK = 64 << 20
_KEPT = 64 << 20


def keep_freed_blocks() -> None:
    """Make glibc keep what is freed for the next chunk, instead of giving it back each time.

    Chunk after chunk needs blocks of the same sizes. By default each goes back to the system and
    comes again page by page, cleared: a fifth of all the time that a day takes.
    """
    # Other C libraries do not know the call.
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT)
        # One for all threads: else each keeps what it has freed, and none gives to another.
        library.mallopt(_M_ARENA_MAX, 1)


def spare_imports() -> None:
    """Make the garbage collector leave alone what was imported: it lives as long as the process.

    Without it the walk through all of it at the end takes longer than reading a quiet day.
    """
    gc.freeze()

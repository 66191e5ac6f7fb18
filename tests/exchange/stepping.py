"""A collector whose system clock can be stepped: `python -m tests.exchange.stepping FILE run ...`.

The file holds, as a signed integer of 8 bytes, by how many ns its clock is wrong; whoever writes
there steps the clock of the running process, as an administrator or a time daemon would.
"""

import mmap
import struct
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_OFFSET = struct.Struct("<q")
_NS_PER_S = 1_000_000_000


class Steps:
    """The clock's error of a process, in a file that it shares with who steps it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            path.write_bytes(_OFFSET.pack(0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _OFFSET.size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._shared.close()

    def step(self, by_s: float) -> None:
        """Step the clock."""
        _OFFSET.pack_into(self._shared, 0, self.offset_ns() + int(by_s * _NS_PER_S))

    def offset_ns(self) -> int:
        """Return by how much the clock is ahead."""
        return int(_OFFSET.unpack_from(self._shared)[0])


def main() -> None:
    """Run the collector's command line under a clock that can be stepped."""
    steps, true_ns = Steps(Path(sys.argv.pop(1))), time.time_ns
    time.time_ns = lambda: true_ns() + steps.offset_ns()
    time.time = lambda: time.time_ns() / _NS_PER_S

    # Imported here: whoever keeps `time_ns` gets the clock that steps.
    from collector.cli import main as collect

    collect()


if __name__ == "__main__":
    main()

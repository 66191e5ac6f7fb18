"""How near the spool is to its limits, and what is left out for it. No clock, no disk.

Depth stops before trades: it is most of the bytes, and a trade that is lost cannot be made up for.
"""

from dataclasses import dataclass

from collector.view.status import Pressure

_FROM = ((0.98, Pressure.NO_TRADES), (0.90, Pressure.NO_DEPTH), (0.70, Pressure.EARLY_WARNING))
"""Shares of the room that are taken when a level begins."""
_BACK = 0.05
"""This much must be free again before a level ends, so that it does not flutter."""


@dataclass(frozen=True)
class Room:
    """What is taken and what there is, in bytes.

    `used` of `limit` by the spool; `free` of `total` on its disk, of which `owed` are needed to
    compress what waits; `unwritten` of `memory` by rows that could not be written yet.
    """

    used: int
    limit: int
    free: int
    total: int
    owed: int = 0
    unwritten: int = 0
    memory: int = 1

    def fullness(self) -> float:
        """Return the share that is taken of whatever is scarcest; 1 is full."""
        # Of a disk much larger than the limit, only so much matters.
        scale = max(1, min(self.limit, self.total))
        by_limit = self.used / max(1, self.limit)
        by_disk = 1 - (self.free - self.owed) / scale
        return max(by_limit, by_disk, self.unwritten / self.memory)


def next_pressure(now: Pressure, fullness: float) -> Pressure:
    """Return the level that follows: up at once, down only when there is room to spare."""
    rising, falling = _level(fullness), _level(fullness + _BACK)
    return max(rising, min(now, falling))


def _level(fullness: float) -> Pressure:
    return next((level for least, level in _FROM if fullness >= least), Pressure.NONE)

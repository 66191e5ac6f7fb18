"""Ids from before the beginning of a chain that have come. No clock, no socket, no disk."""

from bisect import bisect_right

_MOST = 1_000


class Earlier:
    """Ranges of ids, both ends included, ascending; of too many the lowest are forgotten."""

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []

    def add(self, trade_id: int) -> bool:
        """Add an id; tell whether it was new."""
        at = bisect_right(self.ranges, trade_id, key=lambda bounds: bounds[0])
        first = last = trade_id
        if at and self.ranges[at - 1][1] >= trade_id - 1:
            at -= 1
            first, reached = self.ranges.pop(at)
            if reached >= trade_id:
                self.ranges.insert(at, (first, reached))
                return False
        if at < len(self.ranges) and self.ranges[at][0] == trade_id + 1:
            last = self.ranges.pop(at)[1]
        self.ranges.insert(at, (first, last))
        del self.ranges[:-_MOST]
        return True

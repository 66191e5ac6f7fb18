"""Covered time: what a run may say of a channel. No clock, no socket, no disk.

Times are exchange time in ms, spans are `[from, to)`. A claim may be less than the truth, never
more: it holds what is proved when it is made, and what is proved later is claimed later.
"""

from collections.abc import Iterable, Iterator

from collector.fleet.legs import NEVER

Span = tuple[int, int]

HOUR_MS = 3_600_000
_REMEMBERED_MS = 2 * HOUR_MS
"""Of older time nothing is claimed any more: its journals are long closed."""


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the spans sorted, joined where they touch, without empty ones."""
    joined: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Return the time that lies in the spans and not in the others."""
    left = union(spans)
    for start, end in others:
        left = [piece for span in left for piece in _split(span, start, end)]
    return left


def _split(span: Span, start: int, end: int) -> Iterator[Span]:
    if end <= span[0] or span[1] <= start or end <= start:
        yield span
        return
    if span[0] < start:
        yield span[0], start
    if end < span[1]:
        yield end, span[1]


def cut_at_hours(span: Span) -> Iterator[Span]:
    """Yield the parts of a span that lie in one hour each."""
    start, end = span
    while start < end:
        stop = min(end, (start // HOUR_MS + 1) * HOUR_MS)
        yield start, stop
        start = stop


class Cover:
    """The proved time of one channel, and how much of it has been told."""

    def __init__(self) -> None:
        self._proved: list[Span] = []
        self._told: list[Span] = []
        self._floor_ms = NEVER

    def add(self, start_ms: int, end_ms: int) -> None:
        """Take a span that is proved; it may overlap, repeat or extend others."""
        start_ms = max(start_ms, self._floor_ms)
        if end_ms <= start_ms:
            return
        if self._proved:
            last_start, last_end = self._proved[-1]
            if last_start <= start_ms <= last_end:
                self._proved[-1] = (last_start, max(last_end, end_ms))
                return
        self._proved = union([*self._proved, (start_ms, end_ms)])

    def untold(self, before_ms: int, lost: Iterable[Span] = ()) -> list[Span]:
        """Return what is proved before a time and not told, in parts of one hour each.

        `lost` is time of which something is missing: a claim never hides that.
        """
        clipped = ((start, min(end, before_ms)) for start, end in self._proved)
        left = without(clipped, [*self._told, *lost])
        return [part for span in left for part in cut_at_hours(span)]

    def tell(self, before_ms: int, lost: Iterable[Span] = ()) -> list[Span]:
        """Return the same, and count it as told."""
        parts = self.untold(before_ms, lost)
        self._told = union([*self._told, *parts])
        return parts

    def forget_before(self, time_ms: int) -> None:
        """Forget what is too old to be told."""
        self._floor_ms = max(self._floor_ms, time_ms - _REMEMBERED_MS)
        self._proved = without(self._proved, [(NEVER, self._floor_ms)])
        self._told = without(self._told, [(NEVER, self._floor_ms)])

    @property
    def until_ms(self) -> int:
        """Return the end of what is proved."""
        return self._proved[-1][1] if self._proved else NEVER


class Attention:
    """Unbroken time in which trades were listened to, on whichever connections, and what it proves.

    A trade proves, by its id, that nothing is missing before it; so does a list of the exchange
    whose newest trade is one that we have. The first proof is where claims begin.
    """

    def __init__(self, cover: Cover) -> None:
        self._cover = cover
        self.from_ms = self.to_ms = NEVER

    def proved(self, from_ms: int, to_ms: int) -> None:
        """Take a proof up to `to_ms`; if it is the first, claims begin at `from_ms`."""
        if self.from_ms == NEVER:
            self.from_ms = from_ms
        self.to_ms = max(self.to_ms, to_ms)
        self._cover.add(self.from_ms, self.to_ms)

    def broken(self) -> None:
        """End the time at its last proof: nobody listened, or the watchdog complained."""
        self.from_ms = self.to_ms = NEVER

"""Times as half-open spans of ms: union, length, what is inside. No clock."""

from collections.abc import Iterable

Span = tuple[float, float]


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the spans sorted and joined where they touch."""
    joined: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def clipped(spans: Iterable[Span], start: float, end: float) -> list[Span]:
    """Return the parts of the spans inside a time."""
    inside = ((max(start, one), min(end, other)) for one, other in spans)
    return [span for span in inside if span[0] < span[1]]


def length(spans: Iterable[Span]) -> float:
    """Return how long the spans last together; they do not overlap."""
    return sum(end - start for start, end in spans)


def without(start: float, end: float, spans: Iterable[Span]) -> float:
    """Return how much of a time lies outside the spans."""
    return max(0.0, end - start) - length(union(clipped(spans, start, end)))


def holds(spans: Iterable[Span], at: float) -> bool:
    """Tell whether a moment lies in one of the spans."""
    return any(start <= at < end for start, end in spans)

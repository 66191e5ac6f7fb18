"""A journal and a log in memory."""

from collections.abc import Iterable, Mapping
from typing import Any


class Log:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.fields: list[dict[str, object]] = []

    def __call__(self, severity: str, message: str, fields: Mapping[str, object]) -> None:
        self.said.append((severity, message))
        self.fields.append(dict(fields))


class Notes:
    """Keeps lines, each with the exchange time of its hour, if it has one."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.times: list[int | None] = []
        self.checkpoints: list[list[dict[str, Any]]] = []
        self.closed_ms: list[int] = []

    def note(self, event: Mapping[str, Any], time_ms: int | None = None) -> None:
        """Keep a line."""
        self.lines.append(dict(event))
        self.times.append(time_ms)

    def checkpoint(self, claims: Iterable[Mapping[str, Any]]) -> None:
        """Keep what would be claimed."""
        self.checkpoints.append([dict(claim) for claim in claims])

    def close_hour(self, before_ms: int) -> None:
        """Keep which hours were closed."""
        self.closed_ms.append(before_ms)

    def of(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of a kind."""
        return [line for line in self.lines if line["event"] == event]

"""Faults of the whole exchange that last for a while or for a number of times. No clock, no socket.

A rule that has been used up, or whose time is over, is forgotten.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.exchange.handshake import Refusal


@dataclass
class Rule:
    """How long something goes on, and how often it may still happen."""

    until_ms: float = math.inf
    left: float = math.inf

    def holds(self, now_ms: float) -> bool:
        """Tell whether it goes on."""
        return self.left > 0 and now_ms < self.until_ms

    def use(self, now_ms: float) -> bool:
        """Tell whether it goes on, and count this time."""
        held = self.holds(now_ms)
        self.left -= held
        return held


@dataclass
class Gate(Rule):
    """Frames of some streams are sent to nobody; `then` happens after the last of them."""

    streams: str = "*"
    then: Callable[[], None] | None = None

    def use(self, now_ms: float) -> bool:
        """Tell whether it goes on, and count this time."""
        held = super().use(now_ms)
        if held and self.left <= 0 and self.then:
            self.then()
        return held


@dataclass
class Muted(Rule):
    """What is subscribed to meanwhile is acknowledged and never delivered."""

    streams: str = "*"


@dataclass
class Refused(Rule):
    """Handshakes are refused."""

    refusal: Refusal = Refusal("503")


@dataclass
class Misheard(Rule):
    """Requests are answered with an error (`error`, `bare`) or never (`never`)."""

    how: str = "error"


@dataclass
class Rules:
    """All that goes on."""

    gates: list[Gate] = field(default_factory=list)
    muted: list[Muted] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    misheard: list[Misheard] = field(default_factory=list)

    def stop(self, stream: str, now: Callable[[], float]) -> bool:
        """Tell whether a frame of the stream is sent to nobody."""
        if not self.gates:
            return False
        now_ms = now()
        found = (gate for gate in self.gates if fnmatchcase(stream, gate.streams))
        return any(gate.use(now_ms) for gate in found)

    def mutes(self, stream: str, now_ms: float) -> bool:
        """Tell whether a subscription is acknowledged only."""
        return any(fnmatchcase(stream, one.streams) and one.use(now_ms) for one in self.muted)

    def refusal(self, now_ms: float) -> Refusal | None:
        """Return how a handshake is refused, if it is."""
        return next((one.refusal for one in self.refused if one.use(now_ms)), None)

    def answer(self, usual: bytes, now_ms: float) -> bytes | None:
        """Return what is answered to a request: the usual, an error, or nothing."""
        rule = next((one for one in self.misheard if one.use(now_ms)), None)
        if rule is None:
            return usual
        number = json.loads(usual).get("id")
        error = {"code": 2, "msg": "Invalid request"}
        if rule.how == "never":
            return None
        answer = error if rule.how == "bare" else {"error": error, "id": number}
        return json.dumps(answer, separators=(",", ":")).encode()

    def forget(self, now_ms: float) -> None:
        """Forget the rules that are over."""
        self.gates = [one for one in self.gates if one.holds(now_ms)]
        self.muted = [one for one in self.muted if one.holds(now_ms)]
        self.refused = [one for one in self.refused if one.holds(now_ms)]
        self.misheard = [one for one in self.misheard if one.holds(now_ms)]

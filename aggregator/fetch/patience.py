"""When a request is made again, and how long one waits before: the one layer of retries."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from lake.errors import LakeError
from lake.stopping import ENDING

_T = TypeVar("_T")


class FetchError(LakeError):
    """The archive did not give what was asked for: what, why, and what to do next."""


class Unanswered(FetchError):
    """Patience has ended: whoever asks for the next file will hardly fare better."""


class Passing(Exception):
    """A request failed for a reason that may pass.

    `wait_s` is what the archive asked for, `brought` tells that the attempt was not for nothing.
    """

    def __init__(self, why: str, *, wait_s: float = 0.0, brought: bool = False) -> None:
        super().__init__(why)
        self.wait_s = wait_s
        self.brought = brought


@dataclass(frozen=True)
class Patience:
    """How long one goes on asking.

    `attempts` in a row that bring nothing end it, and so does a pause longer than `longest_pause_s`
    that the archive asks for. An answer is dead that brings nothing for `timeout_s`, or less than
    `least_bytes` in `window_s`.
    """

    attempts: int = 8
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    longest_pause_s: float = 900.0
    timeout_s: float = 30.0
    window_s: float = 60.0
    least_bytes: int = 1 << 16


def patiently(ask: Callable[[], _T], url: str, limits: Patience, told: Callable[[str], None]) -> _T:
    """Ask until there is an answer; raise `Unanswered` when patience ends.

    `told` hears in one line why something is asked again.
    """
    streak = _Streak(limits)
    again = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Passing),
        after=streak.note,
        wait=streak.wait_s,
        stop=streak.is_over,
        before_sleep=lambda state: told(f"{url}: {failure_of(state)}; asking again"),
        sleep=tenacity.sleep_using_event(ENDING),
        reraise=True,
    )
    try:
        return again(ask)
    except Passing as failure:
        raise Unanswered(f"cannot get {url}: {failure}{streak.verdict(failure)}") from failure


def failure_of(state: tenacity.RetryCallState) -> Passing:
    """Return why an attempt failed."""
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, Passing):
        raise TypeError(f"{error!r} is not repeated")
    return error


class _Streak:
    """Attempts in a row that brought nothing."""

    def __init__(self, limits: Patience) -> None:
        self._limits = limits
        self._failures = 0

    def note(self, state: tenacity.RetryCallState) -> None:
        self._failures = 1 if failure_of(state).brought else self._failures + 1

    def wait_s(self, state: tenacity.RetryCallState) -> float:
        """Wait longer each time, never all at once, and at least as long as we are asked to."""
        limits = self._limits
        at_most_s = min(limits.longest_wait_s, limits.first_wait_s * 2.0 ** (self._failures - 1))
        jittered = tenacity.wait_random(at_most_s / 2, at_most_s)(state)
        return max(jittered, failure_of(state).wait_s)

    def is_over(self, state: tenacity.RetryCallState) -> bool:
        is_asked_too_much = failure_of(state).wait_s > self._limits.longest_pause_s
        return ENDING.is_set() or is_asked_too_much or self._failures >= self._limits.attempts

    def verdict(self, failure: Passing) -> str:
        if ENDING.is_set():
            return "; stopped: run again for the rest"
        if failure.wait_s > self._limits.longest_pause_s:
            return f"; it asks us to wait {failure.wait_s:.0f} s: run again after that"
        return f"; {self._failures} attempts brought nothing: check the connection and run again"

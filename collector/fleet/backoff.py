"""How long to wait before the next attempt. No clock, no socket, no disk."""

from tenacity import RetryCallState, Retrying, wait_exponential, wait_random_exponential

_FIRST_S, _LONGEST_S = 0.2, 30.0
_steady = wait_exponential(multiplier=_FIRST_S, max=_LONGEST_S)
_jitter = wait_random_exponential(multiplier=_FIRST_S, max=_LONGEST_S)


def wait_s(failures: int) -> float:
    """Return the pause after so many failures in a row: it doubles, has jitter, and is capped."""
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = max(1, failures)
    return _steady(state) + _jitter(state)

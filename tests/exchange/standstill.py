"""A machine that stands still now and then: what was timed meanwhile says nothing, and is repeated.

@unless_the_machine_stood_still
def test_something_in_real_time(tmp_path: Path) -> None: ...
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from threading import Event, Thread
from typing import Any

LONGEST_S = 0.3
"""A process that is not let run for longer has stood still."""
_ATTEMPTS = 3
_EVERY_S = 0.05


@contextmanager
def standstills() -> Iterator[list[float]]:
    """Measure for how long this process is not let run, in seconds each."""
    found_s, over = list[float](), Event()
    thread = Thread(target=_measure, args=(found_s, over), name="standstills", daemon=True)
    thread.start()
    try:
        yield found_s
    finally:
        over.set()
        thread.join()


def _measure(found_s: list[float], over: Event) -> None:
    before_s = time.monotonic()
    while not over.wait(_EVERY_S):
        now_s = time.monotonic()
        if now_s - before_s - _EVERY_S > LONGEST_S:
            found_s.append(now_s - before_s - _EVERY_S)
        before_s = now_s


def unless_the_machine_stood_still(test: Callable[..., None]) -> Callable[..., None]:
    """Repeat a test that failed while the machine stood still, in a folder of its own."""

    @wraps(test)
    def repeated(*arguments: Any, tmp_path: Path, **named: Any) -> None:
        for attempt in range(_ATTEMPTS):
            folder = tmp_path / str(attempt)
            folder.mkdir()
            with standstills() as stood_s:
                try:
                    return test(*arguments, tmp_path=folder, **named)
                except Exception:
                    # Whatever it failed of counts, unless the machine was the reason.
                    if not stood_s or attempt == _ATTEMPTS - 1:
                        raise
            print(f"once more: the machine stood still for {max(stood_s):.1f} s")
        return None

    return repeated

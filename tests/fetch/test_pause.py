import time
from collections.abc import Iterator

import pytest

from aggregator.fetch.pause import Pause
from lake.stopping import ENDING


@pytest.fixture
def ending() -> Iterator[None]:
    ENDING.set()
    yield
    ENDING.clear()


def test_without_a_pause_nobody_waits() -> None:
    pause = Pause()

    pause.wait()

    assert 0.0 == pause.left_s()


def test_a_pause_holds_until_it_is_over() -> None:
    pause, began = Pause(), time.monotonic()
    pause.extend(0.05)

    pause.wait()

    assert time.monotonic() - began >= 0.05


def test_a_shorter_pause_does_not_cut_a_longer_one() -> None:
    pause = Pause()
    pause.extend(100)
    pause.extend(1)

    assert pause.left_s() > 90


def test_whoever_is_to_end_does_not_wait(ending: None) -> None:
    del ending
    pause = Pause()
    pause.extend(1000)

    pause.wait()

    assert pause.left_s() > 900

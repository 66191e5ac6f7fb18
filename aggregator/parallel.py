"""Asks a lake many things at once: a bucket takes its time to answer each of them."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_AT_ONCE = 16

_Question = TypeVar("_Question")
_Answer = TypeVar("_Answer")


def in_parallel(ask: Callable[[_Question], _Answer], of: Iterable[_Question]) -> list[_Answer]:
    """Return the answers in the order of the questions; raise what the first failure raises."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ask") as pool:
        answers = pool.map(ask, of)
        try:
            return [*answers]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise

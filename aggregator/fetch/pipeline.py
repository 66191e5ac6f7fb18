"""Work in two stages, each with threads of its own, and little of it at a time."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Threads:
    """How many items are in the first stage at the same time, and how many in the second."""

    first: int
    second: int

    @property
    def items(self) -> int:
        """How many may be begun and not ended: enough that neither stage waits for the other."""
        return self.first + self.second


class Pipeline(Generic[Item, Result]):
    """Carries items through a first stage, which returns the work that the second then does."""

    def __init__(self, threads: Threads, begin: Callable[[Item], Callable[[], Result]]) -> None:
        self._threads, self._begin = threads, begin

    def run(self, items: Iterable[Item]) -> Iterator[Result]:
        """Yield results as they come; items are taken one by one, as there is room for them.

        Whoever stops asking stops the work: what has not begun never does.
        """
        threads, left = self._threads, iter(items)
        first = ThreadPoolExecutor(threads.first, thread_name_prefix="first")
        second = ThreadPoolExecutor(threads.second, thread_name_prefix="second")
        begun: set[Future[Callable[[], Result]]] = set()
        ending: set[Future[Result]] = set()
        try:
            while True:
                self._fill(first, begun, left, threads.items - len(begun) - len(ending))
                if not begun and not ending:
                    return
                waiting: set[Future[Any]] = {*begun, *ending}
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                ending |= {second.submit(each.result()) for each in begun & done}
                begun -= done
                for each in ending & done:
                    yield each.result()
                ending -= done
        finally:
            for pool in (first, second):
                pool.shutdown(wait=False, cancel_futures=True)
            for pool in (first, second):
                pool.shutdown(wait=True)

    def _fill(
        self, pool: ThreadPoolExecutor, begun: set[Future[Callable[[], Result]]],
        left: Iterator[Item], room: int,
    ) -> None:  # fmt: skip
        for _ in range(room):
            with suppress(StopIteration):
                begun.add(pool.submit(self._begin, next(left)))

"""Write a made day into a lake, once. The only module here that touches one."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date

from lake.errors import AlreadyExists, LakeError, NoSuchObject
from lake.marker import claim
from lake.storage import Storage
from synthetic.chunks import Object
from synthetic.days import Day, day_objects
from synthetic.demo import SYMBOLS, Demo, demo_objects
from synthetic.report import Report
from synthetic.troubles import planted

_NOTES = ".synthetic"
"""A folder that no reader of a lake sees."""


def write_day(storage: Storage, day: Day) -> str:
    """Write a plain day unless it is there already; return its report."""

    def told(report: Report) -> Iterator[str]:
        return map(str, report.summaries())

    _claim_days(storage, day.run, day.symbols, day.date)
    return _once(storage, day.run, day.date, lambda: day_objects(day), told)


def write_demo(storage: Storage, demo: Demo) -> str:
    """Write the demo unless it is there already; return its report."""

    def told(report: Report) -> Iterator[str]:
        yield from map(str, report.summaries())
        yield "Planted:"
        yield from map(str, planted(demo, report.unreadable))

    _claim_days(storage, demo.name, SYMBOLS, demo.date)
    return _once(storage, demo.name, demo.date, lambda: demo_objects(demo), told)


def _claim_days(storage: Storage, name: str, symbols: Iterable[str], day: date) -> None:
    """Raise `LakeError` if a day holds something else: two markets in one day are no market."""
    claim(storage)
    for symbol in symbols:
        key = f"{_NOTES}/{symbol}-{day}.txt"
        with suppress(AlreadyExists):
            storage.write(key, name.encode())
        if storage.read(key)[0] != name.encode():
            raise LakeError(
                f"cannot write {symbol} {day} to {storage.url}: it holds another made day; "
                "name another folder, or remove this one"
            )


def _once(
    storage: Storage,
    name: str,
    day: date,
    objects: Callable[[], Iterator[Object]],
    told: Callable[[Report], Iterator[str]],
) -> str:
    """Write the objects, unless a report says that all were written."""
    key = f"{_NOTES}/{name}.txt"
    with suppress(NoSuchObject):
        return storage.read(key)[0].decode()
    report = Report(day)
    for written in objects():
        # The name stands for the bytes: what a broken-off run has written is right.
        with suppress(AlreadyExists):
            storage.write(written.key, written.data)
        report.add(written)
    text = "\n".join(told(report))
    storage.write(key, text.encode())
    return text

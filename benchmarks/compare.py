"""Compare the bars of two programs: exact columns as decimals, means within a tolerance.

Run by hand: `python -m benchmarks.compare OURS THEIRS`, two folders of CSV files.
"""

import csv
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from pathlib import Path

from lake.schemas import BAR_COLUMNS, Kind

MEAN_TOLERANCE = Decimal("1e-9")
_NUMBERS = (Kind.DECIMAL, Kind.INTEGER)


def difference(ours: Path, theirs: Path) -> str | None:
    """Return the first difference between two files of bars in one line; None if there is none."""
    if not theirs.exists():
        return f"{theirs.name} was not written"
    for number, (expected, found) in enumerate(_rows(ours, theirs), start=1):
        if expected != found and (said := _difference_of_rows(expected, found)):
            return f"{ours.name}:{number}: {said}"
    return None


def first_difference(ours: Path, theirs: Path) -> str | None:
    """Return the first difference between the files of bars in two folders."""
    files = sorted(ours.glob("*.csv"))
    if not files:
        return f"{ours} has no bars to compare with"
    said = (difference(file, theirs / file.name) for file in files)
    return next((each for each in said if each), None)


def _rows(ours: Path, theirs: Path) -> Iterator[tuple[list[str], list[str]]]:
    with ExitStack() as stack:
        files = [
            stack.enter_context(path.open(encoding="utf-8", newline="")) for path in (ours, theirs)
        ]
        yield from zip_longest(*(csv.reader(file) for file in files), fillvalue=[])


def _difference_of_rows(expected: list[str], found: list[str]) -> str | None:
    if len(found) != len(expected):
        return f"{len(found)} cells instead of {len(expected)}"
    for column, one, other in zip(BAR_COLUMNS, expected, found, strict=True):
        if one != other and not _same(column.kind, one, other):
            return f"{column.name} is {other!r} instead of {one!r}"
    return None


def _same(kind: Kind, expected: str, found: str) -> bool:
    try:
        if kind in _NUMBERS:
            return Decimal(expected) == Decimal(found)
        if kind is Kind.MEAN:
            exact = Decimal(expected)
            return abs(Decimal(found) - exact) <= MEAN_TOLERANCE * abs(exact)
    except InvalidOperation:
        return False  # a name of the header, or a cell that should be empty
    return False


def main() -> None:
    """Say the first difference and exit with 1 if there is one."""
    ours, theirs = (Path(argument) for argument in sys.argv[1:])
    said = first_difference(ours, theirs)
    print(said or "equal")
    raise SystemExit(1 if said else 0)


if __name__ == "__main__":
    main()

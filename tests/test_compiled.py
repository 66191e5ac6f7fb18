"""What the byte-level passes stand on: machine code that is made once, and words of eight bytes."""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aggregator.compiled import (
    BYTES,
    FLOAT_TABLE,
    INTS,
    PAIR,
    TABLE,
    WHOLE,
    compiled,
    eight_bytes,
    entry,
    reversed_bytes,
    trailing_zeros,
)

ROOT = Path(__file__).parent.parent
MODULE = """
import sys
from aggregator.compiled import WHOLE, entry

@entry(takes=(WHOLE,), gives=1)
def twice(number: int) -> int:
    return 2 * number

print(twice(21), "numba" in sys.modules)
"""
INNER = """
from aggregator.compiled import compiled

@compiled
def inner(number: int) -> int:
    return number + 1
"""
OUTER = """
from aggregator.compiled import WHOLE, entry
from aggregator.inner import inner

@entry(takes=(WHOLE,), gives=1)
def outer(number: int) -> int:
    return 10 * inner(number)
"""
CALL = "from aggregator.outer import outer; print(outer(1))"


def run(command: list[str], path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the modules of a folder, somewhere else."""
    return subprocess.run(
        command,
        env={**os.environ, **environment, "PYTHONPATH": str(path)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


@entry(takes=(BYTES, WHOLE, INTS))
def _put_word(text: NDArray[np.uint8], place: int, found: NDArray[np.int64]) -> None:
    word = eight_bytes(text, place)
    found[0] = np.int64(word)
    found[1] = np.int64(reversed_bytes(word))
    found[2] = np.int64(trailing_zeros(word))


@compiled
def _sum(numbers: NDArray[np.int64]) -> int:
    total = 0
    for number in numbers:
        total += number
    return total


@entry(takes=(TABLE, PAIR, FLOAT_TABLE), gives=2)
def _sizes(
    table: NDArray[np.int64], pair: tuple[int, int], floats: NDArray[np.float64]
) -> tuple[int, int]:
    return table.shape[0] * pair[0] + _sum(table[1]), int(floats[1, 2]) + pair[1]


@entry(takes=(WHOLE,), gives=1)
def _count_to(most: int) -> int:
    total = 0
    for number in range(most):
        total = (total * 31 + number) % 1_000_003
    return total


@given(st.binary(min_size=8, max_size=40), st.data())
def test_words_mean_the_same_to_python_and_to_the_machine(
    data: bytes, draws: st.DataObject
) -> None:
    place = draws.draw(st.integers(0, len(data) - 8))
    text, found = np.frombuffer(data, dtype=np.uint8), np.zeros(3, np.int64)

    _put_word(text, place, found)

    word = eight_bytes(text, place)
    assert int.from_bytes(data[place : place + 8], "little") == int(word)
    assert int.from_bytes(data[place : place + 8], "big") == int(reversed_bytes(word))
    expected = [word, reversed_bytes(word), trailing_zeros(word)]
    assert [int(value) for value in expected] == found.view(np.uint64).tolist()


@given(st.integers(0, 63), st.integers(0, 2**64 - 1))
def test_zero_bits_below_the_lowest_set_one_are_counted(shift: int, bits: int) -> None:
    word = ((bits | 1) << shift) % 2**64
    found = np.zeros(3, np.int64)

    _put_word(np.array([word], np.uint64).view(np.uint8), 0, found)

    assert shift == found[2] == int(trailing_zeros(np.uint64(word)))


def test_a_word_of_zeros_has_sixty_four() -> None:
    found = np.zeros(3, np.int64)

    _put_word(np.zeros(8, np.uint8), 0, found)

    assert 64 == found[2] == int(trailing_zeros(np.uint64(0)))


def test_tables_pairs_and_several_results_reach_the_machine_and_come_back() -> None:
    table, floats = np.arange(12, dtype=np.int64).reshape(3, 4), np.full((2, 3), 2.5)

    assert (3 * 100 + 4 + 5 + 6 + 7, 2 - 9) == _sizes(table, (100, -9), floats)


@pytest.mark.parametrize(
    "array",
    [np.zeros((3, 4), np.int32), np.zeros(12, np.int64), np.zeros((4, 6), np.int64)[:, ::2]],
)
def test_an_array_of_another_kind_is_refused_before_the_machine_sees_it(
    array: NDArray[np.int64],
) -> None:
    with pytest.raises(TypeError, match="takes Array"):
        _sizes(array, (0, 0), np.zeros((2, 3)))


def test_other_threads_run_while_a_compiled_pass_does() -> None:
    _count_to(1)
    turns, done = 0, threading.Event()

    def work() -> None:
        _count_to(60_000_000)
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    while not done.is_set():
        turns += 1
        time.sleep(0.001)
    worker.join()

    # With the interpreter's lock held there would be none at all.
    assert turns > 5


@pytest.mark.parametrize("writable", [True, False])
def test_only_the_first_process_needs_the_compiler_if_its_work_can_be_kept(
    tmp_path: Path, writable: bool
) -> None:
    module = tmp_path / "twice.py"
    module.write_text(MODULE)
    places = {"HOME": str(tmp_path / "home"), "PYTHONPYCACHEPREFIX": str(tmp_path / "cache")}
    if not writable:
        # A file where each folder would have to be: nobody can write below it, root neither.
        for place in places.values():
            Path(place).write_text("")

    first, second = (run([sys.executable, str(module)], ROOT, **places) for _ in range(2))

    assert ("42 True\n", "") == (first.stdout, first.stderr)
    assert (f"42 {not writable}\n", "") == (second.stdout, second.stderr)


def copied(folder: Path, inner: str) -> Path:
    """Return a package of our name with an entry that calls a function of another module."""
    package = folder / "aggregator"
    package.mkdir(exist_ok=True)
    for name in ("__init__", "compiled", "compiler", "object_files"):
        shutil.copy(ROOT / "aggregator" / f"{name}.py", package)
    (package / "outer.py").write_text(OUTER)
    (package / "inner.py").write_text(inner)
    return package


def test_what_was_compiled_is_not_used_when_another_module_that_it_calls_has_changed(
    tmp_path: Path,
) -> None:
    found = []
    for inner in (INNER, INNER, INNER.replace("+ 1", "+ 2")):
        package = copied(tmp_path, inner)
        found.append(run([sys.executable, "-c", CALL], tmp_path).stdout)

    assert ["20\n", "20\n", "30\n"] == found
    assert 1 == len([*package.rglob("outer-*.o")]), "the older one is removed"


def test_a_damaged_object_file_is_made_again(tmp_path: Path) -> None:
    package = copied(tmp_path, INNER)
    run([sys.executable, "-c", CALL], tmp_path)
    (kept,) = package.rglob("outer-*.o")
    whole = kept.read_bytes()

    for damaged in (b"", whole[:40], whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        kept.write_bytes(damaged)
        again = run([sys.executable, "-c", CALL], tmp_path)

        assert ("20\n", "") == (again.stdout, again.stderr)
        assert whole == kept.read_bytes()

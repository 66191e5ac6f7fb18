"""What the byte-level passes stand on: compiled functions, words of eight bytes, zero bits."""

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

from aggregator.compiled import compiled, eight_bytes, trailing_zeros

MODULE = """
from aggregator.compiled import compiled

@compiled
def twice(number: int) -> int:
    return 2 * number

print(twice(21))
"""


ROOT = Path(__file__).parent.parent
INNER = """
from aggregator.compiled import compiled

@compiled
def inner(number: int) -> int:
    return number + 1
"""
OUTER = "from aggregator.outer import outer; print(outer(1))"


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


@compiled
def _word_at(text: NDArray[np.uint8], place: int) -> np.uint64:
    return eight_bytes(text, place)


@compiled
def _zeros_of(word: np.uint64) -> np.uint64:
    return trailing_zeros(word)


@compiled
def _count_to(most: int) -> int:
    total = 0
    for number in range(most):
        total = (total * 31 + number) % 1_000_003
    return total


@given(st.binary(min_size=8, max_size=40), st.data())
def test_eight_bytes_are_read_from_any_place_the_first_one_lowest(
    data: bytes, draws: st.DataObject
) -> None:
    place = draws.draw(st.integers(0, len(data) - 8))

    word = int(_word_at(np.frombuffer(data, dtype=np.uint8), place))

    assert int.from_bytes(data[place : place + 8], "little") == word


@given(st.integers(0, 63), st.integers(0, 2**64 - 1))
def test_zero_bits_below_the_lowest_set_one_are_counted(shift: int, bits: int) -> None:
    word = ((bits | 1) << shift) % 2**64

    assert shift == int(_zeros_of(np.uint64(word)))


def test_a_word_of_zeros_has_sixty_four() -> None:
    assert 64 == int(_zeros_of(np.uint64(0)))


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
def test_a_function_runs_whether_or_not_its_compiled_form_can_be_kept(
    tmp_path: Path, writable: bool
) -> None:
    module = tmp_path / "numbers" / "twice.py"
    module.parent.mkdir()
    module.write_text(MODULE)
    places = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    if not writable:
        # A file where each folder would have to be: nobody can write below it, root neither.
        for place in (*places.values(), str(module.parent / "__pycache__")):
            Path(place).write_text("")

    out = run([sys.executable, str(module)], ROOT, **places)

    assert ("42\n", "") == (out.stdout, out.stderr)
    assert writable == any(tmp_path.rglob("*.nbi"))


def test_what_was_compiled_is_not_used_when_another_module_that_it_calls_has_changed(
    tmp_path: Path,
) -> None:
    package = tmp_path / "aggregator"
    package.mkdir()
    for name in ("__init__", "compiled"):
        shutil.copy(ROOT / "aggregator" / f"{name}.py", package)
    outer = INNER.replace("inner", "outer").replace("number + 1", "10 * inner(number)")
    (package / "outer.py").write_text(f"from aggregator.inner import inner\n{outer}")

    found = []
    for inner in (INNER, INNER, INNER.replace("+ 1", "+ 2")):
        (package / "inner.py").write_text(inner)
        found.append(run([sys.executable, "-c", OUTER], tmp_path).stdout)

    assert ["20\n", "20\n", "30\n"] == found
    assert any(package.rglob("*.nbi"))

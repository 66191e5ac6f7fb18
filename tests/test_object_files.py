"""Compiled code is kept whole or not at all, and found only where all that it is made of agrees."""

import importlib.util
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aggregator import object_files
from aggregator.object_files import ObjectCode, find, keep

MADE = ObjectCode("_ZN1a", b"\x7fELF\n\0code\n")
Function = Callable[..., Any]


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Give the two folders in which files may lie; neither of them is there."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "prefix"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    beside = Path(importlib.util.cache_from_source(object_files.__file__)).parent
    return beside, tmp_path / "home" / ".cache" / "flowlake"


def function_of(source: Path, name: str = "twice") -> Function:
    """Return a function that was read from a file."""
    module = types.ModuleType("made")
    text = f"def {name}(number):\n    return 2 * number\n"
    source.write_text(text, encoding="utf-8")
    exec(compile(text, str(source), "exec"), module.__dict__)
    return getattr(module, name)  # type: ignore[no-any-return]


@pytest.fixture
def function(tmp_path: Path) -> Function:
    return function_of(tmp_path / "source.py")


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def test_what_was_kept_is_found(function: Function, places: tuple[Path, Path]) -> None:
    assert find(function) is None

    keep(function, MADE)

    assert MADE == find(function)
    assert [1, 0] == [len(files(place)) for place in places]


def test_each_function_finds_its_own(tmp_path: Path, function: Function) -> None:
    other, another = ObjectCode("b", b"2"), ObjectCode("c", b"3")
    keep(function, MADE)
    thrice = function_of(tmp_path / "source.py", "thrice")
    keep(thrice, other)
    elsewhere = function_of(tmp_path / "elsewhere.py", "third")
    keep(elsewhere, another)

    assert [other, another] == [find(thrice), find(elsewhere)]


def test_where_the_sources_cannot_be_written_beside_the_users_cache_serves(
    function: Function, places: tuple[Path, Path]
) -> None:
    beside, home = places
    # A file where a folder would have to be: nobody can write below it, root neither.
    beside.parent.mkdir(parents=True)
    beside.write_bytes(b"")

    keep(function, MADE)

    assert MADE == find(function)
    assert 1 == len(files(home))


def test_where_nothing_can_be_written_nothing_is_kept_and_nothing_fails(
    function: Function, tmp_path: Path
) -> None:
    for name in ("prefix", "home"):
        (tmp_path / name).write_bytes(b"")

    keep(function, MADE)

    assert find(function) is None


def test_a_file_that_is_not_whole_is_none(function: Function, places: tuple[Path, Path]) -> None:
    keep(function, MADE)
    (kept,) = files(places[0])
    whole = kept.read_bytes()

    for end in range(len(whole)):
        kept.write_bytes(whole[:end])
        assert find(function) is None
        kept.write_bytes(whole[:end] + bytes([whole[end] ^ 1]) + whole[end + 1 :])
        assert find(function) is None
    kept.write_bytes(whole)
    assert MADE == find(function)


def test_what_an_older_source_left_is_removed_and_what_others_left_is_not(
    function: Function, places: tuple[Path, Path]
) -> None:
    keep(function, MADE)
    (kept,) = files(places[0])
    older, of_other = kept.with_name("twice-0123456789abcdef.o"), kept.with_name("twin-01.o")
    for path in (older, of_other):
        path.write_bytes(b"")

    keep(function, MADE)

    assert sorted([kept, of_other]) == files(places[0])


def test_a_changed_source_has_another_name(tmp_path: Path) -> None:
    keep(function_of(tmp_path / "one.py"), MADE)

    changed = function_of(tmp_path / "two.py")
    with (tmp_path / "two.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")

    assert find(changed) is None


def test_what_was_made_for_a_named_processor_is_found_on_every_other_that_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CPU_NAME", "x86-64-v2")
    monkeypatch.setenv("NUMBA_CPU_FEATURES", "")
    keep(function_of(tmp_path / "source.py"), MADE)

    monkeypatch.setattr("llvmlite.binding.get_host_cpu_name", lambda: "another")
    object_files._fingerprint.cache_clear()
    assert MADE == find(function_of(tmp_path / "source.py"))

    monkeypatch.delenv("NUMBA_CPU_FEATURES")
    object_files._fingerprint.cache_clear()
    assert find(function_of(tmp_path / "source.py")) is None

"""How it is told whether a container compiled something, and whether it built the same."""

import py_compile
import subprocess
import sys
from pathlib import Path

from images.building import nothing_compiled, same_bytes


def write_module(folder: Path, text: str, name: str = "made.py") -> None:
    """Write a module, and its bytecode."""
    (folder / name).write_text(text, encoding="utf-8")
    py_compile.compile(str(folder / name))


def imported(folder: Path, *options: str) -> str:
    """Return what Python says of its imports while it imports the module `made`."""
    done = subprocess.run(
        [sys.executable, *options, "-v", "-c", "import made"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_a_module_without_bytecode_is_named(tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text("", encoding="utf-8")

    check = nothing_compiled(imported(tmp_path, "-B"))

    assert not check.good
    assert str(tmp_path / "made.py") in check.seen


def test_modules_with_bytecode_are_well(tmp_path: Path) -> None:
    write_module(tmp_path, "")

    assert nothing_compiled(imported(tmp_path)).good


def test_a_compiler_that_is_loaded_is_named(tmp_path: Path) -> None:
    write_module(tmp_path, "import numba")
    write_module(tmp_path, "", "numba.py")

    check = nothing_compiled(imported(tmp_path))

    assert not check.good
    assert "compiler" in check.seen


def test_the_same_objects_are_the_same_bytes_and_none_at_all_are_nothing() -> None:
    assert same_bytes({"a": b"1", "b": b"2"}, {"b": b"2", "a": b"1"}).good
    assert not same_bytes({}, {}).good


def test_a_byte_or_an_object_too_many_is_named() -> None:
    check = same_bytes({"a": b"1", "b": b"2"}, {"a": b"1", "b": b"3", "c": b""})

    assert not check.good
    assert "b c" == check.seen

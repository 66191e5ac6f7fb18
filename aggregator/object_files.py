"""Machine code that was compiled, kept between runs.

An object file holds all that its function calls, also from other modules, and instructions of one
kind of processor. So it is named for a hash of all sources that have such functions, of the
compiler and of the processor that it is made for. It lies where Python keeps what it compiles, or
in the user's cache; where neither can be written, every process compiles anew.
"""

import hashlib
import importlib.resources
import importlib.util
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm


@dataclass(frozen=True)
class ObjectCode:
    """An object file, and the name that its function has in it."""

    symbol: str
    code: bytes


def find(function: Callable[..., Any]) -> ObjectCode | None:
    """Return what was kept of a function."""
    name = _name(function)
    return next((code for folder in _folders() if (code := _read(folder / name))), None)


def keep(function: Callable[..., Any], made: ObjectCode) -> None:
    """Keep what was compiled of a function where that is possible."""
    for folder in _folders():
        with suppress(OSError):
            _write(folder / _name(function), made)
            return


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__name__}-{_fingerprint(Path(function.__code__.co_filename))}.o"


_MARKS = b"@compiled", b"@entry", b"import numba"
"""Of the modules that have such functions, and of the one that compiles them."""


@cache
def _fingerprint(source: Path) -> str:
    """Return a hash over everything that the object files of a source depend on."""
    modules = importlib.resources.files(__package__).iterdir()
    texts = (module.read_bytes() for module in modules if module.name.endswith(".py"))
    parts = sorted(text for text in texts if any(mark in text for mark in _MARKS))
    parts += [
        source.read_bytes(),
        llvmlite.__version__.encode(),
        *(part.encode() for part in _processor()),
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _processor() -> tuple[str, str]:
    """Return what is compiled for: the name of a processor, and what it can do.

    The compiler's own variables count, which it obeys too: an image is built on another processor
    than it runs on.
    """
    features = os.environ.get("NUMBA_CPU_FEATURES")
    if features is None:
        features = llvm.get_host_cpu_features().flatten()
    return os.environ.get("NUMBA_CPU_NAME") or llvm.get_host_cpu_name(), features


def _folders() -> list[Path]:
    """Return where object files may lie: where Python keeps its own, or the user's cache."""
    beside = Path(importlib.util.cache_from_source(__file__)).parent
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - does not fail without a home
    return [beside, home / ".cache" / "flowlake"]


def _read(path: Path) -> ObjectCode | None:
    """Return what was written; None if it is not there, or not whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, body = data[:32], data[32:]
    if hashlib.sha256(body).digest() != digest:
        return None
    symbol, _, code = body.partition(b"\n")
    return ObjectCode(symbol.decode(), code)


def _write(path: Path, made: ObjectCode) -> None:
    """Write a file whole, and remove what older sources made of the same function."""
    body = made.symbol.encode() + b"\n" + made.code
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(hashlib.sha256(body).digest() + body)
    temporary.replace(path)
    name = path.name.partition("-")[0]
    for old in path.parent.glob(f"{name}-*.o"):
        if old != path:
            old.unlink(missing_ok=True)

"""Passes over bytes as machine code: made once for a machine, then loaded in milliseconds.

A function marked `entry` is called with arrays and whole numbers, and is made of functions marked
`compiled`. Their compiler takes half a second to import, more than a quiet day takes to build. So
what it makes is kept (`object_files`), and a process that finds it never imports the compiler.
"""

import ctypes
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, update_wrapper
from typing import Any, ParamSpec, TypeVar, cast

import llvmlite.binding as llvm
import numpy as np
from numpy.typing import NDArray

from aggregator import object_files
from aggregator.object_files import ObjectCode

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Array:
    """An argument: an array without gaps, its last dimension running fastest."""

    dtype: str
    dimensions: int = 1


@dataclass(frozen=True)
class Wholes:
    """An argument: a whole number, or a tuple of them."""

    count: int = 1


BYTES, INTS = Array("uint8"), Array("int64")
BYTE_TABLE, TABLE, FLOAT_TABLE = Array("uint8", 2), Array("int64", 2), Array("float64", 2)
WHOLE, PAIR = Wholes(), Wholes(2)
Kind = Array | Wholes


class Compiled:
    """A function that entries are made of. Called from Python, it is compiled for that process."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:
        """Call it from Python, as tests do."""
        return _compiler().dispatcher(self.function)(*arguments)

    @property
    def _numba_type_(self) -> Any:
        """Tell the compiler what it is, where another function calls it."""
        return _compiler().dispatcher(self.function)._numba_type_


class Entry(Compiled):
    """A function that Python calls as machine code, without the lock of the interpreter."""

    def __init__(self, function: Callable[..., Any], takes: Sequence[Kind], gives: int) -> None:
        super().__init__(function)
        self.takes, self.gives = tuple(takes), gives
        self._code: Callable[..., int] | None = None
        self._loading = threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        """Call it; raise `TypeError` for arrays of another kind than was declared."""
        flat = [
            part
            for kind, value in zip(self.takes, arguments, strict=True)
            for part in _flat(kind, value)
        ]
        results = (ctypes.c_int64 * max(self.gives, 1))()
        error = ctypes.c_void_p()
        status = self._loaded()(results, ctypes.byref(error), *flat)
        if status:
            raise RuntimeError(f"{self.function.__qualname__} ended with status {status}")
        return results[0] if self.gives == 1 else tuple(results)[: self.gives]

    def prepare(self) -> None:
        """Load its machine code now; where nobody has made it yet, make it and keep it."""
        self._loaded()

    def _loaded(self) -> Callable[..., int]:
        with self._loading:
            if self._code is None:
                address = _machine().load(self._object_code())
                self._code = self._prototype()(address)
            return self._code

    def _prototype(self) -> Any:
        arguments = [each for kind in self.takes for each in _c_types(kind)]
        return ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *arguments)

    def _object_code(self) -> ObjectCode:
        kept = object_files.find(self.function)
        if kept:
            return kept
        made = ObjectCode(*_compiler().object_code(self.function, self.takes, self.gives))
        object_files.keep(self.function, made)
        return made


def compiled(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Mark a function that entries are made of: no objects, no exceptions, no new arrays."""
    return cast("Callable[_Arguments, _Result]", Compiled(function))


def entry(
    takes: Sequence[Kind], gives: int = 0
) -> Callable[[Callable[_Arguments, _Result]], Callable[_Arguments, _Result]]:
    """Mark a function that Python calls; it returns so many whole numbers, a tuple if not one."""

    def mark(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
        return cast("Callable[_Arguments, _Result]", Entry(function, takes, gives))

    return mark


# What Python says of these three, the compiler says in one instruction each.


def eight_bytes(text: NDArray[np.uint8], place: int) -> np.uint64:
    """Load the eight bytes at a place of an array as one integer, the first one lowest.

    The place need not be aligned; that all eight lie inside the array is the caller's to see to.
    """
    return np.uint64(int.from_bytes(text[place : place + 8].tobytes(), "little"))


def trailing_zeros(word: np.uint64) -> np.uint64:
    """Count the zero bits below the lowest one that is set; 64 if none is."""
    bits = int(word)
    return np.uint64((bits & -bits).bit_length() - 1 if bits else 64)


def reversed_bytes(word: np.uint64) -> np.uint64:
    """Turn the bytes of an integer round: then the first one loaded counts most, as in a text."""
    return np.uint64(int.from_bytes(int(word).to_bytes(8, "little"), "big"))


# How arguments reach machine code: as the compiler lays arrays out, part by part.


def _flat(kind: Kind, value: Any) -> Iterator[int | None]:
    if isinstance(kind, Wholes):
        yield from (value,) if kind.count == 1 else value
        return
    if value.dtype != kind.dtype or value.ndim != kind.dimensions or not value.flags.c_contiguous:
        raise TypeError(f"takes {kind}, not {value.dtype} {value.shape}, {value.strides}")
    owner = parent = None
    yield from (owner, parent, value.size, value.itemsize, value.ctypes.data)
    yield from value.shape
    yield from value.strides


def _c_types(kind: Kind) -> list[Any]:
    if isinstance(kind, Wholes):
        return [ctypes.c_int64] * kind.count
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    return [pointer, pointer, number, number, pointer, *[number] * (2 * kind.dimensions)]


def _compiler() -> Any:
    # Imported only where something is to be compiled: that is what all of this is for.
    from aggregator import compiler

    return compiler


class _Machine:
    """Holds the machine code that was loaded, as long as the process lives."""

    def __init__(self) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        # Nothing owns the arrays that are passed in, so nobody is ever called to free one.
        self._never = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
        address = ctypes.cast(self._never, ctypes.c_void_p).value
        llvm.add_symbol("NRT_MemInfo_call_dtor", address)
        machine = llvm.Target.from_default_triple().create_target_machine()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)

    def load(self, made: ObjectCode) -> int:
        """Return the address of a function."""
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(made.code))
        self._engine.finalize_object()
        address: int = self._engine.get_function_address(made.symbol)
        return address


_machine = cache(_Machine)

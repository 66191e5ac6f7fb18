"""The one place that imports the compiler of the byte-level passes: Numba."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numba
from llvmlite import ir
from numba import types as _types
from numba.extending import intrinsic, overload

from aggregator.compiled import (
    Array,
    Kind,
    Wholes,
    eight_bytes,
    reversed_bytes,
    trailing_zeros,
)

types: Any = _types  # it has no types of its own

_HOW: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
"""Without the interpreter's lock; a division by zero is no exception, since nothing is; without
counting references to arrays, since a pass makes none: that is an eighth of its time."""


@cache
def dispatcher(function: Callable[..., Any]) -> Any:
    """Return the compiled form of a function for calls from Python and from other functions."""
    # Inlined, numbers stay in registers: a third of the time of a pass.
    return numba.njit(forceinline=True, **_HOW)(function)


def object_code(
    function: Callable[..., Any], takes: Sequence[Kind], gives: int
) -> tuple[str, bytes]:
    """Compile an entry; return the name of its function in the object file, and the file."""
    signature = _result(gives)(*map(_type, takes))
    bare: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    made = numba.njit(signature, **_HOW, **bare)(function)
    (result,) = made.overloads.values()
    code: bytes = result.library.serialize_using_object_code()[2][0]
    return result.fndesc.llvm_func_name, code


def _result(gives: int) -> Any:
    if gives == 0:
        return types.void
    return types.int64 if gives == 1 else types.UniTuple(types.int64, gives)


def _type(kind: Kind) -> Any:
    if isinstance(kind, Wholes):
        return types.int64 if kind.count == 1 else types.UniTuple(types.int64, kind.count)
    return _array(kind)


def _array(kind: Array) -> Any:
    return types.Array(getattr(types, kind.dtype), kind.dimensions, "C")


def _load(_typing: Any, text: Any, place: Any) -> Any:
    def load(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        first = builder.gep(array.data, [arguments[1]], inbounds=True)
        word = builder.bitcast(first, ir.IntType(64).as_pointer())
        return builder.load(word, align=1)

    return types.uint64(text, place), load


def _count(_typing: Any, _word: Any) -> Any:
    def count(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), count


def _reverse(_typing: Any, _word: Any) -> Any:
    def reverse(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bswap(arguments[0])

    return types.uint64(types.uint64), reverse


_loaded: Any = intrinsic(_load)
_counted: Any = intrinsic(_count)
_reversed: Any = intrinsic(_reverse)

# The compiler compares the arguments of these with those of the functions within, which have no
# types.


@overload(eight_bytes)
def _eight_bytes(text, place):  # type: ignore[no-untyped-def]  # noqa: ARG001
    return lambda text, place: _loaded(text, place)


@overload(trailing_zeros)
def _trailing_zeros(word):  # type: ignore[no-untyped-def]  # noqa: ARG001
    return lambda word: _counted(word)


@overload(reversed_bytes)
def _reversed_bytes(word):  # type: ignore[no-untyped-def]  # noqa: ARG001
    return lambda word: _reversed(word)

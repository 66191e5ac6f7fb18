"""The one place that names the compiler of the byte-level passes.

Everything compiled is cached beside its source, so a machine (or an image) pays the compiler
once, and releases the interpreter lock, so that chunks are decoded in parallel.

What is compiled holds what it calls, also from other modules, but the compiler looks only at a
function's own file to see whether its cache is stale. So caches are named for all of the sources.
"""

import hashlib
import importlib.resources
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def _hash_of_sources() -> str:
    """Return a hash over the modules of this package that have compiled functions."""
    modules = importlib.resources.files(__package__).iterdir()
    texts = (module.read_bytes() for module in modules if module.name.endswith(".py"))
    return hashlib.sha256(b"".join(sorted(t for t in texts if b"@compiled" in t))).hexdigest()[:12]


_SOURCES = _hash_of_sources()


def compiled(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile the function at its first call."""
    function.__qualname__ = f"{function.__qualname__}_{_SOURCES}"
    try:
        found = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        # Its user may write neither here nor into a home: then each process pays the compiler.
        found = numba.njit(nogil=True)(function)
    return cast("Callable[_Arguments, _Result]", found)


def _load_eight_bytes(_typing: Any, text: Any, place: Any) -> Any:
    def load(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        first = builder.gep(array.data, [arguments[1]], inbounds=True)
        word = builder.bitcast(first, ir.IntType(64).as_pointer())
        return builder.load(word, align=1)

    return types.uint64(text, place), load


def _reverse_bytes(_typing: Any, _word: Any) -> Any:
    def reverse(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bswap(arguments[0])

    return types.uint64(types.uint64), reverse


def _count_trailing_zeros(_typing: Any, _word: Any) -> Any:
    def count(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), count


eight_bytes = cast("Callable[[NDArray[np.uint8], int], np.uint64]", intrinsic(_load_eight_bytes))
"""Load the eight bytes at a place of an array as one integer, the first one lowest.

The place need not be aligned; that all eight lie inside the array is the caller's to see to.
"""

trailing_zeros = cast("Callable[[np.uint64], np.uint64]", intrinsic(_count_trailing_zeros))
"""Count the zero bits below the lowest one that is set; 64 if none is."""

reversed_bytes = cast("Callable[[np.uint64], np.uint64]", intrinsic(_reverse_bytes))
"""Turn the bytes of an integer round: then the first one loaded counts most, as in a text."""

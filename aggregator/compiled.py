"""The one place that names the compiler of the byte-level passes.

Everything compiled is cached beside its source, so a machine (or an image) pays the compiler
once, and releases the interpreter lock, so that chunks are decoded in parallel.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def compiled(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile the function at its first call."""
    compiler = numba.njit(cache=True, nogil=True)
    return cast("Callable[_Arguments, _Result]", compiler(function))

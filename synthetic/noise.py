"""What a seed says about a moment: randomness without state. No clock, no disk.

Every function maps integers to the same numbers each time, so that any minute of a market can be
made without those before it.
"""

import zlib

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.uint64]

_WORD = 2**64
_GOLDEN = 0x9E3779B97F4A7C15


def salt(*parts: int | str) -> int:
    """Return a number that differs for different parts."""
    return zlib.crc32("/".join(map(str, parts)).encode())


def bits(values: Ints | Bits, salted: int) -> Bits:
    """Return 64 well mixed bits for each integer (splitmix64)."""
    mixed = values.astype(np.uint64) + np.uint64(salted * _GOLDEN % _WORD)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def uniform(values: Ints, salted: int) -> Floats:
    """Return a number in [0, 1) for each integer."""
    return np.asarray(bits(values, salted) >> np.uint64(11), np.float64) * 2.0**-53


def smooth(position: Floats, salted: int) -> Floats:
    """Return a number in [0, 1) for each position, uniform at integers and linear between."""
    floor = np.floor(position)
    left = floor.astype(np.int64)
    share = position - floor
    return uniform(left, salted) * (1 - share) + uniform(left + 1, salted) * share


def wander(time: Floats, salted: int, *, shortest: float, octaves: int, day: float) -> Floats:
    """Return a walk around 0 that moves by about 1 in a `day`.

    It is a sum of smooth noise of ever longer periods, each as large as the square root of its
    period, as a random walk has it.
    """
    periods = shortest * 4.0 ** np.arange(octaves)[:, None]
    position = time / periods
    floor = np.floor(position)
    share = position - floor
    # Each octave takes integers that no other takes.
    left = floor.astype(np.int64) * octaves + np.arange(octaves)[:, None]
    values = uniform(left, salted) * (1 - share) + uniform(left + octaves, salted) * share
    walk: Floats = ((periods / day) ** 0.5 * (values - 0.5)).sum(axis=0) * 3.0
    return walk

"""The aggregator's container at work, beside the same command outside of any container."""

import re
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from images.build import Image
from images.engine import Engine, output_of, words_of
from images.inspection import Check
from images.recording import Bucket
from lake.layout import aggregated_root
from lake.open import open_lake

_VERBOSE = ("--env", "PYTHONVERBOSE=1")
_FROM_SOURCE = re.compile(r"^# code object from (/\S+\.py)$", re.MULTILINE)
_COMPILER = re.compile(r"^import 'numba'", re.MULTILINE)


def checks_of_building(
    engine: Engine, image: Image, inside: Bucket, outside: Bucket, days: tuple[date, date]
) -> Iterator[Check]:
    """Build the days of two buckets of the same content; compare what each came to."""
    command = ("backfill", "--start", str(days[0]), "--end", str(days[1]))
    began_s = time.monotonic()
    _in_a_container(engine, image, inside, command)
    yield Check("builds the days", True, f"in {time.monotonic() - began_s:.1f} s")
    _outside(outside, command)
    yield same_bytes(published(inside), published(outside))
    yield nothing_compiled(_in_a_container(engine, image, inside, (*command, "--force"), _VERBOSE))


def _in_a_container(
    engine: Engine,
    image: Image,
    bucket: Bucket,
    command: Sequence[str],
    options: Sequence[str] = (),
) -> str:
    """Return what it says."""
    words = engine.command(*options, "--env", bucket.variable, image.tag, *command)
    return words_of([*words, "--lake", bucket.lake])


def _outside(bucket: Bucket, command: Sequence[str]) -> None:
    program = Path(sys.executable).with_name("aggregator")
    output_of(["env", bucket.variable, str(program), *command, "--lake", bucket.lake])


def published(bucket: Bucket) -> dict[str, bytes]:
    """Return all objects that were built."""
    lake = open_lake(bucket.lake)
    return {stat.key: lake.read(stat.key)[0] for stat in lake.list(aggregated_root())}


def nothing_compiled(said: str) -> Check:
    """Check that a program, which told of all its imports, found bytecode and machine code."""
    sources = set(_FROM_SOURCE.findall(said))
    compiler = bool(_COMPILER.search(said))
    found = [*sorted(sources)[:3], *(["the compiler was loaded"] if compiler else [])]
    what = f"{len(sources)} modules: {' '.join(found)}" if found else "all was ready in the image"
    return Check("compiles nothing at its start", not found, what)


def same_bytes(inside: dict[str, bytes], outside: dict[str, bytes]) -> Check:
    """Check that two lakes have the same objects."""
    differ = sorted(key for key in inside | outside if inside.get(key) != outside.get(key))
    size = sum(map(len, inside.values()))
    seen = " ".join(differ[:3]) if differ else f"{len(inside)} objects, {size / 1e6:.1f} MB"
    return Check("same bytes as outside", bool(inside) and not differ, seen)

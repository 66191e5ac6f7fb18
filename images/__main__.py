"""Build both images without Docker, run them, and print a table: `make images-check`."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import NoReturn

from google.cloud import storage  # type: ignore[import-untyped]
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from images.base import stand_in
from images.build import PROGRAMS, ROOT, Image, Labels, build
from images.building import checks_of_building
from images.engine import NEEDED, Engine, Failed, missing
from images.inspection import Check, checks_inside, checks_of_config
from images.recording import Bucket, checks_of_recording
from lake.open import open_lake
from tests.bucket.emulator import fake_gcs_server

_FOLDER = ROOT / ".cache" / "images"
_STARTS = 3
_LAKES = ("inside", "outside")

console = Console(highlight=False)


def main() -> None:
    """Do all of it; exit with 1 if something is not as it must be."""
    given = _parser().parse_args()
    if lacking := missing():
        _give_up(
            f"this machine has no {', '.join(lacking)}; "
            f"install them, on Debian by apt-get install {' '.join(NEEDED)}, and run again"
        )
    if os.getuid():
        _give_up("containers are built and run by root here; run it again as root")
    try:
        good = _check(given.base, given.seconds)
    except Failed as failed:
        _give_up(str(failed))
    sys.exit(not good)


def _give_up(why: str) -> NoReturn:
    sys.exit(f"cannot check the images: {why}")


def _check(base: str | None, seconds: float) -> bool:
    """Print sizes and checks as they come; return whether all are good."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    engine = Engine(_FOLDER / "root")
    with console.status("base image"):
        below = _base(engine, base)
    labels = Labels(version("flowlake"), _commit())
    images = []
    for program in PROGRAMS:
        with console.status(f"build of the {program}"):
            images.append(build(engine, program, below, labels))
    console.print(_sizes(engine, images))
    found = list[Check]()
    for image, check in _checks(engine, images, below, labels, seconds):
        found.append(check)
        mark = "[green]ok[/green]" if check.good else "[red]FAILED[/red]"
        line = f"{mark}\t{image.program}\t{check.what}: {escape(check.seen)}"
        console.print(line, soft_wrap=True)
    return all(check.good for check in found)


def _base(engine: Engine, name: str | None) -> str:
    if name:
        engine.podman("pull", "--quiet", name)
    return name or stand_in(engine, _FOLDER)


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--verify", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def _sizes(engine: Engine, images: Sequence[Image]) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("image")
    for name in ("built in s", "base MB", "programs MB", "bytecode MB", "starts in s"):
        table.add_column(name, justify="right")
    for image in images:
        programs, *others = (layer.size / 1e6 for layer in image.layers if layer.size)
        figures = (image.base_size / 1e6, programs, sum(others))
        table.add_row(image.program, f"{image.seconds:.0f}", *(f"{each:.0f}" for each in figures),
                      f"{_start_s(engine, image):.1f}")  # fmt: skip
    return table


def _start_s(engine: Engine, image: Image) -> float:
    """Return how long a container takes that only says its version: the best of some."""
    took_s = []
    for _ in range(_STARTS):
        began_s = time.monotonic()
        engine.run(image.tag, "--version")
        took_s.append(time.monotonic() - began_s)
    return min(took_s)


def _checks(
    engine: Engine, images: Sequence[Image], base: str, labels: Labels, seconds: float
) -> Iterator[tuple[Image, Check]]:
    for image in images:
        yield from ((image, check) for check in checks_of_config(image, labels))
        yield from ((image, check) for check in checks_inside(engine, image, base))
    collector, aggregator = images
    with _buckets() as (inside, outside):
        first = datetime.now(UTC).date()
        for check in checks_of_recording(engine, collector, inside, seconds):
            yield collector, check
        _copy(inside, outside)
        days = first, datetime.now(UTC).date()
        for check in checks_of_building(engine, aggregator, inside, outside, days):
            yield aggregator, check


@contextmanager
def _buckets() -> Iterator[list[Bucket]]:
    """Serve two empty lakes, and send this process there too."""
    with fake_gcs_server() as url:
        os.environ["STORAGE_EMULATOR_HOST"] = url
        client = storage.Client(project="check")
        for name in _LAKES:
            client.create_bucket(name)
        yield [Bucket(url, f"gs://{name}") for name in _LAKES]


def _copy(source: Bucket, target: Bucket) -> None:
    read, written = open_lake(source.lake), open_lake(target.lake)
    for stat in read.list(""):
        written.write(stat.key, read.read(stat.key)[0])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m images", description=__doc__)
    parser.add_argument("--base", help="an image of a registry; without, one is made here")
    parser.add_argument("--seconds", type=float, default=75, help="to record (%(default)s)")
    return parser


if __name__ == "__main__":
    main()

"""What an image must be, whatever it is asked to do: its configuration, and a look inside."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from images.build import Image, Labels
from images.engine import Engine

VOLUMES = {"collector": {"/spool", "/tmp"}, "aggregator": {"/tmp"}}
UNWANTED = {
    "collector": ("aggregator", "polars", "numpy", "pyarrow", "numba", "llvmlite", "matplotlib"),
    "aggregator": ("collector", "websocket"),
}
"""Modules that a program does not need."""
_TOOLS = ("pip", "hatchling", "setuptools", "wheel", "uv")
_PROBE = Path(__file__).with_name("probe.py")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and what was seen."""

    what: str
    good: bool
    seen: str


def checks_of_config(image: Image, labels: Labels) -> Iterator[Check]:
    """Check what an image says of itself."""
    config = image.config
    user = config.get("User", "")
    numbers = user.split(":")
    yield Check("user is a number, not root", all(n.isdigit() and n != "0" for n in numbers), user)
    entry = config.get("Entrypoint") or []
    yield Check("entrypoint is the program", entry == [image.program], " ".join(entry))
    volumes = set(config.get("Volumes") or {})
    yield Check("declares what it writes", volumes == VOLUMES[image.program], _listed(volumes))
    yield _check_of_labels(config.get("Labels") or {}, labels)


def _check_of_labels(found: dict[str, str], labels: Labels) -> Check:
    names = ("org.opencontainers.image.version", "org.opencontainers.image.revision")
    seen = tuple(found.get(name, "") for name in names)
    return Check("labels: version, commit", seen == (labels.version, labels.commit), " ".join(seen))


def checks_inside(engine: Engine, image: Image, base: str) -> Iterator[Check]:
    """Check what a process in a container finds and may do, beside one in the base alone."""
    inside, below = _probe(engine, image.tag), _probe(engine, base)
    yield Check("runs as that user", inside["user"] != 0, str(inside["user"]))
    writable = set(inside["writable"])
    may = VOLUMES[image.program]
    yield Check("may write there, and nowhere else", writable == may, _listed(writable))
    modules = set(inside["modules"])
    unwanted = modules & {*UNWANTED[image.program], *_TOOLS}
    yield Check("without what it does not need", not unwanted, _listed(unwanted) or "none of it")
    tools = set(inside["tools"]) - set(below["tools"])
    yield Check("no compiler or build tool", not tools, _listed(tools) or "none beyond the base's")


def _probe(engine: Engine, image: str) -> dict[str, Any]:
    names = ",".join({name for each in UNWANTED.values() for name in each} | {*_TOOLS})
    code = _PROBE.read_text(encoding="utf-8")
    found = engine.run("--entrypoint", "python", image, "-c", code, names)
    return dict(json.loads(found))


def _listed(names: set[str]) -> str:
    return " ".join(sorted(names))

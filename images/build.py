"""Builds an image from its Dockerfile as it is, and says what it is made of."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from images.engine import Engine

ROOT = Path(__file__).parent.parent
PROGRAMS = ("collector", "aggregator")


@dataclass(frozen=True)
class Labels:
    """What the build is told of itself."""

    version: str
    commit: str


@dataclass(frozen=True)
class Layer:
    """What one instruction added."""

    instruction: str
    size: int


@dataclass(frozen=True)
class Image:
    """An image as it was built; `layers` are those upon the base, the lowest first."""

    program: str
    tag: str
    seconds: float
    base_size: int
    layers: tuple[Layer, ...]
    config: dict[str, Any]

    @property
    def size(self) -> int:
        """Return how many bytes the project adds to the base."""
        return sum(layer.size for layer in self.layers)


def build(engine: Engine, program: str, base: str, labels: Labels) -> Image:
    """Build the image of a program on a base; what did not change since is not built again."""
    tag = f"localhost/flowlake-{program}:check"
    arguments = {"BASE": base, "VERSION": labels.version, "COMMIT": labels.commit}
    given = [
        word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")
    ]
    began_s = time.monotonic()
    engine.buildah(
        "build", "--layers", "--pull-never", "--network", "host", "--format", "docker", *given,
        "--tag", tag, "--file", str(ROOT / f"Dockerfile.{program}"), str(ROOT),
    )  # fmt: skip
    seconds = time.monotonic() - began_s
    below = _history(engine, base)
    layers = _history(engine, tag)[len(below) :]
    found = json.loads(engine.buildah("inspect", "--type", "image", tag))
    return Image(program, tag, seconds, sum(layer.size for layer in below),
                 tuple(layers), found["Docker"]["config"])  # fmt: skip


def _history(engine: Engine, image: str) -> list[Layer]:
    """Return the layers of an image, the lowest first."""
    entries = json.loads(engine.podman("history", "--no-trunc", "--format", "json", image))
    return [Layer(entry.get("CreatedBy", ""), entry["size"]) for entry in reversed(entries)]

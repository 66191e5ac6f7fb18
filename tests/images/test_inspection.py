"""What is demanded of an image, on images that have it, and on some that have not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from images.build import Image, Labels
from images.inspection import checks_of_config

PROBE = Path(__file__).parent.parent.parent / "images" / "probe.py"
LABELS = Labels("0.1.0", "abcdef")
GOOD: dict[str, Any] = {
    "User": "65532:65532",
    "Entrypoint": ["collector"],
    "Volumes": {"/spool": {}, "/tmp": {}},
    "Labels": {
        "org.opencontainers.image.version": "0.1.0",
        "org.opencontainers.image.revision": "abcdef",
    },
}


def faults(config: dict[str, Any]) -> list[str]:
    image = Image("collector", "tag", 1.0, 1, (), config)
    return [check.what for check in checks_of_config(image, LABELS) if not check.good]


def test_a_good_image_has_no_fault() -> None:
    assert [] == faults(GOOD)


@pytest.mark.parametrize("user", ["", "root", "0", "0:0", "65532:0", "nobody"])
def test_a_user_that_is_root_or_only_a_name_is_one(user: str) -> None:
    assert ["user is a number, not root"] == faults({**GOOD, "User": user})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Entrypoint", ["sh", "-c", "collector"]),
        ("Entrypoint", None),
        ("Volumes", {"/tmp": {}}),
        ("Volumes", None),
        ("Labels", {**GOOD["Labels"], "org.opencontainers.image.revision": "unknown"}),
        ("Labels", None),
    ],
)
def test_so_is_whatever_else_is_not_as_declared(key: str, value: object) -> None:
    assert 1 == len(faults({**GOOD, key: value}))


def test_the_probe_tells_what_a_process_finds() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.read_text(encoding="utf-8"), "json,no_such_module"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)

    assert ["json"] == found["modules"]
    assert os.getuid() == found["user"]
    assert "/tmp" in found["writable"]
    assert "/proc" not in found["writable"]

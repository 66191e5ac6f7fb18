"""The pins in `requirements/`: in step with `pyproject.toml`, hashed, and from no named place."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
LOCKS = {
    "dev": ["aggregator", "collector", "dev"],
    "aggregator": ["aggregator"],
    "collector": ["collector"],
    "bench": ["bench"],
    "build": ["build"],
}


def pins(lock: str) -> list[Requirement]:
    lines = (ROOT / "requirements" / f"{lock}.txt").read_text().splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if re.match(r"[a-z0-9]", line)]


def wanted(lock: str) -> list[Requirement]:
    extras = (line for extra in LOCKS[lock] for line in EXTRAS[extra])
    return [Requirement(line) for line in (*PROJECT["dependencies"], *extras)]


@pytest.mark.parametrize("lock", LOCKS)
def test_what_the_project_wants_is_pinned_to_a_version_that_it_wants(lock: str) -> None:
    pinned: dict[str, list[str]] = {}
    for pin in pins(lock):
        (version,) = pin.specifier
        pinned.setdefault(canonicalize_name(pin.name), []).append(version.version)

    for want in wanted(lock):
        versions = pinned.get(canonicalize_name(want.name), [])
        assert versions, f"{want.name} is not in requirements/{lock}.txt; run `make lock`"
        assert all(map(want.specifier.contains, versions)), f"{want}: run `make lock`"


@pytest.mark.parametrize("lock", ["aggregator", "collector"])
def test_a_program_is_pinned_to_what_it_is_tested_with(lock: str) -> None:
    assert {str(pin) for pin in pins(lock)} <= {str(pin) for pin in pins("dev")}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_its_hashes_and_no_lock_names_an_index(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert "--index" not in text

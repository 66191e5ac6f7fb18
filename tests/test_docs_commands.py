"""Every command line in the documents is one that its program understands."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from aggregator.cli import app as aggregator
from aggregator.launch import launch
from collector.cli import app as collector
from lake.marker import claim
from tests.cases import DAY, SYMBOL, Lake, ran
from tests.gcloud import complaints, needs_gcloud

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
RUNBOOK = ROOT / "docs" / "runbook.md"
WHOLE = {RUNBOOK, ROOT / "docs" / "deploy.md"}
"""In whose sentences commands stand as they are to be typed."""
PROGRAMS = {"aggregator": aggregator, "collector": collector}
_HAS_COMMAND = re.compile(r"(^|[\s/])(aggregator|collector|gcloud) [a-z]")
_NAMES = [each.name or getattr(each.callback, "__name__", "")
          for each in aggregator.registered_commands]  # fmt: skip
if "launch" not in _NAMES:
    aggregator.command()(launch)


def lines(page: Path) -> Iterator[str]:
    """Yield the command lines of a page: of its blocks, and of some in sentences too."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for language, block in blocks:
        if language in ("", "sh"):
            yield from block.replace("\\\n", " ").splitlines()
    if page in WHOLE:
        rest = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
        yield from (" ".join(each.split()) for each in re.findall(r"`([^`]+)`", rest))


def parts(line: str) -> Iterator[list[str]]:
    """Yield the commands of a line that has any of ours, without what is done with its output."""
    if not _HAS_COMMAND.search(line):
        return
    lexer = shlex.shlex(re.sub(r"\$\([^)]*\)", "2025-12-11", line), posix=True,
                        punctuation_chars=";|&<>")  # fmt: skip
    lexer.whitespace_split = True
    command: list[str] = []
    for word in [*lexer, "|"]:
        if set(word) <= set(";|&<>"):
            yield command
            command = []
        else:
            command.append(word)


def program_lines() -> Iterator[tuple[str, list[str]]]:
    """Yield page and words of each command of ours, from its name on; options make it one."""
    for page in PAGES:
        for line in lines(page):
            for words in parts(line):
                names = [Path(word).name for word in words]
                first = next((i for i, name in enumerate(names) if name in PROGRAMS), None)
                if first is not None and any(word.startswith("--") for word in words[first:]):
                    yield page.name, [names[first], *words[first + 1 :]]


def gcloud_lines(page: Path) -> list[str]:
    """Return the commands of gcloud on a page that say more than a group."""
    return [
        shlex.join(words) for line in lines(page) for words in parts(line)
        if words[:1] == ["gcloud"] and len(words) > 3
    ]  # fmt: skip


OURS = [*program_lines()]


@pytest.mark.parametrize(("page", "words"), OURS, ids=[" ".join(words) for _, words in OURS])
def test_every_command_of_ours_is_understood(page: str, words: list[str]) -> None:
    assert page  # it is told when this fails
    group = typer.main.get_command(PROGRAMS[words[0]])
    try:
        with group.make_context(words[0], words[1:]) as context:
            name, command, rest = group.resolve_command(  # type: ignore[attr-defined]
                context, [*context._protected_args, *context.args]
            )
            command.make_context(name, rest, parent=context)
    except typer.Exit:
        return  # --version and --help have answered


def test_there_are_commands_to_check() -> None:
    assert {"scale.md", "runbook.md", "collector.md"} <= {page for page, _ in OURS}
    assert gcloud_lines(ROOT / "docs/analysts.md")
    assert {"launch", "backfill", "run", "sessions"} <= {words[1] for _, words in OURS}


@needs_gcloud
@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_command_of_gcloud_is_one(page: Path, tmp_path: Path) -> None:
    commands = gcloud_lines(page)

    assert {} == (complaints(commands, tmp_path) if commands else {})


def test_every_alert_has_its_section_in_the_runbook() -> None:
    headings = re.findall(r"^### (.+)$", RUNBOOK.read_text(), re.MULTILINE)
    named = {
        re.sub(r"\s+", " ", found)
        for path in (ROOT / "deploy/documents/alerts").glob("*.yaml")
        for found in re.findall(r'under\s+"([^"]+)"', re.sub(r"\n\s+", " ", path.read_text()))
    }

    assert named
    assert named == {*headings}


def test_the_tasks_of_xargs_build_what_one_process_builds(tmp_path: Path) -> None:
    (command,) = (line for line in lines(ROOT / "docs/scale.md") if " xargs " in line)
    folders = [Lake(tmp_path / name / "lake") for name in ("alone", "shared")]
    for lake in folders:
        claim(lake.storage)
        for symbol in (SYMBOL, "ETHUSDT"):
            lake.record(DAY, range(3), symbol)
    days = ["--start", "2025-12-11", "--end", "2025-12-13", "--workers", 1]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["sh", "-c", command], cwd=tmp_path / "shared", env={**os.environ, "PATH": path},
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip

    assert 0 == ran("backfill", "--lake", folders[0].path, *days).code
    assert folders[0].products() == folders[1].products()
    assert folders[0].products()

"""What is run, how strictly, and what is said when it fails or cannot be run at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from images.engine import NEEDED, Engine, Failed, output_of

ROOT = Path(__file__).parent.parent.parent


def test_a_container_may_change_nothing_and_has_no_rights() -> None:
    command = Engine(Path("store")).command("image")

    assert {"--read-only", "--rm", "no-new-privileges"} <= set(command)
    assert "all" == command[command.index("--cap-drop") + 1]
    assert "image" == command[-1]


def test_a_command_that_fails_is_named_with_its_last_words() -> None:
    with pytest.raises(Failed, match=r"^`sh -c .*` ended with 3: one / two$"):
        output_of(["sh", "-c", "echo one >&2; echo two >&2; exit 3"])


def test_a_machine_without_the_tools_is_told_so_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "images"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 1 == done.returncode
    assert 1 == done.stderr.count("\n")
    assert all(tool in done.stderr for tool in NEEDED)

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.generate import data_dictionary
from lake.schemas import BAR_COLUMNS, RAW_TABLES

ROOT = Path(__file__).parent.parent


def generate(*arguments: str, **variables: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "docs.generate", *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_generated_pages_are_in_step_with_the_code() -> None:
    assert generate("--check") == (0, "")


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "GITHUB_ACTIONS"])
def test_pages_are_the_same_in_every_terminal(variable: str) -> None:
    wide = {variable: "1", "COLUMNS": "200", "TERMINAL_WIDTH": "200"}

    assert generate("--check", **wide) == (0, "")


def test_the_data_dictionary_explains_every_column() -> None:
    page = data_dictionary()
    tables = (BAR_COLUMNS, *RAW_TABLES.values())
    explained = {column for table in tables for column in table if column.meaning in page}

    assert {column for table in tables for column in table} == explained
    assert all(f"| `{column.name}` |" in page for column in explained)


def test_every_command_is_explained_with_an_example() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    commands = re.findall(r"^## (\w+ \w+)\n\n```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)

    assert commands
    assert set() == {name for name, text in commands if not re.search(rf"^ +{name} ", text, re.M)}

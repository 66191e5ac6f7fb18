"""What our programs take: the options of their commands, and the environment that they read."""

import ast
import importlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from deploy.documents import ROOT
from lake.layout import LAKE_FILE
from lake.marker import claim
from lake.open import open_lake

_USAGE: type[Exception] = typer.BadParameter.__bases__[0]


def usage_problem(program: str, arguments: Sequence[str]) -> str:
    """Return what is wrong with a command line; nothing if the program takes it.

    What only an execution adds, such as the days of a backfill, may be absent.
    """
    commands = _commands(program)
    if not arguments or arguments[0] not in commands:
        return f"{program} has no command {arguments[:1]}"
    try:
        commands[arguments[0]].make_context(arguments[0], [*arguments[1:]])
    except _USAGE as error:
        said = str(getattr(error, "message", None) or error)
        return "" if type(error).__name__ == "MissingParameter" else f"{program}: {said}"
    return ""


@cache
def _commands(program: str) -> dict[str, Any]:
    app = importlib.import_module(f"{program}.cli").app
    commands: dict[str, Any] = importlib.import_module("typer.main").get_command(app).commands
    return commands


@cache
def environment_of(program: str) -> frozenset[str]:
    """Return the variables that a program reads, by its source."""
    folders = (ROOT / program, ROOT / "lake")
    paths = (path for folder in folders for path in folder.rglob("*.py"))
    return frozenset(name for path in paths for name in _variables(path))


def _variables(path: Path) -> Iterator[str]:
    """Yield the names in `envvar="NAME"` and in `os.environ.get("NAME")`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            named = [each.value for each in node.keywords if each.arg == "envvar"]
            if ast.unparse(node.func) in {"os.environ.get", "os.getenv"}:
                named += node.args[:1]
            yield from (str(each.value) for each in named if isinstance(each, ast.Constant))


def marker() -> str:
    """Return the text of `lake.json`, as our programs write it."""
    with TemporaryDirectory() as folder:
        storage = open_lake(folder)
        claim(storage)
        return storage.read(LAKE_FILE)[0].decode()

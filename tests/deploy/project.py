"""A project as gcloud sees it, in a folder: it remembers what was created, and does nothing else.

Run as `gcloud`, this file takes the words of one command.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_STATE, _CHANGES = "there", "changes"
_VERBS = ("create", "cp", "replace", "update", "delete", "rm")


class Project:
    """A folder with a gcloud in it that is found before any other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        program = folder / "gcloud"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{__file__}" "$@"\n')
        program.chmod(0o755)
        for name in (_STATE, _CHANGES):
            (folder / name).touch()

    def run(self, script: str) -> None:
        """Run a script as a deploy runs it, beside this gcloud."""
        path = f"{self._folder}:{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-c", script], env={**os.environ, "PATH": path, "STATE": str(self._folder)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def changes(self) -> list[str]:
        """Return the commands that may have changed something."""
        return (self._folder / _CHANGES).read_text().splitlines()


def resource(words: Sequence[str]) -> str:
    """Return what a command is about: its group, and the name in it."""
    plain = [word for word in words if not word.startswith("--") and word != "http"]
    verb = next(place for place, word in enumerate(plain) if word in (*_VERBS, "describe"))
    if plain[verb] == "cp":
        return f"storage objects {plain[-1]}"
    group, names = " ".join(plain[:verb]), plain[verb + 1 :]
    flags = dict(word.partition("=")[::2] for word in words if word.startswith("--"))
    file = flags.get("--policy-from-file") or flags.get("--channel-content-from-file")
    if file:
        found = re.search("^displayName: (.*)$", Path(file).read_text(encoding="utf-8"), re.M)
        names = [found[1] if found else "?"]
    if group == "iam service-accounts":
        names = [name.partition("@")[0] for name in names]
    return f"{group} {' '.join(names)}"


def _answer(words: Sequence[str], folder: Path) -> int:
    there = (folder / _STATE).read_text().splitlines()
    if "describe" in words:
        is_there = resource(words) in there
        print("found" * is_there)
        return 0 if is_there else 1
    if "list" in words or "get-iam-policy" in words:
        named = re.search('displayName="(.*?)"', " ".join(words))
        group = " ".join(words[: words.index("list")]) if "list" in words else ""
        if named and f"{group} {named[1]}" in there:
            print("found")
        return 0
    _note(folder, _CHANGES, " ".join(words))
    if "create" in words or "cp" in words:
        _note(folder, _STATE, resource(words))
    return 0


def _note(folder: Path, name: str, line: str) -> None:
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(_answer(sys.argv[1:], Path(os.environ["STATE"])))

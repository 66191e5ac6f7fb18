"""Runs what a deploy does: writes the files, asks gcloud, runs the script."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.errors import DeployError
from deploy.steps import Command, Step, files, script, words

FOLDER = ".cache/deploy"
"""Below the current folder, so that a later step of a build finds what this one wrote."""


def written(steps: Sequence[Step], folder: str = FOLDER) -> str:
    """Write the files that the steps read; return the script that does the steps."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for file in files(steps):
        (Path(folder) / file.name).write_text(file.text, encoding="utf-8")
    return script(steps, folder)


def run(text: str) -> None:
    """Run a script; raise `DeployError` if it fails."""
    done = subprocess.run(["sh", "-c", text], check=False)
    if done.returncode:
        raise DeployError(
            "the deploy is not complete: the last command above failed; mend its cause and run the "
            "same again: what is done already stays as it is"
        )


def asked(command: Command) -> list[str]:
    """Return the lines that a command prints; raise `DeployError` if it fails."""
    said = [*words(command, FOLDER)]
    try:
        done = subprocess.run(said, check=False, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise DeployError("there is no gcloud here; install Google Cloud's command line") from error
    if done.returncode:
        why = " ".join(done.stderr.split())
        raise DeployError(f"cannot ask Google Cloud: {' '.join(said)}: {why}")
    return [line for line in done.stdout.splitlines() if line.strip()]

"""gcloud's own opinion of command lines, offline: what a misspelt command or flag is called."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

IS_HERE = shutil.which("gcloud") is not None
needs_gcloud = pytest.mark.skipif(
    not IS_HERE, reason="gcloud is not installed, which knows how its commands are written"
)


def complaints(commands: Sequence[str], folder: Path) -> Mapping[str, str]:
    """Return what gcloud says against each command that it does not know."""
    file = folder / "commands.json"
    file.write_text(json.dumps([{"command_string": command} for command in commands]))
    # Its own settings and logs would lie in the home folder; and it looks for its newest release.
    env = {**os.environ, "CLOUDSDK_CONFIG": str(folder), "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
           "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1"}  # fmt: skip
    said = subprocess.run(
        ["gcloud", "meta", "lint-gcloud-commands", f"--commands-file={file}"],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    results = {each["command_string"]: each for each in json.loads(said.stdout)}
    assert len({*commands}) == len(results), said.stderr
    return {
        command: f"{result['error_type']}: {result['error_message']}"
        for command, result in results.items() if not result["success"]
    }  # fmt: skip

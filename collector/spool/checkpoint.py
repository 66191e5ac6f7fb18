"""The checkpoint file: what a run would have claimed of covered time, had it ended then."""

import os
from pathlib import Path

from collector.spool.runfolder import RunFolder

_NAME = "checkpoint"


def checkpoint_path(folder: RunFolder) -> Path:
    """Return where the checkpoint of a run is."""
    return folder.path / _NAME


def write_checkpoint(folder: RunFolder, lines: list[bytes]) -> None:
    """Replace the checkpoint, whole or not at all; raise `OSError`."""
    temporary = folder.path / f".{_NAME}.tmp"
    with temporary.open("wb") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(checkpoint_path(folder))

"""A disk so small that tests fill it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, mib: int) -> Iterator[None]:
    """Mount a disk of so many MiB at a folder.

    Skips the test where this user may not: only a real disk that is full tells what then happens,
    and nobody but root can make one.
    """
    command = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small disk")
    try:
        yield
    finally:
        # Lazily: a test that failed may have left a file open.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)

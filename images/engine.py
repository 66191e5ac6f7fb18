"""Buildah and Podman without a daemon, on a store of their own: the user's images stay apart."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NEEDED = ("buildah", "podman", "runc", "mmdebstrap")
_LAST_WORDS = 3
"""Lines of a command that failed which are shown."""
_LIMITS = ("--ulimit", "nofile=1024:4096", "--ulimit", "nproc=4096:4096")
"""A container inside a container may not raise them."""
_STRICT = (
    "--rm", "--read-only", "--network", "host", "--pull", "never", "--cap-drop", "all",
    "--security-opt", "no-new-privileges", "--no-healthcheck",
)  # fmt: skip
"""What is asked of health is asked by hand: Podman leaves that to systemd."""


class Failed(Exception):
    """A step that ended otherwise than it should; its text is one line for people."""


def missing() -> list[str]:
    """Return which of the programs that are needed this machine has not."""
    return [program for program in NEEDED if not shutil.which(program)]


@dataclass(frozen=True)
class Engine:
    """Where images are kept; `root` may lie anywhere, locks and sockets need a short path."""

    root: Path

    def buildah(self, *words: str) -> str:
        """Run a command of Buildah; return what it prints."""
        return output_of(["buildah", *self._store(), *words])

    def podman(self, *words: str) -> str:
        """Run a command of Podman; return what it prints."""
        return output_of([*self._podman(), *words])

    def run(self, *words: str) -> str:
        """Run a container as strictly as a cloud would; return what it prints."""
        return output_of(self.command(*words))

    def command(self, *words: str) -> list[str]:
        """Return the command line of such a container: read-only, on the network of the host."""
        return [*self._podman(), "run", *_STRICT, *_LIMITS, *words]

    def _podman(self) -> list[str]:
        return ["podman", *self._store(), "--runtime", "runc", "--cgroup-manager", "cgroupfs"]

    def _store(self) -> list[str]:
        locks = Path(tempfile.gettempdir(), f"flowlake-images-{os.getuid()}")
        return ["--root", str(self.root), "--runroot", str(locks), "--storage-driver", "overlay"]


def output_of(command: Sequence[str]) -> str:
    """Run a command; return what it prints, raise `Failed` with its last words if it fails."""
    return _done(command, subprocess.PIPE).stdout


def words_of(command: Sequence[str]) -> str:
    """Run a command; return what it prints and what it complains of, in one text."""
    return _done(command, subprocess.STDOUT).stdout


def _done(command: Sequence[str], errors: int) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, check=False
    )
    if done.returncode:
        words = " / ".join((done.stderr or done.stdout).strip().splitlines()[-_LAST_WORDS:])
        raise Failed(f"`{shlex.join(command)}` ended with {done.returncode}: {words}")
    return done

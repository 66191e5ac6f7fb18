"""What a deploy does, as a shell script: what is printed is what is run. No clock, no network.

Each step may be repeated. A command is a tuple of words; `$found` and `$channel` in a word stand
for what an earlier command has printed.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

FOUND, CHANNEL = "$found", "$channel"


@dataclass(frozen=True)
class File:
    """A word that names a file, which has this text: `flag` and the path are one word."""

    name: str
    text: str
    flag: str = ""


Command = tuple[str | File, ...]


@dataclass(frozen=True)
class Run:
    """Do what may be done again."""

    title: str
    command: Command

    def commands(self) -> Iterator[Command]:
        """Yield the commands that this may run."""
        yield self.command

    def shell(self, folder: str) -> str:
        """Return this as lines of a shell script."""
        return quoted(self.command, folder)


@dataclass(frozen=True)
class Ensure:
    """Create what is not there; change what is, if that can be. `find` prints what is there."""

    title: str
    find: Command
    create: Command
    update: Command = ()
    tries: int = 1
    """Minute by minute: what this needs may have been made a moment ago."""

    def commands(self) -> Iterator[Command]:
        """Yield the commands that this may run."""
        yield from (each for each in (self.find, self.create, self.update) if each)

    def shell(self, folder: str) -> str:
        """Return this as lines of a shell script."""
        update = quoted(self.update, folder) if self.update else "echo there already"
        create = quoted(self.create, folder)
        if self.tries > 1:
            create = (
                f"tries={self.tries}\n    until {create}; do\n        tries=$((tries - 1))\n"
                f'        [ "$tries" -gt 0 ] || exit 1\n        sleep 60\n    done'
            )
        return (
            f"found=$({_asking(self.find, folder)})\n"
            f'if [ -n "$found" ]; then\n    {update}\nelse\n    {create}\nfi'
        )


@dataclass(frozen=True)
class Take:
    """Keep what a command prints for later steps, as `$channel`."""

    title: str
    find: Command

    def commands(self) -> Iterator[Command]:
        """Yield the commands that this may run."""
        yield self.find

    def shell(self, folder: str) -> str:
        """Return this as lines of a shell script."""
        return f'channel=$({quoted(self.find, folder)})\n[ -n "$channel" ]'


@dataclass(frozen=True)
class Remove:
    """Delete whatever `find` prints, a line each; of nothing, nothing."""

    title: str
    find: Command
    delete: Command

    def commands(self) -> Iterator[Command]:
        """Yield the commands that this may run."""
        yield from (self.find, self.delete)

    def shell(self, folder: str) -> str:
        """Return this as lines of a shell script."""
        return (
            f"there=$({_asking(self.find, folder)})\n"
            f"for found in $there; do\n    {quoted(self.delete, folder)}\ndone"
        )


Step = Run | Ensure | Take | Remove


def _asking(find: Command, folder: str) -> str:
    """Return how to ask what is there; a listing that fails is not taken for an empty one."""
    # To describe what is not there fails too: why, the attempt to create it says.
    return quoted(find, folder) + (" 2>/dev/null || true" if "describe" in find else "")


def quoted(command: Command, folder: str) -> str:
    """Return a command as the shell reads it."""
    return " ".join(_quoted(word) for word in words(command, folder))


def words(command: Command, folder: str) -> Iterator[str]:
    """Yield the words of a command, its files by their paths."""
    for word in command:
        yield f"{word.flag}{folder}/{word.name}" if isinstance(word, File) else word


def _quoted(word: str) -> str:
    return f'"{word}"' if FOUND in word or CHANNEL in word else shlex.quote(word)


def script(steps: Sequence[Step], folder: str) -> str:
    """Return the steps as a script that says what it does, and stops where something fails."""
    lines: Iterable[str] = (
        f"echo {shlex.quote(f'-- {step.title}')}\n{step.shell(folder)}" for step in steps
    )
    return "\n".join(["#!/bin/sh", "set -eu", *lines, ""])


def files(steps: Sequence[Step]) -> Iterator[File]:
    """Yield the files that the commands of the steps read."""
    for step in steps:
        for command in step.commands():
            yield from (word for word in command if isinstance(word, File))

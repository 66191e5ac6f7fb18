"""The holes that are still asked for, on the disk: who comes after a killed run asks again."""

import json
import logging
from collections.abc import Container, Iterable
from contextlib import suppress
from pathlib import Path

from collector.trades.holes import Hole

_ENDING, _UNFINISHED = ".holes", ".tmp"
_log = logging.getLogger("collector")


class OpenHoles:
    """A small file beside the folder of a run, rewritten whenever its holes change."""

    def __init__(self, folder: Path, run: str) -> None:
        self._folder = folder
        self._path = _path(folder, run)
        self._saved: tuple[Hole, ...] = ()

    def save(self, holes: Iterable[Hole]) -> None:
        """Put down which holes are open; the rows around them are on the disk already."""
        now = tuple(holes)
        if now == self._saved:
            return
        text = "".join(_line(hole) for hole in now)
        temporary = self._path.with_suffix(_UNFINISHED)
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.rename(self._path)
        except OSError as error:
            # The disk's trouble is told by who writes rows; here it costs a killed run's holes.
            _log.debug("cannot write %s: %s", self._path, error.strerror)
        else:
            self._saved = now

    def inherit(self, dead: Container[str]) -> list[Hole]:
        """Take over the holes that dead runs left open; living runs keep theirs."""
        for path in self._files(_UNFINISHED):
            if self._is_orphan(path, dead):
                path.unlink(missing_ok=True)
        paths = [path for path in self._files(_ENDING) if self._is_orphan(path, dead)]
        holes = [hole for path in paths for hole in _read(path)]
        self.save(holes)
        if self._saved == tuple(holes):  # else whoever comes after us finds them where they are
            for path in paths:
                path.unlink(missing_ok=True)
        return holes

    def _files(self, ending: str) -> list[Path]:
        found = sorted(path for path in self._folder.glob(f".*{ending}") if path.is_file())
        return [path for path in found if path != self._path]

    def _is_orphan(self, path: Path, dead: Container[str]) -> bool:
        run = path.stem.removeprefix(".")
        return run in dead or not (self._folder / run).exists()

    def rename(self, run: str) -> None:
        """Go on under another run name; at no moment is there no file."""
        path = _path(self._folder, run)
        with suppress(FileNotFoundError):
            self._path.rename(path)
        self._path = path

    def remove(self) -> None:
        """Forget the holes: the journal tells what became of them."""
        self._path.unlink(missing_ok=True)
        self._saved = ()


def _read(path: Path) -> list[Hole]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [Hole(*json.loads(line)) for line in lines]
    except (OSError, ValueError, TypeError) as error:
        _log.warning("cannot read %s, which names the holes of a killed run: %s", path, error)
        return []


def _path(folder: Path, run: str) -> Path:
    return folder / f".{run}{_ENDING}"


def _line(hole: Hole) -> str:
    cells = [hole.symbol, hole.first_id, hole.last_id, hole.from_ms, hole.to_ms]
    return json.dumps(cells, ensure_ascii=False) + "\n"

"""What lies in the folder of a dead run: read, and cut where a crash has torn it."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector.spool.batches import scan
from collector.spool.checkpoint import checkpoint_path
from collector.spool.hours import JOURNAL
from collector.spool.lastwords import event_of
from collector.spool.logfile import LogFile
from collector.spool.pack import PACK, Damaged, Pack, load_pack
from collector.spool.runfolder import RunFolder
from collector.spool.segment import Index, Sealed
from collector.spool.spoolnames import HourName, LogName

_LOG = ".log"
_log = logging.getLogger("collector")


@dataclass
class Remains:
    """The files of a dead run, the oldest first.

    `packs` hold chunks, `hour_packs` objects of the journal; `hours` are objects not made yet.
    `checkpoint` are its lines. `kept` never came to the lake. `cut_bytes` of the log
    were torn; `newest_ns` is the receive time of its last row.
    """

    folder: RunFolder
    packs: list[Pack] = field(default_factory=list)
    hour_packs: list[Pack] = field(default_factory=list)
    segments: list[Sealed] = field(default_factory=list)
    hours: dict[HourName, list[bytes]] = field(default_factory=dict)
    hour_logs: list[LogFile] = field(default_factory=list)
    checkpoint: list[bytes] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    cut_bytes: int = 0
    newest_ns: int | None = None


def read_remains(folder: RunFolder) -> Remains:
    """Read the folder of a dead run; raise `OSError` if the disk does not let us."""
    remains = Remains(folder)
    _remove_unfinished(folder)
    _read_packs(remains)
    for path in folder.files():
        if path.suffix == _LOG:
            _read_log(remains, path)
        elif path.suffix == JOURNAL:
            _read_hour(remains, path)
        elif path.suffix == ".damaged" or path.is_dir():
            remains.kept.append(path)
    remains.checkpoint = _lines(checkpoint_path(folder))
    return remains


def _remove_unfinished(folder: RunFolder) -> None:
    """Remove what was being written, and what a pack of the same name has made superfluous."""
    files = folder.files()
    packed = {path.stem for path in files if path.suffix == PACK}
    for path in files:
        is_unfinished = path.name.startswith(".")
        if is_unfinished or (path.suffix in (_LOG, JOURNAL) and path.stem in packed):
            path.unlink()


def _read_packs(remains: Remains) -> None:
    for path in remains.folder.files():
        if path.suffix != PACK:
            continue
        try:
            pack = load_pack(remains.folder, path)
        except Damaged as error:
            path.rename(path.with_suffix(".damaged"))
            _log.error("cannot recover: %s; the file is kept", error)
        else:
            (remains.hour_packs if pack.contents.journal else remains.packs).append(pack)


def _read_log(remains: Remains, path: Path) -> None:
    name = LogName.parse(path.stem)
    if name is None:
        return
    log, index, end = LogFile.left_by_another(path), Index(), 0
    for batch in scan(log.read):
        for block in batch.blocks:
            index.add(block)
        end, remains.newest_ns = batch.end, max(batch.newest_ns, remains.newest_ns or 0)
    remains.cut_bytes += log.end - end
    if index.places:
        remains.segments.append(Sealed(name, remains.folder.run, log, index))
    else:
        log.close()
        path.unlink()


def _read_hour(remains: Remains, path: Path) -> None:
    name = HourName.parse(path.stem)
    if name is not None:
        remains.hours[name] = _lines(path)
        remains.hour_logs.append(LogFile.left_by_another(path))


def _lines(path: Path) -> list[bytes]:
    """Return the lines of a file that are whole, up to the first that is not."""
    lines = list[bytes]()
    if path.exists():
        for line in path.read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n") or event_of(line) is None:
                break
            lines.append(line)
    return lines


def events(remains: Remains) -> Iterator[dict[str, Any]]:
    """Yield what the journal of a dead run says, as far as it is here."""
    for lines in (*_packed_lines(remains.hour_packs), *remains.hours.values()):
        yield from (event for line in lines if (event := event_of(line)))


def _packed_lines(packs: Iterable[Pack]) -> Iterator[list[bytes]]:
    for pack in packs:
        with suppress(Damaged):  # said when it is uploaded
            for entry in pack.contents.entries:
                yield pack.read(entry).splitlines()

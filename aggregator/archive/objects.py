"""What an import writes: objects that are created once and are the same in every repetition."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from aggregator.archive.chunks import compressed, same_text
from aggregator.archive.sources import Imported, Source, is_named
from aggregator.utc import iso
from lake.errors import AlreadyExists, LakeError
from lake.journal import read_journal, write_event
from lake.layout import ChunkKey, JournalKey, Stream
from lake.storage import Storage, crc32c, crc32c_of


@dataclass(frozen=True)
class Statement:
    """What an import says of one date in the journal. `newest_ms` is the time of its last row.

    `sources` are where its rows came from, as far as that is known.
    """

    symbol: str
    date: date
    covered: tuple[int, int] | None
    newest_ms: int
    version: str
    sources: tuple[Source | Imported, ...] = ()


def write_chunk(storage: Storage, key: ChunkKey, text: bytes) -> bool:
    """Create the chunk; return False if it is there already, raise `LakeError` if another is."""
    data = compressed(text)
    try:
        storage.write(str(key), data)
    except AlreadyExists as error:
        if _is_there(storage, str(key), data):
            return False
        raise LakeError(
            f"cannot create {storage.url}/{key}: other rows are there under this name; "
            "no import wrote them: move that object away and import again"
        ) from error
    return True


def _is_there(storage: Storage, key: str, data: bytes) -> bool:
    """Tell whether the object holds the same rows, by its checksum if that is enough."""
    found = next((stat for stat in storage.list(key) if stat.key == key), None)
    if not found:
        return False
    same_bytes = found.size == len(data) and crc32c_of(storage, found) == crc32c(data)
    # Another release or processor may have compressed the same rows in another way.
    return same_bytes or same_text(storage.read(key)[0], data)


def write_journal(storage: Storage, run: str, statement: Statement) -> None:
    """Create the date's journal object, unless one of this run says as much already.

    The covered time hangs on the names of the files, the run does not. If the same rows came
    under names that promise less before, or from nobody knows where, a second object adds what is
    known now: what readers believe is the union of all.
    """
    promise = f"{statement.symbol} {statement.date} {statement.covered}".encode()
    promise += "".join(f" {source.file} {source.sha256}" for source in _files(statement)).encode()
    wider = f"{run}C{hashlib.sha256(promise).hexdigest()[:8]}"
    if not any(_says(storage, name, statement) for name in (run, wider)):
        key = JournalKey(statement.date, 0, wider)
        raise LakeError(
            f"cannot create {storage.url}/{key}: something else is there under this name; "
            "no import wrote it: move that object away and import again"
        )


def _says(storage: Storage, run: str, statement: Statement) -> bool:
    """Create the object of the run; return False if one is there that says less."""
    key = str(JournalKey(statement.date, 0, run))
    storage.sweep(key)
    try:
        storage.write(key, _journal(run, statement))
    except AlreadyExists:
        return _covers(storage.read(key)[0], statement)
    return True


def _journal(run: str, statement: Statement) -> bytes:
    # No clock: a repeated import must write the same bytes, for a journal is never replaced.
    at = iso(statement.newest_ms)
    symbol, stream = statement.symbol, Stream.TRADES
    recording = write_event(
        "recording", at, run=run, by="import", version=statement.version,
        symbols=[symbol], streams=[stream],
        sources=[source.fields() for source in statement.sources] or None,
    )  # fmt: skip
    if not statement.covered:
        return recording
    bounds = dict(zip(("from", "to"), statement.covered, strict=True))
    return recording + write_event("covered", at, stream=stream, symbol=symbol, **bounds)


def _files(statement: Statement) -> Iterator[Source]:
    for source in statement.sources:
        yield source.source if isinstance(source, Imported) else source


def _covers(journal: bytes, statement: Statement) -> bool:
    said = read_journal([journal])
    named = any(statement.symbol in recording.symbols for recording in said.recordings)
    named &= all(is_named(journal, statement.symbol, source) for source in statement.sources)
    if not statement.covered:
        return named
    from_ms, to_ms = statement.covered
    return named and any(
        line.symbol == statement.symbol and line.from_ms <= from_ms and to_ms <= line.to_ms
        for line in said.covered
    )

"""Files of the exchange's trades archive, read in blocks of whole rows."""

import hashlib
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

import polars as pl
from isal import igzip

from aggregator.archive.names import symbol_of
from aggregator.archive.rows import (
    COLUMNS,
    MAX_LINE_BYTES,
    ArchiveError,
    MalformedRow,
    columns_of,
    is_header,
    parse_rows,
    shown,
    without_empty_lines,
)
from aggregator.archive.unzip import UNREADABLE, opened

BLOCK_BYTES = 16 << 20
ENDINGS = (".zip", ".csv.gz", ".csv")

_ENCRYPTED = 0x1
_AGAIN = "nothing was imported; download the file again"


def check_files(files: Sequence[Path], symbol: str) -> None:
    """Raise `ArchiveError` for what can be told before the rows are read."""
    if not files:
        raise ArchiveError("cannot import: no file was named; name files of the archive")
    for path in files:
        _check_ending(path)
        _check_symbol(path, path.name, symbol)
        _check_checksum(path)


def _check_ending(path: Path) -> None:
    if not path.name.endswith(ENDINGS):
        known = ", ".join(ENDINGS)
        raise ArchiveError(f"cannot import {path}: its name must end in one of {known}; rename it")


def _check_symbol(path: Path, name: str, symbol: str) -> None:
    found = symbol_of(name)
    if found not in (None, symbol):
        raise ArchiveError(
            f"cannot import {path} as {symbol}: {name} names itself a file of {found}; "
            f"nothing was imported; import it as {found}, or rename it if its name is wrong"
        )


def _check_checksum(path: Path) -> None:
    """Compare the file with the checksum that the archive publishes beside it, if there is one."""
    beside = path.with_name(path.name + ".CHECKSUM")
    with _explained(path), path.open("rb") as file:
        if not beside.exists():
            return
        published = beside.read_bytes().split(maxsplit=1)
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if not published or not re.fullmatch(rb"[0-9A-Fa-f]{64}", published[0]):
        raise ArchiveError(f"cannot check {path}: {beside} does not begin with a sha256; {_AGAIN}")
    if published[0].lower().decode() != actual:
        raise ArchiveError(f"cannot import {path}: its sha256 is not that of {beside}; {_AGAIN}")


class ArchiveFile:
    """The rows of one file, read once, front to back.

    `digest` is over the columns and the rows read so far: neither over the header as such, nor
    over how lines end, nor over empty lines, nor over the compression.
    """

    def __init__(self, path: Path, symbol: str, *, latest_ms: int) -> None:
        self.path = path
        self._symbol = symbol
        self._latest_ms = latest_ms
        self._sha256 = hashlib.sha256()
        self._columns: Sequence[str] = ()

    def digest(self) -> bytes:
        """Return the sha256 of the rows read so far."""
        return self._sha256.digest()

    def blocks(self) -> Iterator[tuple[pl.DataFrame, int]]:
        """Yield rows, and how many bytes of the file were read so far. Raise `ArchiveError`."""
        row_count = 0
        with _explained(self.path), self._opened() as (stream, file):
            for line, text in whole_lines(stream):
                frame = self._parse(line, text)
                row_count += frame.height
                yield frame, file.tell()
        if not row_count:
            raise ArchiveError(f"cannot import {self.path}: it has no row; {_AGAIN}")

    def _parse(self, line: int, text: bytes) -> pl.DataFrame:
        if not self._columns:
            line, text = self._take_header(line, text)
        self._sha256.update(without_empty_lines(text))
        return parse_rows(text, self._columns, first_line=line, latest_ms=self._latest_ms)

    def _take_header(self, line: int, text: bytes) -> tuple[int, bytes]:
        """Learn the columns; return the rows below the header, if there is one."""
        first, _, rest = text.partition(b"\n")
        columns = columns_of(first)
        if columns is None:
            found = shown(first.decode("ascii", "replace"))
            raise ArchiveError(
                f"cannot import {self.path}: line {line} is {found}, where the columns "
                f"{','.join(COLUMNS)} belong; nothing was imported; name a file of trades"
            )
        self._columns = columns
        # The same cells under other names are other rows.
        self._sha256.update(",".join(columns).encode() + b"\n")
        return (line + 1, rest) if is_header(first) else (line, text)

    @contextmanager
    def _opened(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Yield the decompressed stream and the file below it."""
        with self.path.open("rb") as file:
            if self.path.name.endswith(".zip"):
                with (
                    zipfile.ZipFile(file) as archive,
                    opened(archive, self._member(archive)) as member,
                ):
                    yield member, file
            elif self.path.name.endswith(".gz"):
                with igzip.open(file, "rb") as stream:
                    yield stream, file
            else:
                yield file, file

    def _member(self, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
        tables = [entry for entry in archive.infolist() if entry.filename.endswith(".csv")]
        if len(tables) != 1:
            found = f"it holds {len(tables)} csv files instead of one"
            raise ArchiveError(f"cannot import {self.path}: {found}; {_AGAIN}")
        if tables[0].flag_bits & _ENCRYPTED:
            raise ArchiveError(f"cannot import {self.path}: it is encrypted; decrypt it first")
        _check_symbol(self.path, PurePosixPath(tables[0].filename).name, self._symbol)
        return tables[0]


def whole_lines(stream: IO[bytes], size: int = BLOCK_BYTES) -> Iterator[tuple[int, bytes]]:
    """Yield blocks of whole lines, each with the number of its first line.

    Every line ends in a plain newline, also the last of the file.
    """
    line, rest = 1, b""
    while data := stream.read(size):
        text = rest + data
        cut = text.rfind(b"\n") + 1
        block, rest = text[:cut], text[cut:]
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
        if block:
            yield line, block
        line += block.count(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            raise MalformedRow(line, f"it is longer than {MAX_LINE_BYTES} bytes")
    if rest:
        yield line, rest.removesuffix(b"\r") + b"\n"


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what readers raise into an error that names the file."""
    try:
        yield
    except MalformedRow as error:
        message = f"cannot import {path}: line {error.line}: {error.why}; {_AGAIN}"
        raise ArchiveError(message) from error
    except FileNotFoundError as error:
        message = f"cannot import {path}: there is no such file; check the path"
        raise ArchiveError(message) from error
    except UNREADABLE as error:
        why = getattr(error, "strerror", None) or " ".join(str(error).split()) or "it is damaged"
        raise ArchiveError(f"cannot read {path}: {why}; {_AGAIN}") from error

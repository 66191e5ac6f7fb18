import gzip
import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.archive.files import ArchiveFile, check_files, whole_lines
from aggregator.archive.rows import MAX_LINE_BYTES, ArchiveError, MalformedRow

LATEST_MS = 1_765_500_000_000
HEADER = b"id,price,qty,quote_qty,time,is_buyer_maker\n"
ROWS = b"".join(
    b"%d,18319.33,0.105,1923.52,%d,false\n" % (307064552 + n, 1607472000428 + n) for n in range(50)
)


def zipped(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def read(path: Path) -> tuple[list[tuple[object, ...]], bytes]:
    file = ArchiveFile(path, "BTCUSDT", latest_ms=LATEST_MS)
    rows = [row for frame, _ in file.blocks() for row in frame.rows()]
    return rows, file.digest()


def stored(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


SHAPES: dict[str, Callable[[bytes], bytes]] = {
    "a.csv": lambda text: text,
    "a.csv.gz": gzip.compress,
    "b.csv.gz": lambda text: gzip.compress(text[:99], mtime=0) + gzip.compress(text[99:], mtime=0),
    "a.zip": lambda text: zipped(("a.csv", text)),
    "b.zip": lambda text: zipped(("read me.txt", b"hello"), ("folder/a.csv", text)),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(
    "text",
    [
        HEADER + ROWS,
        ROWS,
        ROWS[:-1],
        (HEADER + ROWS).replace(b"\n", b"\r\n"),
        ROWS.replace(b"\n", b"\r\n")[:-1],
        ROWS.replace(b"\n", b"\n\n"),
    ],
    ids=["header", "no header", "no last newline", "dos", "dos cut", "empty lines"],
)
def test_the_same_rows_are_the_same_in_every_shape(tmp_path: Path, name: str, text: bytes) -> None:
    expected = read(stored(tmp_path, "plain.csv", HEADER + ROWS))

    found = read(stored(tmp_path, name, SHAPES[name](text)))

    assert 50 == len(expected[0])
    assert expected == found


def test_other_rows_have_another_digest(tmp_path: Path) -> None:
    one = stored(tmp_path, "one.csv", ROWS)
    other = stored(tmp_path, "other.csv", ROWS.replace(b"18319.33", b"18319.34", 1))
    swapped = stored(tmp_path, "swapped.csv", HEADER.replace(b"price,qty", b"qty,price") + ROWS)

    assert 3 == len({read(path)[1] for path in (one, other, swapped)})


def test_how_far_a_file_is_read_grows_to_its_size(tmp_path: Path) -> None:
    path = stored(tmp_path, "a.csv", ROWS)

    ends = [end for _, end in ArchiveFile(path, "BTCUSDT", latest_ms=LATEST_MS).blocks()]

    assert len(ROWS) == ends[-1]


@given(
    lines=st.lists(st.sampled_from([b"", b"a", b"bc", b"def"]), max_size=12),
    ending=st.sampled_from([b"\n", b"\r\n"]),
    is_terminated=st.booleans(),
    size=st.integers(1, 9),
)
def test_blocks_are_whole_lines_with_their_numbers(
    lines: list[bytes], ending: bytes, is_terminated: bool, size: int
) -> None:
    text = ending.join(lines) + ending * is_terminated
    expected = text.replace(b"\r\n", b"\n")
    expected += b"\n" * bool(expected and not expected.endswith(b"\n"))

    blocks = list(whole_lines(io.BytesIO(text), size))

    assert expected == b"".join(block for _, block in blocks)
    line = 1
    for number, block in blocks:
        assert line == number
        assert block.endswith(b"\n")
        line += block.count(b"\n")


def test_a_file_without_lines_is_not_read_whole_into_memory() -> None:
    stream = io.BytesIO(b"a\n" + b"x" * 50 * MAX_LINE_BYTES)

    with pytest.raises(MalformedRow, match="longer than") as caught:
        list(whole_lines(stream, MAX_LINE_BYTES))

    assert 2 == caught.value.line
    assert stream.tell() < 4 * MAX_LINE_BYTES


def test_the_line_of_a_complaint_counts_over_all_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.archive.files.whole_lines", lambda s: whole_lines(s, 100))
    path = stored(tmp_path, "a.csv", HEADER + ROWS + b"1,2,3\n" + ROWS)

    with pytest.raises(ArchiveError, match="line 52: 3 cells"):
        read(path)


REFUSED = [
    ("a.csv", b"", "no row"),
    ("a.csv", HEADER, "no row"),
    ("a.csv.gz", gzip.compress(b"", mtime=0), "no row"),
    ("a.zip", zipped(("a.csv", b"")), "no row"),
    ("a.zip", zipped(), "0 csv files"),
    ("a.zip", zipped(("a.txt", ROWS)), "0 csv files"),
    ("a.zip", zipped(("a.csv", ROWS), ("b.csv", ROWS)), "2 csv files"),
    ("a.zip", ROWS, "not a zip file"),
    ("a.zip", zipped(("ETHUSDT-trades-2025-01-31.csv", ROWS)), "a file of ETHUSDT"),
    ("a.zip", zipped(("a.csv", ROWS))[:-40], "not a zip file"),
    ("a.zip", zipped(("a.csv", ROWS))[40:], "cannot read"),
    ("a.csv.gz", ROWS, "cannot read"),
    ("a.csv.gz", b"", "no row"),
    ("a.csv.gz", gzip.compress(ROWS, mtime=0)[:-20], "cannot read"),
    ("a.csv.gz", gzip.compress(ROWS, mtime=0)[:-8] + bytes(8), "cannot read"),
    ("a.csv.gz", gzip.compress(ROWS, mtime=0) + b"garbage", "cannot read"),
    ("a.csv", gzip.compress(ROWS, mtime=0), "where the columns"),
    ("a.csv", b"id,price,qty,time,is_buyer_maker\n1,2,3,1607472000428,true\n", "the columns"),
    ("a.csv", ROWS.replace(b"false\n", b"false,true\n"), "the columns"),
]


@pytest.mark.parametrize(
    ("name", "data", "why"), REFUSED, ids=[f"{why} in {name}" for name, _, why in REFUSED]
)
def test_a_file_that_is_no_trades_file_is_refused(
    tmp_path: Path, name: str, data: bytes, why: str
) -> None:
    path = stored(tmp_path, name, data)

    with pytest.raises(ArchiveError, match=why) as caught:
        read(path)

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "; " in str(caught.value)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped(("a.csv", ROWS)))
    data[data.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(ArchiveError, match="encrypted"):
        read(stored(tmp_path, "a.zip", bytes(data)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=st.sampled_from(["a.csv.gz", "a.zip"]), data=st.data())
def test_a_damaged_file_is_read_exactly_or_refused(
    tmp_path: Path, shape: str, data: st.DataObject
) -> None:
    good = SHAPES[shape](ROWS)
    damaged = bytearray(good)
    damaged[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    damaged = damaged[: data.draw(st.integers(0, len(good)) | st.just(len(good)))]
    path = stored(tmp_path, shape, bytes(damaged))
    try:
        rows, _ = read(path)
    except ArchiveError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
    else:
        assert read(stored(tmp_path, "plain.csv", ROWS))[0] == rows


def test_no_file_at_all_is_refused() -> None:
    with pytest.raises(ArchiveError, match="no file was named"):
        check_files([], "BTCUSDT")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing.csv", "no such file"),
        ("trades.txt", "must end in one of .zip, .csv.gz, .csv"),
        ("trades.parquet", "must end in"),
        ("ETHUSDT-trades-2025-01-31.zip", "a file of ETHUSDT"),
        ("ETHUSDT-trades-2025-01.csv", "a file of ETHUSDT"),
        ("folder.csv", "directory"),
    ],
)
def test_what_is_wrong_before_the_first_row_is_said_at_once(
    tmp_path: Path, name: str, why: str
) -> None:
    path = tmp_path / name
    if name.startswith("folder"):
        path.mkdir()
    elif not name.startswith("missing"):
        path.write_bytes(ROWS)

    with pytest.raises(ArchiveError, match=why) as caught:
        check_files([path], "BTCUSDT")

    assert str(path) in str(caught.value)


def checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "text", [f"{checksum(ROWS)}  a.csv\n", checksum(ROWS), f"{checksum(ROWS).upper()} *a.csv"]
)
def test_a_checksum_that_matches_is_no_fault(tmp_path: Path, text: str) -> None:
    path = stored(tmp_path, "a.csv", ROWS)
    stored(tmp_path, "a.csv.CHECKSUM", text.encode())

    check_files([path], "BTCUSDT")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{checksum(ROWS + b'x')}  a.csv\n", "its sha256 is not that of"),
        ("", "does not begin with a sha256"),
        ("<html>404</html>", "does not begin with a sha256"),
    ],
)
def test_a_checksum_that_does_not_match_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = stored(tmp_path, "a.csv", ROWS)
    beside = stored(tmp_path, "a.csv.CHECKSUM", text.encode())

    with pytest.raises(ArchiveError, match=why) as caught:
        check_files([path], "BTCUSDT")

    assert str(beside) in str(caught.value)

import io
import random
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib

from aggregator.archive.unzip import opened

NAME = "a.csv"
TEXT = "".join(f"{n},{n * 7 % 1000}\n" for n in range(60_000)).encode()


def zipped(data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytearray:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("other.txt", "x" * 100)
        archive.writestr(NAME, data)
    return bytearray(file.getvalue())


def read(packed: bytes | bytearray, size: int = -1) -> bytes:
    with (
        zipfile.ZipFile(io.BytesIO(packed)) as archive,
        opened(archive, archive.getinfo(NAME)) as member,
    ):
        return b"".join(iter(lambda: member.read(size), b""))


@given(data=st.binary(max_size=2000), size=st.integers(1, 700))
def test_whatever_was_packed_comes_out(data: bytes, size: int) -> None:
    assert data == read(zipped(data), size)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_every_method_is_read(method: int) -> None:
    assert read(zipped(TEXT, method), 1 << 16) == TEXT


def test_what_shrinks_a_thousandfold_comes_out_in_pieces() -> None:
    data = bytes(50_000_000)

    assert len(read(zipped(data), 1 << 20)) == len(data)


def test_a_checksum_that_does_not_match_is_an_error() -> None:
    packed = zipped(TEXT)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        crc = archive.getinfo(NAME).CRC.to_bytes(4, "little")
    at = packed.rindex(crc)
    packed[at] ^= 1

    with pytest.raises(zipfile.BadZipFile, match="Bad CRC-32 for file 'a.csv'"):
        read(packed)


def test_a_size_that_does_not_match_is_an_error() -> None:
    packed = zipped(TEXT)
    at = packed.rindex(len(TEXT).to_bytes(4, "little"))
    packed[at] ^= 1

    with pytest.raises(zipfile.BadZipFile):
        read(packed)


def test_no_damage_goes_unseen() -> None:
    chance, whole = random.Random(5), zipped(TEXT)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        entry = archive.getinfo(NAME)
        start = entry.header_offset + 30 + len(NAME)
        end = start + entry.compress_size
    for _ in range(200):
        packed = bytearray(whole)
        packed[chance.randrange(start, end)] ^= 1 << chance.randrange(8)
        try:
            found = read(packed)
        except (OSError, EOFError, zipfile.BadZipFile, isal_zlib.error):
            continue
        assert found == TEXT  # a bit that no reader looks at

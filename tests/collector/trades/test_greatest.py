import gzip
import zlib

import pytest

from collector.trades.greatest import LastTrade, Unreadable, greatest_trade
from lake.layout import Format, Stream
from lake.schemas import RAW_TABLES, header

HEADER = header(RAW_TABLES[Stream.TRADES]).encode()


def row(trade_id: int, time_ms: int, kind: str = "MARKET") -> bytes:
    return f"{time_ms},1.5,2,true,{trade_id},{kind},,17\n".encode()


def packed(*rows: bytes) -> bytes:
    return gzip.compress(HEADER + b"".join(rows), mtime=0)


def test_the_greatest_id_counts_wherever_its_row_is_and_whatever_its_type() -> None:
    data = packed(row(5, 50), row(9, 90, "NA"), row(10, 95, "UNPUBLISHED"), row(7, 70))

    assert LastTrade(10, 95) == greatest_trade(data, Format.GZIP)


def test_a_plain_chunk_is_read_too_and_columns_are_found_by_name() -> None:
    data = b"trade_id,price,timestamp\n3,1,30\n4,1,40\n"

    assert LastTrade(4, 40) == greatest_trade(data, Format.PLAIN)


@pytest.mark.parametrize("data", [b"", b"\n", HEADER, b"timestamp,price\n1,2\n"])
def test_a_chunk_without_ids_has_no_last_trade(data: bytes) -> None:
    assert greatest_trade(data, Format.PLAIN) is None


def test_malformed_rows_are_skipped() -> None:
    bad = (b"1,2\n", b"x,1,1,true,99,,,\n", b"5,1,1,true,-99,,,\n", b"5,1,1,true,,,,\n", b"\n")
    huge = b"5,1,1,true," + b"9" * 30 + b",,,\n"

    assert LastTrade(5, 50) == greatest_trade(packed(row(5, 50), *bad, huge), Format.GZIP)


def test_of_a_chunk_that_is_cut_off_the_complete_rows_count() -> None:
    whole = zlib.compressobj(wbits=31)
    data = whole.compress(HEADER + row(5, 50)) + whole.flush(zlib.Z_FULL_FLUSH)
    data += whole.compress(row(6, 60)) + whole.flush(zlib.Z_FULL_FLUSH)

    assert LastTrade(6, 60) == greatest_trade(data, Format.GZIP)


def test_several_members_are_one_text() -> None:
    data = packed(row(5, 50)) + gzip.compress(row(6, 60))

    assert LastTrade(6, 60) == greatest_trade(data, Format.GZIP)


@pytest.mark.parametrize("data", [b"no gzip at all", packed(row(5, 50))[:-8] + bytes(8)])
def test_a_corrupt_chunk_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable, match="corrupt"):
        greatest_trade(data, Format.GZIP)


def test_a_chunk_in_a_foreign_compression_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="zstd"):
        greatest_trade(b"", Format.ZSTD)

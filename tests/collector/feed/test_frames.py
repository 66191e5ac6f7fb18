"""What frames say, and that no garbage is taken for a trade or a book."""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.feed.frames import (
    Answer,
    Frame,
    Shutdown,
    Snapshot,
    Strange,
    Trade,
    Why,
    is_number,
    read_frame,
)
from collector.spool.rows import snapshot_line, trade_line

TRADE = {
    "e": "trade", "E": 1785685177440, "T": 1785685177439, "s": "BTCUSDT", "t": 7947325360,
    "p": "63113.20", "q": "0.001", "X": "MARKET", "m": False, "st": 1,
}  # fmt: skip
DEPTH = {
    "e": "depthUpdate", "E": 1785685177441, "T": 1785685177430, "s": "BTCUSDT", "ps": "BTCUSDT",
    "U": 10, "u": 12, "pu": 9, "b": [["63113.10", "1.966"], ["63113.00", "20"]],
    "a": [["63113.20", "0.500"]], "st": 1,
}  # fmt: skip
READ_TRADE = Trade(
    "BTCUSDT", 7947325360, 1785685177439, 1785685177440, "63113.20", "0.001", False, "MARKET"
)
READ_DEPTH = Snapshot(
    "BTCUSDT", 12, 1785685177430, 1785685177441,
    b'[["63113.10","1.966"],["63113.00","20"]]', b'[["63113.20","0.500"]]',
)  # fmt: skip


def text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def wrapped(data: dict[str, Any], stream: str = "") -> bytes:
    kind = "trade" if data["e"] == "trade" else "depth20@100ms"
    return text({"stream": stream or f"{data['s'].lower()}@{kind}", "data": data})


def changed(data: dict[str, Any], **fields: object) -> bytes:
    return wrapped({**data, **fields})


def without(data: dict[str, Any], key: str) -> bytes:
    return wrapped({name: value for name, value in data.items() if name != key})


def why(data: bytes) -> Why:
    frame = read_frame(data)
    assert isinstance(frame, Strange), frame
    return frame.why


@pytest.mark.parametrize("frame", [wrapped(TRADE), text(TRADE)], ids=["wrapped", "bare"])
def test_a_trade_is_read_with_its_numbers_as_text(frame: bytes) -> None:
    assert READ_TRADE == read_frame(frame)


@pytest.mark.parametrize("frame", [wrapped(DEPTH), text(DEPTH)], ids=["wrapped", "bare"])
def test_a_snapshot_is_read_with_its_levels_as_they_came(frame: bytes) -> None:
    assert READ_DEPTH == read_frame(frame)


@given(st.permutations(list(TRADE)), st.permutations(list(DEPTH)), st.booleans())
def test_keys_may_come_in_any_order(trade: list[str], depth: list[str], data_first: bool) -> None:
    for data, keys, expected in ((TRADE, trade, READ_TRADE), (DEPTH, depth, READ_DEPTH)):
        content = json.loads(wrapped({key: data[key] for key in keys}))
        names = ("data", "stream") if data_first else ("stream", "data")

        assert expected == read_frame(text({name: content[name] for name in names}))


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(min_size=3), JSON_VALUES, max_size=3))
def test_unknown_keys_are_ignored(extra: dict[str, object]) -> None:
    assert READ_TRADE == read_frame(wrapped({**TRADE, **extra}))
    assert READ_DEPTH == read_frame(wrapped({**DEPTH, **extra}))


def test_room_between_the_tokens_changes_nothing() -> None:
    for data, expected in ((TRADE, READ_TRADE), (DEPTH, READ_DEPTH)):
        frame = json.loads(wrapped(data))

        assert expected == read_frame(json.dumps(frame).encode())
        assert expected == read_frame(json.dumps(frame, indent=2).encode())


@pytest.mark.parametrize("kind", ["RPI", "NA", "ADL", "INSURANCE_FUND", 'NEW,"KIND"', "neu ü", ""])
def test_every_type_of_trade_is_kept(kind: str) -> None:
    trade = read_frame(changed(TRADE, X=kind, p="0", q="0"))

    assert isinstance(trade, Trade)
    assert kind == trade.trade_type


def test_a_symbol_may_be_of_any_script() -> None:
    for data in (TRADE, DEPTH):
        frame = read_frame(changed(data, s="币安人生USDT"))

        assert isinstance(frame, Trade | Snapshot)
        assert "币安人生USDT" == frame.symbol


@pytest.mark.parametrize("levels", [0, 1, 19, 20, 25])
def test_a_side_may_have_any_number_of_levels(levels: int) -> None:
    side = [[f"{100 + level}.5", "1"] for level in range(levels)]
    snapshot = read_frame(changed(DEPTH, a=side))

    assert isinstance(snapshot, Snapshot)
    assert side == json.loads(snapshot.asks)


def test_levels_may_be_numbers_without_quotes() -> None:
    frame = wrapped(DEPTH).replace(b'["63113.20","0.500"]', b"[63113.20 , 0.500]")
    snapshot = read_frame(frame)

    assert isinstance(snapshot, Snapshot)
    assert b"[[63113.20,0.500]]" == snapshot.asks


@pytest.mark.parametrize(
    "side",
    [
        None, 5, "text", {"price": "1"}, [5], [[]], [["1"]], [["1", "2", "3"]], [["1", None]],
        [["1", ["2"]]], [["", "2"]], [["1.", "2"]], [[".5", "2"]], [["1..2", "2"]],
        [["1.2.3", "2"]], [["1e5", "2"]], [["0x10", "2"]], [["1 2", "2"]], [["NaN", "2"]],
        [["1", "2"], []], [["1", "2\n"]], [["１", "2"]], [["1", "2\""]], [["1,5", "2"]],
        [["1234567890123456789", "2"]], [["1.123456789012345678", "2"]], [[1e30, 2]], [[True, 2]],
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_list_of_pairs_of_numbers_is_no_book(side: object) -> None:
    assert Why.LEVELS == why(changed(DEPTH, b=side))
    assert Why.LEVELS == why(changed(DEPTH, a=side))


@pytest.mark.parametrize(
    ("number", "is_one"),
    [
        ("0", True), ("63113.20", True), ("10403", True), ("0.00000001", True), ("-1.5", True),
        ("123456789012345678", True), ("000000000000000000000123456789.5", True),
        ("1234567890123456789", False), ("0.1234567890123456789", False), ("", False), (".", False),
        (".5", False), ("5.", False), ("1e5", False), ("+1", False), ("--1", False), ("1 ", False),
        ("1\n", False), ("٣", False), ("NaN", False), ("1,5", False), ("1.2.3", False),
    ],
)  # fmt: skip
def test_a_number_is_plain_digits_and_not_too_many(number: str, is_one: bool) -> None:
    assert is_one == is_number(number)
    assert (isinstance(read_frame(changed(TRADE, p=number)), Trade)) == is_one
    assert (isinstance(read_frame(changed(TRADE, q=number)), Trade)) == is_one
    assert (isinstance(read_frame(changed(DEPTH, b=[[number, "1"]])), Snapshot)) == is_one


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("t", "7947325360"), ("t", -1), ("t", 2**63), ("t", 10**400), ("t", None), ("t", 1.5),
        ("T", 0), ("T", 1785685177), ("T", 1785685177439000), ("T", "1785685177439"), ("E", None),
        ("s", 5), ("s", None), ("p", 63113.20), ("q", None), ("m", "false"), ("m", 1),
        ("X", None), ("X", "MAR\nKET"), ("X", "M" * 65),
    ],
)  # fmt: skip
def test_a_field_of_another_kind_makes_a_trade_strange(key: str, value: object) -> None:
    data = {**TRADE, key: value}

    assert Why.FIELD == why(text({"stream": "btcusdt@trade", "data": data}))


@pytest.mark.parametrize("key", ["t", "T", "E", "s", "p", "q", "m"])
def test_a_trade_without_a_field_is_strange(key: str) -> None:
    data = {name: value for name, value in TRADE.items() if name != key}

    assert Why.FIELD == why(text({"stream": "btcusdt@trade", "data": data}))
    assert Why.FIELD == why(text(data))


@pytest.mark.parametrize("key", ["u", "T", "E", "b", "a"])
def test_a_snapshot_without_a_field_is_strange(key: str) -> None:
    assert Why.FIELD == why(without(DEPTH, key))


def test_a_frame_of_another_symbol_than_its_stream_is_strange() -> None:
    assert Why.STREAM == why(wrapped(TRADE, "ethusdt@trade"))
    assert Why.STREAM == why(wrapped(DEPTH, "ethusdt@depth20@100ms"))


def test_changes_of_a_book_are_no_snapshot() -> None:
    assert Why.STREAM == why(wrapped(DEPTH, "btcusdt@depth@100ms"))


@pytest.mark.parametrize(
    "data", [{"e": "aggTrade", "s": "BTCUSDT"}, {"s": "BTCUSDT"}, {}, {"e": 5}]
)
def test_an_unknown_event_is_strange(data: dict[str, object]) -> None:
    assert Why.EVENT == why(text({"stream": "btcusdt@aggTrade", "data": data}))
    assert Why.EVENT == why(text(data))


@pytest.mark.parametrize("data", [b"[]", b"5", b"null", b'"text"', b"[[1,2],[3,4]]"])
def test_what_is_no_object_is_strange(data: bytes) -> None:
    assert Why.EVENT == why(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"nonsense", wrapped(TRADE)[:-1], wrapped(DEPTH)[:100], wrapped(TRADE) + b"}",
     b"[" * 100_000, b'{"a":' * 100_000, b"\x00", b'{"e":"trade","t":' + b"9" * 5_000],
    ids=lambda data: repr(data[:12]),
)  # fmt: skip
def test_what_is_no_json_is_strange(data: bytes) -> None:
    assert Why.JSON == why(data)


def test_bytes_that_are_no_utf8_are_strange_wherever_they_are() -> None:
    frame = wrapped({**TRADE, "note": "aä"})

    assert READ_TRADE == read_frame(frame)
    assert Why.UTF8 == why(frame.replace("ä".encode(), b"\xff"))
    assert Why.UTF8 == why(frame.replace("ä".encode(), b"\xc3"))
    assert Why.UTF8 == why(frame.replace("ä".encode(), b"\xed\xa0\x80"))


def test_answers_are_read_in_every_form() -> None:
    assert Answer(1) == read_frame(b'{"result":null,"id":1}')
    assert Answer(3) == read_frame(b'{"result":["btcusdt@trade"],"id":3}')
    assert Answer(2, 2, "Invalid request") == read_frame(
        b'{"error":{"code":2,"msg":"Invalid request"},"id":2}'
    )
    assert Answer(None, 4, "Too many subscriptions") == read_frame(
        b'{"error":{"code":4,"msg":"Too many subscriptions"}}'
    )
    assert Answer(7, 1, "x") == read_frame(b'{"code":1,"msg":"x","id":7}')
    assert Answer(None, -1, "") == read_frame(b'{"code":-1}')


@pytest.mark.parametrize(
    "frame",
    [
        b'{"e":"serverShutdown","E":1785685177439}',
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1785685177439}}',
        b'{"event":{"e":"serverShutdown","E":1785685177439}}',
    ],
)
def test_the_word_that_a_server_will_shut_down_is_understood(frame: bytes) -> None:
    assert Shutdown() == read_frame(frame)


def rows_of(frame: Frame) -> list[list[str]]:
    """Return the cells of the row that a frame becomes."""
    if isinstance(frame, Trade):
        line = trade_line(frame, 1785685177439000000)
    elif isinstance(frame, Snapshot):
        line = snapshot_line(frame, 1785685177439000000)
    else:
        return []
    return list(csv.reader([line.decode().removesuffix("\n")], strict=True))


@given(st.binary(max_size=60), st.data())
def test_whatever_comes_nothing_is_raised_and_no_row_is_broken(
    garbage: bytes, data: st.DataObject
) -> None:
    frame = data.draw(st.sampled_from([wrapped(TRADE), wrapped(DEPTH), text(TRADE), b""]))
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(frame))] * 2)))
    read = read_frame(frame[:start] + garbage + frame[end:])

    for cells in rows_of(read):
        assert (8 if isinstance(read, Trade) else 6) == len(cells)
    if isinstance(read, Strange):
        assert len(read.detail) < 200
        assert read.detail.isprintable()


@given(st.text(alphabet='0123456789.,"[]{} \\eE-+n\n', max_size=40))
def test_a_side_that_passes_holds_nothing_but_pairs_of_numbers(inside: str) -> None:
    frame = wrapped(DEPTH).replace(b'["63113.20","0.500"]', inside.encode())
    read = read_frame(frame)

    if isinstance(read, Snapshot):
        for level in json.loads(read.asks, parse_int=str, parse_float=str):
            assert 2 == len(level)
            assert all(is_number(number) for number in level)
        assert b"\n" not in read.asks


def recorded(folder: Path, symbol: str) -> Iterator[bytes]:
    name = f"binance-usdm-2024-08-08/{symbol}-frames.jsonl.gz"
    with gzip.open(folder / name) as lines:
        yield from (line.partition(b" ")[2] for line in lines)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT"])
def test_every_recorded_frame_is_read_digit_for_digit(real_data: Path, symbol: str) -> None:
    for frame in recorded(real_data, symbol):
        data, read = json.loads(frame)["data"], read_frame(frame)

        if data["e"] == "trade":
            assert (
                Trade(
                    symbol,
                    data["t"],
                    data["T"],
                    data["E"],
                    data["p"],
                    data["q"],
                    data["m"],
                    data["X"],
                )
                == read
            )
        else:
            assert isinstance(read, Snapshot)
            assert (data["u"], data["T"], data["E"]) == (
                read.update_id,
                read.time_ms,
                read.event_ms,
            )
            assert [data["b"], data["a"]] == [json.loads(read.bids), json.loads(read.asks)]

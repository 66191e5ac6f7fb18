"""The wire: whatever way the bytes are cut, the same messages come out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from collector.feed.wire import (
    MESSAGE_TOO_BIG,
    NO_STATUS,
    PROTOCOL_ERROR,
    Broken,
    Close,
    Control,
    Ping,
    Pong,
    Skipped,
    Wire,
)

LONGEST = 200


def frame(
    payload: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True, mask: bool = False
) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=mask)


def message(parts: list[bytes], opcode: Opcode = Opcode.TEXT) -> list[bytes]:
    """Return the frames of a message in so many fragments."""
    last = len(parts) - 1
    return [
        frame(part, Opcode.CONT if place else opcode, fin=place == last)
        for place, part in enumerate(parts)
    ]


def read(data: bytes, longest: int = LONGEST) -> tuple[list[bytes], list[Control]]:
    wire = Wire(longest)
    return wire.feed(data), wire.controls()


PARTS = st.lists(st.binary(max_size=LONGEST), min_size=1, max_size=4)
CONTROLS = st.sampled_from((Ping, Pong)).flatmap(
    lambda kind: st.binary(max_size=125).map(kind)
)  # fmt: skip


@given(
    st.lists(st.tuples(PARTS, st.sampled_from((Opcode.TEXT, Opcode.BINARY)), CONTROLS), max_size=6),
    st.data(),
)
def test_every_message_comes_out_however_it_is_cut(
    content: list[tuple[list[bytes], Opcode, Ping | Pong]], data: st.DataObject
) -> None:
    stream, messages, controls = b"", list[bytes](), list[Control]()
    for parts, opcode, control in content:
        kind = Opcode.PING if isinstance(control, Ping) else Opcode.PONG
        frames = message(parts, opcode)
        # A control frame may lie between the fragments of a message.
        frames.insert(data.draw(st.integers(0, len(frames))), frame(control.payload, kind))
        stream += b"".join(frames)
        whole = b"".join(parts)
        if len(whole) <= LONGEST:
            messages.append(whole)
        controls += [control]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))

    wire, found = Wire(LONGEST), list[bytes]()
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += wire.feed(stream[start:end])
    found_controls = wire.controls()
    assert messages == found
    assert controls == [each for each in found_controls if not isinstance(each, Skipped)]
    assert sum(isinstance(each, Skipped) for each in found_controls) == len(content) - len(messages)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_garbage_is_never_raised_and_reads_the_same_in_two_pieces(data: bytes, cut: int) -> None:
    wire = Wire(LONGEST)

    pieces = wire.feed(data[:cut]) + wire.feed(data[cut:])
    assert read(data) == (pieces, wire.controls())


@pytest.mark.parametrize("length", [0, 1, 2, 125, 126, 127, 65_535, 65_536, 100_000])
def test_a_message_may_have_any_length(length: int) -> None:
    assert ([b"x" * length, b"next"], []) == read(
        frame(b"x" * length) + frame(b"next"), longest=100_000
    )


def test_what_is_not_whole_waits_for_its_rest() -> None:
    wire, data = Wire(), frame(b"a" * 1_000)

    assert [] == wire.feed(data[:1])
    assert [] == wire.feed(data[1:500])
    assert [b"a" * 1_000] == wire.feed(data[500:] + frame(b"b")[:2])
    assert [b"b"] == wire.feed(frame(b"b")[2:])


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_a_message_that_is_too_long_is_skipped_and_not_kept(piece: int) -> None:
    data = frame(b"a") + frame(b"x" * (LONGEST + 1)) + frame(b"b")
    wire, found = Wire(LONGEST), list[bytes]()

    for start in range(0, len(data), piece):
        found += wire.feed(data[start : start + piece])
    assert [b"a", b"b"] == found
    assert [Skipped(LONGEST + 1)] == wire.controls()


def test_a_message_whose_fragments_are_too_long_together_is_skipped() -> None:
    data = b"".join(message([b"x" * LONGEST, b"y", b"z" * LONGEST])) + frame(b"b")

    assert ([b"b"], [Skipped(2 * LONGEST + 1)]) == read(data)


def test_a_close_is_read_and_nothing_behind_it() -> None:
    goodbye = frame((1008).to_bytes(2) + "Too many requests ✗".encode(), Opcode.CLOSE)

    assert ([b"a"], [Close(1008, "Too many requests ✗")]) == read(
        frame(b"a") + goodbye + frame(b"b")
    )


def test_a_close_may_say_nothing_or_what_is_no_text() -> None:
    assert [Close(NO_STATUS, "")] == read(frame(b"", Opcode.CLOSE))[1]
    assert [Close(NO_STATUS, "")] == read(frame(b"\x03", Opcode.CLOSE))[1]
    assert [Close(1011, "�")] == read(frame((1011).to_bytes(2) + b"\xff", Opcode.CLOSE))[1]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xc1\x01x", PROTOCOL_ERROR),
        (frame(b"x", mask=True), PROTOCOL_ERROR),
        (frame(b"x", Opcode.CONT), PROTOCOL_ERROR),
        (frame(b"x", fin=False) + frame(b"y"), PROTOCOL_ERROR),
        (b"\x83\x01x", PROTOCOL_ERROR),
        (b"\x8b\x01x", PROTOCOL_ERROR),
        (b"\x09\x01x", PROTOCOL_ERROR),
        (b"\x89\x7e\x00\x80" + b"x" * 128, PROTOCOL_ERROR),
        (b"\x81\x7f" + (1 << 62).to_bytes(8), MESSAGE_TOO_BIG),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", PROTOCOL_ERROR),
    ],
    ids=[
        "compressed", "masked", "continues nothing", "message in a message", "unknown kind",
        "unknown control", "cut control", "long control", "absurd length", "no frame",
    ],
)  # fmt: skip
def test_what_the_protocol_forbids_ends_it_behind_what_was_right(data: bytes, code: int) -> None:
    wire = Wire(LONGEST)

    assert [b"before"] == wire.feed(frame(b"before") + data)
    (broken,) = wire.controls()
    assert isinstance(broken, Broken)
    assert code == broken.code
    assert [] == wire.feed(frame(b"after"))
    assert [] == wire.controls()

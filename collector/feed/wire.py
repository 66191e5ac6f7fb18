"""The WebSocket protocol as a client reads it: bytes in, messages out. No clock, no socket.

`websocket-client` makes the handshake and writes; only its way to read is not used, which makes
three system calls for each frame. Whether a text is UTF-8 is for `collector.feed.frames` to say.
"""

from dataclasses import dataclass
from typing import NamedTuple

LONGEST_MESSAGE = 1 << 20
"""Bytes; a frame of twenty levels has about 1,000."""
_ABSURD_LENGTH = 1 << 30

_FIN, _RESERVED, _OPCODE, _MASKED, _LENGTH = 0x80, 0x70, 0x0F, 0x80, 0x7F
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_WHOLE_TEXT = _FIN | _TEXT
_IN_TWO_BYTES, _IN_EIGHT_BYTES = 126, 127
_LONGEST_CONTROL = 125

NO_STATUS = 1005
PROTOCOL_ERROR = 1002
MESSAGE_TOO_BIG = 1009


@dataclass(frozen=True)
class Ping:
    """The server asks for a pong with the same payload."""

    payload: bytes


@dataclass(frozen=True)
class Pong:
    """The server answers a ping of ours."""

    payload: bytes


@dataclass(frozen=True)
class Close:
    """The server ends the connection."""

    code: int
    reason: str


@dataclass(frozen=True)
class Skipped:
    """A message was longer than any real one, and was not kept."""

    length: int


@dataclass(frozen=True)
class Broken:
    """What came is no WebSocket: nothing behind it can be read. `code` is what to close with."""

    code: int
    text: str


Control = Ping | Pong | Close | Skipped | Broken


class Wire:
    """Cuts what a server sends into messages and remembers what is not whole yet.

    What is no message is handed over by `controls`. After `Close` or `Broken` nothing is read.
    """

    def __init__(self, longest: int = LONGEST_MESSAGE) -> None:
        self._longest = longest
        self._rest = b""
        self._to_skip = 0
        self._parts: list[bytes] = []
        self._length = 0  # of the message under way, even if it is too long to be kept
        self._under_way = False
        self._controls: list[Control] = []
        self._ended = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the messages that these bytes complete."""
        data = self._rest + chunk if self._rest else chunk
        messages: list[bytes] = []
        at, done = self._skip(data, 0), -1
        while at != done and not self._ended:
            done = at
            if not self._under_way:
                at = _whole_texts(data, at, self._longest, messages)
            at = self._any_frame(data, at, messages)
        self._rest = data[at:]
        return messages

    def controls(self) -> list[Control]:
        """Return, once, what came beside messages."""
        controls, self._controls = self._controls, []
        return controls

    def _skip(self, data: bytes, at: int) -> int:
        """Return the place behind what is left of a message that is too long."""
        skipped = min(self._to_skip, len(data) - at)
        self._to_skip -= skipped
        return at + skipped

    def _any_frame(self, data: bytes, at: int, messages: list[bytes]) -> int:
        """Read one frame of any kind; return the place behind it, or `at` if it is not whole."""
        head = None if self._to_skip else _read_head(data, at)
        if not head:
            return at
        fault = _fault(head, self._under_way)
        if fault:
            self._end(fault)
        elif head.opcode >= _CLOSE:
            return self._control(head, data) if head.end <= len(data) else at
        elif self._length + head.length > self._longest:
            return self._drop(head, data)
        elif head.end <= len(data):
            self._keep(head, data, messages)
            return head.end
        return at

    def _keep(self, head: "_Head", data: bytes, messages: list[bytes]) -> None:
        if head.length:
            # Of fragments without content there may be any number.
            self._parts.append(data[head.start : head.end])
        self._length += head.length
        self._under_way = not head.fin
        if head.fin:
            messages.append(b"".join(self._parts))
            self._forget()

    def _drop(self, head: "_Head", data: bytes) -> int:
        self._parts.clear()
        self._length += head.length
        self._to_skip = head.length
        self._under_way = not head.fin
        if head.fin:
            self._controls.append(Skipped(self._length))
            self._forget()
        return self._skip(data, head.start)

    def _forget(self) -> None:
        self._parts.clear()
        self._length = 0

    def _control(self, head: "_Head", data: bytes) -> int:
        payload = data[head.start : head.end]
        match head.opcode:
            case 9:
                self._controls.append(Ping(payload))
            case 10:
                self._controls.append(Pong(payload))
            case _:
                self._end(_read_close(payload))
        return head.end

    def _end(self, control: Close | Broken) -> None:
        self._controls.append(control)
        self._ended = True


class _Head(NamedTuple):
    fin: bool
    reserved: int
    opcode: int
    masked: bool
    length: int
    start: int

    @property
    def end(self) -> int:
        return self.start + self.length


def _whole_texts(data: bytes, at: int, longest: int, messages: list[bytes]) -> int:
    """Take the frames that are a whole text each, as nearly all are; stop at anything else."""
    size = len(data)
    while at + 4 <= size and data[at] == _WHOLE_TEXT:
        length, start = data[at + 1], at + 2
        if length == _IN_TWO_BYTES:
            length, start = data[start] << 8 | data[start + 1], start + 2
        elif length > _IN_TWO_BYTES:
            break
        if start + length > size or length > longest:
            break
        at = start + length
        messages.append(data[start:at])
    return at


def _read_head(data: bytes, at: int) -> _Head | None:
    if len(data) < at + 2:
        return None
    first, second = data[at], data[at + 1]
    length, start = second & _LENGTH, at + 2
    if length >= _IN_TWO_BYTES:
        width = 2 if length == _IN_TWO_BYTES else 8
        if len(data) < start + width:
            return None
        length, start = int.from_bytes(data[start : start + width]), start + width
    fin, masked = bool(first & _FIN), bool(second & _MASKED)
    return _Head(fin, first & _RESERVED, first & _OPCODE, masked, length, start)


def _fault(head: _Head, under_way: bool) -> Broken | None:
    """Return what the protocol forbids about this frame."""
    if head.reserved:
        return Broken(
            PROTOCOL_ERROR, "a frame with reserved bits, as of a compression not agreed on"
        )
    if head.masked:
        return Broken(PROTOCOL_ERROR, "a masked frame from a server")
    if head.opcode >= _CLOSE:
        return _control_fault(head)
    if head.opcode > _BINARY or (head.opcode == _CONTINUATION) != under_way:
        return Broken(PROTOCOL_ERROR, f"a frame of kind {head.opcode} out of place")
    if head.length > _ABSURD_LENGTH:
        return Broken(MESSAGE_TOO_BIG, f"a frame of {head.length} bytes")
    return None


def _control_fault(head: _Head) -> Broken | None:
    if head.opcode > _PONG:
        return Broken(PROTOCOL_ERROR, f"a frame of unknown kind {head.opcode}")
    if not head.fin or head.length > _LONGEST_CONTROL:
        return Broken(PROTOCOL_ERROR, "a control frame that is cut or too long")
    return None


def _read_close(payload: bytes) -> Close:
    if len(payload) < 2:
        return Close(NO_STATUS, "")
    return Close(int.from_bytes(payload[:2]), payload[2:].decode(errors="replace"))

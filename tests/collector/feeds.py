"""Frames as the exchange sends them, and where their rows go."""

from collector.feed.reports import Batch
from collector.fleet.channel import channels_of
from collector.fleet.links import Link, Reason
from collector.fleet.pulse import Patience
from collector.fleet.tracks import Track
from collector.record.intake import Intake
from lake.layout import Stream

NOW_MS = 1_765_440_000_000
SIDE = b'[["85595.90","0.411"],["85595.80","1.5"]]'


def trade(
    trade_id: int, *, symbol: str = "BTCUSDT", time_ms: int = NOW_MS, kind: str = "MARKET",
    event_ms: int | None = None,
) -> bytes:  # fmt: skip
    """Return the frame of a trade."""
    return (
        f'{{"stream":"{symbol.lower()}@trade","data":{{"e":"trade","E":{event_ms or time_ms + 2},'
        f'"T":{time_ms},"s":"{symbol}","t":{trade_id},"p":"85595.90","q":"0.411","X":"{kind}",'
        f'"m":false,"st":1}}}}'
    ).encode()


def book(
    update_id: int, *, symbol: str = "BTCUSDT", time_ms: int = NOW_MS, event_ms: int | None = None
) -> bytes:  # fmt: skip
    """Return the frame of a book."""
    return (
        b'{"stream":"%b@depth20@100ms","data":{"e":"depthUpdate","E":%d,"T":%d,"s":"%b","ps":"%b",'
        b'"U":1,"u":%d,"pu":2,"b":%b,"a":%b,"st":1}}'
    ) % (
        symbol.lower().encode(), event_ms or time_ms + 2, time_ms, symbol.encode(),
        symbol.encode(), update_id, SIDE, SIDE.replace(b"85595", b"85596"),
    )  # fmt: skip


class Rows:
    """Keeps rows, and under which minute they were filed."""

    def __init__(self) -> None:
        self.taken: list[tuple[Stream, str, int, bytes]] = []
        self.late: list[tuple[str, int, bytes]] = []

    def append(self, stream: Stream, symbol: str, received_ns: int, line: bytes) -> None:
        """Take a row."""
        self.taken.append((stream, symbol, received_ns, line))

    def append_late(self, symbol: str, time_ms: int, line: bytes) -> None:
        """Take a late trade."""
        self.late.append((symbol, time_ms, line))

    def ids(self) -> list[int]:
        """Return the ids of the trades, in the order in which they were written."""
        lines = [line for stream, _, _, line in self.taken if stream is Stream.TRADES]
        return [int(line.split(b",")[4]) for line in lines]


class Feed:
    """An intake with connections, and everything that it told."""

    def __init__(self, *symbols: str) -> None:
        self.links: dict[int, Link] = {}
        self.rows = Rows()
        self.strange: list[str] = []
        self.shut: list[int] = []
        self.intake = Intake(
            self.links, self.rows, lambda frame, _: self.strange.append(frame.why), self.shut.append
        )
        self._symbols = symbols
        for symbol in symbols:
            self.intake.tape(symbol)

    def take(self, *frames: bytes, connection_id: int = 1, received_ms: int = NOW_MS + 50) -> None:
        """Read frames from a connection."""
        if connection_id not in self.links:
            self.links[connection_id] = link(connection_id, self._symbols)
        self.intake.take(Batch(connection_id, received_ms * 1_000_000, [*frames]))


def link(number: int, symbols: tuple[str, ...]) -> Link:
    """Return a connection that carries symbols."""
    made = Link(number, Reason.START, 0.0)
    for symbol in symbols:
        for channel in channels_of(symbol):
            made.add(Track(channel, Patience()).attach(number))
    return made


def feed(*symbols: str) -> Feed:
    """Return a feed of symbols."""
    return Feed(*(symbols or ("BTCUSDT",)))

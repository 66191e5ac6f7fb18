"""Compare what lies in a lake with what was sent: every id once, every row what the frame said.

No clock, no socket.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from isal import igzip

from benchmarks.collector.coin import BOOK_STEP, VARIANTS, Coin
from benchmarks.collector.market import Sent
from lake.layout import Stream, raw_symbol_prefix
from lake.schemas import RAW_TABLES, header

_LATER_CELLS = 3
"""Behind the sides of a book: update id, event time, receive time."""


@dataclass
class Lags:
    """How late rows were received, in ms, with their event times."""

    event_ms: list[int] = field(default_factory=list)
    lag_ms: list[float] = field(default_factory=list)

    def between(self, from_ms: int, to_ms: int) -> list[float]:
        """Return the lags of what happened in a time, ascending."""
        pairs = zip(self.event_ms, self.lag_ms, strict=True)
        return sorted(lag for event, lag in pairs if from_ms <= event < to_ms)


@dataclass
class Found:
    """What a lake holds, compared; `wrong` are rows that say something else than the frame did."""

    rows: int = 0
    missing: int = 0
    repeated: int = 0
    alien: int = 0
    wrong: int = 0
    unheard: int = 0
    lags: Lags = field(default_factory=Lags)

    @property
    def is_whole(self) -> bool:
        """Tell whether everything that was sent is there, once and as it was."""
        return not (self.missing or self.repeated or self.alien or self.wrong or self.unheard)

    def fault(self) -> str:
        """Say in a few words what is not as it should be."""
        names = ("missing", "repeated", "alien", "wrong", "unheard")
        counts = ((getattr(self, name), name) for name in names)
        return ", ".join(f"{count:,} {name}" for count, name in counts if count)


def compare(lake: Path, sent: Sequence[Sent]) -> Found:
    """Compare a lake with what was sent."""
    found = Found()
    for number, each in enumerate(sent):
        coin = Coin(each.symbol, number)
        found.unheard += each.unheard
        _count(found, _ids(lake, Stream.DEPTH20, coin, found), _update_ids(each))
        _count(found, _ids(lake, Stream.TRADES, coin, found), _trade_ids(each))
    return found


def _update_ids(sent: Sent) -> range:
    last = sent.first_update_id + sent.books * BOOK_STEP
    return range(sent.first_update_id, last, BOOK_STEP)


def _trade_ids(sent: Sent) -> range:
    return range(sent.first_trade_id, sent.first_trade_id + sent.trades)


def _count(found: Found, ids: Iterable[int], expected: range) -> None:
    counts = Counter(ids)
    rows = sum(counts.values())
    known = [counts[each] for each in expected]
    found.rows += rows
    found.missing += known.count(0)
    found.repeated += sum(known) - (len(known) - known.count(0))
    found.alien += rows - sum(known)


def _ids(lake: Path, stream: Stream, coin: Coin, found: Found) -> Iterator[int]:
    folder = lake / raw_symbol_prefix(stream, coin.symbol)
    expected = header(RAW_TABLES[stream])
    for path in sorted(folder.rglob("*.csv*")):
        head, *lines = _text(path).splitlines()
        assert head + b"\n" == expected.encode(), path
        read = _read_book if stream is Stream.DEPTH20 else _read_trade
        for line in lines:
            yield read(line, coin, found)


def _text(path: Path) -> bytes:
    data = path.read_bytes()
    return bytes(igzip.decompress(data)) if path.suffix == ".gz" else data


def _read_book(line: bytes, coin: Coin, found: Found) -> int:
    rest, update_id, event_ms, received_ns = line.rsplit(b",", _LATER_CELLS)
    number = int(update_id)
    variant = (number - coin.first_update_id) // BOOK_STEP % VARIANTS
    sides = (side.replace('"', '""') for side in coin.sides[variant])
    found.wrong += rest.partition(b",")[2] != '"{}","{}"'.format(*sides).encode()
    _note(found.lags, event_ms, received_ns)
    return number


def _read_trade(line: bytes, coin: Coin, found: Found) -> int:
    cells = line.split(b",")
    number = int(cells[4])
    price, quantity, is_buyer_maker = coin.fills[(number - coin.first_trade_id) % VARIANTS]
    said = [price.encode(), quantity.encode(), str(is_buyer_maker).lower().encode()]
    found.wrong += cells[1:4] != said or cells[5] != b"MARKET"
    _note(found.lags, cells[6], cells[7])
    return number


def _note(lags: Lags, event_ms: bytes, received_ns: bytes) -> None:
    if not event_ms:
        return  # refilled over REST
    event = int(event_ms)
    lags.event_ms.append(event)
    lags.lag_ms.append(int(received_ns) / 1e6 - event)

"""The market under load: whose turn it is, and what was sent. No clock, no socket."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Protocol

from benchmarks.collector.coin import Coin

_WHEEL = 8_192
_SEED = 7


@dataclass(frozen=True)
class Rate:
    """Frames a second, of all symbols together."""

    books_per_s: float
    trades_per_s: float

    @property
    def frames_per_s(self) -> float:
        """Return books and trades."""
        return self.books_per_s + self.trades_per_s


@dataclass(frozen=True)
class Sent:
    """What was sent of one symbol: so many ids from the first on, in equal steps.

    `unheard` are frames that happened while no connection carried the stream.
    """

    symbol: str
    first_update_id: int
    books: int
    first_trade_id: int
    trades: int
    unheard: int


class Listener(Protocol):
    """A connection of a client."""

    def hand(self, frame: bytes) -> None:
        """Queue a frame."""


class Stall:
    """One stream: who listens to it, and how often nobody did after the first."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.is_open = False
        self.unheard = 0

    def join(self, listener: Listener) -> None:
        """Add a listener, once; the first opens the stream for good."""
        self.is_open = True
        if listener not in self.listeners:
            self.listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        """Remove a listener."""
        self.listeners = [other for other in self.listeners if other is not listener]


class Market:
    """Brings so many books and trades as are due; books in turn, trades the more the busier."""

    def __init__(self, symbols: int) -> None:
        self.coins = [Coin(symbol, number) for number, symbol in enumerate(names(symbols))]
        self.stalls: dict[str, Stall] = {}
        self._books = [(coin, self._stall(coin.book_stream)) for coin in self.coins]
        self._trades = [self._of_trades(number) for number in _wheel(symbols)]
        self._owed_books = self._owed_trades = 0.0
        self._book_at = self._trade_at = 0

    def _stall(self, stream: str) -> Stall:
        return self.stalls.setdefault(stream, Stall())

    def _of_trades(self, number: int) -> tuple[Coin, Stall]:
        coin = self.coins[number]
        return coin, self._stall(coin.trade_stream)

    def turn(self, rate: Rate, elapsed_s: float, now_ms: int) -> None:
        """Hand out what is due after so much time."""
        self._owed_books += rate.books_per_s * elapsed_s
        self._owed_trades += rate.trades_per_s * elapsed_s
        books, trades = int(self._owed_books), int(self._owed_trades)
        self._owed_books -= books
        self._owed_trades -= trades
        for _ in range(books):
            coin, stall = self._books[self._book_at]
            self._book_at = (self._book_at + 1) % len(self._books)
            if stall.is_open:
                _hand_out(coin.next_book(now_ms), stall)
        for _ in range(trades):
            coin, stall = self._trades[self._trade_at]
            self._trade_at = (self._trade_at + 1) % _WHEEL
            if stall.is_open:
                _hand_out(coin.next_trade(now_ms), stall)

    @property
    def open_streams(self) -> int:
        """Return how many streams somebody has asked for."""
        return sum(stall.is_open for stall in self.stalls.values())

    def sent(self) -> Iterator[Sent]:
        """Yield what was sent of each symbol."""
        for coin in self.coins:
            stalls = self.stalls[coin.book_stream], self.stalls[coin.trade_stream]
            yield Sent(
                coin.symbol, coin.first_update_id, coin.books, coin.first_trade_id, coin.trades,
                sum(stall.unheard for stall in stalls),
            )  # fmt: skip


def _hand_out(frame: bytes, stall: Stall) -> None:
    for listener in stall.listeners:
        listener.hand(frame)
    if not stall.listeners:
        stall.unheard += 1


def names(symbols: int) -> Sequence[str]:
    """Return so many names of symbols."""
    return [f"COIN{number:03d}USDT" for number in range(symbols)]


def _wheel(symbols: int) -> Sequence[int]:
    """Return whose trades come in which turn: everybody's, those of the first far more often."""
    random = Random(_SEED)
    weights = [1 / (rank + 3) for rank in range(symbols)]
    turns = [*range(symbols), *random.choices(range(symbols), weights, k=_WHEEL - symbols)]
    random.shuffle(turns)
    return turns


def as_json(sent: Sent) -> dict[str, object]:
    """Return the fields as they are written."""
    return asdict(sent)

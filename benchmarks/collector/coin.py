"""One symbol of the market under load: frames rendered beforehand, with places for ids and times.

No clock, no socket. Ids rise by a fixed step, so that a count says which ones there were.
"""

from collections import deque
from random import Random

from tests.exchange.books import Ladder
from tests.exchange.wire import framed

VARIANTS = 8
"""Different books, and different trades, of a symbol; they come in turn."""
BOOK_STEP = 37
LISTED = 1000
_SEED = 1
_FIRST_UPDATE_ID, _FIRST_TRADE_ID = 9_000_000_000_000, 1_000_000_000
_SPREAD, _TRADES_SPREAD = 1_000_000_000, 10_000_000
_MOVES = 40

Fill = tuple[str, str, bool]
"""Price, quantity, and whether the buyer was resting."""


class Coin:
    """Makes the frames of a symbol and counts them.

    Every number keeps its width, so a frame's header is rendered beforehand, too.
    """

    def __init__(self, symbol: str, number: int) -> None:
        self.symbol = symbol
        self.first_update_id = _FIRST_UPDATE_ID + number * _SPREAD
        self.first_trade_id = _FIRST_TRADE_ID + number * _TRADES_SPREAD
        self.books = self.trades = 0
        self.times_ms: deque[int] = deque(maxlen=LISTED)
        """Of the newest trades."""
        ladder, random = Ladder(symbol, _SEED), Random(f"{_SEED}/{symbol}")
        self.sides = tuple(_sides(ladder) for _ in range(VARIANTS))
        self.fills = tuple(_fill(ladder, random) for _ in range(VARIANTS))
        self._books = tuple(_template(self.book_stream, self._book(each)) for each in self.sides)
        self._trades = tuple(_template(self.trade_stream, self._trade(each)) for each in self.fills)

    @property
    def book_stream(self) -> str:
        """The name under which books are asked for."""
        return f"{self.symbol.lower()}@depth20@100ms"

    @property
    def trade_stream(self) -> str:
        """The name under which trades are asked for."""
        return f"{self.symbol.lower()}@trade"

    def next_book(self, now_ms: int) -> bytes:
        """Return the next book as it goes over the wire."""
        last = self.first_update_id + self.books * BOOK_STEP
        template = self._books[self.books % VARIANTS]
        self.books += 1
        return template % (now_ms, now_ms - 3, last - BOOK_STEP + 1, last, last - BOOK_STEP)

    def next_trade(self, now_ms: int) -> bytes:
        """Return the next trade as it goes over the wire."""
        template, trade_id = self._trades[self.trades % VARIANTS], self.first_trade_id + self.trades
        self.trades += 1
        self.times_ms.append(now_ms)
        return template % (now_ms, now_ms, trade_id)

    def _book(self, sides: tuple[str, str]) -> str:
        return (
            f'{{"e":"depthUpdate","E":%d,"T":%d,"s":"{self.symbol}","ps":"{self.symbol}",'
            f'"U":%d,"u":%d,"pu":%d,"b":{sides[0]},"a":{sides[1]},"st":1}}'
        )

    def _trade(self, fill: Fill) -> str:
        price, quantity, is_buyer_maker = fill
        return (
            f'{{"e":"trade","E":%d,"T":%d,"s":"{self.symbol}","t":%d,"p":"{price}",'
            f'"q":"{quantity}","X":"MARKET","m":{str(is_buyer_maker).lower()},"st":1}}'
        )


def _sides(ladder: Ladder) -> tuple[str, str]:
    ladder.grant(1)
    for move in range(_MOVES):
        ladder.move(buys=move % 3 > 0, eaten=2)
    return ladder.sides()


def _fill(ladder: Ladder, random: Random) -> Fill:
    buys = random.random() < 0.5
    return *ladder.fill(buys, 0, random), not buys


def _template(stream: str, payload: str) -> bytes:
    """Return a frame in which only the numbers of the payload are open."""
    text = f'{{"stream":"{stream}","data":{payload}}}'
    widths = {"E": 13, "T": 13, "U": 13, "u": 13, "pu": 13, "t": 10}
    whole = text
    for key, width in widths.items():
        whole = whole.replace(f'"{key}":%d', f'"{key}":{"1" * width}')
    head = framed(whole.encode())[: -len(whole.encode())]
    return head.replace(b"%", b"%%") + text.encode()

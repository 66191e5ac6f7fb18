"""Prices of a made-up market: where it stands, its levels, as text. No clock, no socket.

Texts are drawn once and used again: a whole market must cost microseconds a book.
"""

from collections import OrderedDict
from dataclasses import dataclass
from random import Random
from zlib import crc32

LEVELS = 20

_VARIANTS = 8
_MOVE = 0.08


@dataclass(frozen=True)
class Digits:
    """How a symbol writes its numbers: price in units of the last digit, decimals, sizes."""

    price: int
    price_decimals: int
    quantity_decimals: int
    typical: int


_KNOWN = {
    "BTCUSDT": Digits(8_559_590, 2, 3, 20),
    "ETHUSDT": Digits(312_345, 2, 3, 120),
    "DOGEUSDT": Digits(21_345, 5, 0, 900),
}


def digits_of(symbol: str) -> Digits:
    """Return how a symbol writes its numbers; one that is not known is a small coin."""
    number = crc32(symbol.encode())
    drawn = Digits(1_000_000 + number % 9_000_000, 2 + number % 5, number % 3, 900)
    return _KNOWN.get(symbol, drawn)


def written(units: int, decimals: int) -> str:
    """Write a number that is counted in its last digit."""
    if not decimals:
        return str(units)
    text = str(units).rjust(decimals + 1, "0")
    return f"{text[:-decimals]}.{text[-decimals:]}"


class Ladder:
    """The best prices, which walk with the orders, and the texts of the levels behind them."""

    def __init__(self, symbol: str, seed: int) -> None:
        self.digits = digits_of(symbol)
        self.bid = self.digits.price
        self._budget: float = _VARIANTS
        # What is drawn of a book depends on the machine's pace: the market's path must not.
        self._walk = Random(f"{seed}/{symbol}/walk")
        self._random = Random(f"{seed}/{symbol}/books")
        self._drawn: list[tuple[str, str]] = []
        self._at = 0
        self._texts: OrderedDict[int, str] = OrderedDict()
        self._sizes = [self._size() for _ in range(512)]

    def sides(self) -> tuple[str, str]:
        """Return bids and asks, fresh ones if the budget allows."""
        if self._budget >= 1:
            self._budget -= 1
            self._draw()
        else:
            self._at = self._random.randrange(len(self._drawn))
        return self._drawn[self._at]

    def grant(self, books: float) -> None:
        """Allow so many more books to be drawn afresh; the others are taken from those drawn."""
        self._budget = min(self._budget + books, _VARIANTS)

    def move(self, buys: bool, eaten: int) -> None:
        """Let an order of so many fills move the price, rarely and by little."""
        if self._walk.random() < _MOVE * eaten:
            step = self._walk.randrange(1, 4)
            self.bid = max(100, self.bid + (step if buys else -step))

    def fill(self, buys: bool, level: int, random: Random) -> tuple[str, str]:
        """Return price and quantity of a fill so many levels deep."""
        units = self.bid + 1 + level if buys else self.bid - level
        return self._price(units), self._sizes[random.randrange(512)]

    def _draw(self) -> None:
        drawn = self._levels(self.bid, -1), self._levels(self.bid + 1, 1)
        self._at = (self._at + 1) % _VARIANTS
        if len(self._drawn) < _VARIANTS:
            self._drawn.append(drawn)
            self._at = len(self._drawn) - 1
        else:
            self._drawn[self._at] = drawn

    def _levels(self, best: int, away: int) -> str:
        start = self._random.randrange(400)
        sizes = self._sizes[start : start + LEVELS]
        levels = (
            f'["{self._price(best + away * at * 2)}","{size}"]' for at, size in enumerate(sizes)
        )
        return f"[{','.join(levels)}]"

    def _price(self, units: int) -> str:
        text = self._texts.get(units)
        if text is None:
            text = self._texts[units] = written(max(1, units), self.digits.price_decimals)
            if len(self._texts) > 2000:
                self._texts.popitem(last=False)
        return text

    def _size(self) -> str:
        units = max(1, int(self._random.lognormvariate(0, 1.5) * self.digits.typical))
        return written(units, self.digits.quantity_decimals)

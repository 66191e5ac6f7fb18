"""What has been recorded of one symbol: its ids, its newest rows. No clock, no socket, no disk."""

from itertools import islice

from collector.feed.frames import Snapshot, Trade
from collector.trades.ids import IdChain, Room

_REMEMBERED = 256
"""Update ids: at ten books a second, what two connections bring within some 25 s of each other."""


class RecentIds:
    """The update ids of the newest books.

    A book whose id is not among them is written: one that was written long ago may come twice into
    the lake, where readers know it by its id; but none is ever dropped for being late.
    """

    __slots__ = ("_ids",)

    def __init__(self) -> None:
        self._ids: dict[int, None] = {}

    def add(self, update_id: int) -> bool:
        """Take an id; tell whether it is new."""
        ids = self._ids
        if update_id in ids:
            return False
        ids[update_id] = None
        if len(ids) > _REMEMBERED:
            for old in [*islice(ids, _REMEMBERED // 2)]:
                del ids[old]
        return True


class Tape:
    """One symbol; `trade` and `book` are the newest ones that were written."""

    __slots__ = ("book", "books", "chain", "symbol", "trade")

    def __init__(self, symbol: str, room: Room) -> None:
        self.symbol = symbol
        self.chain = IdChain(symbol, room)
        self.books = RecentIds()
        self.trade: Trade | None = None
        self.book: Snapshot | None = None

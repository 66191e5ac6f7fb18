"""Lists of trades are read by more than who asked for them: one may be the last to have a trade."""

from collections.abc import Callable

from collector.trades.evidence import TradeList
from collector.trades.rest import Rest


class SharedRest(Rest):
    """Posts every list of last trades, before it goes to who asked."""

    post: Callable[[TradeList], None]

    def trades(self, symbol: str) -> TradeList:
        """Return the last 1,000 trades."""
        listed = super().trades(symbol)
        self.post(listed)
        return listed

"""What is listened to. No clock, no socket, no disk."""

from typing import NamedTuple

from collector.record.market import stream_name
from lake.layout import Stream


class Channel(NamedTuple):
    """One stream of one symbol."""

    symbol: str
    stream: Stream

    @property
    def name(self) -> str:
        """Return what the exchange calls it, such as `btcusdt@trade`."""
        return stream_name(self.stream, self.symbol)

    def __str__(self) -> str:
        return f"{self.symbol} {self.stream}"


def channels_of(symbol: str) -> tuple[Channel, ...]:
    """Return everything that is recorded of a symbol."""
    return tuple(Channel(symbol, stream) for stream in Stream)

"""A fleet without sockets: connections that open, acknowledge and speak when a test says so."""

from collections.abc import Iterable

from collector.feed.refusals import Refusal
from collector.fleet.channel import Channel, channels_of
from collector.fleet.distress import relieve
from collector.fleet.fleet import Fleet, FleetSettings
from collector.fleet.helm import steer
from collector.fleet.links import Link
from collector.fleet.orders import Close, Open, Order, Tell
from collector.fleet.plan import follow
from collector.settings import Deadlines
from collector.view.status import StreamState
from lake.layout import Stream

START_MS = 1_765_440_000_000
TICK_S = 0.5

BTC_BOOKS = Channel("BTCUSDT", Stream.DEPTH20)
BTC_TRADES = Channel("BTCUSDT", Stream.TRADES)
ETH_BOOKS = Channel("ETHUSDT", Stream.DEPTH20)
ETH_TRADES = Channel("ETHUSDT", Stream.TRADES)
SYMBOLS = ("BTCUSDT", "ETHUSDT")


def waits(failures: int) -> float:
    """Wait without jitter."""
    return float(min(2 ** (failures - 1), 60))


class Sea:
    """Time, and what the exchange would do; the connections of a fleet live on it.

    A connection opens at once unless `refusal` is set. Each brings frames of its channels every
    tick, but those that are `mute`, by channel or by connection.
    """

    def __init__(
        self, symbols: Iterable[str] = SYMBOLS, *, deadlines: Deadlines | None = None,
        streams_per_connection: int = 200,
    ) -> None:  # fmt: skip
        settings = FleetSettings(deadlines or Deadlines(), streams_per_connection)
        self.fleet = Fleet(settings, waits)
        self.now_s = 1_000.0
        self.refusal: Refusal | None = None
        self.mute: set[Channel | int | tuple[int, Channel]] = set()
        self.late_ms: dict[int, int] = {}
        self.opens: list[Open] = []
        self.closes: list[int] = []
        self.told: list[Tell] = []
        self.orders: list[Order] = []
        follow(self.fleet, symbols)

    @property
    def event_ms(self) -> int:
        """Return the exchange's time."""
        return START_MS + round(self.now_s * 1000)

    def run(self, for_s: float, tick_s: float = TICK_S) -> None:
        """Let time pass."""
        for _ in range(round(for_s / tick_s)):
            self.now_s += tick_s
            for link in [*self.fleet.links.values()]:
                if link.opened_s is not None:
                    self._speak(link)
            for track in self.fleet.tracks.values():
                track.beat(self.now_s, 0.0)
            relieve(self.fleet, self.now_s)
            steer(self.fleet, self.now_s)
            self._obey()

    def _obey(self) -> None:
        for order in self.fleet.take_orders():
            self.orders.append(order)
            if isinstance(order, Tell):
                self.told.append(order)
            elif isinstance(order, Open):
                self.opens.append(order)
                self._answer(order)
            elif isinstance(order, Close):
                self.closes.append(order.connection_id)

    def _answer(self, order: Open) -> None:
        if self.refusal:
            self.fleet.closed(order.connection_id, "refused", self.refusal, self.now_s)
            return
        self.fleet.opened(order.connection_id, self.now_s)
        self.fleet.acknowledged(order.connection_id, order.channels, self.now_s)

    def _speak(self, link: Link) -> None:
        event_ms = self.event_ms - self.late_ms.get(link.connection_id, 0)
        for leg in link.legs:
            number, channel = link.connection_id, leg.channel
            if not self.mute & {number, channel, (number, channel)}:
                leg.hear(event_ms, event_ms - 3, self.event_ms * 1_000_000)
                link.event_ms = event_ms

    def drop(self, connection_id: int, cause: str = "reset") -> None:
        """End a connection from the other side."""
        self.fleet.closed(connection_id, cause, None, self.now_s)

    def told_of(self, event: str) -> list[Tell]:
        """Return what was told of a kind of event."""
        return [each for each in self.told if each.event == event]

    def state(self, channel: Channel) -> StreamState:
        """Return how a channel is."""
        return self.fleet.tracks[channel].pulse.state(self.now_s)

    def carriers(self, channel: Channel) -> set[int]:
        """Return the connections that carry a channel."""
        return set(self.fleet.tracks[channel].legs)


def names(count: int) -> list[str]:
    """Return so many symbols."""
    return [f"S{number:03}USDT" for number in range(count)]


def all_channels(symbols: Iterable[str]) -> set[Channel]:
    """Return the channels of symbols."""
    return {channel for symbol in symbols for channel in channels_of(symbol)}

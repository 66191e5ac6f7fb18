"""The connections and what they carry. No clock, no socket, no disk.

Every channel belongs to a berth, and a berth has one connection, or two during a hand-over. What
happens comes in as calls, time as numbers; what is to be done is taken out as orders.

    plan      which channel belongs to which berth
    helm      when a connection is made, handed over, given up
    distress  what is done for streams that are silent or late
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from collector.feed.refusals import Refusal, RefusalKind
from collector.fleet.channel import Channel
from collector.fleet.links import Berth, Link, Reason
from collector.fleet.orders import Close, Open, Order, Subscribe, Tell, Unsubscribe
from collector.fleet.pacer import Pacer
from collector.fleet.pulse import Patience
from collector.fleet.tracks import Track
from collector.settings import Deadlines
from lake.layout import Stream

Wait = Callable[[int], float]
"""Seconds to wait after so many failures in a row."""

_EVERYONE = (RefusalKind.TOO_MANY, RefusalKind.BANNED, RefusalKind.LOCATION, RefusalKind.FIREWALL)
"""Refusals that are meant for this address, whichever connection was refused."""


_LOCATION_S = 10.0
"""Who is refused for where he is has done nothing wrong, and may come back from another route."""


@dataclass(frozen=True)
class FleetSettings:
    """How the fleet behaves; see `Deadlines`."""

    deadlines: Deadlines = Deadlines()
    streams_per_connection: int = 200

    def patience(self, stream: Stream) -> Patience:
        """Return the deadlines of a stream; silence of trades is judged by the exchange's list."""
        times = self.deadlines
        books = stream is Stream.DEPTH20
        return Patience(
            first_s=times.first_frame_s if books else float("inf"),
            silence_s=times.silence_s if books else float("inf"),
            late_ms=times.lag_s * 1000, late_s=times.lagging_s, again_s=times.first_frame_s,
        )  # fmt: skip


class Fleet:
    """All connections, berths and tracks; each change of them is a method here."""

    def __init__(self, settings: FleetSettings, wait: Wait) -> None:
        self.settings = settings
        self.wait = wait
        self.tracks: dict[Channel, Track] = {}
        self.links: dict[int, Link] = {}
        self.berths: list[Berth] = []
        self.pacer = Pacer()
        self.refused: Refusal | None = None
        self.refused_until_s = self.told_to_wait_until_s = 0.0
        self.last_failure = ""
        self._orders: list[Order] = []
        self._connections = self._berth_numbers = 0

    def take_orders(self) -> list[Order]:
        """Return what is to be done since the last call, in order."""
        orders, self._orders = self._orders, []
        return orders

    def order(self, order: Order) -> None:
        """Want something done."""
        self._orders.append(order)

    # What happens

    def opened(self, connection_id: int, now_s: float) -> None:
        """Take note that a handshake is done."""
        link = self.links.get(connection_id)
        if link is None:
            return
        link.opened_s = now_s
        self.refused, self.refused_until_s = None, 0.0
        berth = self.berth_of(link)
        again = berth.connected and link is berth.link
        berth.connected = True
        fields = {
            "connection": connection_id, "streams": len(link.channels), "cause": str(link.reason),
        }  # fmt: skip
        said = f"connection {connection_id} is open: {link.reason}"
        self.order(Tell("reconnected" if again else "connected", said, fields))

    def acknowledged(self, connection_id: int, channels: Iterable[Channel], now_s: float) -> None:
        """Take note that subscriptions were accepted, which proves nothing."""
        link = self.links.get(connection_id)
        for channel in channels:
            if link and link.leg(channel):
                link.acknowledged_ms[channel] = link.event_ms
                self.tracks[channel].listen(connection_id, now_s)

    def shutdown(self, connection_id: int) -> None:
        """Take note that the server will close a connection soon."""
        link = self.links.get(connection_id)
        if link and link is (berth := self.berth_of(link)).link:
            berth.wanted = Reason.SHUTDOWN

    def closed(
        self, connection_id: int, cause: str, refusal: Refusal | None, now_s: float
    ) -> None:  # fmt: skip
        """Take note that a connection is gone, though nobody here wanted it."""
        link = self.links.get(connection_id)
        if link is None:
            return
        self.last_failure = refusal.message if refusal else cause
        for leg in link.legs:
            if leg.spoke:
                self.tracks[leg.channel].cause = cause
        berth = self.berth_of(link)
        self.count_failure(berth, link, now_s, refusal)
        self._part(link)
        self._tell_of_loss(berth, link, refusal, now_s)

    def _tell_of_loss(
        self, berth: Berth, link: Link, refusal: Refusal | None, now_s: float
    ) -> None:  # fmt: skip
        wait_s = max(berth.not_before_s, self.refused_until_s) - now_s
        goes_on = berth.link is not None
        fields = {
            "connection": link.connection_id, "streams": len(link.channels),
            "cause": self.last_failure, "status": refusal.status if refusal else None,
            "wait_s": None if goes_on else round(wait_s, 3),
        }  # fmt: skip
        next_step = "another goes on" if goes_on else f"trying again in {wait_s:.1f} s"
        said = f"connection {link.connection_id} lost: {self.last_failure}; {next_step}"
        event = "refused" if link.opened_s is None else "disconnected"
        self.order(Tell(event, said, fields, "WARNING"))

    def berth_of(self, link: Link) -> Berth:
        """Return where a connection lies."""
        return next(berth for berth in self.berths if link in berth.links)

    # What is done

    def may_connect(self, berth: Berth, now_s: float) -> bool:
        """Tell whether a connection may be made for a berth now."""
        rested = now_s >= max(berth.not_before_s, self.refused_until_s)
        return rested and self.pacer.allows(now_s)

    def count_failure(
        self, berth: Berth, link: Link, now_s: float, refusal: Refusal | None = None
    ) -> float:
        """Wait before the next attempt, the longer the more have failed; return how long.

        Only a connection on which data has flowed ends the row of failures.
        """
        berth.failures = 1 if link.has_spoken() else berth.failures + 1
        wait_s = max(self.wait(berth.failures), _told_to_wait_s(refusal))
        berth.not_before_s = now_s + wait_s
        if refusal and refusal.kind in _EVERYONE:
            self.refused = refusal
            self.refused_until_s = max(self.refused_until_s, berth.not_before_s)
            if refusal.kind is not RefusalKind.LOCATION:
                self.told_to_wait_until_s = self.refused_until_s
        return wait_s

    def new_berth(self, home: Berth | None = None) -> Berth:
        """Return a new place for a connection."""
        self._berth_numbers += 1
        berth = Berth(self._berth_numbers, set(), home)
        self.berths.append(berth)
        return berth

    def connect(self, channels: Iterable[Channel], reason: Reason, now_s: float) -> Link:
        """Make a connection; who calls puts it into its berth."""
        self._connections += 1
        self.pacer.took(now_s)
        link = Link(self._connections, reason, now_s)
        self.links[link.connection_id] = link
        carried = tuple(sorted(channels))
        self.carry(link, carried)
        self.order(Open(link.connection_id, carried))
        return link

    def subscribe(self, link: Link, channels: Iterable[Channel]) -> None:
        """Carry more on a connection."""
        carried = tuple(channels)
        self.carry(link, carried)
        self.order(Subscribe(link.connection_id, carried))

    def carry(self, link: Link, channels: Iterable[Channel]) -> None:
        """Take note that a connection is to bring these channels."""
        for channel in channels:
            link.add(self.tracks[channel].attach(link.connection_id))

    def unsubscribe(self, link: Link, channel: Channel) -> None:
        """Carry a channel on a connection no more."""
        if link.remove(channel):
            self.tracks[channel].detach(link.connection_id)
            self.order(Unsubscribe(link.connection_id, (channel,)))

    def close(self, link: Link) -> None:
        """End a connection: what still comes from it is nobody's."""
        self._part(link)
        self.order(Close(link.connection_id))

    def _part(self, link: Link) -> None:
        """Forget a connection; of two in a berth the other goes on alone."""
        berth = self.berth_of(link)
        del self.links[link.connection_id]
        for leg in link.legs:
            self.tracks[leg.channel].detach(link.connection_id)
        if link is berth.link:
            berth.link, berth.wanted = berth.successor, None
        elif link.reason is Reason.SHUTDOWN:
            berth.wanted = Reason.SHUTDOWN
        berth.successor = None

    def leave(self, berth: Berth, channel: Channel) -> None:
        """Take a channel out of a berth; one that is left empty is closed."""
        berth.channels.discard(channel)
        berth.away.discard(channel)
        for link in berth.links:
            if berth.channels:
                self.unsubscribe(link, channel)
            else:
                self.close(link)
        self.berths = [each for each in self.berths if each.channels]


def _told_to_wait_s(refusal: Refusal | None) -> float:
    if refusal is None or refusal.wait_s is None:
        return 0.0
    at_location = refusal.kind is RefusalKind.LOCATION
    return min(_LOCATION_S, refusal.wait_s) if at_location else refusal.wait_s

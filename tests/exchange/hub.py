"""Brings every event to the connections that carry its stream, through their weather."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.exchange.clock import Clock
from tests.exchange.columns import Ref
from tests.exchange.connection import Connection
from tests.exchange.events import Event, Trade, depth_stream, trade_stream
from tests.exchange.handshake import HANG, RESET, Refusal
from tests.exchange.ledger import Handshake, Ledger, Order, Visit
from tests.exchange.rules import Rules
from tests.exchange.weather import Effect, Parcel, Weather
from tests.exchange.wire import framed, payload_of, wrapped

PING_EVERY_S, PONG_WITHIN_S, LIFETIME_S = 180.0, 600.0, 86_400.0
_MOST_UNDERWAY = 64 << 20
_GOING_AWAY = 1001


@dataclass
class Route:
    """Who gets a stream."""

    name: bytes
    connections: list[Connection] = field(default_factory=list)
    numbers: tuple[int, ...] = ()

    def join(self, connection: Connection) -> None:
        """Add a connection, once."""
        if connection not in self.connections:
            self._set([*self.connections, connection])

    def leave(self, connection: Connection) -> None:
        """Remove a connection."""
        self._set([other for other in self.connections if other is not connection])

    def _set(self, connections: list[Connection]) -> None:
        self.connections = connections
        self.numbers = tuple(connection.number for connection in connections)


@dataclass(frozen=True)
class Lasting:
    """An effect that new connections meet too, until it is over."""

    until_ms: float
    make: Callable[[Connection], Effect]


@dataclass
class Hub:
    """The connections, what they carry, and what stands between them and the market."""

    clock: Clock
    ledger: Ledger
    rules: Rules = field(default_factory=Rules)
    connections: dict[int, Connection] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    lasting: list[Lasting] = field(default_factory=list)
    ping_every_s: float = PING_EVERY_S
    pong_within_s: float = PONG_WITHIN_S
    lifetime_s: float = LIFETIME_S
    _numbers: int = 0

    # The market's side.

    def publish(self, event: Event) -> None:
        """Write down an event and send it to whom it concerns."""
        stream = (trade_stream if isinstance(event, Trade) else depth_stream)(event.symbol)
        route = self.routes.get(stream)
        if not event.has_frame or not route or self.rules.stop(stream, self.now_ms):
            self.ledger.add(event)
        elif any(connection.weather for connection in route.connections):
            self._through_weather(route, stream, event)
        else:
            self._at_once(route, event)

    def _at_once(self, route: Route, event: Event) -> None:
        ref = self.ledger.add(event, route.numbers)
        payload = payload_of(event)
        frame = framed(wrapped(route.name, payload))
        for connection in route.connections:
            combined = connection.subscriptions.combined
            connection.out.append(frame if combined else framed(payload))
            connection.refs.append(ref)

    def _through_weather(self, route: Route, stream: str, event: Event) -> None:
        parcel = Parcel(stream, payload_of(event), self.ledger.add(event))
        for connection in route.connections:
            self.post(connection, parcel)

    def post(self, connection: Connection, parcel: Parcel) -> None:
        """Send a parcel to one connection, through its weather."""
        weather = connection.weather
        parcels = weather.through(parcel, self.now_ms()) if weather else [parcel]
        for arrived in parcels:
            connection.deliver(arrived)

    def flush(self) -> None:
        """Write everything that is queued."""
        for connection in [*self.connections.values()]:
            connection.flush()
            if connection.underway() > _MOST_UNDERWAY:
                connection.reset()

    def keep_house(self) -> None:
        """Do what is due: frames that were held back, pings, ends of lives."""
        now_ms = self.now_ms()
        self.rules.forget(now_ms)
        self.lasting = [one for one in self.lasting if one.until_ms > now_ms]
        for connection in [*self.connections.values()]:
            self._release(connection, now_ms)
            self._look_after(connection, now_ms)

    def _release(self, connection: Connection, now_ms: float) -> None:
        if connection.weather:
            for parcel in connection.weather.pass_on(now_ms):
                connection.deliver(parcel)
            if not connection.weather.effects:
                connection.weather = None

    def _look_after(self, connection: Connection, now_ms: float) -> None:
        lifetime_s = self.lifetime_s if connection.lifetime_s is None else connection.lifetime_s
        oldest = min(connection.unanswered.values(), default=now_ms)
        if now_ms - connection.opened_ms >= lifetime_s * 1000:
            connection.close(_GOING_AWAY, "connection lifetime is over")
        elif now_ms - oldest > self.pong_within_s * 1000:
            connection.reset()
        elif now_ms - connection.last_ping_ms >= self.ping_every_s * 1000:
            connection.ping(now_ms)

    # Choosing connections for a fault.

    def chosen(self, number: int = 0, streams: str = "*") -> list[Connection]:
        """Return the connection of a number, or all that carry one of the streams."""
        if number:
            return [self.connections[number]] if number in self.connections else []
        return [one for one in self.connections.values() if carries(one, streams)]

    def expose(self, connections: list[Connection], make: Callable[[Connection], Effect]) -> None:
        """Put connections under an effect of their own each."""
        for connection in connections:
            connection.weather = connection.weather or Weather()
            connection.weather.effects.append(make(connection))

    # What connections tell.

    def now_ms(self) -> float:
        """Return the exchange's time."""
        return self.clock.now_ms()

    def knock(self, path: str) -> Refusal | None:
        """Return how a handshake is refused, if it is."""
        refusal = self.rules.refusal(self.now_ms())
        status = 101 if not refusal else 0 if refusal.how in (HANG, RESET) else int(refusal.how)
        self.ledger.handshakes.append(Handshake(int(self.now_ms()), path, status))
        return refusal

    def opened(self, connection: Connection, path: str) -> None:
        """Number a new connection and put it under what lasts."""
        self._numbers += 1
        connection.number = self._numbers
        self.connections[connection.number] = connection
        self.ledger.opened(Visit(connection.number, path, int(self.now_ms())))
        for one in self.lasting:
            self.expose([connection], one.make)

    def asked(self, connection: Connection, method: str, streams: tuple[str, ...]) -> None:
        """Carry out what a client asked for."""
        order = Order(int(self.now_ms()), connection.number, method, streams)
        self.ledger.orders.append(order)
        for stream in streams if connection.place.public else ():
            route = self.routes.setdefault(stream, Route(stream.encode()))
            if method == "UNSUBSCRIBE":
                route.leave(connection)
            elif not self.rules.mutes(stream, self.now_ms()):
                route.join(connection)

    def answer(self, usual: bytes) -> bytes | None:
        """Return what is said to a request that would be answered as usual."""
        return self.rules.answer(usual, self.now_ms())

    def ended(self, connection: Connection, end: str) -> None:
        """Take a connection off all routes."""
        self.connections.pop(connection.number, None)
        for stream in connection.subscriptions.streams:
            if route := self.routes.get(stream):
                route.leave(connection)
        self.ledger.ended(connection.number, int(self.now_ms()), end)

    def sent(self, connection: Connection, ref: Ref) -> None:
        """Write down that an event was sent."""
        self.ledger.sent(ref, connection.number)

    def doubt(self, connection: Connection, refs: list[Ref]) -> None:
        """Take back that these events surely reached the client."""
        for ref in refs:
            self.ledger.doubt(ref, connection.number)


def carries(connection: Connection, streams: str) -> bool:
    """Tell whether a connection has asked for one of the streams; `*` is any, even none."""
    if streams == "*":
        return True
    return any(fnmatchcase(name, streams) for name in connection.subscriptions.streams)

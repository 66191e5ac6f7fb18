"""The exchange as a program uses it: sockets, and a loop in a thread of its own."""

import asyncio
import ssl
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self, TypeVar

from tests.exchange import control, deeds
from tests.exchange.clock import Clock
from tests.exchange.commands import parse_fault
from tests.exchange.connection import Connection
from tests.exchange.faults import Fault
from tests.exchange.ledger import Ledger
from tests.exchange.plain_http import Asked, Told
from tests.exchange.rest import Rest
from tests.exchange.settings import Settings
from tests.exchange.tls import make_certificates
from tests.exchange.world import make_world

Result = TypeVar("Result")

_LONGEST_TICK_S, _SHORTEST_TICK_S = 0.01, 0.001
_PATIENCE_S = 30.0


class Exchange:
    """A Binance of our own: a context manager, or `start` and `stop`.

    `ws_url` and `rest_url` are what a collector is given; `ca_file` vouches for them with TLS.
    The ledger is whole once the exchange has stopped.
    """

    def __init__(self, settings: Settings | None = None, clock: Clock | None = None) -> None:
        self.settings = settings or Settings()
        self.clock = clock or Clock(self.settings.speed)
        self.world = make_world(self.settings, self.clock)
        self.rest = Rest(self.clock, self.world.endpoints, self._control, self.world.rest_troubles)
        self.ws_url = self.rest_url = ""
        self.ca_file: Path | None = None
        self._loop = asyncio.new_event_loop()
        self._folder = tempfile.TemporaryDirectory(prefix="exchange-")
        self._thread = Thread(target=self._run, name="exchange", daemon=True)
        self._connections: set[Connection] = set()
        self._ready, self._stopping = Event(), False
        self._error: BaseException | None = None

    @property
    def ledger(self) -> Ledger:
        """Return what happened so far."""
        return self.world.ledger

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.stop()

    def start(self) -> Self:
        """Open the exchange; time runs from here."""
        self._thread.start()
        self._ready.wait(_PATIENCE_S)
        if self._error:
            raise self._error
        return self

    def stop(self) -> None:
        """Close the exchange: whoever is connected is reset."""
        if self._thread.is_alive():
            self._stopping = True
            self._thread.join(_PATIENCE_S)
        self._folder.cleanup()
        if self._error:
            raise self._error

    def do(self, fault: Fault | str) -> None:
        """Let a fault happen now; a text is read as `commands` writes it: `drop how=1008`."""
        read = parse_fault(fault) if isinstance(fault, str) else fault
        self.call(lambda: deeds.do(read, self.world))

    def plan(self, after_s: float, fault: Fault | str) -> None:
        """Let a fault happen so many seconds of the exchange from now."""
        read = parse_fault(fault) if isinstance(fault, str) else fault
        self.call(lambda: self.world.after(after_s, lambda: deeds.do(read, self.world)))

    def call(self, do: Callable[[], Result]) -> Result:
        """Do something in the exchange's thread and return what comes of it."""

        async def done() -> Result:
            return do()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(_PATIENCE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 (raised again by who starts or stops us)
            self._error = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        context = self._certify() if self.settings.tls else None
        sockets = await self._loop.create_server(
            self._connect, "127.0.0.1", self.settings.ws_port, ssl=context,
            backlog=1024,
        )  # fmt: skip
        rest = await asyncio.start_server(
            self.rest.serve, "127.0.0.1", self.settings.rest_port, ssl=context
        )
        self.ws_url = _url("ws", sockets, context)
        self.rest_url = _url("http", rest, context)
        self._ready.set()
        try:
            await self._tick_until_stopped()
        finally:
            await self._hang_up(sockets, rest)

    async def _tick_until_stopped(self) -> None:
        tick_s = max(_SHORTEST_TICK_S, min(_LONGEST_TICK_S, 0.1 / self.settings.speed))
        before_s = time.monotonic()
        while not self._stopping:
            now_s = time.monotonic()
            self.world.tick(now_s - before_s)
            before_s = now_s
            await asyncio.sleep(tick_s)

    async def _hang_up(self, *servers: asyncio.Server) -> None:
        """Leave no socket and no task behind."""
        for server in servers:
            server.close()
        for connection in self._connections:
            connection.hang_up()
        self.rest.hang_up()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # The loop closes the sockets of aborted transports when it comes round.
        await asyncio.sleep(0.01)

    def _connect(self) -> Connection:
        connection = Connection(self.world.hub)
        self._connections.add(connection)
        return connection

    def _certify(self) -> ssl.SSLContext:
        certificates = make_certificates(Path(self._folder.name))
        self.ca_file = certificates.ca_file
        return certificates.context

    async def _control(self, asked: Asked) -> Told:
        return control.control(asked, self.world, control.__doc__ or "")


def _url(scheme: str, server: asyncio.Server, context: ssl.SSLContext | None) -> str:
    port = server.sockets[0].getsockname()[1]
    host = "localhost" if context else "127.0.0.1"
    return f"{scheme}{'s' if context else ''}://{host}:{port}"

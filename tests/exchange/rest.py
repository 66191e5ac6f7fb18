"""The REST side: answers over real sockets, and the troubles that it can have."""

import asyncio
import contextlib
import math
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from tests.exchange.clock import Clock
from tests.exchange.endpoints import PREFIX, Endpoints
from tests.exchange.ledger import Answer
from tests.exchange.plain_http import Asked, Told, read_request, written
from tests.exchange.rules import Rule

_WAIT = (403, 418, 429, 451, 500, 503)
_PATIENCE_S = 10
"""How long a client may wait after an answer that says nothing about it."""


@dataclass
class Trouble(Rule):
    """What goes wrong with requests: a status, `slow`, `hang`, `reset`, `cut`, `nonsense`."""

    how: str = "503"
    paths: str = "*"
    retry_after: str = ""
    slow_s: float = 0.0


@dataclass
class Rest:
    """Serves the endpoints; what is below `/control` goes to `control`."""

    clock: Clock
    endpoints: Endpoints
    control: Callable[[Asked], Awaitable[Told]]
    troubles: list[Trouble]
    _clients: set[asyncio.StreamWriter] = field(default_factory=set)

    def hang_up(self) -> None:
        """Give up all sockets: the exchange is closed."""
        for writer in self._clients:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it leaves."""
        self._clients.add(writer)
        # Streams of Python 3.11 complain aloud of a client's task that was cancelled: by our end.
        with contextlib.suppress(
            ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError
        ):
            while asked := await read_request(reader):
                if not await self._respond(asked, reader, writer):
                    break
        self._clients.discard(writer)
        writer.close()

    async def _respond(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer a request; tell whether the connection can go on."""
        if not asked.path.startswith(PREFIX):
            await _write(writer, written(await self.control(asked), asked))
            return True
        trouble = self._trouble(asked, self.clock.now_ms())
        if trouble and trouble.slow_s:
            await asyncio.sleep(self.clock.real_s(trouble.slow_s))
        told, noted = self.endpoints.serve(asked, self.clock.now_ms())
        if trouble and trouble.how.isdecimal():
            told = self.endpoints.refusal(int(trouble.how), trouble.retry_after)
        spoilt = trouble is not None and trouble.how != "slow"
        # Whoever has lost patience has hung up.
        self._note(
            replace(noted, status=told.status, whole=not spoilt and not reader.at_eof()), told
        )
        return await self._send(trouble.how if trouble else "", told, asked, writer)

    def _note(self, noted: Answer, told: Told) -> None:
        """Write down an answer; after a bad one everybody waits for a while."""
        ledger = self.endpoints.ledger
        ledger.answers.append(noted)
        if not noted.whole or told.status in _WAIT:
            wait_s = told.headers.get("Retry-After", "")
            until_ms = noted.at_ms + 1000 * (int(wait_s) if wait_s.isdecimal() else _PATIENCE_S)
            ledger.rest_trouble.append((noted.at_ms, until_ms))

    def _trouble(self, asked: Asked, now_ms: float) -> Trouble | None:
        self.troubles[:] = [one for one in self.troubles if one.holds(now_ms)]
        name = asked.path.removeprefix(PREFIX)
        about = (one for one in self.troubles if fnmatchcase(name, one.paths))
        return next((one for one in about if one.use(now_ms)), None)

    async def _send(self, how: str, told: Told, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        match how:
            case "hang":
                await asyncio.sleep(math.inf)
            case "reset":
                _reset(writer)
                return False
            case "cut":
                data = written(told, asked)
                await _write(writer, data[: len(data) - max(1, len(told.body) // 4)])
                return False
            case "nonsense":
                await _write(writer, written(replace(told, body=b'{"a":[1,'), asked))
            case "empty":
                await _write(writer, written(replace(told, body=b""), asked))
            case _:
                await _write(writer, written(told, asked))
        return True


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    linger = struct.pack("ii", 1, 0)
    found = writer.get_extra_info("socket")
    found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()

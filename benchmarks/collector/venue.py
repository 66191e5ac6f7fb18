"""The exchange under load: `python -m benchmarks.collector.venue SYMBOLS [--tls]`.

Serves streams and REST on this machine until its standard input ends, and takes a command a line:

    rate BOOKS TRADES    so many a second from now on, of all symbols together
    count                answers with what was sent so far
    sent FILE            writes what was sent of each symbol
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.collector.market import Market, Rate, as_json
from benchmarks.collector.venue_client import Client, Clients
from benchmarks.collector.venue_rest import VenueRest
from tests.exchange.tls import Certificates, make_certificates

_TICK_S = 0.001
_HOST = "127.0.0.1"


class Venue:
    """Sockets around a market, in one loop."""

    def __init__(self, market: Market) -> None:
        self.market, self.clients = market, Clients()
        self.rate = Rate(0, 0)
        self._longest_tick_s = 0.0
        self._over = asyncio.Event()

    async def serve(self, certificates: Certificates | None) -> None:
        """Serve until the input ends, with TLS if there are certificates."""
        context = certificates.context if certificates else None
        loop, rest = asyncio.get_running_loop(), VenueRest(self.market)
        streams = await loop.create_server(
            lambda: Client(self.market, self.clients), _HOST, 0, ssl=context
        )
        answers = await asyncio.start_server(rest.serve, _HOST, 0, ssl=context)
        secure = "s" if context else ""
        host = "localhost" if context else _HOST
        ports = [server.sockets[0].getsockname()[1] for server in (streams, answers)]
        _say({
            "ws_url": f"ws{secure}://{host}:{ports[0]}",
            "rest_url": f"http{secure}://{host}:{ports[1]}",
            "ca_file": str(certificates.ca_file) if certificates else "",
        })  # fmt: skip
        obeying = asyncio.create_task(self._obey_all())
        await self._tick()
        await obeying

    async def _tick(self) -> None:
        before_s = time.perf_counter()
        while not self._over.is_set():
            await asyncio.sleep(_TICK_S)
            now_s = time.perf_counter()
            self._longest_tick_s = max(self._longest_tick_s, now_s - before_s)
            self.market.turn(self.rate, now_s - before_s, time.time_ns() // 1_000_000)
            self.clients.flush()
            before_s = now_s

    async def _obey_all(self) -> None:
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            self._obey(*line.decode().split())
        self._over.set()

    def _obey(self, command: str, *arguments: str) -> None:
        match command:
            case "rate":
                self.rate = Rate(*map(float, arguments))
                _say({"at_ms": time.time_ns() // 1_000_000})
            case "count":
                _say(self._counts())
            case "sent":
                sent = [as_json(each) for each in self.market.sent()]
                Path(arguments[0]).write_text(json.dumps(sent), encoding="utf-8")
                _say({"symbols": len(sent)})

    def _counts(self) -> dict[str, float]:
        longest_s, self._longest_tick_s = self._longest_tick_s, 0.0
        return {
            "at_ms": time.time_ns() // 1_000_000,
            "books": sum(coin.books for coin in self.market.coins),
            "trades": sum(coin.trades for coin in self.market.coins),
            "open_streams": self.market.open_streams,
            "connections": self.clients.made,
            "waiting_bytes": self.clients.waiting_bytes(),
            "longest_tick_ms": longest_s * 1000,
        }


def _say(said: Mapping[str, object]) -> None:
    print(json.dumps(said), flush=True)


def main() -> None:
    """Serve what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("symbols", type=int)
    parser.add_argument("--tls", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="venue-") as folder:
        certificates = make_certificates(Path(folder)) if given.tls else None
        asyncio.run(Venue(Market(given.symbols)).serve(certificates))


if __name__ == "__main__":
    main()

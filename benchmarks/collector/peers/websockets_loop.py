"""A bare recorder, as one writes it in an afternoon on the `websockets` package.

`python -m benchmarks.collector.peers.websockets_loop WS_URL REST_URL LAKE [--gzip] [--msgspec]`
writes the same rows in the same columns as the collector, until SIGTERM; it trusts that all goes
well.
"""

import argparse
import asyncio
import csv
import io
import json
import signal
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.collector.peers.minute_files import GzipFiles, PlainFiles, Write

STREAMS_PER_CONNECTION = 200
_STREAMS_PER_REQUEST, _REQUEST_EVERY_S = 100, 0.25

Handle = Callable[[bytes, int], None]


def by_json(write: Write) -> Handle:
    """Return what makes rows of frames with the standard library."""
    text = io.StringIO()
    row = csv.writer(text, lineterminator="\n").writerow

    def handle(message: bytes, received_ns: int) -> None:
        data = json.loads(message).get("data")
        if data is None:
            return
        if data["e"] == "trade":
            stream, maker = "trades", str(data["m"]).lower()
            row((
                data["T"], data["p"], data["q"], maker, data["t"], data["X"], data["E"],
                received_ns,
            ))  # fmt: skip
        else:
            stream = "depth20"
            bids, asks = (json.dumps(data[side], separators=(",", ":")) for side in "ba")
            row((data["T"], bids, asks, data["u"], data["E"], received_ns))
        write(stream, data["s"], received_ns, text.getvalue().encode())
        text.seek(0)
        text.truncate()

    return handle


class _Event(msgspec.Struct):
    e: str
    s: str
    T: int
    E: int
    u: int = 0
    t: int = 0
    p: str = ""
    q: str = ""
    X: str = ""
    m: bool = False
    b: msgspec.Raw = msgspec.Raw()
    a: msgspec.Raw = msgspec.Raw()


class _Frame(msgspec.Struct):
    data: _Event | None = None


def by_msgspec(write: Write) -> Handle:
    """Return what makes rows of frames with a typed decoder; books stay text."""
    decode = msgspec.json.Decoder(_Frame).decode

    def handle(message: bytes, received_ns: int) -> None:
        data = decode(message).data
        if data is None:
            return
        if data.e == "trade":
            maker = "true" if data.m else "false"
            line = (
                f"{data.T},{data.p},{data.q},{maker},{data.t},{data.X},{data.E},{received_ns}\n"
            ).encode()
            write("trades", data.s, received_ns, line)
        else:
            bids, asks = (bytes(side).replace(b'"', b'""') for side in (data.b, data.a))
            line = b'%d,"%b","%b",%d,%d,%d\n' % (data.T, bids, asks, data.u, data.E, received_ns)
            write("depth20", data.s, received_ns, line)

    return handle


async def _listen(url: str, streams: Sequence[str], handle: Handle) -> None:
    async with connect(url, compression=None) as connection, asyncio.TaskGroup() as group:
        group.create_task(_ask(connection, streams))
        while True:
            message = await connection.recv(decode=False)
            handle(message, time.time_ns())


async def _ask(connection: ClientConnection, streams: Sequence[str]) -> None:
    for number, start in enumerate(range(0, len(streams), _STREAMS_PER_REQUEST)):
        names = streams[start : start + _STREAMS_PER_REQUEST]
        await connection.send(json.dumps({"method": "SUBSCRIBE", "params": names, "id": number}))
        await asyncio.sleep(_REQUEST_EVERY_S)


def _streams(rest_url: str) -> list[str]:
    with urllib.request.urlopen(f"{rest_url}/fapi/v1/exchangeInfo") as answer:
        listed: list[dict[str, Any]] = json.load(answer)["symbols"]
    names = [each["symbol"].lower() for each in listed if each["status"] == "TRADING"]
    return [f"{name}@{kind}" for name in names for kind in ("trade", "depth20@100ms")]


async def _record(ws_url: str, streams: Sequence[str], handle: Handle) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    listening = [
        loop.create_task(_listen(ws_url, streams[start : start + STREAMS_PER_CONNECTION], handle))
        for start in range(0, len(streams), STREAMS_PER_CONNECTION)
    ]
    await stopped.wait()
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)


def main() -> None:
    """Record until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ws_url")
    parser.add_argument("rest_url")
    parser.add_argument("lake", type=Path)
    parser.add_argument("--gzip", action="store_true", help="compress the files of a minute")
    parser.add_argument("--msgspec", action="store_true", help="decode by msgspec, not by json")
    given = parser.parse_args()
    files = (GzipFiles if given.gzip else PlainFiles)(given.lake)
    handle = (by_msgspec if given.msgspec else by_json)(files.write)
    asyncio.run(_record(f"{given.ws_url}/public/stream", _streams(given.rest_url), handle))
    files.close()


if __name__ == "__main__":
    main()

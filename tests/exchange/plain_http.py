"""As much of HTTP/1.1 as a REST service needs, over streams that can be broken on purpose."""

import asyncio
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request; of repeated query fields the first counts, names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Told:
    """An answer before it is written."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "application/json"


async def read_request(reader: asyncio.StreamReader) -> Asked | None:
    """Read the next request of a connection; None at its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    fields = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    url = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(url.query, True).items()}
    return Asked(method, url.path, query, headers, body)


def as_json(status: int, answer: object, headers: Mapping[str, str] | None = None) -> Told:
    """Return an answer in JSON as the exchange writes it: without spaces."""
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    return Told(status, body, headers or {})


def written(told: Told, asked: Asked) -> bytes:
    """Return the bytes of an answer, compressed if the client likes that and it is worth it."""
    body, headers = told.body, dict(told.headers)
    if len(body) > 1000 and "gzip" in asked.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 1)
        headers["Content-Encoding"] = "gzip"
    headers |= {"Content-Type": told.kind, "Content-Length": str(len(body))}
    lines = [f"HTTP/1.1 {told.status} {_phrase(told.status)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase

"""Serves a store over HTTP, as the JSON API does, and lets the script's faults happen."""

import json
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.bucket import wire
from tests.bucket.faults import (
    Corrupt,
    Cut,
    Drop,
    Fault,
    First,
    Kind,
    Refuse,
    Request,
    Reset,
    Script,
)
from tests.bucket.store import Conditions, Query, Refused, Store
from tests.bucket.uploads import Uploads
from tests.bucket.wire import Answer


class BucketServer(ThreadingHTTPServer):
    """Buckets at `url`, as a context manager or until `stop`; `lake` is the address of the first.

    `latency_s` delays every answer; `page_size` is the most that one page of a listing holds.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, *buckets: str, port: int = 0, latency_s: float = 0, page_size: int = 1000):
        super().__init__(("127.0.0.1", port), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.lake = f"gs://{buckets[0]}" if buckets else ""
        self.store, self.script = Store(), Script()
        self.uploads = Uploads(self.store)
        self.latency_s, self.page_size = latency_s, page_size
        for bucket in buckets:
            self.store.create_bucket(bucket)

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.stop()

    def stop(self) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up; they may."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass(frozen=True)
class _Route:
    """What a request is about: `do` does it and says what to answer."""

    request: Request
    do: Callable[[], Answer]


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: BucketServer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the script notes what was asked."""

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 (names of the base class)

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            route = self._route(body)
        except Refused as refused:
            self._send(wire.refusal(refused))
            return
        token = self.headers.get("Authorization", "")
        fault = self.server.script.meet(replace(route.request, path=self.path, authorization=token))
        time.sleep(self.server.latency_s)
        if isinstance(fault, Corrupt) and route.request.kind is Kind.WRITE:
            route, fault = self._route(wire.with_another_byte(body)), None
        self._answer(route, fault)

    def _answer(self, route: _Route, fault: Fault | None) -> None:
        """Do what was asked, as far as the fault lets us."""
        match fault:
            case Refuse():
                self._send(wire.refusal_of(fault))
            case Reset():
                self._reset()
            case Drop():
                _done(route)
                self._reset()
            case Cut():
                answer = _done(route)
                self._send(answer, answer.body[: int(len(answer.body) * fault.share)])
                self.close_connection = True
            case Corrupt():
                answer = _done(route)
                self._send(answer, bytes([answer.body[0] ^ 1]) + answer.body[1:])
            case First():
                fault.happens()
                self._send(_done(route))
            case None:
                self._send(_done(route))

    def _send(self, answer: Answer, body: bytes | None = None) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body if body is None else body)

    def _reset(self) -> None:
        """Close the connection so that the client hears of a reset, not of an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
        raise ConnectionResetError

    def _route(self, body: bytes) -> _Route:
        """Say what is asked for; the names are those of the paths of both APIs."""
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, True).items()}
        match [unquote(part) for part in url.path.lstrip("/").split("/")]:
            case ["storage", "v1", "b"] if self.command == "POST":
                return self._create_bucket(json.loads(body)["name"])
            case ["storage", "v1", "b", bucket]:
                return self._bucket(bucket)
            case ["storage", "v1", "b", bucket, "o"]:
                return self._list(bucket, query)
            case ["upload", "storage", "v1", "b", bucket, "o"]:
                return self._upload(bucket, query, body)
            case ["storage" | "download", *_, "b", bucket, "o", key]:
                return self._object(bucket, key, query)
            case [bucket, *parts] if parts and self.command in ("GET", "HEAD"):
                return self._media(bucket, "/".join(parts), query)
        raise Refused(404, f"nothing is served at {url.path}")

    def _create_bucket(self, bucket: str) -> _Route:
        def do() -> Answer:
            self.server.store.create_bucket(bucket)
            return wire.as_json(wire.bucket_resource(bucket))

        return _Route(Request(Kind.BUCKET, bucket), do)

    def _bucket(self, bucket: str) -> _Route:
        def do() -> Answer:
            self.server.store.objects(bucket)
            return wire.as_json(wire.bucket_resource(bucket))

        return _Route(Request(Kind.BUCKET, bucket), do)

    def _list(self, bucket: str, query: Mapping[str, str]) -> _Route:
        asked = int(query.get("maxResults", 1000))
        wanted = Query(
            query.get("prefix", ""), query.get("startOffset", ""), query.get("endOffset") or None,
            query.get("delimiter", ""), wire.name_of(query.get("pageToken", "")),
            min(asked, self.server.page_size),
        )  # fmt: skip

        def do() -> Answer:
            page = self.server.store.page(bucket, wanted)
            return wire.as_json(wire.listing(bucket, page, query.get("fields", "")))

        return _Route(Request(Kind.LIST, wanted.prefix), do)

    def _upload(self, bucket: str, query: Mapping[str, str], body: bytes) -> _Route:
        uploads = self.server.uploads
        if self.command == "PUT":
            session, part = query.get("upload_id", ""), wire.part(self.headers, body)
            request = Request(Kind.WRITE, uploads.key_of(session))
            return _Route(request, lambda: uploads.go_on(session, part))
        draft = wire.draft(query, self.headers, body)
        conditions = wire.conditions(query)
        request = Request(Kind.WRITE, draft.name)
        if query.get("uploadType") == "resumable":
            here = f"{self.server.url}{self.path}"
            return _Route(request, lambda: uploads.begin(bucket, draft, conditions, here))
        return _Route(request, lambda: uploads.put(bucket, draft, conditions))

    def _object(self, bucket: str, key: str, query: Mapping[str, str]) -> _Route:
        store, conditions = self.server.store, wire.conditions(query)
        if self.command == "DELETE":
            request = Request(Kind.DELETE, key)
            return _Route(request, lambda: _deleted(store, bucket, key, conditions))
        if query.get("alt") == "media":
            return self._media(bucket, key, query)

        def do() -> Answer:
            found = store.get(bucket, key, conditions, wire.generation(query))
            return wire.as_json(found.resource(bucket))

        return _Route(Request(Kind.STAT, key), do)

    def _media(self, bucket: str, key: str, query: Mapping[str, str]) -> _Route:
        def do() -> Answer:
            found = self.server.store.get(
                bucket, key, wire.conditions(query), wire.generation(query)
            )
            return wire.media(found, self.headers)

        kind = Kind.STAT if self.command == "HEAD" else Kind.READ
        return _Route(Request(kind, key), do)


def _done(route: _Route) -> Answer:
    try:
        return route.do()
    except Refused as refused:
        return wire.refusal(refused, plain=route.request.kind is Kind.READ)


def _deleted(store: Store, bucket: str, key: str, conditions: Conditions) -> Answer:
    store.delete(bucket, key, conditions)
    return Answer(204)

"""Klines over REST, from a server that refuses as the exchange does."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from aggregator.fetch.patience import FetchError, Patience
from aggregator.parity.rest import Rest

IMPATIENT = Patience(attempts=3, first_wait_s=0.01, longest_wait_s=0.02, timeout_s=5.0)
LONG_AFTER_S = 2e9


class Exchange(HTTPServer):
    """Answers as it is told, one answer a request; then with an empty list."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[tuple[float, str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Exchange

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((time.monotonic(), self.path))
        answers = self.server.answers
        code, headers, body = answers.pop(0) if answers else (200, {}, b"[]")
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with Exchange() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def asked_of(exchange: Exchange) -> dict[str, list[str]]:
    return parse_qs(urlsplit(exchange.asked[-1][1]).query)


def test_a_day_is_one_request(exchange: Exchange) -> None:
    exchange.answers.append((200, {}, b"[[1]]"))

    with Rest(exchange.url + "/", now=lambda: LONG_AFTER_S) as rest:
        url, text = rest.klines("币安人生USDT", 86_400_000)

    assert (b"[[1]]", 1) == (text, len(exchange.asked))
    assert url.startswith(f"{exchange.url}/fapi/v1/klines?symbol=%E5")
    asked = asked_of(exchange)
    assert ["币安人生USDT"] == asked["symbol"]
    assert (["86400000"], ["172799999"], ["1m"], ["1500"]) == (
        asked["startTime"], asked["endTime"], asked["interval"], asked["limit"],
    )  # fmt: skip


def test_a_minute_that_goes_on_is_not_asked_for(exchange: Exchange) -> None:
    with Rest(exchange.url, now=lambda: 86_400 + 150.0) as rest:
        rest.klines("BTCUSDT", 86_400_000)
        assert ["86519999"] == asked_of(exchange)["endTime"]

        assert b"[]" == rest.klines("BTCUSDT", 2 * 86_400_000)[1]

    assert 1 == len(exchange.asked)


@pytest.mark.parametrize("code", [429, 418])
def test_a_refusal_is_heeded_for_as_long_as_it_says(exchange: Exchange, code: int) -> None:
    exchange.answers.append((code, {"Retry-After": "1"}, b"{}"))

    with Rest(exchange.url, patience=IMPATIENT) as rest:
        rest.klines("BTCUSDT", 0)

    (first, _), (second, _) = exchange.asked
    assert 1.0 <= second - first


def test_a_refusal_that_says_nothing_holds_for_a_minute(exchange: Exchange) -> None:
    exchange.answers.append((429, {}, b"{}"))
    brief = Patience(attempts=3, longest_pause_s=59.0)

    with Rest(exchange.url, patience=brief) as rest, pytest.raises(FetchError, match="wait 60 s"):
        rest.klines("BTCUSDT", 0)

    assert 1 == len(exchange.asked)


def test_used_weight_is_waited_for_until_the_next_minute(exchange: Exchange) -> None:
    exchange.answers.append((200, {"X-MBX-USED-WEIGHT-1M": "1200"}, b"[]"))

    with Rest(exchange.url, now=lambda: LONG_AFTER_S // 60 * 60 + 59.0) as rest:
        rest.klines("BTCUSDT", 0)
        rest.klines("BTCUSDT", 0)

    (first, _), (second, _) = exchange.asked
    assert 0.9 <= second - first


def test_what_is_passing_is_asked_again_and_told(exchange: Exchange) -> None:
    exchange.answers += [(503, {}, b""), (500, {}, b"")]
    told: list[str] = []

    with Rest(exchange.url, patience=IMPATIENT, told=told.append) as rest:
        assert b"[]" == rest.klines("BTCUSDT", 0)[1]

    assert 2 == len(told)


def test_an_unknown_symbol_is_said_at_once(exchange: Exchange) -> None:
    exchange.answers.append((400, {}, b'{"code":-1121,"msg":"Invalid symbol."}'))

    with Rest(exchange.url, patience=IMPATIENT) as rest, pytest.raises(FetchError) as failure:
        rest.klines("NOPEUSDT", 0)

    assert "Invalid symbol." in str(failure.value)
    assert "check the symbol" in str(failure.value)
    assert 1 == len(exchange.asked)


def test_nobody_there_is_one_line() -> None:
    with (
        Rest("http://127.0.0.1:9", patience=IMPATIENT) as rest,
        pytest.raises(FetchError, match="3 attempts brought nothing") as failure,
    ):
        rest.klines("BTCUSDT", 0)

    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("url", ["nonsense", "ftp://x"])
def test_a_wrong_address_is_said(url: str) -> None:
    with Rest(url, patience=IMPATIENT) as rest, pytest.raises(FetchError, match="check --rest-url"):
        rest.klines("BTCUSDT", 0)

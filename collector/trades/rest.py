"""The REST interface of the exchange: each call is one request, within the weight that is ours."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import requests
import urllib3

from collector.clock import Clock
from collector.feed.refusals import RefusalKind, refusal
from collector.record.market import Contract
from collector.trades.evidence import TradeList
from collector.trades.exchange_clock import ExchangeClock
from collector.trades.rest_errors import KeyRefused, Paused, Rejected, RestError
from collector.trades.rest_wire import (
    EXCHANGE_INFO,
    TIME,
    Question,
    last_trades,
    read_exchange_info,
    read_problem,
    read_time_ms,
    read_trades,
    trades_from,
)
from collector.trades.weights import Weights

_USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"
_KEY = "X-MBX-APIKEY"
_LONGEST_ANSWER = 32 << 20
_PIECE = 1 << 16
_MOST_WORDS = 300
_PAUSING = {
    RefusalKind.TOO_MANY, RefusalKind.BANNED, RefusalKind.FIREWALL, RefusalKind.LOCATION,
}  # fmt: skip
"""Refusals that hold for every request."""
_PAUSE_S = 60.0
_BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError)
"""What asking and reading end in; a key or an address with strange letters in the last."""
_T = TypeVar("_T")


@dataclass(frozen=True)
class Standing:
    """The weight of the last minute, ours and the whole address', and for how long we are paused.

    `cause` is empty if we are not.
    """

    our_weight: int
    all_weight: int
    paused_s: float
    cause: str


@dataclass(frozen=True)
class _Answer:
    """`asked_s`, `received_s` are our monotonic clock, `asked_ns`, `received_ns` the wall."""

    question: Question
    data: bytes
    asked_s: float
    asked_ns: int
    received_s: float
    received_ns: int


class Rest:
    """A client of one exchange; threads may share it. Calls raise `RestError`.

    `share` is the part of the address' weight that this process uses at most. `timeout_s` bounds
    the connection, each wait for bytes, and the whole answer, whatever the speed of the clock.
    """

    def __init__(
        self, base_url: str, clock: Clock, *, api_key: str | None = None, share: float = 0.5,
        timeout_s: float = 10.0,
    ) -> None:  # fmt: skip
        self.exchange_clock = ExchangeClock()
        self.has_key = bool(api_key)
        self._url, self._clock, self._timeout_s = base_url.rstrip("/"), clock, timeout_s
        self._key = {_KEY: api_key} if api_key else {}
        self._weights, self._lock = Weights(share), threading.Lock()
        self._paused_until_s, self._cause = float("-inf"), ""
        self._local = threading.local()
        self._sessions: list[requests.Session] = []

    def contracts(self) -> tuple[Contract, ...]:
        """Return what `exchangeInfo` lists."""
        answer = self._ask(EXCHANGE_INFO)
        return self._reading(answer, lambda: read_exchange_info(answer.data))

    def clock_offset_ms(self) -> int:
        """Ask for the exchange's time; return how far our clock is ahead of it."""
        answer = self._ask(TIME)
        server_ms = self._reading(answer, lambda: read_time_ms(answer.data))
        self.exchange_clock.note(server_ms, answer.received_s)
        return (answer.asked_ns + answer.received_ns) // 2_000_000 - server_ms

    def trades(self, symbol: str) -> TradeList:
        """Return the last 1,000 trades."""
        return self._list(symbol, last_trades(symbol))

    def historical_trades(self, symbol: str, from_id: int) -> TradeList:
        """Return up to 500 trades from this id on; raise `KeyRefused` without an API key."""
        if not self._key:
            raise KeyRefused("cannot ask for historical trades: no API key is set")
        return self._list(symbol, trades_from(symbol, from_id))

    def _list(self, symbol: str, question: Question) -> TradeList:
        answer = self._ask(question)
        trades = self._reading(answer, lambda: read_trades(symbol, answer.data))
        asked_ms = self.exchange_clock.at_least_ms(answer.asked_s)
        return TradeList(
            symbol, trades, answer.asked_ns, answer.received_ns, answer.asked_s, asked_ms
        )

    def _reading(self, answer: _Answer, read: Callable[[], _T]) -> _T:
        try:
            return read()
        except ValueError as error:
            why = f"the answer ({len(answer.data)} bytes) cannot be read: {error}"
            raise RestError(self._failure(answer.question, why)) from error

    @property
    def most_weight(self) -> int:
        """Return the weight that is ours in a minute."""
        return self._weights.most

    def wait_s(self, weight: int) -> float:
        """Return how long to wait before a request of this weight: 0 if it may be made now."""
        with self._lock:
            now_s = self._clock.monotonic()
            paused_s = self._paused_until_s - now_s
            return max(0.0, paused_s, self._weights.wait_s(weight, now_s))

    def standing(self) -> Standing:
        """Tell how we stand with the exchange."""
        with self._lock:
            now_s = self._clock.monotonic()
            paused_s = max(0.0, self._paused_until_s - now_s)
            ours, everyone = self._weights.ours(now_s), self._weights.all(now_s)
            return Standing(ours, everyone, paused_s, self._cause if paused_s else "")

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            for session in self._sessions:
                session.close()

    # One request

    def _ask(self, question: Question) -> _Answer:
        self._reserve(question)
        asked_s, asked_ns = self._clock.monotonic(), self._clock.wall_ns()
        try:
            with self._session().get(
                self._url + question.path, params=question.params, stream=True,
                headers=self._key if question.needs_key else None, timeout=self._timeout_s,
                allow_redirects=False,  # a key must not travel to another address
            ) as response:  # fmt: skip
                self._note_weight(response)
                data = self._read(question, response, asked_s)
        except _BROKEN as error:
            raise RestError(self._failure(question, _said(error))) from error
        if response.status_code != requests.codes.ok:
            raise self._refused(question, response, data)
        received_s, received_ns = self._clock.monotonic(), self._clock.wall_ns()
        return _Answer(question, data, asked_s, asked_ns, received_s, received_ns)

    def _reserve(self, question: Question) -> None:
        """Spend the weight of a request; raise `Paused` if it may not be made now."""
        with self._lock:
            now_s = self._clock.monotonic()
            paused_s = self._paused_until_s - now_s
            if paused_s > 0:
                raise Paused(self._failure(question, self._cause), paused_s)
            wait_s = self._weights.wait_s(question.weight, now_s)
            if wait_s > 0:
                why = "our share of the exchange's request weight is used up"
                raise Paused(self._failure(question, why), wait_s)
            self._weights.spend(question.weight, now_s)

    def _session(self) -> requests.Session:
        """Return the session of this thread."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.headers["Accept-Encoding"] = "gzip"
            with self._lock:
                self._sessions.append(session)
        return session

    def _note_weight(self, response: requests.Response) -> None:
        used = response.headers.get(_USED_WEIGHT, "")
        if used.isdecimal():
            now_s = self._clock.monotonic()
            with self._lock:
                self._weights.note(int(used), now_s, self.exchange_clock.minute_left_s(now_s))

    def _read(self, question: Question, response: requests.Response, asked_s: float) -> bytes:
        """Read the answer, which may be slow, but neither for ever nor without end."""
        data = bytearray()
        for piece in response.iter_content(_PIECE):
            data += piece
            if len(data) > _LONGEST_ANSWER:
                raise RestError(self._failure(question, "the answer has no end"))
            if (self._clock.monotonic() - asked_s) / self._clock.speed > self._timeout_s:
                raise RestError(self._failure(question, "the answer comes too slowly"))
        return bytes(data)

    def _refused(self, question: Question, response: requests.Response, data: bytes) -> RestError:
        """Return the error of a refusal; one that holds for all requests stops them all."""
        told = refusal(response.status_code, response.headers, self._clock.wall_ns() / 1e9)
        problem = read_problem(data)
        message = self._failure(question, f"{told.message}{problem}")
        wait_s = told.wait_s or 0.0
        if told.kind in _PAUSING:
            self._pause(wait_s or _PAUSE_S, told.message)
            return RestError(message, wait_s or _PAUSE_S)
        is_unauthorized = response.status_code == requests.codes.unauthorized
        if question.needs_key and (problem.is_the_key or is_unauthorized):
            return KeyRefused(message)
        if response.status_code == requests.codes.bad_request and problem.is_the_question:
            return Rejected(message)
        return RestError(message, wait_s)

    def _pause(self, wait_s: float, cause: str) -> None:
        with self._lock:
            until_s = self._clock.monotonic() + wait_s
            if until_s > self._paused_until_s:
                self._paused_until_s, self._cause = until_s, cause

    def _failure(self, question: Question, why: str) -> str:
        return f"{question} at {self._url} failed: {why}"


def _said(error: BaseException) -> str:
    """Return in one line what went wrong at the bottom of it."""
    inner = getattr(error, "reason", None) or next(iter(error.args), None)
    if isinstance(inner, Exception):
        return _said(inner)
    words = " ".join(str(error).split())[:_MOST_WORDS]
    return words or type(error).__name__

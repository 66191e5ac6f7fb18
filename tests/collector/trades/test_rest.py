import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from collector.clock import Clock
from collector.feed.frames import Trade
from collector.record.market import Contract
from collector.trades.rest import Rest
from collector.trades.rest_errors import KeyRefused, Paused, Rejected, RestError
from tests.collector.rest_server import Body, Cut, Fault, Reset, RestServer, Slow, Status

CHINESE = "币安人生USDT"
BAD_SYMBOL = b'{"code":-1121,"msg":"Invalid symbol."}'


@pytest.fixture
def server() -> Iterator[RestServer]:
    with RestServer() as server:
        yield server


@pytest.fixture
def rest(server: RestServer) -> Iterator[Rest]:
    rest = Rest(server.url, Clock(), timeout_s=0.5)
    yield rest
    rest.close()


def test_the_last_trades_come_as_they_were_sent(server: RestServer, rest: Rest) -> None:
    server.publish("BTCUSDT", {7: 1_000, 8: 1_010})

    found = rest.trades("BTCUSDT")

    assert (
        Trade("BTCUSDT", 7, 1_000, None, "63113.20", "0.010", False, "RPI"),
        Trade("BTCUSDT", 8, 1_010, None, "63113.20", "0.010", True, "MARKET"),
    ) == found.trades
    assert found.asked_ns <= found.received_ns
    assert {"symbol": "BTCUSDT", "limit": "1000"} == server.asked[0].params
    assert "gzip" == server.asked[0].headers["Accept-Encoding"]


def test_a_symbol_of_other_letters_is_asked_for_by_its_name(server: RestServer, rest: Rest) -> None:
    server.publish(CHINESE, {7: 1_000})

    assert [7] == [each.trade_id for each in rest.trades(CHINESE).trades]


def test_the_contracts_are_listed(server: RestServer, rest: Rest) -> None:
    server.contracts = [{"symbol": "A", "status": "TRADING", "contractType": "PERPETUAL"}]

    assert (Contract("A", "TRADING", "PERPETUAL"),) == rest.contracts()


def test_the_offset_is_how_far_our_clock_is_ahead(server: RestServer, rest: Rest) -> None:
    server.ahead_ms = -1_270

    assert 1_270 == pytest.approx(rest.clock_offset_ms(), abs=200)


def test_a_list_is_dated_in_the_exchanges_time_once_it_is_known(
    server: RestServer, rest: Rest
) -> None:
    server.ahead_ms = 50_000
    assert rest.trades("A").asked_ms is None

    rest.clock_offset_ms()
    asked_ms = rest.trades("A").asked_ms

    assert asked_ms
    assert server.now_ms() - 500 < asked_ms <= server.now_ms()


def test_older_trades_need_a_key_which_travels_with_no_other_question(server: RestServer) -> None:
    server.publish("A", {id_: id_ * 10 for id_ in range(1, 2_000)})
    rest = Rest(server.url, Clock(), api_key="secret")

    found = rest.historical_trades("A", 100)
    rest.trades("A")

    assert [*range(100, 600)] == [each.trade_id for each in found.trades]
    assert ["secret", None] == [each.headers.get("X-MBX-APIKEY") for each in server.asked]


def test_without_a_key_the_exchange_is_not_even_asked(server: RestServer, rest: Rest) -> None:
    with pytest.raises(KeyRefused, match="no API key is set"):
        rest.historical_trades("A", 100)

    assert [] == server.asked


def test_a_key_does_not_follow_a_redirection(server: RestServer) -> None:
    rest = Rest(server.url, Clock(), api_key="secret")
    server.faults.append(Status(302, {"Location": f"{server.url}/elsewhere"}))

    with pytest.raises(RestError, match="302"):
        rest.historical_trades("A", 100)

    assert ["/fapi/v1/historicalTrades"] == server.paths()


@pytest.mark.parametrize(
    ("status", "header", "wait_s"),
    [(429, "7", 7), (418, "300", 300), (429, None, 60), (418, None, 120), (403, "9", 9)],
)
def test_a_refusal_stops_all_questions_for_as_long_as_it_says(
    server: RestServer, rest: Rest, status: int, header: str | None, wait_s: float
) -> None:
    server.faults.append(Status(status, {"Retry-After": header} if header else {}))

    with pytest.raises(RestError, match=f"GET /fapi/v1/trades A 1000 .*{status}") as refused:
        rest.trades("A")
    with pytest.raises(Paused, match=str(status)) as paused:
        rest.contracts()

    assert wait_s == refused.value.wait_s
    assert wait_s == pytest.approx(paused.value.wait_s, abs=1)
    assert wait_s == pytest.approx(rest.wait_s(1), abs=1)
    assert wait_s == pytest.approx(rest.standing().paused_s, abs=1)
    assert str(status) in rest.standing().cause
    assert 1 == len(server.asked)


def test_when_the_pause_is_over_it_is_asked_again(server: RestServer) -> None:
    rest = Rest(server.url, Clock(speed=100))
    server.faults.append(Status(429, {"Retry-After": "5"}))

    with pytest.raises(RestError):
        rest.trades("A")
    time.sleep(0.06)

    assert () == rest.trades("A").trades
    assert (0.0, "") == (rest.standing().paused_s, rest.standing().cause)


def test_a_refused_location_is_told_where_to_go(server: RestServer, rest: Rest) -> None:
    server.faults.append(Status(451))

    with pytest.raises(RestError, match="asia-northeast1"):
        rest.contracts()


def test_a_question_that_will_always_fail_is_rejected(server: RestServer, rest: Rest) -> None:
    server.faults.append(Status(400, body=BAD_SYMBOL))

    with pytest.raises(Rejected, match=r"GET /fapi/v1/trades A 1000 .*code -1121: Invalid symbol"):
        rest.trades("A")

    assert () == rest.trades("A").trades


def test_a_key_that_the_exchange_does_not_like_is_named(server: RestServer) -> None:
    rest = Rest(server.url, Clock(), api_key="secret")
    server.faults.append(Status(401, body=b'{"code":-2015,"msg":"Invalid API-key."}'))

    with pytest.raises(KeyRefused, match="Invalid API-key") as refused:
        rest.historical_trades("A", 1)

    assert "secret" not in str(refused.value)


_PASSING: dict[str, tuple[Fault, str]] = {
    "unavailable": (Status(503), "503"),
    "unavailable for a while": (Status(503, {"Retry-After": "4"}), "503"),
    "internal": (Status(500, body=b'{"code":-1001,"msg":"Internal error"}'), "-1001"),
    "bad request of unknown cause": (Status(400), "400"),
    "not found": (Status(404), "404"),
    "cut": (Cut(), "IncompleteRead|broken"),
    "reset": (Reset(), "reset|aborted"),
    "no list": (Body(b"[{]"), "cannot be read"),
    "another list": (Body(b'[{"id": "x"}]'), "cannot be read"),
    "silent": (Slow(1.0), "timed out|too slowly"),
    "dripping": (Slow(0.2), "too slowly"),
}


@pytest.mark.parametrize(("fault", "words"), _PASSING.values(), ids=_PASSING.keys())
def test_what_may_pass_is_named_and_can_be_asked_again(
    server: RestServer, rest: Rest, fault: Fault, words: str
) -> None:
    server.publish("A", {id_: id_ * 10 for id_ in range(1, 300)})
    server.faults.append(fault)

    with pytest.raises(RestError, match=words) as failed:
        rest.trades("A")

    assert type(failed.value) is RestError
    assert f"GET /fapi/v1/trades A 1000 at {server.url} failed: " in str(failed.value)
    assert "\n" not in str(failed.value)
    assert 299 == len(rest.trades("A").trades)


def test_an_answer_without_end_is_not_read_to_its_end(
    server: RestServer, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.trades.rest._LONGEST_ANSWER", 10_000)
    server.faults.append(Body(b" " * 1_000_000))

    with pytest.raises(RestError, match="no end"):
        rest.trades("A")


def test_nobody_there_is_said_in_a_few_words() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    rest = Rest(f"http://127.0.0.1:{port}", Clock(), timeout_s=0.5)

    with pytest.raises(RestError, match="Connection refused") as failed:
        rest.contracts()

    assert len(str(failed.value)) < 250


def test_our_share_of_the_weight_is_not_exceeded(server: RestServer) -> None:
    rest = Rest(server.url, Clock(), share=0.01)

    for _ in range(4):
        rest.trades("A")
    with pytest.raises(Paused, match="share of the exchange's request weight") as paused:
        rest.trades("A")

    assert 55 < paused.value.wait_s <= 60
    assert 20 == rest.standing().our_weight
    assert 4 == len(server.asked)


def test_what_others_use_of_the_address_is_known_from_any_answer(
    server: RestServer, rest: Rest
) -> None:
    server.used_weight = 2_278

    rest.clock_offset_ms()

    assert 2_279 == rest.standing().all_weight
    assert 0 == rest.wait_s(1)
    assert 0 < rest.wait_s(5)


def test_threads_share_the_budget_and_each_has_its_connection(server: RestServer) -> None:
    rest = Rest(server.url, Clock(), share=0.05)

    def ask(_: int) -> bool:
        try:
            rest.trades("A")
        except Paused:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert 24 == sum(threads.map(ask, range(40)))
    rest.close()

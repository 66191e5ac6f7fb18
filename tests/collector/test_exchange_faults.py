"""The local exchange: it misbehaves as told, and its ledger says what became of each frame."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import websocket

from tests.exchange import Exchange, Pace, Settings
from tests.exchange.commands import KINDS, BadFault, parse_fault, write_fault
from tests.exchange.listener import Listener

TRADES, BOOKS = "btcusdt@trade", "btcusdt@depth20@100ms"
SETTINGS = Settings(symbols=("BTCUSDT",), pace=Pace(100, 50), speed=5)


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with Exchange(SETTINGS) as opened:
        yield opened


@pytest.fixture
def listener(exchange: Exchange) -> Iterator[Listener]:
    """Listen to both streams; both have spoken."""
    with Listener(exchange.ws_url, TRADES, BOOKS) as connected:
        connected.data(TRADES)
        connected.data(BOOKS)
        yield connected


def trades(heard: list[bytes]) -> list[dict[str, Any]]:
    """Return the payloads of the trades among frames that are all JSON."""
    said = [json.loads(text) for text in heard]
    return [one["data"] for one in said if one.get("stream") == TRADES]


def get(exchange: Exchange, path: str = "time", **query: Any) -> requests.Response:
    return requests.get(f"{exchange.rest_url}/fapi/v1/{path}", params=query, timeout=2)


@pytest.mark.parametrize(
    ("how", "code"),
    [("reset", 1006), ("cut", 1006), ("1001", 1001), ("1008", 1008), ("1011", 1011)],
)
def test_a_connection_is_dropped(
    exchange: Exchange, listener: Listener, how: str, code: int
) -> None:
    exchange.do(f"drop how={how}")

    assert code == listener.end().code


@pytest.mark.parametrize("how", ["reset", "cut", "1008"])
def test_what_the_ledger_calls_sent_could_all_be_read_before_a_drop(
    exchange: Exchange, listener: Listener, how: str
) -> None:
    time.sleep(0.1)  # So that much lies unread.
    exchange.do(f"drop how={how}")
    heard = [trade["t"] for trade in trades(listener.end().heard)]
    ledger = exchange.ledger.trades["BTCUSDT"]
    sent = [ledger.first_id + row for row, numbers in enumerate(ledger.sent) if numbers]
    maybe = [ledger.first_id + row for row in ledger.maybe]

    assert len(heard) > 20
    assert {one for one in sent if one >= heard[0]} <= set(heard) <= {*sent, *maybe}


def test_a_half_open_connection_says_and_hears_nothing(
    exchange: Exchange, listener: Listener
) -> None:
    exchange.do("half-open")
    listener.hear(0.05)
    listener.socket.ping("are you there?")

    assert [] == listener.hear(0.1)
    assert "half-open" == exchange.ledger.visits[1].end
    with Listener(exchange.ws_url, TRADES) as other:
        assert other.data(TRADES)


def test_one_stream_falls_silent_and_the_other_talks(
    exchange: Exchange, listener: Listener
) -> None:
    exchange.do(f"silence streams={TRADES}")
    listener.hear(0.05)
    heard = listener.hear(0.1)

    assert heard
    assert not trades(heard)
    with Listener(exchange.ws_url, TRADES) as other:
        assert other.data(TRADES)


def test_a_stream_can_be_silent_on_every_connection_for_a_while(
    exchange: Exchange, listener: Listener
) -> None:
    exchange.do(f"silence streams={TRADES} everywhere=true for_s=1")
    with Listener(exchange.ws_url, TRADES) as other:
        other.answer()
        assert [] == other.hear(0.1)
        assert other.data(TRADES)
    assert listener.data(BOOKS)


def test_subscriptions_are_acknowledged_and_never_delivered(exchange: Exchange) -> None:
    exchange.do("mute times=1")
    with Listener(exchange.ws_url, TRADES) as mute, Listener(exchange.ws_url, TRADES) as other:
        assert {"result": None, "id": 1} == mute.answer()
        assert other.data(TRADES)
        assert [] == mute.hear(0.1)


def test_frames_are_lost_that_rest_still_has(exchange: Exchange, listener: Listener) -> None:
    earlier = listener.hear(0.05)
    exchange.do(f"lose streams={TRADES} frames=5")
    before, after = hole_in(trades(earlier + listener.hear(0.2)))
    time.sleep(0.45)
    listed = [row["id"] for row in get(exchange, "trades", symbol="BTCUSDT", limit=1000).json()]

    assert 5 <= after - before - 1 < 10
    assert {before + 1, after - 1} & set(listed)


def test_frames_are_lost_for_ever(exchange: Exchange, listener: Listener) -> None:
    earlier = listener.hear(0.05)
    exchange.do(f"lose streams={TRADES} frames=5 forever=true")
    before, after = hole_in(trades(earlier + listener.hear(0.2)))
    time.sleep(0.1)
    listed = [row["id"] for row in get(exchange, "trades", symbol="BTCUSDT", limit=1000).json()]

    assert set() == set(range(before + 1, after)) & set(listed)
    assert listed
    assert after - 1 == exchange.ledger.forgotten[0].last_id


def hole_in(heard: list[dict[str, Any]]) -> tuple[int, int]:
    """Return the ids around the largest hole."""
    ids = [trade["t"] for trade in heard]
    return max(zip(ids, ids[1:], strict=False), key=lambda pair: pair[1] - pair[0])


def test_frames_come_more_than_once(exchange: Exchange, listener: Listener) -> None:
    exchange.do("repeat share=1 times=3")
    listener.hear(0.05)
    ids = [trade["t"] for trade in trades(listener.hear(0.1))]

    assert 2 < len(ids) / len(set(ids)) <= 3


def test_frames_overtake_each_other(exchange: Exchange, listener: Listener) -> None:
    exchange.do("reorder within=10 for_s=1")
    ids = [trade["t"] for trade in trades(listener.hear(0.25))]
    never = exchange.ledger.trades["BTCUSDT"].types.count("")

    assert ids != sorted(ids)
    assert max(ids) - min(ids) + 1 - len(set(ids)) <= never


def test_frames_come_late(exchange: Exchange, listener: Listener) -> None:
    exchange.do("delay by_s=0.5")
    listener.hear(0.15)
    lags = [exchange.clock.now_ms() - listener.data(TRADES)["E"] for _ in range(5)]

    assert min(lags) > 480


def test_frames_come_in_bursts(exchange: Exchange, listener: Listener) -> None:
    exchange.do("delay by_s=0.5 bursts=true")
    listener.hear(0.05)
    arrivals = [len(listener.hear(0.01)) for _ in range(30)]

    assert arrivals.count(0) > 15
    assert max(arrivals) > 20
    assert sum(arrivals) > 60


def test_rubbish_comes_between_the_frames(exchange: Exchange, listener: Listener) -> None:
    exchange.do("garbage kind=json frames=4")
    heard = listener.hear(0.2)

    assert 4 == sum(not is_json(text) for text in heard)
    assert [] == unsent(exchange, before=trades([t for t in heard if is_json(t)])[-1]["t"])


def test_rubbish_comes_in_the_place_of_frames(exchange: Exchange, listener: Listener) -> None:
    exchange.do(f"garbage kind=json frames=4 in_place=true streams={TRADES}")
    heard = listener.hear(0.2)

    assert 4 == sum(not is_json(text) for text in heard)
    assert 4 == len(unsent(exchange, before=trades([t for t in heard if is_json(t)])[-1]["t"]))


def is_json(text: bytes) -> bool:
    try:
        return bool(json.loads(text))
    except ValueError:
        return False


def unsent(exchange: Exchange, before: int) -> list[int]:
    """Return the ids with frames that were not sent although earlier and later ones were."""
    ledger = exchange.ledger.trades["BTCUSDT"]
    first = next(row for row, numbers in enumerate(ledger.sent) if numbers)
    rows = range(first, before - ledger.first_id)
    return [row for row in rows if ledger.types[row] and not ledger.sent[row]]


def test_proper_frames_are_written_in_unusual_ways(exchange: Exchange, listener: Listener) -> None:
    exchange.do("strange")
    listener.hear(0.05)
    said = listener.data(TRADES)
    keys = [tuple(json.loads(text)["data"]) for text in listener.hear(0.1)]

    assert {"zz", "i", "t", "p", "q", "X", "m"} < said.keys()
    assert len(set(keys)) > 5


def test_trades_get_other_types(exchange: Exchange, listener: Listener) -> None:
    exchange.do("trade-types type=LIQUIDATION trades=3")
    exchange.do("trade-types type=NA trades=2")
    types = [(trade["X"], trade["p"]) for trade in trades(listener.hear(0.15))]

    assert 3 == [kind for kind, _ in types].count("LIQUIDATION")
    assert types.count(("NA", "0")) >= 2


@pytest.mark.parametrize("status", [429, 418, 451, 403, 503])
def test_handshakes_are_refused(exchange: Exchange, status: int) -> None:
    exchange.do(f"refuse how={status} retry_after=17 times=1")
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        Listener(exchange.ws_url)

    assert status == refused.value.status_code
    assert "17" == (refused.value.resp_headers or {})["retry-after"]
    with Listener(exchange.ws_url, TRADES) as let_in:
        assert let_in.data(TRADES)
    assert [status, 101] == [one.status for one in exchange.ledger.handshakes]


def test_handshakes_are_reset_or_never_answered(exchange: Exchange) -> None:
    exchange.do("refuse how=reset times=1")
    with pytest.raises(ConnectionResetError):
        Listener(exchange.ws_url)
    exchange.do("refuse how=hang times=1")
    with pytest.raises(websocket.WebSocketTimeoutException):
        websocket.create_connection(exchange.ws_url + "/public/stream", timeout=0.1)


def test_subscriptions_are_refused_or_their_answer_is_lost(exchange: Exchange) -> None:
    with Listener(exchange.ws_url) as listener:
        exchange.do("mishear how=error")
        listener.ask("SUBSCRIBE", [TRADES], 1)
        assert {"code": 2, "msg": "Invalid request"} == listener.answer(1)["error"]
        exchange.do("mishear how=bare")
        listener.ask("SUBSCRIBE", [TRADES], 2)
        assert {"code": 2, "msg": "Invalid request"} == json.loads(listener.hear(0.1)[0])
        exchange.do("mishear how=never")
        listener.ask("SUBSCRIBE", [TRADES], 3)
        assert "stream" in json.loads(listener.hear(0.1)[0])


def test_connections_are_pinged_on_command(exchange: Exchange, listener: Listener) -> None:
    exchange.do("ping")
    listener.hear(0.1)

    assert {} == exchange.call(lambda: exchange.world.hub.connections[1].unanswered)


def test_connections_live_as_long_as_they_are_told(exchange: Exchange, listener: Listener) -> None:
    exchange.do("lifetime seconds=0.1")

    assert 1001 == listener.end().code


def test_a_shutdown_is_announced(exchange: Exchange, listener: Listener) -> None:
    exchange.do("shut-down after_s=0.4")

    assert listener.wait(lambda said: said.get("e") == "serverShutdown")
    assert 1012 == listener.end().code


@pytest.mark.parametrize("status", [429, 418, 451, 403, 500, 503])
def test_rest_refuses(exchange: Exchange, status: int) -> None:
    exchange.do(f"rest how={status} retry_after=9 times=1")
    answer = get(exchange)

    assert (status, "9") == (answer.status_code, answer.headers["Retry-After"])
    assert 200 == get(exchange).status_code
    assert [(status, False), (200, True)] == [
        (one.status, one.whole) for one in exchange.ledger.answers
    ]


@pytest.mark.parametrize("how", ["reset", "cut", "hang"])
def test_rest_breaks_off(exchange: Exchange, how: str) -> None:
    exchange.do(f"rest how={how} times=1 paths=exchangeInfo")
    url = f"{exchange.rest_url}/fapi/v1/exchangeInfo"
    with pytest.raises(requests.RequestException):
        requests.get(url, timeout=0.2)

    assert [False] == [one.whole for one in exchange.ledger.answers]


def test_rest_says_nonsense_or_nothing(exchange: Exchange) -> None:
    exchange.do("rest how=nonsense times=1")
    with pytest.raises(requests.JSONDecodeError):
        get(exchange).json()
    exchange.do("rest how=empty times=1")

    assert "" == get(exchange).text


def test_rest_is_slow(exchange: Exchange) -> None:
    exchange.do("rest how=slow slow_s=0.8 times=1")
    started = time.monotonic()

    assert 200 == get(exchange).status_code
    assert time.monotonic() - started > 0.15


def test_an_address_is_banned_for_a_while(exchange: Exchange) -> None:
    exchange.do("ban for_s=100")

    assert (418, "100") == ((answer := get(exchange)).status_code, answer.headers["Retry-After"])


def test_trades_are_listed_later(exchange: Exchange, listener: Listener) -> None:
    exchange.do("slow-lists by_s=1000")
    heard = trades(listener.hear(0.1))
    listed = {row["id"] for row in get(exchange, "trades", symbol="BTCUSDT").json()}

    assert heard
    assert not listed & {trade["t"] for trade in heard}


def test_a_market_can_burst_and_rest(exchange: Exchange, listener: Listener) -> None:
    exchange.do("burst trades_per_s=5000 for_s=2")
    busy = len(trades(listener.hear(0.15)))
    exchange.do("burst trades_per_s=0")
    listener.hear(0.05)

    assert busy > 1000
    assert 0 == len(trades(listener.hear(0.1)))


def test_faults_can_be_planned(exchange: Exchange, listener: Listener) -> None:
    exchange.plan(0.3, "drop how=1008")
    before = exchange.clock.now_ms()

    assert 1008 == listener.end().code
    assert exchange.ledger.mishaps[0].at_ms - before > 290
    assert "drop how=1008" == exchange.ledger.mishaps[0].what


def test_a_client_that_leaves_may_have_missed_the_last_frames(exchange: Exchange) -> None:
    with Listener(exchange.ws_url, TRADES) as listener:
        listener.hear(0.2)
    time.sleep(0.05)
    ledger = exchange.ledger.trades["BTCUSDT"]

    assert "client closed" == exchange.ledger.visits[1].end
    assert len(ledger.maybe) > 10


@pytest.mark.parametrize("name", KINDS)
def test_a_fault_is_read_as_it_is_written(name: str) -> None:
    fault = parse_fault(name)

    assert fault == parse_fault(write_fault(fault))
    assert KINDS[name]() == fault


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("explode", "there is no fault"),
        ("drop hwo=1008", "drop has no hwo"),
        ("delay by_s=soon", "by_s=soon is not a float"),
        ("delay bursts=maybe", "is not a bool"),
        ("drop 1008", "is not of the form"),
    ],
)
def test_a_fault_that_cannot_be_read_says_why(text: str, why: str) -> None:
    with pytest.raises(BadFault, match=why):
        parse_fault(text)


def test_faults_are_commanded_over_http(exchange: Exchange, listener: Listener) -> None:
    url = f"{exchange.rest_url}/control"
    usage = requests.get(url, timeout=2).text
    state = requests.get(f"{url}/state", timeout=2).json()
    wrong = requests.post(f"{url}/drop?what=this", timeout=2)
    done = requests.post(f"{url}/drop?how=1008&streams={BOOKS}", timeout=2)

    assert all(name in usage for name in KINDS)
    assert 2 == state["connections"][0]["streams"]
    assert (400, True) == (wrong.status_code, "drop has no what" in wrong.json()["error"])
    assert {"done": f"drop how=1008 streams={BOOKS}"} == done.json()
    assert 1008 == listener.end().code
    assert 405 == requests.get(f"{url}/drop", timeout=2).status_code

"""The local exchange: it speaks as the real one does."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import websocket

from tests.exchange import Clock, Exchange, Listing, Mix, Pace, Settings
from tests.exchange.listener import Ended, Listener

TRADES, BOOKS = "btcusdt@trade", "btcusdt@depth20@100ms"
BUSY = Settings(
    symbols=("BTCUSDT", "ETHUSDT", "币安人生USDT"),
    pace=Pace(trades_per_s=200),
    others=(
        Listing("OLDUSDT", "SETTLING"),
        Listing("BTCUSDT_261225", "TRADING", "CURRENT_QUARTER"),
    ),
    api_key="a key",
)


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    """Serve a busy market in which all is well."""
    with Exchange(BUSY) as opened:
        yield opened


def get(exchange: Exchange, path: str, **query: Any) -> requests.Response:
    headers = {"X-MBX-APIKEY": query.pop("key")} if "key" in query else {}
    url = f"{exchange.rest_url}/fapi/v1/{path}"
    return requests.get(url, params=query, headers=headers, timeout=10)


def test_trades_and_books_have_the_keys_of_the_real_exchange(exchange: Exchange) -> None:
    with Listener(exchange.ws_url, TRADES, BOOKS) as listener:
        trade, book = listener.data(TRADES), listener.data(BOOKS)

    assert ["e", "E", "T", "s", "t", "p", "q", "X", "m", "st"] == list(trade)
    assert ["e", "E", "T", "s", "ps", "U", "u", "pu", "b", "a", "st"] == list(book)
    assert (20, 20) == (len(book["b"]), len(book["a"]))
    assert float(book["b"][0][0]) < float(book["a"][0][0])


def test_trade_ids_rise_by_one_but_for_those_never_used(exchange: Exchange) -> None:
    with Listener(exchange.ws_url, TRADES) as listener:
        ids = [json.loads(text)["data"]["t"] for text in listener.hear(0.2)[1:]]
    never = exchange.ledger.trades["BTCUSDT"].types.count("")

    assert sorted(ids) == ids
    assert ids[-1] - ids[0] + 1 - len(ids) <= never


def test_a_plain_connection_carries_bare_payloads(exchange: Exchange) -> None:
    with Listener(exchange.ws_url, path=f"/public/ws/{TRADES}") as listener:
        said = listener.wait(lambda said: "e" in said)

    assert "BTCUSDT" == said["s"]


def test_streams_may_be_named_in_the_address(exchange: Exchange) -> None:
    with Listener(exchange.ws_url, path=f"/public/stream?streams={TRADES}/{BOOKS}") as listener:
        assert "BTCUSDT" == listener.data(TRADES)["s"]
        assert "BTCUSDT" == listener.data(BOOKS)["s"]


def test_symbols_need_not_be_ascii(exchange: Exchange) -> None:
    with Listener(exchange.ws_url, "币安人生usdt@trade") as listener:
        assert "币安人生USDT" == listener.data("币安人生usdt@trade")["s"]


def test_requests_are_answered_as_by_the_real_exchange(exchange: Exchange) -> None:
    with Listener(exchange.ws_url) as listener:
        for number, (method, params) in enumerate(
            [
                ("SUBSCRIBE", [TRADES, "nosuch@trade"]),
                ("UNSUBSCRIBE", [TRADES]),
                ("LIST_SUBSCRIPTIONS", None),
                ("SET_PROPERTY", ["combined", False]),
                ("GET_PROPERTY", ["combined"]),
                ("DANCE", None),
            ]
        ):
            listener.ask(method, params, number)
        answers = [listener.answer(number) for number in range(6)]

    assert {"result": None, "id": 0} == answers[0]
    assert {"result": ["nosuch@trade"], "id": 2} == answers[2]
    assert {"result": False, "id": 4} == answers[4]
    assert 2 == answers[5]["error"]["code"]


@pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("/public/stream", "BTCUSDT@trade"),
        ("/public/stream", "nosuchusdt@trade"),
        ("/public/stream", "btcusdt@depth20@250ms"),
        ("/market/stream", TRADES),
        ("/private/stream", TRADES),
    ],
)
def test_what_does_not_exist_is_acknowledged_and_silent(
    exchange: Exchange, path: str, stream: str
) -> None:
    with Listener(exchange.ws_url, stream, path=path) as listener:
        assert {"result": None, "id": 1} == listener.answer()
        assert [] == listener.hear(0.15)


def test_a_path_without_a_route_is_public(exchange: Exchange) -> None:
    with Listener(exchange.ws_url, TRADES, path="/stream") as listener:
        assert "BTCUSDT" == listener.data(TRADES)["s"]


def test_nothing_else_is_served(exchange: Exchange) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        Listener(exchange.ws_url, path="/nowhere")

    assert 404 == refused.value.status_code


def test_a_connection_carries_1024_streams_and_dies_of_one_more(exchange: Exchange) -> None:
    names = [f"x{number}usdt@trade" for number in range(1024)]
    with Listener(exchange.ws_url, *names) as listener:
        assert {"result": None, "id": 1} == listener.answer()

        listener.ask("SUBSCRIBE", [TRADES], 2)

        assert 4 == listener.wait(lambda said: "error" in said)["error"]["code"]
        assert (1008, "Invalid request") == ((ended := listener.end()).code, ended.reason)


def test_of_forty_requests_at_once_fifteen_are_answered(exchange: Exchange) -> None:
    answers = 0
    with Listener(exchange.ws_url) as listener:
        for number in range(40):
            listener.ask("LIST_SUBSCRIPTIONS", number=number)
        with pytest.raises(Ended, match="1008 Too many requests"):
            for number in range(40):
                listener.answer(number)
                answers += 1

    assert answers in (15, 16)  # One more is allowed every tenth of a second.


def test_pings_count_as_requests(exchange: Exchange) -> None:
    with Listener(exchange.ws_url) as listener:
        for _ in range(20):
            listener.socket.ping("x")

        assert 1008 == listener.end().code


def test_pings_are_answered_with_their_payload(exchange: Exchange) -> None:
    with Listener(exchange.ws_url) as listener:
        listener.socket.ping("liveness")
        opcode, data = listener.socket.recv_data(control_frame=True)

    assert (websocket.ABNF.OPCODE_PONG, b"liveness") == (opcode, data)


def test_the_exchange_pings_every_three_minutes_and_wants_an_answer() -> None:
    with (
        Exchange(Settings(speed=600, pace=Pace(0, 1e9))) as fast,
        Listener(fast.ws_url) as polite,
        Listener(fast.ws_url),
    ):
        polite.hear(1.5)
    visits = fast.ledger.visits

    assert ["client closed", "reset"] == [visits[number].end for number in (1, 2)]
    assert (visits[2].closed_ms or 0) - visits[2].opened_ms > 750_000


def test_exchange_info_lists_what_trades_and_what_does_not(exchange: Exchange) -> None:
    symbols = {one["symbol"]: one for one in get(exchange, "exchangeInfo").json()["symbols"]}

    assert {"BTCUSDT", "ETHUSDT", "币安人生USDT", "OLDUSDT", "BTCUSDT_261225"} == symbols.keys()
    assert ("TRADING", "PERPETUAL") == (
        symbols["BTCUSDT"]["status"],
        symbols["BTCUSDT"]["contractType"],
    )
    assert "SETTLING" == symbols["OLDUSDT"]["status"]
    assert "CURRENT_QUARTER" == symbols["BTCUSDT_261225"]["contractType"]


def test_the_time_is_that_of_the_exchange(exchange: Exchange) -> None:
    assert abs(get(exchange, "time").json()["serverTime"] - exchange.clock.now_ms()) < 1000


def test_the_list_of_trades_has_what_streams_say_and_no_unpublished_ids() -> None:
    mix = Mix(never=0.1, na=0.1, rpi=0.2, insurance_fund=0.05, adl=0.05)
    settings = Settings(symbols=("BTCUSDT",), pace=Pace(1500), mix=mix, speed=3)
    with Exchange(settings) as mixed, Listener(mixed.ws_url, TRADES) as listener:
        listener.answer()
        heard = [json.loads(text)["data"] for text in listener.hear(0.1)]
        mixed.do("burst trades_per_s=0 for_s=0")
        time.sleep(0.8)  # The latest of trades is listed two seconds late.
        rows = get(mixed, "trades", symbol="BTCUSDT", limit=1000).json()
    listed = {row["id"]: row for row in rows}
    published = [trade for trade in heard if trade["X"] in ("MARKET", "RPI")]

    assert {"MARKET", "RPI", "NA", "INSURANCE_FUND", "ADL"} == {trade["X"] for trade in heard}
    assert {trade["t"] for trade in published} == listed.keys() & {trade["t"] for trade in heard}
    for trade in published:
        row = listed[trade["t"]]
        assert (trade["p"], trade["q"], trade["T"]) == (row["price"], row["qty"], row["time"])
        assert (trade["m"], trade["X"] == "RPI") == (row["isBuyerMaker"], row["isRPITrade"])


def test_a_list_holds_a_thousand_trades_at_most(exchange: Exchange) -> None:
    exchange.do("burst trades_per_s=20000 for_s=0.3 symbol=ETHUSDT")
    time.sleep(0.6)

    assert 1000 == len(get(exchange, "trades", symbol="ETHUSDT", limit=1000).json())
    assert 500 == len(get(exchange, "trades", symbol="ETHUSDT").json())
    assert -1130 == get(exchange, "trades", symbol="ETHUSDT", limit=1001).json()["code"]


def test_history_needs_a_key_and_is_paged_from_an_id(exchange: Exchange) -> None:
    last = get(exchange, "trades", symbol="BTCUSDT", limit=50).json()
    page = get(
        exchange, "historicalTrades", symbol="BTCUSDT", fromId=last[0]["id"], limit=10, key="a key"
    )

    assert last[:10] == page.json()
    assert 401 == get(exchange, "historicalTrades", symbol="BTCUSDT").status_code
    assert 401 == get(exchange, "historicalTrades", symbol="BTCUSDT", key="other").status_code


def test_unknown_symbols_are_refused_and_cost_weight(exchange: Exchange) -> None:
    before = int(get(exchange, "time").headers["X-MBX-USED-WEIGHT-1M"])
    answer = get(exchange, "trades", symbol="NOSUCH")

    assert (400, -1121) == (answer.status_code, answer.json()["code"])
    assert int(answer.headers["X-MBX-USED-WEIGHT-1M"]) in (before + 5, 5)  # Or a new minute.


def test_who_uses_too_much_weight_is_refused_then_banned() -> None:
    quarter_past = Clock.starting_at(1_795_276_815_000, 1)
    with Exchange(clock=quarter_past) as strict:
        strict.do("use-weight weight=2400")
        statuses = [get(strict, "time") for _ in range(8)]

    assert [429] * 5 + [418] * 3 == [answer.status_code for answer in statuses]
    assert 1 <= int(statuses[0].headers["Retry-After"]) <= 60
    assert int(statuses[-1].headers["Retry-After"]) in range(100, 121)


def test_a_symbol_is_delisted_and_listed_while_others_go_on() -> None:
    new = "newusdt@depth20@100ms"
    with Exchange() as changing, Listener(changing.ws_url, BOOKS, new) as listener:
        listener.data(BOOKS)
        changing.do("delist symbol=BTCUSDT")
        changing.do("list symbol=NEWUSDT")
        listener.data(new)
        after = b"".join(listener.hear(0.4))
        symbols = get(changing, "exchangeInfo").json()["symbols"]
    info = {one["symbol"]: one["status"] for one in symbols}

    assert {"BTCUSDT": "SETTLING", "ETHUSDT": "TRADING", "NEWUSDT": "TRADING"} == info
    assert b"newusdt" in after
    assert b"btcusdt" not in after


def test_the_same_seed_makes_the_same_market() -> None:
    def some(seed: int) -> list[tuple[str, str, str]]:
        with Exchange(Settings(symbols=("BTCUSDT",), seed=seed, pace=Pace(100), speed=20)) as made:
            time.sleep(0.1)
        trades = made.ledger.trades["BTCUSDT"]
        return [trades[row][4:6] + trades[row][7:8] for row in range(20)]

    assert some(5) == some(5)
    assert some(5) != some(6)


def test_tls_is_vouched_for_by_the_file_of_the_authority() -> None:
    with Exchange(Settings(tls=True)) as safe:
        assert safe.ca_file
        trust = str(safe.ca_file)
        with Listener(safe.ws_url, BOOKS, sslopt={"ca_certs": trust}) as listener:
            assert "BTCUSDT" == listener.data(BOOKS)["s"]
        url = f"{safe.rest_url}/fapi/v1/time"
        assert 200 == requests.get(url, verify=trust, timeout=10).status_code


def test_a_clock_can_run_fast() -> None:
    with Exchange(Settings(speed=100, pace=Pace(1, 1000))) as fast:
        time.sleep(0.5)
    books = fast.ledger.books["BTCUSDT"]

    assert len(books) > 40
    assert abs((books.times[-1] - books.times[0]) / 1000 - len(books)) < 2


def test_it_closes_without_a_complaint_while_clients_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Exchange() as closing, requests.Session() as idle:
        assert 200 == idle.get(f"{closing.rest_url}/fapi/v1/time", timeout=10).status_code
        closing.do("rest how=hang")
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{closing.rest_url}/fapi/v1/time", timeout=0.2)

    assert [] == caplog.records

from collector.clock import Clock
from collector.record.survey import Survey, Surveyed, look
from collector.trades.rest import Rest
from tests.collector.rest_server import RestServer, Status
from tests.collector.spools import wait_until

LISTED = {"symbol": "BTCUSDT", "status": "TRADING", "contractType": "PERPETUAL"}


def test_a_look_tells_symbols_and_clock() -> None:
    with RestServer() as server:
        server.contracts = [LISTED]
        server.ahead_ms = -5_000
        found = look(Rest(server.url, Clock()))

    assert found.contracts and ["BTCUSDT"] == [each.symbol for each in found.contracts]
    assert found.ahead_ms is not None and abs(found.ahead_ms - 5_000) < 1_000


def test_what_fails_is_said_and_the_rest_is_kept() -> None:
    with RestServer() as server:
        server.faults.append(Status(503))
        found = look(Rest(server.url, Clock()))

    assert found.contracts is None
    assert found.ahead_ms is not None
    assert "503" in found.trouble or "out of service" in found.trouble


def test_it_looks_every_so_often() -> None:
    found: list[Surveyed] = []
    with RestServer() as server:
        clock = Clock(100.0)
        survey = Survey(Rest(server.url, clock), clock, 3.0, found.append)
        survey.start()
        wait_until(lambda: len(found) >= 3)
        survey.stop()


def test_who_hurries_it_need_not_wait_for_the_hour() -> None:
    found: list[Surveyed] = []
    with RestServer() as server:
        clock = Clock()
        survey = Survey(Rest(server.url, clock), clock, 3600.0, found.append)
        survey.start()
        survey.hurry()
        wait_until(lambda: found)
        survey.stop()


def test_it_is_not_hurried_more_than_once_a_minute() -> None:
    found: list[Surveyed] = []
    with RestServer() as server:
        clock = Clock()
        survey = Survey(Rest(server.url, clock), clock, 3600.0, found.append)
        survey.start()
        survey.hurry()
        wait_until(lambda: found)
        for _ in range(20):
            survey.hurry()
            clock.sleep(0.005)
        survey.stop()

        assert 1 == server.paths().count("/fapi/v1/exchangeInfo")

import socket
import threading
from collections.abc import Iterator

import pytest
from websockets.sync.server import Server, ServerConnection, serve

from collector.clock import Clock
from collector.feed.connection import Pace
from collector.feed.inbox import Inbox
from collector.feed.reports import Closed, Passed
from collector.fleet.crew import Crew
from collector.fleet.orders import Close, Open, Subscribe, Unsubscribe
from tests.collector.fleets import BTC_BOOKS, BTC_TRADES
from tests.collector.spools import wait_until


class Exchange:
    """Keeps what clients ask for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.paths: list[str] = []
        self.server: Server = serve(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self.server.socket.getsockname()[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _serve(self, connection: ServerConnection) -> None:
        assert connection.request
        self.paths.append(connection.request.path)
        for message in connection:
            self.asked.append(str(message))


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    served = Exchange()
    yield served
    served.server.shutdown()


def crew_of(url: str) -> tuple[Crew, Inbox]:
    clock = Clock()
    inbox = Inbox(clock)
    return Crew(url, inbox, clock, Pace()), inbox


def drained(crew: Crew, inbox: Inbox) -> list[object]:
    reports = inbox.drain()
    for report in reports:
        if isinstance(report, Passed):
            crew.passed(report)
        elif isinstance(report, Closed):
            crew.gone(report)
    return reports


def test_orders_are_carried_out_on_the_public_path(exchange: Exchange) -> None:
    crew, _ = crew_of(exchange.url + "/")
    crew.obey(Open(1, (BTC_BOOKS,)))
    crew.obey(Subscribe(1, (BTC_TRADES,)))
    wait_until(lambda: len(" ".join(exchange.asked).split("btcusdt@")) == 3)
    crew.obey(Unsubscribe(1, (BTC_BOOKS,)))
    wait_until(lambda: "UNSUBSCRIBE" in " ".join(exchange.asked))

    assert ["/public/stream"] == exchange.paths
    crew.dismiss(5)


def test_a_closed_connection_is_gone(exchange: Exchange) -> None:
    crew, inbox = crew_of(exchange.url)
    crew.obey(Open(1, (BTC_BOOKS,)))
    crew.obey(Close(1))
    wait_until(lambda: any(isinstance(report, Closed) for report in drained(crew, inbox)))

    assert 0 == crew.size
    crew.obey(Close(1))
    crew.obey(Subscribe(1, (BTC_TRADES,)))


def test_no_minute_is_over_until_every_reader_has_passed_it(exchange: Exchange) -> None:
    crew, inbox = crew_of(exchange.url)
    crew.obey(Open(1, (BTC_BOOKS,)))
    opened_ns = crew.all_passed_ns()
    wait_until(lambda: any(isinstance(report, Passed) for report in drained(crew, inbox)))
    assert crew.all_passed_ns() > opened_ns

    crew.obey(Open(2, (BTC_TRADES,)))
    crew.passed(Passed(1, opened_ns + 10**12, 0))
    held_ns = crew.all_passed_ns()
    Clock().sleep(0.01)
    assert held_ns == crew.all_passed_ns()
    crew.dismiss(5)


def test_marks_of_a_clock_that_stepped_are_forgotten(exchange: Exchange) -> None:
    crew, _ = crew_of(exchange.url)
    crew.obey(Open(1, (BTC_BOOKS,)))
    crew.passed(Passed(1, 5, 0))
    assert 5 == crew.all_passed_ns()

    crew.stepped()
    assert crew.all_passed_ns() > 5
    crew.dismiss(5)


def test_everybody_is_dismissed_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        crew, inbox = crew_of(f"ws://127.0.0.1:{deaf.getsockname()[1]}")
        crew.obey(Open(1, (BTC_BOOKS,)))
        clock = Clock()
        start_s = clock.monotonic()
        crew.dismiss(0.2)

        assert clock.monotonic() - start_s < 2
    wait_until(lambda: any(isinstance(report, Closed) for report in drained(crew, inbox)))

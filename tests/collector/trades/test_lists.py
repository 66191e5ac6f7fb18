from collector.clock import Clock
from collector.trades.evidence import TradeList
from collector.trades.lists import SharedRest
from tests.collector.rest_server import RestServer


def test_every_list_is_posted_before_it_is_returned() -> None:
    posted: list[TradeList] = []
    with RestServer() as server:
        server.publish("BTCUSDT", {7: 1_000, 8: 1_010})
        rest = SharedRest(server.url, Clock())
        rest.post = posted.append
        listed = rest.trades("BTCUSDT")
        rest.close()

    assert [listed] == posted
    assert [7, 8] == [trade.trade_id for trade in listed.trades]

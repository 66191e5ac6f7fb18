"""What the spool tells the recorder."""

from collector.spool.news import lost_minute
from tests.collector.spools import MINUTE_NS, START_NS, SYMBOL, TRADES


def test_rows_that_a_disk_did_not_give_back_were_received_in_the_whole_minute() -> None:
    lost = lost_minute("a", TRADES, SYMBOL, START_NS // MINUTE_NS, 7)

    assert (START_NS, START_NS + MINUTE_NS - 1) == (lost.from_ns, lost.to_ns)
    assert (7, SYMBOL) == (lost.rows, lost.symbol)

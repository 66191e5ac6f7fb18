"""Which symbols a table shows."""

from collector.view.busiest import shown, symbol_rows
from collector.view.status import StreamState, StreamStatus
from lake.layout import Stream
from tests.collector.statuses import both, stream


def market(number: int) -> list[StreamStatus]:
    """Return the streams of symbols S0, S1, …, of which the last is the busiest."""
    return [each for n in range(number) for each in both(f"S{n}", rate_per_s=float(n))]


def names(streams: list[StreamStatus], room: int) -> list[str]:
    return [row.symbol for row in shown(symbol_rows(streams), room)]


def test_the_streams_of_a_symbol_are_one_row() -> None:
    rows = symbol_rows([*both("BTCUSDT"), stream("ETHUSDT")])

    assert ["BTCUSDT", "ETHUSDT"] == [row.symbol for row in rows]
    assert [2, 1] == [len(row.streams) for row in rows]
    assert rows[1].trades is None


def test_a_row_shows_the_last_trade_and_before_the_first_the_mid() -> None:
    rows = symbol_rows([*both("BTCUSDT"), stream("ETHUSDT")])

    assert ["63113.20", "63113.15"] == [row.last for row in rows]


def test_a_row_shows_the_greater_lag() -> None:
    [row] = symbol_rows(
        [stream(lag_ms=5.0), stream(kind=Stream.TRADES, lag_ms=None), stream("X")][:2]
    )
    [late] = symbol_rows([stream(lag_ms=5.0), stream(kind=Stream.TRADES, lag_ms=50.0)])
    [unknown] = symbol_rows([stream(lag_ms=None)])

    assert (5.0, 50.0, None) == (row.lag_ms, late.lag_ms, unknown.lag_ms)


def test_all_are_shown_in_their_order_where_they_fit() -> None:
    assert ["S0", "S1", "S2"] == names(market(3), 3)


def test_of_too_many_the_busiest_are_shown_each_in_its_place() -> None:
    assert ["S7", "S8", "S9"] == names(market(10), 3)


def test_a_symbol_in_trouble_is_shown_first_however_quiet() -> None:
    streams = [*market(10), *both("QUIET", StreamState.SILENT, 0.0)]

    assert ["QUIET", "S8", "S9"] == names(streams, 3)


def test_no_more_rows_than_there_is_room_for_are_troubled() -> None:
    streams = [each for n in range(5) for each in both(f"S{n}", StreamState.LAGGING)]

    assert ["S0", "S1"] == names([*market(0), *streams], 2)

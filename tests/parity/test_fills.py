"""Single trades out of raw rows."""

from dataclasses import replace
from decimal import Decimal

from aggregator.columns import RawRows
from aggregator.decode import Decoder
from aggregator.parity.fills import Fill, candle_of, counted, fills, near, sums, unbroken
from aggregator.parity.klines import read_table
from aggregator.utc import day_start_ms
from lake.layout import ChunkKey, Format, Stream
from tests.cases import DAY, SYMBOL
from tests.parity.days import HEADER, MINUTE_MS, Trade, kline_lines, market

START = day_start_ms(DAY)
DECODER = Decoder(Stream.TRADES)
TRADES = market(3)


def rows(*trades: Trade) -> RawRows:
    key = ChunkKey(Stream.TRADES, SYMBOL, DAY, 0, "a", Format.PLAIN)
    return DECODER.decode([(key, (HEADER + "".join(each.row for each in trades)).encode())])[0]


def read(*trades: Trade) -> dict[int, list[Fill]]:
    return {
        minute: [*of] for minute, of in fills([rows(*trades)], DECODER.types.names, START).items()
    }


def test_trades_make_the_klines() -> None:
    klines = read_table("\n".join(kline_lines(TRADES)).encode(), START)

    assert klines.by_minute == {minute: candle_of(of) for minute, of in read(*TRADES).items()}


def test_an_id_is_one_trade_and_in_its_place() -> None:
    found = read(*reversed(TRADES), TRADES[4])

    assert [each.id for each in TRADES] == [fill.id for of in found.values() for fill in of]


def test_parts_with_other_decimals_are_read_as_one() -> None:
    coarse, fine = replace(TRADES[0], price="7"), replace(TRADES[1], price="7.0000001")

    found = fills([rows(coarse), rows(), rows(fine)], DECODER.types.names, START)

    assert [Decimal(7), Decimal("7.0000001")] == [fill.price for fill in found[0]]


def test_what_makes_no_bars_is_known_by_its_type() -> None:
    (liquidated,) = read(replace(TRADES[0], type="ADL"))[0]

    assert "ADL" == liquidated.type
    assert [] == counted([liquidated])
    assert None is candle_of([liquidated])
    assert (1, Decimal(TRADES[0].quantity)) == sums([liquidated])[:2]


def test_only_rows_of_the_minutes_are_held() -> None:
    assert {1} == {*fills([near(rows(*TRADES), [1], START)], DECODER.types.names, START)}
    assert {} == fills([near(rows(*TRADES), [7], START)], DECODER.types.names, START)


def test_ids_that_run_on_around_a_minute_prove_it() -> None:
    around = [fill for of in read(*TRADES).values() for fill in of]
    lacking = [fill for fill in around if fill.id != 1008]

    assert unbroken(around, START + MINUTE_MS)
    assert not unbroken(lacking, START + MINUTE_MS)
    assert not unbroken(around, START)
    assert not unbroken(around, START + 2 * MINUTE_MS)


def test_a_trade_says_who_it_is() -> None:
    assert "trade 1000 (0.101 at 100, the taker sold)" == str(read(*TRADES)[0][0])
    assert str(read(replace(TRADES[0], id=""))[0][0]).startswith("a trade without id (")

from collector.fleet.channel import Channel, channels_of
from lake.layout import Stream


def test_a_channel_is_named_as_the_exchange_names_it() -> None:
    assert "btcusdt@trade" == Channel("BTCUSDT", Stream.TRADES).name
    assert "btcusdt@depth20@100ms" == Channel("BTCUSDT", Stream.DEPTH20).name


def test_of_a_symbol_both_streams_are_recorded() -> None:
    assert {Stream.TRADES, Stream.DEPTH20} == {each.stream for each in channels_of("币安人生USDT")}

"""How options are written, and what they become."""

from datetime import date

import pytest
import typer

from collector.options import (
    parse_bytes,
    parse_deadlines,
    parse_range,
    parse_rest_url,
    parse_seconds,
    parse_shard,
    parse_symbols,
    parse_time,
    parse_ws_url,
)
from collector.settings import Deadlines, Shard


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(90, "90"), (90, "90s"), (0.25, "250ms"), (600, "10m"), (82_800, "23h"), (1.5, " 1.5 S "),
     (86_400, "1d"), (0, "0")],
)  # fmt: skip
def test_a_time_may_have_a_unit(seconds: float, text: str) -> None:
    assert seconds == parse_seconds(text)


@pytest.mark.parametrize("text", ["", "s", "-5", "5 years", "1e3", "٣", "nan", "1:30"])
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no time"):
        parse_seconds(text)


def test_a_time_to_wait_is_longer_than_nothing() -> None:
    with pytest.raises(typer.BadParameter, match="longer than 0"):
        parse_time("0s")


@pytest.mark.parametrize(
    ("size", "text"),
    [(10 << 30, "10GiB"), (10 * 10**9, "10 GB"), (1 << 20, "1mib"), (2_000_000, "2000000")],
)
def test_a_size_may_have_a_unit(size: int, text: str) -> None:
    assert size == parse_bytes(text)


@pytest.mark.parametrize("text", ["", "GiB", "-1GiB", "10 GX", "1MB"])
def test_what_is_no_size_or_too_small_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"no size|too small"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("symbols", "text"),
    [
        (("BTCUSDT",), "btcusdt"),
        (("BTCUSDT", "ETHUSDT"), "BTCUSDT, ethusdt,btcusdt"),
        (("币安人生USDT",), "币安人生usdt"),
        (None, "all"),
        (None, " ALL "),
    ],
)
def test_symbols_are_read_in_any_case(symbols: tuple[str, ...] | None, text: str) -> None:
    assert symbols == parse_symbols(text)


@pytest.mark.parametrize("text", ["", "BTCUSDT,", "A B", "a/b", ".hidden"])
def test_what_can_be_no_symbol_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no symbol"):
        parse_symbols(text)


def test_all_and_a_name_contradict_each_other() -> None:
    with pytest.raises(typer.BadParameter, match="not both"):
        parse_symbols("all,BTCUSDT")


def test_base_urls_have_a_scheme_and_a_host() -> None:
    assert "ws://127.0.0.1:8765" == parse_ws_url("ws://127.0.0.1:8765/")
    assert "wss://[::1]/base" == parse_ws_url("wss://[::1]/base")
    assert "https://fapi.binance.com" == parse_rest_url("https://fapi.binance.com")


@pytest.mark.parametrize(
    "text",
    ["", "fstream.binance.com", "http://x", "ws://", "ws://x:port", "ws://x:0", "ws://x?streams=a",
     "ws://[::1"],
)  # fmt: skip
def test_what_is_no_base_url_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no base URL; write it as wss://"):
        parse_ws_url(text)


def test_a_shard_is_read_and_a_wrong_one_is_wrong_usage() -> None:
    assert Shard(1, 4) == parse_shard("1/4")
    with pytest.raises(typer.BadParameter, match="the last of 4 is 3"):
        parse_shard("4/4")


def test_deadlines_not_named_keep_their_defaults() -> None:
    assert Deadlines() == parse_deadlines("23h", "24h")
    assert Deadlines(silence_s=4) == parse_deadlines("23h", "24h", silence_s="4")


def test_short_lives_of_connections_leave_half_of_the_rest_for_a_forced_hand_over() -> None:
    times = parse_deadlines("30", "60")

    assert (30, 60, 15) == (times.rotate_s, times.limit_s, times.force_s)


def test_a_rotation_after_the_limit_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter, match="--rotate-after 24h must be before"):
        parse_deadlines("24h", "24h")


def test_a_range_of_days_may_be_open() -> None:
    assert (date.min, date.max) == parse_range(None, None)
    assert (date(2025, 12, 1), date(2025, 12, 1)) == parse_range("2025-12-01", "2025-12-01")


@pytest.mark.parametrize(
    ("start", "end"), [("2025-12-02", "2025-12-01"), ("2025-13-01", None), (None, "yesterday")]
)
def test_a_range_that_is_none_is_wrong_usage(start: str | None, end: str | None) -> None:
    with pytest.raises(typer.BadParameter, match=r"is before|is no date"):
        parse_range(start, end)

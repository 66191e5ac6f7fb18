"""What is said of a run that is not well, and when nothing is."""

from dataclasses import replace

import pytest

from collector.view.condition import condition
from collector.view.status import (
    Counters,
    LeftOut,
    Pressure,
    RunStatus,
    SpoolStatus,
    StreamState,
    UploadStatus,
)
from lake.layout import Stream
from tests.collector.statuses import NOW_S, both, stream, well

FULL = SpoolStatus(10 << 30, 10 << 30, 50 << 20)


def wrong(status: RunStatus | None, now_s: float = NOW_S) -> list[str]:
    return [*condition(status, now_s).wrong]


def notes(status: RunStatus) -> list[str]:
    found = condition(status, NOW_S)
    assert found.well
    return [*found.notes]


def test_a_run_whose_streams_are_fresh_and_whose_uploads_are_current_is_well() -> None:
    assert condition(well(), NOW_S).well
    assert [] == notes(well())


def test_a_run_that_has_said_nothing_yet_is_not_well() -> None:
    assert ["the recorder is starting"] == wrong(None)


def test_a_recorder_that_no_longer_says_anything_hangs() -> None:
    assert [] == wrong(well(), NOW_S + 10)
    assert ["the recorder has said nothing for 11 s: it hangs"] == wrong(well(), NOW_S + 11)


def test_a_run_without_any_stream_is_not_well() -> None:
    assert ["no stream is subscribed to yet"] == wrong(replace(well(), streams=()))


def test_a_run_that_stops_says_so() -> None:
    assert ["the recorder is stopping"] == wrong(replace(well(), stopping=True))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (StreamState.STARTING, "starting"),
        (StreamState.NEVER_SPOKE, "never spoke"),
        (StreamState.SILENT, "silent for 14 s"),
        (StreamState.LAGGING, "lagging by 0.1 s"),
        (StreamState.DISCONNECTED, "disconnected"),
    ],
)
def test_every_state_but_fresh_is_named_with_symbol_stream_and_connection(
    state: StreamState, said: str
) -> None:
    status = well(*both("BTCUSDT"), *both("ETHUSDT", state))

    assert [f"ETHUSDT depth20: {said} on connection 1"] == wrong(status)


def test_a_stream_on_no_connection_is_named_without_one() -> None:
    lost = replace(stream("ETHUSDT", state=StreamState.DISCONNECTED), connection=None)

    assert ["ETHUSDT depth20: disconnected"] == wrong(well(lost))


def test_many_streams_with_one_trouble_are_one_line() -> None:
    streams = [each for n in range(800) for each in both(f"S{n}USDT", StreamState.SILENT)]

    assert ["depth20 of 800 symbols, such as S0USDT, S1USDT, S2USDT: silent"] == wrong(
        well(*streams)
    )


def test_what_is_worse_is_said_first() -> None:
    states = (StreamState.STARTING, StreamState.LAGGING, StreamState.DISCONNECTED)
    status = well(*(stream("BTCUSDT", state=state, lag_ms=None) for state in states))

    assert [
        "BTCUSDT depth20: disconnected on connection 1",
        "BTCUSDT depth20: lagging on connection 1",
        "BTCUSDT depth20: starting on connection 1",
    ] == wrong(status)


def test_uploads_are_late_when_the_oldest_has_waited_for_three_minutes() -> None:
    waiting = UploadStatus(40, 3_000_000, 180.0, 5.0, "cannot write x: the bucket is away")
    late = replace(waiting, oldest_age_s=200.0)

    assert [] == wrong(replace(well(), uploads=waiting))
    assert [
        "40 objects (2.9 MiB) not uploaded, the oldest for 3 min 20 s: "
        "cannot write x: the bucket is away"
    ] == wrong(replace(well(), uploads=late))


def test_rows_that_never_reach_the_lake_are_noticed() -> None:
    nothing_waits = UploadStatus(last_age_s=200.0)

    assert ["rows arrive, but nothing was uploaded for 3 min 20 s"] == wrong(
        replace(well(), uploads=nothing_waits)
    )
    assert ["rows arrive, but nothing was uploaded yet"] == wrong(
        replace(well(), uploads=UploadStatus())
    )


def test_a_run_too_young_or_without_rows_has_nothing_to_upload() -> None:
    assert [] == wrong(replace(well(), uploads=UploadStatus(), uptime_s=100.0))
    assert [] == wrong(replace(well(), uploads=UploadStatus(), counters=Counters()))


def test_a_full_spool_says_what_is_no_longer_recorded() -> None:
    no_depth = replace(FULL, pressure=Pressure.NO_DEPTH)
    no_trades = replace(FULL, pressure=Pressure.NO_TRADES)

    assert [
        "the spool is full (10 GiB of 10 GiB, 50 MiB free on its disk): "
        "books are not recorded, trades still are"
    ] == wrong(replace(well(), spool=no_depth))
    assert ["neither books nor trades are recorded"] == [
        line.partition(": ")[2] for line in wrong(replace(well(), spool=no_trades))
    ]


def test_a_spool_that_cannot_be_written_is_wrong() -> None:
    broken = SpoolStatus(error="No space left on device")

    assert ["the spool cannot be written: No space left on device"] == wrong(
        replace(well(), spool=broken)
    )


def test_an_alert_of_the_recorder_is_wrong_and_a_remark_is_not() -> None:
    assert ["REST is refused until 12:00"] == wrong(
        replace(well(), alerts=("REST is refused until 12:00",))
    )
    assert ["the clock was stepped"] == notes(replace(well(), remarks=("the clock was stepped",)))


def test_a_spool_that_fills_up_is_a_note() -> None:
    filling = SpoolStatus(8 << 30, 10 << 30, pressure=Pressure.EARLY_WARNING)

    assert ["the spool fills up: 8.0 GiB of 10 GiB"] == notes(replace(well(), spool=filling))


def test_a_symbol_that_no_longer_trades_is_named_and_makes_nothing_red() -> None:
    gone = (LeftOut("OLDUSDT", "SETTLING"), LeftOut("FOOUSDT", "unknown to the exchange"))

    assert [
        "not recorded: OLDUSDT (SETTLING)",
        "not recorded: FOOUSDT (unknown to the exchange)",
    ] == notes(replace(well(), left_out=gone))


def test_many_symbols_left_out_for_one_reason_are_one_line() -> None:
    gone = tuple(LeftOut(f"S{n}USDT", "SETTLING") for n in range(9))

    assert ["not recorded: 9 symbols, such as S0USDT, S1USDT, S2USDT (SETTLING)"] == notes(
        replace(well(), left_out=gone)
    )


def test_the_same_trouble_of_trades_and_books_is_two_lines() -> None:
    streams = [stream(kind=kind, state=StreamState.DISCONNECTED) for kind in Stream]

    assert [
        "BTCUSDT trades: disconnected on connection 1",
        "BTCUSDT depth20: disconnected on connection 1",
    ] == wrong(well(*streams))

"""A status is safe to hand to other threads."""

from dataclasses import FrozenInstanceError, replace

import pytest

from collector.view.status import ConnectionStatus, Pressure, RunStatus, StreamState
from tests.collector.statuses import NOW_S, well


def test_who_looks_at_a_status_cannot_change_it() -> None:
    status = well()

    with pytest.raises(FrozenInstanceError):
        status.run = "other"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        status.streams[0].rate_per_s = 0.0  # type: ignore[misc]


def test_a_status_of_nothing_needs_no_more_than_a_name_and_a_time() -> None:
    status = RunStatus("k3v9", NOW_S)

    assert ((), (), 0) == (status.streams, status.left_out, status.counters.frames)


def test_a_connection_that_is_awaited_is_not_open() -> None:
    awaited = ConnectionStatus(0, "waiting 8 s", 4)
    status = replace(well(), connections=(*well().connections, awaited))

    assert 1 == status.open_connections


def test_pressure_rises_with_what_is_left_out() -> None:
    assert Pressure.NONE < Pressure.EARLY_WARNING < Pressure.NO_DEPTH < Pressure.NO_TRADES


def test_states_are_words_for_people() -> None:
    assert "BTCUSDT: never spoke" == f"BTCUSDT: {StreamState.NEVER_SPOKE}"

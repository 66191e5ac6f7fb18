"""The journal that a dead run could not finish."""

from datetime import date

import pytest

from collector.spool.lastwords import Objects, complete, event_of
from collector.spool.spoolnames import HourName

DAY = date(2025, 12, 11)
EIGHT, NINE = HourName(DAY, 8), HourName(DAY, 9)
RECORDING = b'{"event": "recording"}\n'
WORD = b'{"event": "recovered"}\n'


def claim(name: HourName, minute: int = 0) -> bytes:
    return b'{"event": "covered", "from": %d}\n' % (name.start_ms + minute * 60_000)


def test_a_claim_goes_to_its_hour() -> None:
    hours: Objects = {EIGHT: [RECORDING], NINE: [RECORDING]}
    claims = [claim(EIGHT), claim(NINE)]

    assert {
        EIGHT: [RECORDING, claims[0]],
        NINE: [RECORDING, claims[1], WORD],
    } == complete(hours, [RECORDING, *claims], WORD)


def test_a_claim_of_an_hour_whose_object_is_made_goes_to_the_next_of_its_day() -> None:
    early = claim(EIGHT)

    assert {NINE: [RECORDING, early, WORD]} == complete(
        {NINE: [RECORDING]}, [RECORDING, early], WORD
    )


def test_a_claim_of_the_day_before_has_an_additional_object() -> None:
    yesterday = HourName(date(2025, 12, 10), 23)
    late = claim(yesterday)

    assert {
        HourName(date(2025, 12, 10), 23, 0): [RECORDING, late],
        EIGHT: [RECORDING, WORD],
    } == complete({EIGHT: [RECORDING]}, [RECORDING, late], WORD)


def test_claims_without_any_hour_begin_with_what_was_recorded() -> None:
    claims = [claim(EIGHT), claim(EIGHT, 1)]

    assert {HourName(DAY, 8, 0): [RECORDING, *claims, WORD]} == complete(
        {}, [RECORDING, *claims], WORD
    )


def test_an_hour_of_which_nothing_was_saved_is_no_object() -> None:
    assert {} == complete({EIGHT: []}, [], WORD)


def test_the_word_goes_to_the_last_object() -> None:
    assert {EIGHT: [RECORDING], NINE: [RECORDING, WORD]} == complete(
        {NINE: [RECORDING], EIGHT: [RECORDING]}, [], WORD
    )


@pytest.mark.parametrize("line", [b"", b"{", b"7", b'{"at": 1}', b"\xff"])
def test_what_is_no_event_is_torn(line: bytes) -> None:
    assert event_of(line) is None

from dataclasses import FrozenInstanceError

import pytest

from aggregator.settings import LEAST_MARGIN, MOST_MARGIN, BuildSettings


def test_seconds_and_minutes_with_ten_minutes_of_margin_are_what_is_built_unasked() -> None:
    settings = BuildSettings()

    assert ["1s", "1m"] == [resolution.label for resolution in settings.resolutions]
    assert 10 == settings.margin_minutes == LEAST_MARGIN
    assert not settings.force


def test_a_margin_is_at_most_the_day_beside() -> None:
    assert 24 * 60 == MOST_MARGIN


def test_settings_are_passed_down_and_never_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        BuildSettings().force = True  # type: ignore[misc]

"""What differs from one deploy to another."""

import re
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis.strategies import integers

from deploy.errors import DeployError
from deploy.settings import counts_above, parse_settings
from tests.deploy.samples import DEPLOY

SETTINGS = asdict(DEPLOY.settings)


@given(limit=integers(0, 720), count=integers(0, 1440))
def test_the_expression_matches_exactly_the_counts_above_the_limit(limit: int, count: int) -> None:
    found = re.search(rf"\b({counts_above(limit)}) 1m bars", f"2 days, {count:,} 1m bars partial")

    assert (count > limit) == bool(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("project", "My Project"), ("region", "Tokyo"), ("bucket", "a"), ("shards", 0),
        ("instances", True), ("spool_disk", "10GB"), ("spool_limit", "9Gi"), ("raw_days", 7),
        ("degraded_percent", 90), ("analysts", "everybody"), ("symbols", "BTCUSDT, ETHUSDT"),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_named(name: str, value: object) -> None:
    with pytest.raises(DeployError, match=rf"cannot read it: {name}: "):
        parse_settings({**SETTINGS, name: value}, "it")


def test_all_that_is_wrong_is_named_at_once() -> None:
    wrong = {**SETTINGS, "shard": 1, "region": 7}
    del wrong["shards"]

    with pytest.raises(DeployError, match="there is no setting 'shard'; shards is missing; region"):
        parse_settings(wrong, "it")


def test_half_a_percent_of_a_day_are_seven_minutes() -> None:
    settings = parse_settings({**SETTINGS, "degraded_percent": 0.5}, "it")

    assert counts_above(7) == settings.values()["TOO_MANY_MINUTES"]

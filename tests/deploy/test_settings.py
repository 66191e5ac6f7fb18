"""What differs from one deploy to another."""

from dataclasses import asdict

import pytest

from deploy.errors import DeployError
from deploy.settings import parse_settings
from tests.deploy.samples import DEPLOY

SETTINGS = asdict(DEPLOY.settings)


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

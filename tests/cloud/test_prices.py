"""The prices, against the published ones for a month of one machine and a million requests."""

import pytest

from aggregator import costs
from aggregator.cloud.prices import AS_OF, PRICES


def test_a_task_of_two_processors_and_two_gib_costs_fourteen_cents_an_hour() -> None:
    assert 0.144 == pytest.approx(3600 * (2 * PRICES.vcpu_second_usd + 2 * PRICES.gib_second_usd))


def test_requests_cost_what_a_dry_run_says_too() -> None:
    assert (costs.CLASS_A_USD, costs.CLASS_B_USD) == (PRICES.class_a_usd, PRICES.class_b_usd)
    assert costs.PRICES_OF == AS_OF

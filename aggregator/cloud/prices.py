"""What Google Cloud charges. Data: change it here, with its date. No clock, no network.

Not in it: free tiers, discounts, taxes. Moving data within a region is free.
"""

from dataclasses import dataclass

REGION = "asia-northeast1"
AS_OF = "2026-09"
SOURCES = (
    "https://cloud.google.com/run/pricing (jobs, instance-based billing, tier 1)",
    "https://cloud.google.com/storage/pricing (Standard, one region)",
)


@dataclass(frozen=True)
class Prices:
    """Of Cloud Run by the second that a task has its processors and memory, of requests by one."""

    vcpu_second_usd: float = 0.000018
    gib_second_usd: float = 0.000002
    class_a_usd: float = 0.005 / 1000
    class_b_usd: float = 0.0004 / 1000


PRICES = Prices()

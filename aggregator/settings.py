"""What a build is asked to do. No clock, no disk."""

from dataclasses import dataclass

from aggregator.resolutions import DEFAULT_RESOLUTIONS, Resolution

LEAST_MARGIN = 10
MOST_MARGIN = 1440


@dataclass(frozen=True)
class BuildSettings:
    """How days are built. `threads` decode the chunks of one day.

    `parquet`: beside each CSV the same bars as Parquet.
    """

    resolutions: tuple[Resolution, ...] = DEFAULT_RESOLUTIONS
    margin_minutes: int = LEAST_MARGIN
    force: bool = False
    parquet: bool = False
    threads: int = 1

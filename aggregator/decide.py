"""Whether a day has to be built, and why. No clock, no disk."""

from dataclasses import dataclass
from enum import StrEnum

from aggregator.inputs import Inputs, fingerprint, members
from aggregator.manifest import Condition, Manifest
from aggregator.settings import BuildSettings
from lake.schemas import SCHEMA_VERSION


class Action(StrEnum):
    """What is to be done about a day."""

    BUILD = "build"
    UP_TO_DATE = "up to date"
    KEPT = "kept"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why a day is built; the first four are what a change object can name."""

    INPUTS = "inputs"
    FORCED = "forced"
    SCHEMA = "schema"
    MARGIN = "margin"
    NEW = "new"
    OUTPUTS = "outputs"


@dataclass(frozen=True)
class Decision:
    """What is to be done, and why; of what is refused: why it would have to be done."""

    action: Action
    reason: Reason | None = None


@dataclass(frozen=True)
class Standing:
    """What there is of a day in the lake.

    `inputs` are those that a build would begin with; `comparable` those in the window of the
    published day: its margin and its carry. `outputs_agree`: the published files have the sizes
    and checksums of the manifest. `unreadable_lines`: of the day's journals.
    """

    inputs: Inputs
    published: Manifest | None
    comparable: Inputs
    outputs_agree: bool
    unreadable_lines: int = 0


def decide(standing: Standing, settings: BuildSettings) -> Decision:
    """Say what is to be done about a day."""
    published = standing.published
    if published is None:
        return Decision(Action.BUILD, Reason.NEW)
    if settings.force:
        return Decision(Action.BUILD, Reason.FORCED)
    gone, added = _changes(standing.comparable, published)
    if gone and (added or not standing.outputs_agree):
        return Decision(Action.REFUSED, Reason.INPUTS if added else Reason.OUTPUTS)
    if gone:
        return Decision(Action.KEPT)
    reason = _reason(standing, published, settings)
    return Decision(Action.BUILD, reason) if reason else Decision(Action.UP_TO_DATE)


def _changes(now: Inputs, published: Manifest) -> tuple[bool, bool]:
    """Tell whether inputs of the published day are gone, and whether new ones came."""
    before, after = published.members, members(now)
    said_before, said_now = published.testimony, now.testimony
    return (
        bool(before - after) or not said_before.within(said_now),
        bool(after - before) or not said_now.within(said_before),
    )


def _reason(standing: Standing, published: Manifest, settings: BuildSettings) -> Reason | None:
    if published.schema_version != SCHEMA_VERSION:
        return Reason.SCHEMA
    if published.fingerprint != fingerprint(standing.comparable):
        return Reason.INPUTS
    if published.margin_minutes != settings.margin_minutes:
        return Reason.MARGIN
    if published.condition is Condition.PENDING:
        return Reason.INPUTS
    whole = set(settings.resolutions) <= set(published.resolutions)
    whole = whole and (published.parquet or not settings.parquet)
    return None if whole and standing.outputs_agree else Reason.OUTPUTS

"""Whether a day has to be built, and why."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aggregator.builder import Builder
from aggregator.decide import Action, Decision, Reason, Standing, decide
from aggregator.inputs import Inputs
from aggregator.inputs import Testimony as Said  # a test class, says its name
from aggregator.manifest import Manifest
from aggregator.quality import Spans
from aggregator.unit import Unit
from lake.layout import Stream
from tests.cases import DAY, SYMBOL, Lake, builder, covered, recording
from tests.product import settings

UP_TO_DATE = Decision(Action.UP_TO_DATE)
KEPT = Decision(Action.KEPT)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Return the builder of a lake whose day is up to date."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.record(minutes=range(3))
    lake.journal(DAY, recording(SYMBOL), covered(DAY, 0, 2))
    lake.build()
    return builder(lake.storage)


@pytest.fixture
def standing(built: Builder) -> Standing:
    return built.survey(Unit(DAY, SYMBOL))[0]


def because(reason: Reason) -> Decision:
    return Decision(Action.BUILD, reason)


def decided(standing: Standing, **fields: Any) -> Decision:
    return decide(standing, settings(("1h",), **fields))


def with_inputs(standing: Standing, inputs: Inputs) -> Standing:
    return replace(standing, inputs=inputs, comparable=inputs)


def without_first(inputs: Inputs) -> Inputs:
    return replace(inputs, trades=inputs.trades[1:])


def with_another(inputs: Inputs) -> Inputs:
    chunk = inputs.trades[0]
    late = replace(chunk, stat=replace(chunk.stat, key=chunk.stat.key.replace("-a", "-late")))
    return replace(inputs, trades=(*inputs.trades, late))


def saying(inputs: Inputs, minutes: tuple[int, int] | None, *recorded: Stream) -> Inputs:
    """Return the inputs with a journal that says something else."""
    start = next(iter(inputs.testimony.covered[Stream.TRADES].pairs()))[0]
    pairs = [(start + 60_000 * minutes[0], start + 60_000 * minutes[1])] if minutes else []
    said = {Stream.TRADES: Spans.of_pairs(pairs), Stream.DEPTH20: Spans.of_pairs([])}
    return replace(inputs, testimony=Said(said, frozenset(recorded)))


def having(standing: Standing, **fields: Any) -> Standing:
    """Return the standing with other top-level fields of the manifest."""
    assert standing.published
    whole: Mapping[str, Any] = standing.published.whole
    return replace(standing, published=Manifest({**whole, **fields}))


def test_a_day_that_agrees_in_everything_is_up_to_date(standing: Standing) -> None:
    assert UP_TO_DATE == decided(standing)


def test_a_day_without_manifest_is_new(standing: Standing) -> None:
    assert because(Reason.NEW) == decided(replace(standing, published=None))


def test_force_builds_whatever_there_is(standing: Standing) -> None:
    lost = with_inputs(standing, without_first(with_another(standing.inputs)))

    assert because(Reason.FORCED) == decided(standing, force=True)
    assert because(Reason.FORCED) == decided(lost, force=True)


def test_a_chunk_more_is_a_reason(standing: Standing) -> None:
    assert because(Reason.INPUTS) == decided(with_inputs(standing, with_another(standing.inputs)))


def test_a_chunk_of_another_size_is_one_gone_and_one_new(standing: Standing) -> None:
    first, *others = standing.inputs.trades
    grown = replace(first, stat=replace(first.stat, size=first.stat.size + 1))
    inputs = replace(standing.inputs, trades=(grown, *others))

    assert Action.REFUSED == decided(with_inputs(standing, inputs)).action


def test_a_chunk_less_is_none(standing: Standing) -> None:
    assert KEPT == decided(with_inputs(standing, without_first(standing.inputs)))


def test_one_gone_and_one_more_is_refused(standing: Standing) -> None:
    mixed = with_another(without_first(standing.inputs))

    assert Decision(Action.REFUSED, Reason.INPUTS) == decided(with_inputs(standing, mixed))


def test_what_cannot_be_made_again_is_not_made_by_halves(standing: Standing) -> None:
    spoilt = replace(standing, outputs_agree=False)
    fewer = with_inputs(spoilt, without_first(standing.inputs))

    assert because(Reason.OUTPUTS) == decided(spoilt)
    assert Decision(Action.REFUSED, Reason.OUTPUTS) == decided(fewer)


@pytest.mark.parametrize(
    ("minutes", "recorded", "decision"),
    [
        ((0, 2), [Stream.TRADES], UP_TO_DATE),
        ((0, 3), [Stream.TRADES], because(Reason.INPUTS)),
        ((0, 2), [Stream.TRADES, Stream.DEPTH20], because(Reason.INPUTS)),
        ((0, 1), [Stream.TRADES], KEPT),
        ((0, 2), [], KEPT),
        (None, [], KEPT),
        ((1, 3), [Stream.TRADES], Decision(Action.REFUSED, Reason.INPUTS)),
        ((0, 3), [], Decision(Action.REFUSED, Reason.INPUTS)),
    ],
    ids=[
        "the same", "more time", "another stream", "less time", "no stream", "expired",
        "other time", "more time and no stream",
    ],
)  # fmt: skip
def test_journals_are_inputs_as_chunks_are(
    standing: Standing, minutes: tuple[int, int] | None, recorded: list[Stream], decision: Decision
) -> None:
    inputs = saying(standing.inputs, minutes, *recorded)

    assert decision == decided(with_inputs(standing, inputs))


@pytest.mark.parametrize("version", [0, 2])
def test_another_release_builds_its_own_way(standing: Standing, version: int) -> None:
    assert because(Reason.SCHEMA) == decided(having(standing, schema_version=version))


def test_another_margin_is_a_reason(standing: Standing) -> None:
    assert because(Reason.MARGIN) == decided(standing, margin_minutes=11)


def test_a_pending_day_is_always_built_again(standing: Standing) -> None:
    assert because(Reason.INPUTS) == decided(having(standing, condition="pending"))


def test_only_what_is_absent_is_asked_for(standing: Standing) -> None:
    more = decide(standing, settings(("1h", "1d")))
    fewer = decide(having(standing, resolutions=["1h", "1d"]), settings(("1h",)))

    assert because(Reason.OUTPUTS) == more
    assert UP_TO_DATE == fewer

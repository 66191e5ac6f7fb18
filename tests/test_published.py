"""What is published: in which order it is written, and what a later run makes of it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.decide import Action, Reason
from aggregator.published import find
from aggregator.unit import Outcome, Status, Unit
from lake.errors import LakeError
from lake.layout import LAKE_FILE, Format, Stream, changes_prefix, manifest_key
from tests.cases import (
    AFTER,
    BEFORE,
    DAY,
    HOURLY,
    SYMBOL,
    Lake,
    Watched,
    builder,
    chunk_key,
    covered,
    recording,
    trades,
)

UNIT = Unit(DAY, SYMBOL)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake that knows the price before the day, and one hour of the day."""
    lake = Lake(tmp_path)
    lake.record(BEFORE, [1439])
    lake.record(DAY, range(3))
    return lake


@pytest.fixture
def published(lake: Lake) -> Lake:
    """Return the lake with the day in it."""
    lake.build()
    return lake


def decision(lake: Lake, **fields: Any) -> tuple[Action, Reason | None]:
    _, decided = builder(lake.storage, **fields).survey(UNIT)
    return decided.action, decided.reason


def writes_of(lake: Lake, **fields: Any) -> list[str]:
    """Build the day and return what was written, in that order."""
    told: list[str] = []
    builder(Watched(lake.path, told.append), **fields).run(UNIT)
    return [line.rpartition("/")[2] for line in told if line.startswith("write ")]


# In which order


def test_the_manifest_is_written_last(lake: Lake) -> None:
    files = [f"{DAY}_1m.csv", f"{DAY}_1h.csv", f"{DAY}_manifest.json"]

    assert ["write lake.json", *files] == writes_of(lake, labels=("1m", "1h"))


def test_a_change_is_written_after_the_files_and_before_the_manifest(published: Lake) -> None:
    published.record(minutes=[5])

    first, change, last = writes_of(published)

    assert (f"{DAY}_1h.csv", f"{DAY}_manifest.json") == (first, last)
    assert change.startswith(f"{DAY}-")


def test_what_is_right_already_is_not_written_again(published: Lake) -> None:
    assert [] == writes_of(published, force=True)
    assert 0 == published.build(force=True).bytes_written


def test_bytes_written_are_those_of_files_and_manifest(lake: Lake) -> None:
    outcome = lake.build()

    assert sum(map(len, lake.products().values())) == outcome.bytes_written


# What is looked at


def test_a_day_that_is_up_to_date_is_told_without_a_chunk_or_a_file(published: Lake) -> None:
    for minute in range(3):
        (published.path / chunk_key(minute)).write_bytes(trades(DAY, minute))
    told: list[str] = []

    outcome = builder(Watched(published.path, told.append)).run(UNIT)

    assert Status.UP_TO_DATE == outcome.status
    assert not [line for line in told if "read raw" in line]


@pytest.mark.parametrize("spoil", [bytes.lower, lambda data: data[:-1], lambda _: b""])
def test_a_file_that_is_not_the_manifests_is_made_again(
    published: Lake, spoil: Callable[[bytes], bytes]
) -> None:
    right = published.products()
    path = published.bars()
    path.write_bytes(spoil(path.read_bytes()))

    assert (Action.BUILD, Reason.OUTPUTS) == decision(published)
    assert Status.BUILT == published.build().status
    assert right == published.products()


def test_a_file_that_was_removed_is_made_again(published: Lake) -> None:
    right = published.products()
    published.bars().unlink()

    assert Status.BUILT == published.build().status
    assert right == published.products()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "7", '{"outputs": []}', "[" * 99_999])
def test_a_manifest_that_nobody_can_read_is_made_again(published: Lake, content: str) -> None:
    right = published.products()
    (published.path / manifest_key(SYMBOL, DAY)).write_text(content, encoding="utf-8")

    assert find(published.storage, UNIT).manifest is None
    assert Status.BUILT == published.build().status
    assert right == published.products()


def paths(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the way to every field of a JSON object."""
    if isinstance(tree, dict):
        for name, branch in tree.items():
            yield (*path, name)
            yield from paths(branch, (*path, name))


@pytest.mark.parametrize("worth", [None, [], {}, "?", -1])
def test_whichever_field_of_a_manifest_is_damaged_the_next_run_decides(
    published: Lake, worth: Any
) -> None:
    path = published.path / manifest_key(SYMBOL, DAY)
    whole = path.read_bytes()
    for *way, name in paths(json.loads(whole)):
        damaged = json.loads(whole)
        branch = damaged
        for step in way:
            branch = branch[step]
        branch[name] = worth
        path.write_text(json.dumps(damaged), encoding="utf-8")

        action, _ = decision(published)
        assert action in Action


# Resolutions


def test_a_rebuild_makes_what_was_asked_for_before_too(published: Lake) -> None:
    published.build(labels=("1m",))

    assert ["1m", "1h"] == published.manifest()["resolutions"]

    published.record(minutes=[5])
    published.build(labels=("5m",))

    assert ["1m", "5m", "1h"] == published.manifest()["resolutions"]
    assert 3 == len(published.manifest()["outputs"])


def test_another_resolution_changes_no_published_file(published: Lake) -> None:
    published.build(labels=("1m",))

    assert [] == published.changes()


# Inputs


def test_a_late_chunk_is_noted_as_a_change(published: Lake) -> None:
    old = published.manifest()
    published.record(minutes=[4], run="late")

    published.build()

    new, (change,) = published.manifest(), published.changes()
    assert old["outputs"][0]["sha256"] != new["outputs"][0]["sha256"]
    assert {
        "symbol": SYMBOL,
        "date": str(DAY),
        "reason": "inputs",
        "condition": {"old": "degraded", "new": "degraded"},
        "outputs": [
            {
                "name": f"{DAY}_1h.csv",
                "old_sha256": old["outputs"][0]["sha256"],
                "new_sha256": new["outputs"][0]["sha256"],
            }
        ],
    } == {name: value for name, value in change.items() if name != "at"}
    assert "2026-01-01T00:00:00.000Z" == change["at"]
    (stat,) = published.storage.list(changes_prefix(SYMBOL))
    name = stat.key.removeprefix(changes_prefix(SYMBOL))
    assert name.startswith(f"{DAY}-")
    assert 16 == len(bytes.fromhex(name.removeprefix(f"{DAY}-").removesuffix(".json"))) * 2


def test_another_margin_is_a_change_both_ways_if_other_rows_lie_in_it(published: Lake) -> None:
    published.write(chunk_key(20, AFTER), trades(DAY, 60))
    narrow = published.bars().read_bytes()

    assert Status.UP_TO_DATE == published.build().status
    assert Status.BUILT == published.build(margin_minutes=21).status
    assert (21, 16) == (published.manifest()["margin_minutes"], counted(published))
    assert Status.BUILT == published.build().status
    assert narrow == published.bars().read_bytes()
    assert ["margin", "margin"] == [change["reason"] for change in published.changes()]


def test_another_margin_that_reads_nothing_else_changes_only_the_manifest(published: Lake) -> None:
    assert [f"{DAY}_manifest.json"] == writes_of(published, margin_minutes=30)


def test_another_release_builds_again_and_says_so(published: Lake) -> None:
    (output,) = published.manifest()["outputs"]
    published.spoil(
        schema_version=0, outputs=[{**output, "sha256": "0" * 64, "crc32c": "AAAAAA=="}]
    )

    assert Status.BUILT == published.build().status
    (change,) = published.changes()
    assert ("schema", "0" * 64) == (change["reason"], change["outputs"][0]["old_sha256"])


def test_force_with_the_same_bytes_is_no_change(published: Lake) -> None:
    before = published.products()

    assert Status.BUILT == published.build(force=True).status
    assert before == published.products()


def test_a_change_is_noted_once_however_often_its_writer_was_killed(published: Lake) -> None:
    manifest = published.path / manifest_key(SYMBOL, DAY)
    before = manifest.read_bytes()
    published.record(minutes=[4])
    published.build()
    manifest.write_bytes(before)  # as if the builder had been killed before it wrote this

    published.build()

    assert 16 == published.manifest()["trades"]["counted"]
    assert 1 == len(published.changes())


def test_a_chunk_of_the_carry_that_comes_later_is_an_input(lake: Lake) -> None:
    lake.remove(chunk_key(1439, BEFORE))
    lake.record(BEFORE, [600])
    lake.build()

    lake.record(BEFORE, [594])
    assert (Action.UP_TO_DATE, None) == decision(lake)
    lake.record(BEFORE, [595])
    assert (Action.BUILD, Reason.INPUTS) == decision(lake)
    lake.build()
    lake.record(BEFORE, [700])
    lake.build()

    assert f"{BEFORE}T11:40:00Z" == lake.manifest()["inputs"]["carry"]
    assert ["inputs"] == [change["reason"] for change in lake.changes()]


def test_a_lake_without_a_price_before_the_day_waits_for_one(lake: Lake) -> None:
    lake.remove(chunk_key(1439, BEFORE))
    lake.remove(chunk_key(0), chunk_key(1), chunk_key(2))
    lake.record(minutes=[90])
    lake.build()
    assert f"{DAY}T00:00:00Z,,,,,," in lake.bars().read_text(encoding="utf-8")

    lake.record(BEFORE, [3])
    lake.build()

    assert f"{DAY}T00:00:00Z,103.5,103.5," in lake.bars().read_text(encoding="utf-8")


def test_a_journal_that_comes_later_is_an_input(published: Lake) -> None:
    published.journal(DAY, recording(SYMBOL), covered(DAY, 0, 1440))
    published.build()
    after = published.manifest()
    published.journal(DAY, recording("ETHUSDT"), covered(DAY, 0, 60, "ETHUSDT"), run="b")

    assert Status.UP_TO_DATE == published.build().status
    assert {"ok": 24} == after["bars"]["1h"]
    assert "complete" == after["condition"]


# Inputs that are gone


def test_a_day_whose_raw_chunks_have_all_expired_is_kept(published: Lake) -> None:
    before = published.products()
    published.remove(chunk_key(1439, BEFORE), *(chunk_key(minute) for minute in range(3)))

    outcome = published.build()

    assert (Status.KEPT, "degraded") == (outcome.status, outcome.condition)
    assert "raw chunks have expired" == outcome.detail
    assert before == published.products()


def test_a_day_whose_raw_chunks_have_partly_expired_is_kept(published: Lake) -> None:
    published.remove(chunk_key(1439, BEFORE))

    assert Status.KEPT == published.build().status
    assert Status.KEPT == published.build(margin_minutes=60).status


def test_what_cannot_be_made_from_what_is_left_is_told(published: Lake) -> None:
    published.remove(chunk_key(0))

    outcome = published.build(labels=("1s", "5m", "1h"))

    assert "raw chunks have expired; 1s, 5m cannot be made any more" == outcome.detail


def test_expired_journals_are_inputs_that_are_gone(published: Lake) -> None:
    said = published.journal(DAY, recording(SYMBOL), covered(DAY, 0, 1440))
    published.build()
    said.unlink()

    assert Status.KEPT == published.build().status


def refusal(lake: Lake) -> str:
    with pytest.raises(LakeError) as caught:
        lake.build()
    return str(caught.value)


def test_fewer_and_new_chunks_are_refused_until_somebody_says_so(published: Lake) -> None:
    before = published.products()
    published.remove(chunk_key(0))
    published.record(minutes=[4])

    assert (
        f"cannot rebuild {SYMBOL} {DAY}: new inputs came, but some that the published day was "
        "built from are gone; restore them, or build from what is there with backfill --force"
    ) == refusal(published)
    assert before == published.products()
    assert Status.BUILT == published.build(force=True).status
    assert ["forced"] == [change["reason"] for change in published.changes()]
    assert Status.UP_TO_DATE == published.build().status


def test_a_damaged_file_that_cannot_be_made_again_is_told(published: Lake) -> None:
    published.remove(chunk_key(0))
    published.bars().unlink()

    assert "its files are not its manifest's" in refusal(published)


# Days that are not over


def built_at(lake: Lake, now: datetime) -> Outcome:
    return builder(lake.storage, HOURLY, now).run(UNIT)


def test_a_day_is_pending_until_its_margin_is_over(lake: Lake) -> None:
    over = datetime(AFTER.year, AFTER.month, AFTER.day, 0, 10, tzinfo=UTC)
    a_moment_before = over - timedelta(microseconds=1)

    assert (Status.BUILT, "pending") == _told(built_at(lake, a_moment_before))
    assert (Status.BUILT, "pending") == _told(built_at(lake, a_moment_before))
    assert (Status.BUILT, "degraded") == _told(built_at(lake, over))
    assert (Status.UP_TO_DATE, "degraded") == _told(built_at(lake, over))
    assert [] == lake.changes()


def _told(outcome: Outcome) -> tuple[Status, str]:
    return outcome.status, outcome.condition


def test_a_day_that_ends_while_it_is_built_is_pending(lake: Lake) -> None:
    """Rows may have come after the listing."""
    before = datetime(AFTER.year, AFTER.month, AFTER.day, 0, 9, 59, tzinfo=UTC)
    clock = iter([before, before + timedelta(seconds=2)])
    racing = builder(lake.storage)
    racing = type(racing)(racing.storage, racing.settings, lambda: next(clock))

    assert "pending" == racing.run(UNIT).condition


# What is no chunk, or none that can be read


def test_what_lies_in_the_day_and_is_no_chunk_is_named_and_left_alone(lake: Lake) -> None:
    folder = f"raw/trades/{SYMBOL}/{DAY}"
    strays = [f"{folder}/.hidden", f"{folder}/0000-a.csv.bz2", f"{folder}/notes/0001-a.csv.gz"]
    for stray in strays:
        lake.write(stray, b"timestamp")

    outcome = lake.build()

    assert strays[1:] == lake.manifest()["inputs"]["left_alone"]
    assert "2 strange files left alone" in outcome.detail
    assert all((lake.path / stray).exists() for stray in strays)
    assert Status.UP_TO_DATE == lake.build().status


@pytest.mark.parametrize("form", Format)
def test_an_empty_chunk_costs_nothing_but_itself(lake: Lake, form: Format) -> None:
    key = chunk_key(4, form=form)
    lake.write(key)

    outcome = lake.build()

    manifest = lake.manifest()
    (unusable,) = manifest["set_aside"]["chunks"].values()
    assert {"chunks": 1, "example": key} == unusable
    assert 12 == manifest["trades"]["counted"]
    assert "1 chunks unusable" in outcome.detail


def test_a_day_of_nothing_but_empty_chunks_is_a_day_of_gaps(lake: Lake) -> None:
    lake.remove(*(chunk_key(minute) for minute in range(3)))
    lake.write(chunk_key(0))
    lake.write(chunk_key(0, stream=Stream.DEPTH20))

    assert "degraded" == lake.build().condition
    assert {"gap": 24} == lake.manifest()["bars"]["1h"]


# The lake's marker


def test_the_first_that_writes_says_whose_lake_it_is(lake: Lake) -> None:
    lake.build()

    marker = json.loads((lake.path / LAKE_FILE).read_bytes())
    assert {"venue": "binance-usdm", "schema_version": 1} == marker


def counted(lake: Lake) -> int:
    number: int = lake.manifest()["trades"]["counted"]
    return number

"""The commands of the deploy: gcloud knows them, and to repeat them changes nothing."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.check import SAMPLE
from deploy.gcloud import Deploy
from deploy.plan import roll_out, set_up, tear_down
from deploy.running import commits_of, image_of
from deploy.shell import written
from deploy.steps import CHANNEL, FOUND, Command, words
from tests.deploy.project import Project
from tests.deploy.samples import DEPLOY, all_steps
from tests.gcloud import complaints, needs_gcloud

EVERYTHING = replace(
    DEPLOY, settings=replace(DEPLOY.settings, shards=2, api_key_secret="binance-api-key")
)


def commands(deploy: Deploy) -> Iterator[Command]:
    for step in all_steps(deploy):
        yield from step.commands()
    yield image_of(deploy, "collector", SAMPLE.commit)
    yield commits_of(deploy)


def shape(line: str) -> str:
    """Return what kind of a command it is: its words without what stands behind a `=`."""
    return " ".join(word.partition("=")[0] for word in shlex.split(line) if "gs://" not in word)


@needs_gcloud
def test_gcloud_knows_every_command_and_flag(tmp_path: Path) -> None:
    lines = (
        shlex.join(words(command, "files")).replace(FOUND, "found").replace(CHANNEL, "channel")
        for command in commands(EVERYTHING)
    )
    by_shape = {shape(line): line for line in lines}

    assert len(by_shape) > 40
    assert {} == complaints([*by_shape.values()], tmp_path)


def test_every_command_names_the_project() -> None:
    project = f"--project={DEPLOY.settings.project}"

    assert all(project in command for command in commands(EVERYTHING))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Set up and roll out twice, tear down without the data and then with; return the changes."""
    folder = tmp_path_factory.mktemp("project")
    project, up = Project(folder), [*set_up(EVERYTHING), *roll_out(EVERYTHING, SAMPLE)]
    plans = {
        "first": up,
        "second": up,
        "tear-down": tear_down(EVERYTHING, data=False),
        "with data": tear_down(EVERYTHING, data=True),
    }
    told, changes = dict[str, list[str]](), list[str]()
    for name, steps in plans.items():
        project.run(written(steps, str(folder / "files")))
        told[name], changes = project.changes()[len(changes) :], project.changes()
    assert '{"venue": "binance-usdm", ' in (folder / "files" / "lake.json").read_text()
    return told


def creating(lines: list[str]) -> list[str]:
    return [line for line in lines if " create " in line or line.startswith("storage cp")]


def test_a_second_set_up_and_roll_out_create_nothing(history: dict[str, list[str]]) -> None:
    assert len(creating(history["first"])) > 20
    assert [] == creating(history["second"])


def test_the_lake_is_marked_by_whoever_comes_first(history: dict[str, list[str]]) -> None:
    (copy,) = (line for line in history["first"] if line.startswith("storage cp"))

    assert "gs://my-project-lake/lake.json --if-generation-match=0" in copy


def test_the_lake_is_removed_only_where_that_is_said(history: dict[str, list[str]]) -> None:
    removal = "storage rm gs://my-project-lake --recursive --project=my-project"

    assert removal not in history["tear-down"]
    assert removal in history["with data"]


def test_what_a_tear_down_removes_is_what_was_made(history: dict[str, list[str]]) -> None:
    removed = "\n".join(history["tear-down"])

    for name in ("collector", "aggregator", "scheduler", "deployer"):
        assert f"iam service-accounts delete {EVERYTHING.settings.account(name)}" in removed
    for metric in EVERYTHING.names("metrics"):
        assert f"logging metrics delete flowlake-{metric}" in removed
    assert "scheduler jobs delete flowlake-daily" in removed
    assert len(EVERYTHING.names("alerts")) == removed.count("alpha monitoring policies delete")

"""Who may do what in the bucket, and how that becomes policies."""

import pytest

from deploy.access import custom_roles, grants
from deploy.roles import may
from deploy.steps import Run
from tests.deploy.samples import DEPLOY

CHUNK = "raw/trades/BTCUSDT/2025-12-11/0801-k3v9.csv.gz"
JOURNAL = "journal/2025-12-11/08-k3v9.jsonl"
BARS = "aggregated/BTCUSDT/2025-12-11_1m.csv"
ALL = ("create", "get", "list", "delete")


@pytest.mark.parametrize(
    ("role", "key", "allowed"),
    [
        ("collector", CHUNK, "create get list"),
        ("collector", JOURNAL, "create get list"),
        ("collector", BARS, "get list"),
        ("collector", "lake.json", "get list"),
        ("aggregator", CHUNK, "create get list"),
        ("aggregator", JOURNAL, "create get list"),
        ("aggregator", BARS, "create get list delete"),
        ("aggregator", "lake.json", "get list"),
        ("analysts", BARS, "get list"),
        ("analysts", CHUNK, ""),
        ("analysts", JOURNAL, ""),
        ("analysts", "lake.json", ""),
    ],
)
def test_each_role_may_do_this_and_nothing_else(role: str, key: str, allowed: str) -> None:
    found = [verb for verb in ALL if may(DEPLOY.roles, role, f"storage.objects.{verb}", key)]

    assert sorted(allowed.split()) == sorted(found)


def test_each_grant_becomes_one_binding_where_it_belongs() -> None:
    steps = [step for step in grants(DEPLOY) if isinstance(step, Run)]
    wanted = {
        (role, f"gs://my-project-lake/{grant.prefix}".rstrip("/"))
        for role in DEPLOY.roles
        for grant in DEPLOY.roles[role]
    }
    found = {
        (role, str(step.command[4]).rstrip("/"))
        for step in steps
        for role in DEPLOY.roles
        if f"--member={DEPLOY.member(role)}" in step.command
    }

    assert wanted == found
    assert len(wanted) == len(steps)


def test_no_custom_role_can_change_what_is_there_but_that_of_published_files() -> None:
    able = {
        name
        for name in DEPLOY.names("roles")
        if {"storage.objects.delete", "storage.objects.update"}
        & {*DEPLOY.documents[f"roles/{name}"].content["includedPermissions"]}
    }

    assert {"publisher"} == able
    assert 3 == len([*custom_roles(DEPLOY)])

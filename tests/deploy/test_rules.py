"""What is wrong with documents whose form is right."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.check import SAMPLE, of_document
from deploy.render import pools
from tests.deploy.samples import DEPLOY, Path, replaced

POD = ("spec", "template", "spec")
TASK = (*POD, "template", "spec")


def said_of(name: str, path: Path, value: object) -> str:
    """Return what is said of a document in which one thing is changed."""
    document = DEPLOY.documents[name]
    spoilt = replace(document, content=replaced(document.content, path, value))
    return " ".join(of_document(DEPLOY, spoilt))


@pytest.mark.parametrize(
    ("name", "path", "value", "said"),
    [
        ("collector", ("kind",), "Job", "apiVersion and kind"),
        ("daily", ("apiVersion",), "run.googleapis.com/v2", "apiVersion and kind"),
        ("collector", (*POD, "containers", 0, "image"), "r/collector:latest", "by its digest"),
        ("collector", (*POD, "serviceAccountName"), 7, "no string"),
        ("collector", (*POD, "containers", 0, "resources", "limits", "memory"), "4Gigs", "no size"),
        ("collector", (*POD, "containers", 0, "resources", "limits", "memory"), "8Gi", "take from"),
        ("collector", (*POD, "containers", 0, "resources", "limits", "cpu"), "3", "none of 1, 2"),
        ("collector", (*POD, "containers", 0, "args", 3), "--spol=/spool", "No such option"),
        ("collector", (*POD, "containers", 0, "args", 0), "record", "has no command"),
        ("collector", (*POD, "containers", 0, "env", 0, "name"), "LAKE", "reads no 'LAKE'"),
        ("collector", (*POD, "containers", 0, "env", 1, "name"), "API_KEY", "reads no 'API_KEY'"),
        ("collector", (*POD, "volumes", 0, "emptyDir", "medium"), "Memory", "lies on no disk"),
        ("collector", (*POD, "volumes", 0, "emptyDir", "sizeLimit"), "9Gi", "does not fit"),
        ("collector", (*POD, "volumes", 0, "name"), "other", "lies on no disk"),
        ("collector", (*POD, "containers", 0, "args", 4), "--spool-limit=5GiB", "minutes, not 180"),
        ("collector", ("metadata", "annotations"), {"run.googleapis.com/scaling": "manual"},
         "knows no"),
        ("daily", (*TASK, "timeoutSeconds"), "600", "timeoutSeconds"),
        ("daily", (*TASK, "timeoutSeconds"), "10m", "timeoutSeconds"),
        ("daily", (*POD, "taskCount"), 5, "taskCount"),
        ("daily", (*TASK, "containers", 0, "args"), ["daly"], "has no command"),
        ("daily", (*TASK, "containers", 0, "args"), ["daily", "--margin=5"], "args: aggregator: "),
        ("daily", (*TASK, "containers", 0, "resources", "limits"), {"cpu": "8", "memory": "3Gi"},
         "take from 4"),
        ("backfill", (*TASK, "containers", 0, "resources", "limits"),
         {"cpu": "2", "memory": "512Mi"}, "too little for 2 busy days"),
        ("schedule", ("timeZone",), "Asia/Tokio", "timeZone"),
        ("schedule", ("schedule",), "20 24 * * *", "not from 0 to 23"),
        ("schedule", ("schedule",), "0 20 0 * * *", "five fields"),
        ("schedule", ("schedule",), "@daily", "five fields"),
        ("schedule", ("attemptDeadline",), "3 minutes", "google-duration"),
        ("schedule", ("httpTarget", "httpMethod"), "SEND", "none of"),
        ("schedule", ("httpTarget", "uri"), "https://example.com/", "starts no job"),
        ("bucket", ("location",), "us-central1", "451"),
        ("bucket", ("lifecycle", "rule", 0, "condition", "matchesPrefix"), ["aggregated/"],
         "nothing else may expire"),
        ("bucket", ("lifecycle", "rule", 0, "condition", "age"), 3, "younger than 30"),
        ("bucket", ("softDeletePolicy", "retentionDurationSeconds"), 0, "for a week"),
        ("repository", ("format",), "Docker", "none of"),
        ("channel", ("type",), "pager", "no email channel"),
        ("roles/reader", ("stage",), "DONE", "none of"),
        ("metrics/recording", ("filter",), "jsonPayload.event=uploaded", "no comparison"),
        ("metrics/recording", ("filter",), 'jsonPayload.message=~"("', "no regular expression"),
        ("metrics/recording", ("filter",), "(severity>=ERROR)", "no comparison"),
        ("metrics/recording", ("filter",), "severity>=ERROR OR jsonPayload.gaps>0",
         "no comparison"),
        ("metrics/recording", ("filter",), '(severity>=ERROR OR jsonPayload.event=~"(")',
         "no regular expression"),
        ("alerts/job-failed", ("severity",), "BAD", "none of"),
        ("alerts/job-failed", ("conditions", 0, "conditionThreshold", "duration"), "30s", "whole"),
        ("alerts/day-missing", ("conditions", 0, "conditionThreshold", "duration"), "0s", "not 0"),
        ("alerts/day-missing",
         ("conditions", 0, "conditionThreshold", "aggregations", 0, "alignmentPeriod"), "100000s",
         "25 hours"),
        ("alerts/job-failed", ("conditions", 0, "conditionThreshold", "filter"),
         'metric.type="logging.googleapis.com/user/x"\nresource.type="cloud_run_job"',
         "names no metric"),
        ("alerts/job-failed", ("conditions", 0, "conditionThreshold", "filter"),
         'metric.type="logging.googleapis.com/user/flowlake-failures"\n'
         'resource.type="cloud_run_worker_pool"', "is not counted on"),
    ],
)  # fmt: skip
def test_what_google_would_refuse_or_misread_is_named(
    name: str, path: Path, value: object, said: str
) -> None:
    assert said in said_of(name, path, value)


@pytest.mark.parametrize("shards", [1, 3])
def test_each_shard_has_a_pool_and_the_last_comes_first(shards: int) -> None:
    settings = replace(DEPLOY.settings, shards=shards)
    found = pools(DEPLOY.documents["collector"], settings, SAMPLE)
    said = [(each.content["metadata"]["name"], _container(each)["args"][2]) for each in found]

    assert [
        (f"flowlake-collector-{shard}", f"--shard={shard}/{shards}")
        for shard in reversed(range(shards))
    ] == said


def test_a_pool_names_its_region_since_its_command_has_no_flag_for_it() -> None:
    (pool,) = pools(DEPLOY.documents["collector"], DEPLOY.settings, SAMPLE)

    assert "asia-northeast1" == pool.content["metadata"]["labels"]["cloud.googleapis.com/location"]


@pytest.mark.parametrize(
    ("secret", "names"), [("", ["LAKE_URL"]), ("key", ["LAKE_URL", "BINANCE_API_KEY"])]
)
def test_the_key_comes_from_a_secret_if_there_is_one(secret: str, names: list[str]) -> None:
    settings = replace(DEPLOY.settings, api_key_secret=secret)
    (pool,) = pools(DEPLOY.documents["collector"], settings, SAMPLE)

    assert names == [each["name"] for each in _container(pool)["env"]]


def _container(document: Any) -> Any:
    return document.content["spec"]["template"]["spec"]["containers"][0]

"""The API over real HTTP, well and misbehaving."""

from collections.abc import Iterator

import pytest
from google.auth.exceptions import DefaultCredentialsError

from aggregator.cloud.execution import Execution, FailedTask, Job, Order
from aggregator.cloud.jobs_api import JobsApi
from lake.errors import LakeError
from tests.cloud.cloud_run import JOB, CloudRun

PLACE = Job("p", "asia-northeast1", "flowlake-backfill")
ORDER = Order(("backfill", "--force"), 3, 60)


@pytest.fixture
def cloud_run() -> Iterator[CloudRun]:
    with CloudRun() as server:
        yield server


def api_of(server: CloudRun, patience_s: float = 20) -> JobsApi:
    return JobsApi(server.url, patience_s)


def test_an_execution_is_started_with_what_is_ordered(cloud_run: CloudRun) -> None:
    execution, is_new = api_of(cloud_run).begin(PLACE, ORDER)

    assert is_new
    assert execution.is_of(ORDER)
    assert f"{JOB}/executions/flowlake-backfill-0" == execution.path


def test_one_that_runs_already_is_found_on_whatever_page(cloud_run: CloudRun) -> None:
    ours = cloud_run.add(ORDER.tasks, [*ORDER.arguments])
    for _ in range(4):
        cloud_run.add(1, ["daily"])
    execution, is_new = api_of(cloud_run).begin(PLACE, ORDER)

    assert (ours.name, False, 0) == (execution.name, is_new, cloud_run.posts())


def test_one_that_is_over_is_not_taken_for_ours(cloud_run: CloudRun) -> None:
    cloud_run.add(ORDER.tasks, [*ORDER.arguments]).ended = ORDER.tasks

    assert api_of(cloud_run).begin(PLACE, ORDER)[1]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_again(cloud_run: CloudRun, status: int) -> None:
    cloud_run.script.refusals = {"GET": [status], "POST": [status]}
    execution, _ = api_of(cloud_run).begin(PLACE, ORDER)

    assert (2, 1) == (cloud_run.posts(), len(cloud_run.executions))
    assert execution.is_of(ORDER)


def test_an_answer_that_is_lost_does_not_start_it_twice(cloud_run: CloudRun) -> None:
    cloud_run.script.lost = 1
    execution, is_new = api_of(cloud_run).begin(PLACE, ORDER)

    assert (1, False) == (len(cloud_run.executions), is_new)
    assert execution.is_of(ORDER)


def test_a_right_that_lacks_is_named(cloud_run: CloudRun) -> None:
    cloud_run.script.refusals = {"POST": [403]}

    with pytest.raises(LakeError, match="cannot start .*403 Forbidden, as the script says; grant "
                       "run.jobs.runWithOverrides and run.executions.list"):  # fmt: skip
        api_of(cloud_run).begin(PLACE, ORDER)
    assert 1 == cloud_run.posts()


def test_a_job_that_is_not_there_is_named(cloud_run: CloudRun) -> None:
    with pytest.raises(LakeError, match="jobs/other.* does not exist; check --project"):
        api_of(cloud_run).begin(Job("p", "asia-northeast1", "other"), ORDER)


def test_patience_ends(cloud_run: CloudRun) -> None:
    cloud_run.script.refusals = {"GET": [503] * 50}

    with pytest.raises(LakeError, match="cannot follow .*at last: 503 .*check the network and "
                       "the status of Cloud Run"):  # fmt: skip
        api_of(cloud_run, 1.0).execution(f"{JOB}/executions/x")


def test_failed_tasks_are_listed_over_all_pages(cloud_run: CloudRun) -> None:
    cloud_run.script.fails = {0: 1, 4: 137}
    running = cloud_run.add(5, [])
    path = f"{JOB}/executions/{running.name}"

    found = api_of(cloud_run).failed_tasks(Execution(path, (), 5))

    why = "The container exited with an error."
    assert [FailedTask(0, 1, why), FailedTask(4, 137, why)] == found


def test_who_is_no_google_hears_of_no_credentials(cloud_run: CloudRun) -> None:
    api_of(cloud_run).begin(PLACE, ORDER)

    assert {None} == cloud_run.tokens


def test_without_credentials_it_says_how_to_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(**_: object) -> None:
        raise DefaultCredentialsError("none")  # type: ignore[no-untyped-call]

    monkeypatch.setattr("google.auth.default", nobody)

    with pytest.raises(LakeError, match="run gcloud auth application-default login"):
        JobsApi()

"""What is ordered of a job, and what is read of its executions."""

import shlex
from typing import Any

import pytest

from aggregator.cloud.execution import (
    Execution,
    FailedTask,
    Job,
    Order,
    failure,
    log_command,
)

JOB = Job("p", "asia-northeast1", "flowlake-backfill")
ORDER = Order(("backfill", "--symbols", "A,B", "--force"), 7, 3600)
PATH = f"{JOB.path}/executions/flowlake-backfill-x7"


def resource(state: str = "CONDITION_RECONCILING", **fields: Any) -> dict[str, Any]:
    return {
        "name": PATH, "taskCount": 7, "conditions": [{"type": "Completed", "state": state}],
        "template": {"containers": [{"args": [*ORDER.arguments]}]}, **fields,
    }  # fmt: skip


def test_the_order_is_an_override_of_one_execution() -> None:
    assert {
        "overrides": {
            "containerOverrides": [{"args": ["backfill", "--symbols", "A,B", "--force"]}],
            "taskCount": 7,
            "timeout": "3600s",
        }
    } == ORDER.body()


def test_gcloud_gets_the_same_arguments_whatever_commas_are_in_them() -> None:
    words = shlex.split(ORDER.gcloud(JOB))
    (arguments,) = (word.partition("=")[2] for word in words if word.startswith("--args="))

    assert ["gcloud", "run", "jobs", "execute", "flowlake-backfill"] == words[:5]
    assert "^;^" == arguments[:3]
    assert [*ORDER.arguments] == arguments[3:].split(";")
    assert {"--tasks=7", "--task-timeout=3600s", "--project=p"} <= {*words}


def test_a_count_that_is_absent_is_zero() -> None:
    execution = Execution.parse(resource())

    assert not execution.is_over
    assert execution.is_of(ORDER)
    assert "flowlake-backfill-x7" == execution.name
    assert "0 of 7 tasks done" == execution.progress()


def test_another_number_of_tasks_is_another_order() -> None:
    assert not Execution.parse(resource(taskCount=8)).is_of(ORDER)
    assert not Execution.parse(resource(template={})).is_of(ORDER)


def test_progress_names_what_there_is() -> None:
    execution = Execution.parse(resource(succeededCount=3, runningCount=2, retriedCount=1))

    assert "3 of 7 tasks done, 2 running, 1 retried" == execution.progress()


@pytest.mark.parametrize(
    ("fields", "over", "failed"),
    [
        ({"succeededCount": 7, "state": "CONDITION_SUCCEEDED"}, True, False),
        ({"succeededCount": 6, "failedCount": 1, "state": "CONDITION_FAILED"}, True, True),
        ({"succeededCount": 6, "cancelledCount": 1, "completionTime": "t"}, True, True),
        ({"succeededCount": 6, "failedCount": 1}, False, False),
    ],
)
def test_it_has_failed_if_it_is_over_and_a_task_lacks(
    fields: dict[str, Any], over: bool, failed: bool
) -> None:
    execution = Execution.parse(resource(**fields))

    assert (over, failed) == (execution.is_over, execution.has_failed)


def task(index: int, code: int | None, message: str = "") -> dict[str, Any]:
    state = "CONDITION_SUCCEEDED" if code == 0 else "CONDITION_FAILED"
    last = {"exitCode": code} if code else {"status": {"message": message}}
    return {
        "index": index,
        "conditions": [{"type": "Completed", "state": state}],
        "lastAttemptResult": last,
    }


def test_a_failure_names_tasks_and_how_to_see_their_log() -> None:
    parsed = [FailedTask.parse(task(index, code)) for index, code in enumerate((0, 1, 137, 1, 1))]
    tasks = [each for each in parsed if each]
    execution = Execution.parse(resource("CONDITION_FAILED", succeededCount=1, failedCount=4))
    said = failure(execution, tasks, "p")

    assert "flowlake-backfill-x7 failed with 1 of 7 tasks done, 4 failed" in said
    assert "task 1 (exit code 1); task 2 (exit code 137); task 3 (exit code 1) and 1 more" in said
    assert log_command(execution, "p") in said
    assert 1 == len(said.splitlines())


def test_a_task_that_did_not_end_by_itself_has_no_exit_code() -> None:
    killed = FailedTask.parse(task(0, None, "The task timed out."))

    assert "task 0 (The task timed out.)" == str(killed)


def test_a_failure_without_tasks_says_what_the_execution_says() -> None:
    execution = Execution.parse(
        resource(conditions=[{"type": "Completed", "state": "CONDITION_FAILED",
                              "message": "Image not found."}])
    )  # fmt: skip

    assert "failed with 0 of 7 tasks done: Image not found.; read" in failure(execution, [], "p")

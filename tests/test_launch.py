"""`aggregator launch` against the part of the Cloud Run API that it uses."""

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases import Ran, finished, started
from tests.cloud.cloud_run import CloudRun
from tests.gcloud import complaints, needs_gcloud

DAYS = ["--start", "2025-12-01", "--end", "2025-12-03"]
PROGRAM = (
    "import aggregator.cli as cli; from aggregator.launch import launch\n"
    "names = [each.name or each.callback.__name__ for each in cli.app.registered_commands]\n"
    "'launch' in names or cli.app.command()(launch)\n"
    "cli.main()"
)


@pytest.fixture
def cloud_run() -> Iterator[CloudRun]:
    with CloudRun() as server:
        yield server


def start(server: CloudRun | None, *options: object) -> subprocess.Popen[str]:
    where = {"CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN": server.url} if server else {}
    return started(
        sys.executable, "-c", PROGRAM, "launch", *DAYS, "--every", "0.02", *options, **where
    )


def launched(server: CloudRun | None, *options: object) -> Ran:
    return finished(start(server, "--project", "p", *options))


def test_an_execution_is_followed_to_its_end(cloud_run: CloudRun) -> None:
    done = launched(cloud_run, "--tasks", 3, "--lake", "gs://l", "--symbols", "a,b", "--force")

    assert 0 == done.code, done
    begun, *steps = done.logged
    assert ["backfill", *DAYS, "--lake", "gs://l", "--symbols", "A,B", "--force"] == begun[
        "arguments"
    ]
    assert [1, 2, 3] == [step["succeeded"] for step in steps]
    assert steps[-1]["message"].endswith("3 of 3 tasks done")


def test_a_task_that_fails_is_exit_code_1_and_says_how_to_see_its_log(cloud_run: CloudRun) -> None:
    cloud_run.script.fails = {1: 1}
    failed = launched(cloud_run, "--tasks", 3)

    assert "failed with 2 of 3 tasks done, 1 failed: task 1 (exit code 1, " in failed.failure
    assert "read gcloud logging read " in failed.failure


@pytest.mark.parametrize("status", [429, 503])
def test_a_bad_moment_is_waited_out(cloud_run: CloudRun, status: int) -> None:
    cloud_run.script.refusals = {"GET": [status], "POST": [status]}

    assert 0 == launched(cloud_run, "--tasks", 1).code


def test_a_right_that_lacks_is_one_line(cloud_run: CloudRun) -> None:
    cloud_run.script.refusals = {"POST": [403]}

    assert "grant run.jobs.runWithOverrides" in launched(cloud_run, "--tasks", 1).failure


def test_who_is_interrupted_says_so_and_follows_it_again(cloud_run: CloudRun) -> None:
    process = start(cloud_run, "--project", "p", "--tasks", "2", "--every", "60")
    while not cloud_run.executions or len(cloud_run.asked) < 3:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    stopped = finished(process)
    again = launched(cloud_run, "--tasks", 2)

    assert 128 + signal.SIGTERM == stopped.code
    assert "goes on; the same command follows it again" in stopped.out
    assert (0, 1) == (again.code, cloud_run.posts())
    assert "this runs already, following flowlake-backfill-0" in again.out


def test_a_dry_run_prints_the_command_and_asks_nobody(cloud_run: CloudRun) -> None:
    shown = launched(cloud_run, "--tasks", 200, "--symbols", "A,B", "--dry-run")
    words = shlex.split(shown.out)

    assert (0, []) == (shown.code, cloud_run.asked)
    assert ["gcloud", "run", "jobs", "execute", "flowlake-backfill"] == words[:5]
    assert "--args=^;^backfill;" + ";".join(DAYS) + ";--symbols;A,B" in words


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tasks", 0], "--tasks"),
        (["--tasks", 10_001], "--tasks"),
        (["--tasks", 1, "--lake", "./lake"], "a task reaches a bucket only"),
        (["--tasks", 1, "--task-timeout", "169h"], "at most 168h"),
        (["--tasks", 1, "--task-timeout", "soon"], "write 90s"),
        (["--tasks", 1, "--symbols", "a/b"], "is no symbol"),
        (["--tasks", 1, "--resolutions", "7s"], "does not divide a day"),
        (["--tasks", 1, "--end", "2025-11-30"], "is before --start"),
    ],
)
def test_wrong_usage_is_found_before_anybody_is_asked(
    cloud_run: CloudRun, options: list[object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    assert said in launched(cloud_run, *options).usage_error
    assert [] == cloud_run.asked


def test_without_a_project_it_asks_for_one(
    cloud_run: CloudRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)

    assert "--project" in finished(start(cloud_run, "--tasks", 1)).usage_error


@needs_gcloud
def test_the_command_line_is_one_that_gcloud_knows(tmp_path: Path) -> None:
    shown = launched(None, "--tasks", 200, "--symbols", "A,B", "--dry-run").out.strip()

    assert {} == complaints([shown], tmp_path)

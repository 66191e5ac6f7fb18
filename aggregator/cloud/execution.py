"""A job of Cloud Run, what is ordered of it, and what its executions say. No clock, no network.

The names are those of the Cloud Run Admin API, version 2.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_TASKS = 10_000
_SEPARATOR = "^;^"
"""How gcloud is told that a list is not separated by commas."""
_COUNTED = ("succeeded", "running", "failed", "cancelled", "retried")


@dataclass(frozen=True)
class Job:
    """A job that is deployed."""

    project: str
    region: str
    name: str

    @property
    def path(self) -> str:
        """Return the name that the API knows it by."""
        return f"projects/{self.project}/locations/{self.region}/jobs/{self.name}"


@dataclass(frozen=True)
class Order:
    """What one execution is to do, in place of what the job does by itself."""

    arguments: tuple[str, ...]
    tasks: int
    timeout_s: int

    def body(self) -> dict[str, Any]:
        """Return it as `jobs:run` takes it."""
        return {
            "overrides": {
                "containerOverrides": [{"args": [*self.arguments]}],
                "taskCount": self.tasks,
                "timeout": f"{self.timeout_s}s",
            }
        }

    def gcloud(self, job: Job) -> str:
        """Return the command line that does the same."""
        arguments = _SEPARATOR + ";".join(self.arguments)
        return shlex.join(
            ["gcloud", "run", "jobs", "execute", job.name, f"--project={job.project}",
             f"--region={job.region}", f"--tasks={self.tasks}",
             f"--task-timeout={self.timeout_s}s", f"--args={arguments}", "--wait"]
        )  # fmt: skip


@dataclass(frozen=True)
class Execution:
    """An execution as the API tells of it; `why` is what it says of a failure."""

    path: str
    arguments: tuple[str, ...]
    tasks: int
    succeeded: int = 0
    running: int = 0
    failed: int = 0
    cancelled: int = 0
    retried: int = 0
    is_over: bool = False
    why: str = ""

    @classmethod
    def parse(cls, resource: Mapping[str, Any]) -> "Execution":
        """Read the resource; a count that is zero is not in it."""
        containers = resource.get("template", {}).get("containers", [{}])
        completed = _condition(resource, "Completed")
        has_ended = completed.get("state") in ("CONDITION_SUCCEEDED", "CONDITION_FAILED")
        succeeded, running, failed, cancelled, retried = (
            int(resource.get(f"{name}Count", 0)) for name in _COUNTED
        )
        return cls(
            resource["name"], tuple(containers[0].get("args", ())),
            int(resource.get("taskCount", 0)), succeeded, running, failed, cancelled, retried,
            has_ended or "completionTime" in resource, str(completed.get("message", "")),
        )  # fmt: skip

    @property
    def name(self) -> str:
        """Return its short name."""
        return self.path.rpartition("/")[2]

    @property
    def has_failed(self) -> bool:
        """Tell whether it is over and not all its tasks succeeded."""
        return self.is_over and self.succeeded < self.tasks

    def is_of(self, order: Order) -> bool:
        """Tell whether it does what is ordered."""
        return (self.arguments, self.tasks) == (order.arguments, order.tasks)

    def progress(self) -> str:
        """Say how far it is."""
        parts = (("running", self.running), ("failed", self.failed),
                 ("cancelled", self.cancelled), ("retried", self.retried))  # fmt: skip
        more = "".join(f", {count:,} {name}" for name, count in parts if count)
        return f"{self.succeeded:,} of {self.tasks:,} tasks done{more}"


@dataclass(frozen=True)
class FailedTask:
    """A task that failed for good; the exit code is None if it was not the program that ended."""

    index: int
    exit_code: int | None
    why: str

    @classmethod
    def parse(cls, resource: Mapping[str, Any]) -> "FailedTask | None":
        """Read the resource of a task; None if it did not fail."""
        if _condition(resource, "Completed").get("state") != "CONDITION_FAILED":
            return None
        last = resource.get("lastAttemptResult", {})
        why = last.get("status", {}).get("message") or _condition(resource, "Completed").get(
            "message", ""
        )
        return cls(int(resource.get("index", 0)), last.get("exitCode"), str(why))

    def __str__(self) -> str:
        said = [f"exit code {self.exit_code}"] * (self.exit_code is not None) + [self.why]
        return f"task {self.index} ({', '.join(filter(None, said)) or 'no reason given'})"


def failure(execution: Execution, tasks: Sequence[FailedTask], project: str) -> str:
    """Say in one line what failed, why, and what to do."""
    named = "; ".join(map(str, tasks[:3])) or execution.why or "no reason given"
    more = f" and {len(tasks) - 3:,} more" if len(tasks) > 3 else ""
    return (
        f"execution {execution.name} failed with {execution.progress()}: {named}{more}; read "
        f"{log_command(execution, project)} and run the same command again, which does only "
        "what is not published yet"
    )


def log_command(execution: Execution, project: str) -> str:
    """Return the command line that shows what its tasks complained of."""
    chosen = (
        'resource.type="cloud_run_job" AND severity>=ERROR AND '
        f'labels."run.googleapis.com/execution_name"="{execution.name}"'
    )
    return shlex.join(["gcloud", "logging", "read", chosen, f"--project={project}", "--limit=50"])


def _condition(resource: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions = resource.get("conditions", ())
    return next((each for each in conditions if each.get("type") == kind), {})

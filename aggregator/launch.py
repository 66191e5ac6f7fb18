"""`aggregator launch`: a back-fill as many tasks of the Cloud Run job, followed to its end."""

import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cloud.execution import MOST_TASKS, Execution, Job, Order, failure
from aggregator.console import say
from aggregator.options import (
    Margin,
    Parquet,
    Symbols,
    parse_range,
    parse_resolutions,
    parse_symbols,
)
from aggregator.settings import LEAST_MARGIN
from lake.errors import LakeError

if TYPE_CHECKING:
    from aggregator.cloud.jobs_api import JobsApi

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_LONGEST_S = 168 * 3600
"""That Cloud Run lets a task run."""


def launch(  # noqa: PLR0913 (the options of a command are its arguments)
    start: Annotated[str, typer.Option(help="First day.", metavar="YYYY-MM-DD")],
    end: Annotated[str, typer.Option(help="Last day, included.", metavar="YYYY-MM-DD")],
    tasks: Annotated[int, typer.Option(help="Tasks that share the days.", min=1, max=MOST_TASKS)],
    lake: Annotated[
        str | None, typer.Option(help="gs://bucket[/prefix].", show_default="the job's own")
    ] = None,
    symbols: Symbols = None,
    resolutions: Annotated[
        str | None, typer.Option(help="Lengths of bars.", metavar="1s,1m", show_default="1s,1m")
    ] = None,
    margin: Margin = LEAST_MARGIN,
    parquet: Parquet = False,
    workers: Annotated[
        int | None,
        typer.Option(help="Days that a task has in work.", min=1, show_default="its cores"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Build also what is up to date.")] = False,
    project: Annotated[
        str | None,
        typer.Option(
            envvar="GOOGLE_CLOUD_PROJECT", help="Where the job is.",
            show_default="that of the login",
        ),
    ] = None,
    region: Annotated[str, typer.Option(envvar="CLOUDSDK_RUN_REGION", help="Where the job is.")]
    = "asia-northeast1",
    job: Annotated[str, typer.Option(help="The name of the job.")] = "flowlake-backfill",
    task_timeout: Annotated[
        str, typer.Option(help="How long a task may run: 90s, 30m, 24h.", metavar="TIME")
    ] = "24h",
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.01)] = 10,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print the gcloud command that does the same.")
    ] = False,
    address: Annotated[
        str, typer.Option(envvar="CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", hidden=True)
    ] = "",
) -> None:  # fmt: skip
    """Build a range of days on Cloud Run, by many tasks at once, and follow them to the end.

    It runs `aggregator backfill` in each task of one execution of the job. If that execution runs
    already it is followed, so the command may be stopped and given again. A task that fails is
    named, and the exit code is 1; to run again does only what is not published.

    Examples:

      aggregator launch --lake gs://my-lake --start 2023-01-01 --end 2025-12-31 --tasks 200

      aggregator launch --start 2025-12-11 --end 2025-12-11 --tasks 10 --project my-project --dry-run
    """  # noqa: E501
    first, last = parse_range(start, end)
    days = ["--start", str(first), "--end", str(last)]
    options = _options(_parse_lake(lake), symbols, resolutions, margin, workers)
    flags = ["--parquet"] * parquet + ["--force"] * force
    order = Order(("backfill", *days, *options, *flags), tasks, _parse_time(task_timeout))
    if dry_run:
        print(order.gcloud(Job(project or "PROJECT", region, job)))
        return
    api = _api(address)
    _run(api, Job(_project(project or api.project), region, job), order, every)


def _options(
    lake: str | None, symbols: str | None, resolutions: str | None, margin: int,
    workers: int | None,
) -> list[str]:  # fmt: skip
    """Return the options of the tasks, checked here: a task would fail of them much later."""
    names = parse_symbols(symbols)
    labels = resolutions and [each.label for each in parse_resolutions(resolutions)]
    given = {
        "--lake": lake,
        "--symbols": names and ",".join(names),
        "--resolutions": labels and ",".join(labels),
        "--margin": str(margin) if margin != LEAST_MARGIN else None,
        "--workers": workers and str(workers),
    }
    return [text for name, value in given.items() if value for text in (name, value)]


def _parse_lake(lake: str | None) -> str | None:
    if lake is not None and not lake.startswith("gs://"):
        raise typer.BadParameter(f"--lake {lake}: a task reaches a bucket only; name gs://bucket")
    return lake


def _parse_time(text: str) -> int:
    found = re.fullmatch(r"(\d{1,7})([smh]?)", text)
    seconds = int(found[1]) * _SECONDS.get(found[2], 1) if found else 0
    if not 0 < seconds <= _LONGEST_S:
        raise typer.BadParameter(f"--task-timeout {text}: write 90s, 30m or 24h, at most 168h")
    return seconds


def _api(address: str) -> "JobsApi":
    # Imported here: no other command needs it.
    from aggregator.cloud.jobs_api import PUBLIC, JobsApi

    return JobsApi(address or PUBLIC)


def _project(name: str | None) -> str:
    if not name:
        raise typer.BadParameter("name the project with --project")
    return name


def _run(api: "JobsApi", job: Job, order: Order, every_s: float) -> None:
    execution, is_new = api.begin(job, order)
    begun = "started" if is_new else "this runs already, following"
    say(
        f"{begun} {execution.name}: {order.tasks:,} tasks of {' '.join(order.arguments)}",
        event="launched", execution=execution.path, tasks=order.tasks,
        arguments=[*order.arguments],
    )  # fmt: skip
    try:
        execution = follow(api, execution, every_s)
    except (KeyboardInterrupt, SystemExit):
        say(
            f"{execution.name} goes on; the same command follows it again, "
            f"gcloud run jobs executions cancel {execution.name} --project={job.project} "
            f"--region={job.region} ends it"
        )
        raise
    if execution.has_failed:
        raise LakeError(failure(execution, api.failed_tasks(execution), job.project))


def follow(api: "JobsApi", execution: Execution, every_s: float) -> Execution:
    """Tell how an execution goes until it is over, and return it as it ended."""
    told = ""
    while True:
        execution = api.execution(execution.path)
        if execution.progress() != told:
            told = execution.progress()
            say(
                f"{execution.name}: {told}", event="progress", tasks=execution.tasks,
                succeeded=execution.succeeded, running=execution.running,
                failed=execution.failed, retried=execution.retried,
            )  # fmt: skip
        if execution.is_over:
            return execution
        time.sleep(every_s)

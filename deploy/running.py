"""What runs: worker pools, jobs, and the schedule that starts one. No clock, no network."""

from collections.abc import Iterator

from deploy.flags import SCHEDULE, flags
from deploy.gcloud import META_NAME, NAME, QUIET, Deploy, as_yaml
from deploy.render import Release, fill, pool_name, pools
from deploy.steps import FOUND, Command, Ensure, Remove, Step

JOBS = ("daily", "backfill")
_POOLS = "beta run worker-pools"


def collectors(deploy: Deploy, release: Release) -> Iterator[Step]:
    """Yield what puts a release into the worker pools, and deletes those of no shard any more."""
    for pool in pools(deploy.documents["collector"], deploy.settings, release):
        name = pool.content["metadata"]["name"]
        yield deploy.run(name, f"{_POOLS} replace", as_yaml(name, pool))
    yield no_collectors(deploy, f" AND NOT metadata.labels.shards={deploy.settings.shards}")


def no_collectors(deploy: Deploy, condition: str = "") -> Step:
    """Return what deletes the worker pools, or those that meet a condition."""
    which = f"--filter=metadata.labels.app={deploy.settings.name}-collector{condition}"
    return Remove(
        "worker pools that are not wanted",
        deploy.gcloud(f"{_POOLS} list", deploy.region, which, META_NAME),
        deploy.gcloud(f"{_POOLS} delete", FOUND, deploy.region, "--quiet"),
    )


def jobs(deploy: Deploy, release: Release) -> Iterator[Step]:
    """Yield what puts a release into the jobs."""
    for name in JOBS:
        job = fill(deploy.documents[name], {**deploy.settings.values(), **release.values()})
        yield deploy.run(f"{name} job", "run jobs replace", as_yaml(name, job), deploy.region)


def no_jobs(deploy: Deploy) -> Iterator[Step]:
    """Yield what deletes the jobs and the schedule."""
    prefix = deploy.settings.name
    yield deploy.gone("schedule", "scheduler jobs", f"{prefix}-daily", deploy.location)
    for name in JOBS:
        yield deploy.gone(
            f"{name} job", "run jobs", f"{prefix}-{name}", deploy.region, printed=META_NAME
        )


def schedule(deploy: Deploy) -> Iterator[Step]:
    """Yield what starts the daily job every night."""
    content = deploy.filled("schedule").content
    name = content["name"]
    yield deploy.run(
        "who starts the daily job", "run jobs add-iam-policy-binding", name,
        f"--member={deploy.member('scheduler')}", "--role=roles/run.invoker", deploy.region, QUIET,
    )  # fmt: skip
    words = (name, deploy.location, *flags(content, SCHEDULE, "name"))
    yield Ensure(
        "schedule", deploy.gcloud("scheduler jobs describe", name, deploy.location, NAME),
        deploy.gcloud("scheduler jobs create http", *words),
        deploy.gcloud("scheduler jobs update http", *words),
    )  # fmt: skip


def image_of(deploy: Deploy, program: str, commit: str) -> Command:
    """Return what prints the name, with digest, of the image that was built from a commit."""
    return deploy.gcloud(
        "artifacts docker images describe", f"{deploy.settings.repository}/{program}:{commit}",
        "--format=value(image_summary.fully_qualified_digest)",
    )  # fmt: skip


def commits_of(deploy: Deploy) -> Command:
    """Return what prints the commits that the collector was rolled out from, the newest first."""
    return deploy.gcloud(
        f"{_POOLS} revisions list", f"--worker-pool={pool_name(deploy.settings, 0)}",
        deploy.region, "--sort-by=~metadata.creationTimestamp",
        "--format=value(metadata.labels.commit)",
    )  # fmt: skip

"""The steps of each command of a deploy. No clock, no disk, no network."""

from deploy.access import accounts, custom_roles, grants, no_accounts
from deploy.alerts import alerts, no_alerts
from deploy.gcloud import Deploy
from deploy.render import Release
from deploy.running import collectors, jobs, no_collectors, no_jobs, schedule
from deploy.steps import Step
from deploy.stores import images, lake, secret, sources

SERVICES = (
    "artifactregistry", "cloudbuild", "cloudscheduler", "iam", "logging", "monitoring", "run",
    "secretmanager", "storage",
)  # fmt: skip


def set_up(deploy: Deploy) -> list[Step]:
    """Return what makes all that the programs need, and changes what differs."""
    interfaces = (f"{service}.googleapis.com" for service in SERVICES)
    return [
        deploy.run("interfaces", "services enable", *interfaces),
        *accounts(deploy), *custom_roles(deploy), *lake(deploy), *grants(deploy),
        *images(deploy), *sources(deploy), *secret(deploy), *alerts(deploy),
    ]  # fmt: skip


def roll_out(deploy: Deploy, release: Release) -> list[Step]:
    """Return what puts a release into place: worker pools, jobs, and what starts them."""
    release.require_names()
    return [*collectors(deploy, release), *jobs(deploy, release), *schedule(deploy)]


def tear_down(deploy: Deploy, *, data: bool) -> list[Step]:
    """Return what removes what a set-up and roll-outs have made; the lake only on demand.

    Custom roles stay: they cost nothing, and for weeks Google takes none of the same name.
    """
    # What is being stopped uploads for seconds yet, so its account goes last.
    steps = [no_collectors(deploy), *no_alerts(deploy), *no_jobs(deploy)]
    images = deploy.gone("images", "artifacts repositories", deploy.settings.name, deploy.location)
    steps += [images, deploy.emptied("sources of builds", deploy.sources), *no_accounts(deploy)]
    return [*steps, deploy.emptied("lake", deploy.settings.lake)] if data else steps

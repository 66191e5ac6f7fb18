"""Who is told of what: metrics counted from the log, and alerts on them. No clock, no network."""

from collections.abc import Iterator

from deploy.documents import Document
from deploy.gcloud import NAME, Deploy, as_yaml
from deploy.steps import CHANNEL, FOUND, Command, Ensure, Remove, Step, Take

_POLICIES, _CHANNELS = "alpha monitoring policies", "beta monitoring channels"


def alerts(deploy: Deploy) -> Iterator[Step]:
    """Yield what makes metrics, the one who is told, and alerts."""
    for name in deploy.names("metrics"):
        document = deploy.filled(f"metrics/{name}")
        metric, file = (
            document.content["name"],
            as_yaml(f"metric-{name}", document, "--config-from-file="),
        )
        yield deploy.as_said(f"metric {metric}", "logging metrics", metric, file)
    channel = deploy.filled("channel")
    file, find = (
        as_yaml("channel", channel, "--channel-content-from-file="),
        _listed(deploy, _CHANNELS, channel),
    )
    yield Ensure(
        "who is told", find, deploy.gcloud(f"{_CHANNELS} create", file),
        deploy.gcloud(f"{_CHANNELS} update", FOUND, file),
    )  # fmt: skip
    yield Take("who is told, by name", find)
    for name in deploy.names("alerts"):
        yield _alert(deploy, name)


def _alert(deploy: Deploy, name: str) -> Step:
    document = deploy.filled(f"alerts/{name}")
    file = as_yaml(f"alert-{name}", document, "--policy-from-file=")
    return Ensure(
        f"alert {name}", _listed(deploy, _POLICIES, document),
        deploy.gcloud(f"{_POLICIES} create", file, f"--notification-channels={CHANNEL}"),
        deploy.gcloud(f"{_POLICIES} update", FOUND, file, f"--set-notification-channels={CHANNEL}"),
        # Monitoring knows a new metric of the log only after up to ten minutes.
        tries=15,
    )  # fmt: skip


def no_alerts(deploy: Deploy) -> Iterator[Step]:
    """Yield what removes alerts, metrics, and the one who is told."""
    for name in deploy.names("alerts"):
        find = _listed(deploy, _POLICIES, deploy.filled(f"alerts/{name}"))
        yield Remove(f"alert {name}", find, deploy.gcloud(f"{_POLICIES} delete", FOUND, "--quiet"))
    find = _listed(deploy, _CHANNELS, deploy.filled("channel"))
    yield Remove("who is told", find, deploy.gcloud(f"{_CHANNELS} delete", FOUND, "--quiet"))
    for name in deploy.names("metrics"):
        metric = deploy.filled(f"metrics/{name}").content["name"]
        yield deploy.gone(f"metric {metric}", "logging metrics", metric)


def _listed(deploy: Deploy, group: str, document: Document) -> Command:
    """Return what prints the full name of a document's resource, which only Google gives."""
    which = f'--filter=displayName="{document.content["displayName"]}"'
    return deploy.gcloud(f"{group} list", which, NAME)

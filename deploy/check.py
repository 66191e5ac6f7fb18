"""Say what is wrong with the declarative files of the deploy, without a network.

python -m deploy.check
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from deploy import rules, schema
from deploy.build import of_build
from deploy.documents import (
    BUILD,
    CLOUD_BUILD,
    FOLDER,
    Document,
    Kind,
    documents,
    files_of,
    load,
)
from deploy.errors import DeployError
from deploy.gcloud import Deploy
from deploy.plan import roll_out, set_up, tear_down
from deploy.programs import marker
from deploy.render import Release, fill, pools
from deploy.roles import parse_roles
from deploy.settings import Settings, parse_settings

_DIGEST = f"sha256:{'0' * 64}"
SAMPLE = Release("0" * 40, f"images/collector@{_DIGEST}", f"images/aggregator@{_DIGEST}")
"""Stands for a release where documents are only looked at."""
_NO_FILE = {"settings.yaml", "roles.yaml"}


def read_deploy(settings: Path = FOLDER / "settings.yaml", folder: Path = FOLDER) -> Deploy:
    """Read settings, documents and roles; raise `DeployError`."""
    roles = folder / "roles.yaml"
    return Deploy(
        parse_settings(load(settings), str(settings)), documents(folder / "documents"),
        parse_roles(load(roles), str(roles)), marker(),
    )  # fmt: skip


def complaints(
    folder: Path = FOLDER, build: Path = CLOUD_BUILD, settings: Path | None = None
) -> Iterator[str]:
    """Yield in one line each what is wrong with the files of a deploy."""
    try:
        deploy = read_deploy(settings or folder / "settings.yaml", folder)
        wrong = [*_of_strangers(folder), *of_build_file(build)]
        for document in deploy.documents.values():
            wrong += (f"{document.name}.yaml: {each}" for each in of_document(deploy, document))
        yield from wrong or _of_plans(deploy)
    except DeployError as error:
        yield str(error)


def _of_plans(deploy: Deploy) -> Iterator[str]:
    """Yield what keeps documents of the right form from being handed over to gcloud."""
    try:
        set_up(deploy), roll_out(deploy, SAMPLE), tear_down(deploy, data=True)
    except DeployError as error:
        yield str(error)


def _of_strangers(folder: Path) -> Iterator[str]:
    for path in files_of(folder):
        if path.name not in _NO_FILE:
            yield f"{path.name}: nobody knows what this is; remove it"


def of_build_file(path: Path) -> Iterator[str]:
    """Yield what is wrong with `cloudbuild.yaml`."""
    content = load(path)
    wrong = [*schema.problems(BUILD, content)]
    for each in wrong or of_build(content, path.read_text(encoding="utf-8")):
        yield f"{path.name}: {each}"


def of_document(deploy: Deploy, document: Document) -> Iterator[str]:
    """Yield what is wrong with a document, filled as a deploy fills it."""
    for filled in _filled(deploy, document):
        wrong = [*schema.problems(document.kind, filled.content), *_missing(filled)]
        # What the rules look at is there only in a document of the right form.
        yield from wrong or _by_rules_if_whole(deploy, filled)


def _filled(deploy: Deploy, document: Document) -> list[Document]:
    if document.kind != Kind("run.v1", "WorkerPool"):
        return [fill(document, {**deploy.settings.values(), **SAMPLE.values()})]
    # With the secret, and without.
    return [
        pool
        for secret in ("a-secret", "")
        for pool in pools(document, replace(deploy.settings, api_key_secret=secret), SAMPLE)
    ]


def _missing(document: Document) -> Iterator[str]:
    for name in rules.required(document):
        if name not in document.content:
            yield f"{name} is missing"


def _by_rules_if_whole(deploy: Deploy, document: Document) -> list[str]:
    try:
        return [*_by_rules(deploy, document)]
    except (LookupError, AttributeError, TypeError, ValueError) as error:
        return [f"something that it needs is missing, or is not what it should be: {error}"]


def _by_rules(deploy: Deploy, document: Document) -> Iterator[str]:
    settings: Settings = deploy.settings
    if document.kind.message == "WorkerPool":
        yield from rules.of_run(document)
        symbols = -(-settings.symbol_count // settings.shards)
        yield from rules.of_pool(document, symbols, settings.outage_minutes)
    elif document.kind == Kind("run.v1", "Job"):
        yield from rules.of_run(document)
        yield from rules.of_job(document)
    elif document.kind.message == "AlertPolicy":
        yield from rules.of_alert(document, _metrics(deploy))
    elif document.kind.message in _OTHERS:
        yield from _OTHERS[document.kind.message](document)


def _metrics(deploy: Deploy) -> dict[str, Document]:
    filled = (deploy.filled(f"metrics/{name}") for name in deploy.names("metrics"))
    return {str(metric.content["name"]): metric for metric in filled}


_OTHERS: dict[str, Callable[[Document], Iterator[str]]] = {
    "Job": rules.of_schedule,
    "Bucket": rules.of_bucket,
    "Repository": rules.of_repository,
    "NotificationChannel": rules.of_channel,
    "LogMetric": rules.of_metric,
}


def of_defaults(settings: Settings, build: Path = CLOUD_BUILD) -> Iterator[str]:
    """Yield what a build takes for granted that the settings say otherwise."""
    given = load(build).get("substitutions", {})
    for name, said in (("_REGION", settings.region), ("_NAME", settings.name)):
        if given.get(name) != said:
            yield f"{build.name}: {name} is {given.get(name)!r}, the settings say {said!r}"


def main() -> int:
    """Print what is wrong; return the exit code."""
    wrong = [*complaints()]
    wrong = wrong or [*of_defaults(read_deploy().settings)]
    for each in wrong:
        print(f"deploy: {each}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

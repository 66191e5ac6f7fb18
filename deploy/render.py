"""Documents with their placeholders filled. No clock, no disk, no network."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from deploy.documents import Document
from deploy.errors import DeployError
from deploy.settings import Settings

BY_DIGEST = r"\S+@sha256:[0-9a-f]{64}"
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
Values = Mapping[str, str | int]


@dataclass(frozen=True)
class Release:
    """What is rolled out: two images, each named by its digest, made from one commit."""

    commit: str
    collector: str
    aggregator: str

    def require_names(self) -> None:
        """Raise `DeployError` unless the images are named by digest, and the commit is one."""
        for image in (self.collector, self.aggregator):
            if not re.fullmatch(BY_DIGEST, image):
                raise DeployError(
                    f"cannot roll out {image!r}: name it by its digest, as …@sha256:…"
                )
        if not re.fullmatch(r"[a-z0-9_-]{1,63}", self.commit):
            raise DeployError(f"cannot roll out {self.commit!r}: name a commit by its id")

    def values(self) -> Values:
        """Return what the placeholders of a document stand for."""
        return {
            "COMMIT": self.commit,
            "COLLECTOR_IMAGE": self.collector,
            "AGGREGATOR_IMAGE": self.aggregator,
        }


def fill(document: Document, values: Values) -> Document:
    """Return the document with its placeholders filled; raise `DeployError` for an unknown one."""
    try:
        return replace(document, content=_filled(document.content, values))
    except KeyError as error:
        raise DeployError(
            f"cannot fill {document.name}: there is no value for {error}; mend the placeholder"
        ) from error


def _filled(content: Any, values: Values) -> Any:
    if isinstance(content, Mapping):
        return {key: _filled(each, values) for key, each in content.items()}
    if isinstance(content, list):
        return [_filled(each, values) for each in content]
    if not isinstance(content, str):
        return content
    # What is nothing but a placeholder becomes the value with its type.
    whole = _PLACEHOLDER.fullmatch(content)
    if whole:
        return values[whole[1]]
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), content)


def pools(document: Document, settings: Settings, release: Release) -> list[Document]:
    """Return the worker pools of all shards, the last first.

    Of a market that is divided anew, the symbols that leave the first pool are then recorded
    already.
    """
    if not settings.api_key_secret:
        document = replace(document, content=_without_key(document.content))
    shards = reversed(range(settings.shards))
    return [fill(document, _pool_values(settings, release, shard)) for shard in shards]


def pool_name(settings: Settings, shard: int) -> str:
    """Return the name of a shard's worker pool."""
    return f"{settings.name}-collector-{shard}"


def _pool_values(settings: Settings, release: Release, shard: int) -> Values:
    names = {"POOL": pool_name(settings, shard), "SHARD": f"{shard}/{settings.shards}"}
    return {**settings.values(), **release.values(), **names}


def _without_key(content: Any) -> Any:
    """Return the content without the variable that comes from the secret."""
    if isinstance(content, Mapping):
        return {key: _without_key(each) for key, each in content.items()}
    if isinstance(content, list):
        return [
            _without_key(each)
            for each in content
            if not (isinstance(each, Mapping) and "valueFrom" in each)
        ]
    return content

"""The declarative files of a deploy: where they are, what each of them is, how they are read."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.errors import DeployError

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
SETTINGS = FOLDER / "settings.yaml"
ROLES = FOLDER / "roles.yaml"
CLOUD_BUILD = ROOT / "cloudbuild.yaml"


@dataclass(frozen=True)
class Kind:
    """What a document is: one of the messages of one of Google's interfaces."""

    api: str
    message: str


KINDS = {
    "collector.yaml": Kind("run.v1", "WorkerPool"),
    "daily.yaml": Kind("run.v1", "Job"),
    "backfill.yaml": Kind("run.v1", "Job"),
    "schedule.yaml": Kind("cloudscheduler.v1", "Job"),
    "bucket.yaml": Kind("storage.v1", "Bucket"),
    "repository.yaml": Kind("artifactregistry.v1", "Repository"),
    "channel.yaml": Kind("monitoring.v3", "NotificationChannel"),
    "roles": Kind("iam.v1", "Role"),
    "metrics": Kind("logging.v2", "LogMetric"),
    "alerts": Kind("monitoring.v3", "AlertPolicy"),
}
"""By file, or by folder."""
BUILD = Kind("cloudbuild.v1", "Build")


@dataclass(frozen=True)
class Document:
    """A file with placeholders; `name` is its path below `documents/`, without the ending."""

    name: str
    kind: Kind
    content: Mapping[str, Any]


def documents(folder: Path = FOLDER / "documents") -> dict[str, Document]:
    """Read all documents, by name; raise `DeployError` for a file of no known kind."""
    found = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        inner = path.relative_to(folder)
        kind = KINDS.get(inner.parts[0])
        if kind is None or path.suffix != ".yaml" or len(inner.parts) > 2:
            raise DeployError(f"cannot tell what {path} is; remove it, or add it to KINDS")
        name = inner.with_suffix("").as_posix()
        found[name] = Document(name, kind, _mapping(path))
    return found


def _mapping(path: Path) -> Mapping[str, Any]:
    content = load(path)
    if not isinstance(content, Mapping):
        raise DeployError(f"cannot read {path}: it holds no object; restore it")
    return content


def load(path: Path) -> Any:
    """Read a YAML file; raise `DeployError`, also for a key that is there twice."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, yaml.YAMLError) as error:
        raise DeployError(f"cannot read {path}: {' '.join(str(error).split())}; mend it") from error


def dump(content: object) -> str:
    """Write YAML."""
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


class _Loader(yaml.SafeLoader):
    """Reads plain data, in which no key is said twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        for key, _ in node.value:
            if keys.count(key.value) > 1:
                raise yaml.YAMLError(f"{key.value!r} is there twice, {key.start_mark}")
        return super().construct_mapping(node, deep)


def files_of(folder: Path = FOLDER) -> Iterator[Path]:
    """Yield the declarative files of the deploy that are no documents."""
    yield from sorted(path for path in folder.glob("*") if path.suffix not in {".py", ""})

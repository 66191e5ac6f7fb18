"""The deploy as it is in the repository, and documents with something wrong."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from deploy.check import SAMPLE, read_deploy
from deploy.gcloud import Deploy
from deploy.plan import roll_out, set_up, tear_down
from deploy.steps import Step

Path = tuple[str | int, ...]

DEPLOY = read_deploy()


def all_steps(deploy: Deploy) -> list[Step]:
    """Return the steps of all commands."""
    return [*set_up(deploy), *roll_out(deploy, SAMPLE), *tear_down(deploy, data=True)]


def keys(content: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the paths of all keys."""
    for path, _ in _below(content, at):
        if isinstance(path[-1], str):
            yield path


def leaves(content: Any) -> Iterator[tuple[Path, Any]]:
    """Yield the paths of all values that hold no others, and the values."""
    for path, value in _below(content, ()):
        if not isinstance(value, dict | list):
            yield path, value


def _below(content: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    parts = content.items() if isinstance(content, dict) else enumerate(content)
    for name, value in parts:
        yield (*at, name), value
        if isinstance(value, dict | list):
            yield from _below(value, (*at, name))


def misspelt(content: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """Return the content with one letter too many in one key."""
    changed = deepcopy(content)
    place = _at(changed, path[:-1])
    entries = [*place.items()]
    place.clear()
    wrong = f"{str(path[-1])[:-1]}x{str(path[-1])[-1]}"
    place.update((wrong if name == path[-1] else name, value) for name, value in entries)
    return changed


def replaced(content: Mapping[str, Any], path: Path, value: object) -> Mapping[str, Any]:
    """Return the content with another value at a place."""
    changed = deepcopy(content)
    _at(changed, path[:-1])[path[-1]] = value
    return changed


def without(content: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """Return the content without one key."""
    changed = deepcopy(content)
    del _at(changed, path[:-1])[path[-1]]
    return changed


def _at(content: Any, path: Path) -> Any:
    for name in path:
        content = content[name]
    return content

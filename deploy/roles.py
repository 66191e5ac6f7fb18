"""Who may do what in the bucket, as `roles.yaml` says it. No clock, no network."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy.errors import DeployError
from lake.layout import aggregated_root, journal_root

ROLES = ("collector", "aggregator", "analysts")
RAW = "raw/"
PREFIXES = ("", RAW, journal_root(), aggregated_root())
"""Where something can be granted: in the whole bucket, or below one of its managed folders."""


@dataclass(frozen=True, order=True)
class Grant:
    """One permission, for the objects whose keys begin with the prefix."""

    permission: str
    prefix: str

    def covers(self, permission: str, key: str) -> bool:
        """Tell whether this lets somebody do that with an object, or with a listing of a prefix."""
        return permission == self.permission and key.startswith(self.prefix)


Roles = Mapping[str, Sequence[Grant]]


def parse_roles(content: object, place: str) -> Roles:
    """Read `roles.yaml`; raise `DeployError` that names all that is wrong with it."""
    if not isinstance(content, Mapping) or tuple(content) != ROLES:
        raise DeployError(f"cannot read {place}: it must have the roles {', '.join(ROLES)}")
    wrong = [each for name in ROLES for each in _wrong(name, content[name])]
    if wrong:
        raise DeployError(f"cannot read {place}: {'; '.join(wrong)}; mend it")
    return {name: tuple(Grant(**grant) for grant in content[name]) for name in ROLES}


def _wrong(role: str, grants: object) -> Iterator[str]:
    if not isinstance(grants, list) or not grants:
        yield f"{role}: no list of grants"
        return
    for grant in grants:
        if not isinstance(grant, Mapping) or set(grant) != {"permission", "prefix"}:
            yield f"{role}: {grant!r} is not {{permission: ..., prefix: ...}}"
        elif not re.fullmatch(
            r"storage\.objects\.(create|get|list|delete)", f"{grant['permission']}"
        ):
            yield f"{role}: there is no permission {grant['permission']!r} that our programs need"
        elif grant["prefix"] not in PREFIXES:
            yield f"{role}: {grant['prefix']!r} is none of the prefixes {PREFIXES}"


def may(roles: Roles, role: str, permission: str, key: str) -> bool:
    """Tell whether a role may do something with an object, or list what begins with a prefix."""
    return any(grant.covers(permission, key) for grant in roles[role])


def by_prefix(grants: Sequence[Grant]) -> dict[str, frozenset[str]]:
    """Return the permissions of a role below each prefix."""
    prefixes = sorted({grant.prefix for grant in grants})
    return {
        prefix: frozenset(grant.permission for grant in grants if grant.prefix == prefix)
        for prefix in prefixes
    }

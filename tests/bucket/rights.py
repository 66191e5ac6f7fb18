"""Who may do what in a bucket: a script that refuses what a role lacks, as Google does.

To replace an object is to delete it. Who may not list is not told that an object is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from tests.bucket.faults import Fault, Kind, Refuse, Request, Script
from tests.bucket.server import BucketServer

_OF_KIND = {
    Kind.BUCKET: "storage.buckets.get",
    Kind.LIST: "storage.objects.list",
    Kind.STAT: "storage.objects.get",
    Kind.READ: "storage.objects.get",
    Kind.WRITE: "storage.objects.create",
    Kind.DELETE: "storage.objects.delete",
}
_LIST, _DELETE = _OF_KIND[Kind.LIST], _OF_KIND[Kind.DELETE]


class Right(Protocol):
    """One permission, in a part of the bucket."""

    def covers(self, permission: str, key: str) -> bool:
        """Tell whether this lets somebody do that with an object, or list a prefix."""


@dataclass
class Door(Script):
    """The requests of one role: what it lacks is refused, and noted in `refused`.

    `create_first`: who creates what is there already and may not replace it is told that it is
    there (412); else, that he lacks the right to delete it (403). Both are answers that a program
    has to understand.
    """

    server: BucketServer | None = None
    rights: Sequence[Right] = ()
    create_first: bool = True
    refused: list[tuple[str, str]] = field(default_factory=list)

    def meet(self, request: Request) -> Fault | None:
        """Return what goes wrong with a request."""
        fault = super().meet(request)
        lacking = self._lacking(request)
        if not lacking:
            return fault
        self.refused.append((lacking, request.key))
        return Refuse(403, message=(
            f"somebody@p.iam.gserviceaccount.com does not have {lacking} access to the Google "
            f"Cloud Storage object. Permission '{lacking}' denied on resource."
        ))  # fmt: skip

    def _lacking(self, request: Request) -> str | None:
        needed = [_OF_KIND[request.kind]]
        if request.kind in (Kind.READ, Kind.STAT) and not self._is_there(request.key):
            needed.append(_LIST)
        if request.kind is Kind.WRITE and self._is_there(request.key):
            needed += [] if self.create_first and _is_to_create(request) else [_DELETE]
        return next((each for each in needed if not self._may(each, request.key)), None)

    def _may(self, permission: str, key: str) -> bool:
        return any(right.covers(permission, key) for right in self.rights)

    def _is_there(self, key: str) -> bool:
        assert self.server
        return key in self.server.store.objects(self.server.lake.removeprefix("gs://"))


def door(server: BucketServer, rights: Sequence[Right], *, create_first: bool = True) -> Door:
    """Let everybody come to the bucket with these rights only, from now on."""
    server.script = Door(server=server, rights=rights, create_first=create_first)
    return server.script


def _is_to_create(request: Request) -> bool:
    return parse_qs(urlsplit(request.path).query).get("ifGenerationMatch") == ["0"]

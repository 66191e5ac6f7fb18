"""Uploads: in one request, or resumable in several."""

import re
import secrets
from dataclasses import dataclass, replace
from threading import Lock

from tests.bucket.store import Conditions, Draft, Object, Refused, Store
from tests.bucket.wire import Answer, Part, as_json

_STEP = 256 * 1024
"""All but the last part of a resumable upload are multiples of this."""


@dataclass
class _Session:
    """A resumable upload on its way; `made` is set when it has ended."""

    bucket: str
    draft: Draft
    conditions: Conditions
    data: bytearray
    made: Object | None = None


class Uploads:
    """Writes objects into a store and remembers the uploads that are on their way."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions: dict[str, _Session] = {}
        self._lock = Lock()

    def put(self, bucket: str, draft: Draft, conditions: Conditions) -> Answer:
        """Write an object whole."""
        return as_json(self._store.put(bucket, draft, conditions).resource(bucket))

    def begin(self, bucket: str, draft: Draft, conditions: Conditions, here: str) -> Answer:
        """Begin a resumable upload; its address is in the answer."""
        self._store.check(bucket, draft.name, conditions)
        session = secrets.token_hex(8)
        with self._lock:
            self._sessions[session] = _Session(bucket, draft, conditions, bytearray())
        return as_json({}, Location=f"{here}&upload_id={session}")

    def key_of(self, session: str) -> str:
        """Return the name of the object that is being uploaded."""
        return self._session(session).draft.name

    def go_on(self, name: str, part: Part) -> Answer:
        """Take a part of a resumable upload, or say how much of it is here."""
        session = self._session(name)
        with self._lock:
            if session.made:
                return as_json(session.made.resource(session.bucket))
            total = self._take(session, part.content_range, part.data)
            if total != len(session.data):
                return _incomplete(session)
            properties = {**session.draft.properties, **part.properties}
            draft = replace(session.draft, data=bytes(session.data), properties=properties)
            session.made = self._store.put(session.bucket, draft, session.conditions)
            return as_json(session.made.resource(session.bucket))

    def _take(self, session: _Session, content_range: str, body: bytes) -> int | None:
        """Add the part to what is here; return the size of the whole if it is known."""
        found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", content_range or "bytes */*")
        if not found:
            raise Refused(400, f"Invalid Content-Range {content_range!r}")
        start, total = int(found[1] or 0), None if found[2] == "*" else int(found[2])
        if not content_range:
            start, total = 0, len(body)
        if start > len(session.data):
            raise Refused(400, f"a part from {start} on, but {len(session.data)} are here")
        if total is None and len(body) % _STEP:
            raise Refused(400, f"a part of {len(body)} bytes is no multiple of {_STEP}")
        session.data[start : start + len(body)] = body
        return total

    def _session(self, name: str) -> _Session:
        with self._lock:
            if name not in self._sessions:
                raise Refused(404, "No such upload session.")
            return self._sessions[name]


def _incomplete(session: _Session) -> Answer:
    """Say how much is here; no Range header says that it is nothing."""
    here = len(session.data)
    return Answer(308, {"Range": f"bytes=0-{here - 1}"} if here else {})

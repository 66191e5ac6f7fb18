"""The part of the Cloud Run Admin API that starts an execution of a job and follows it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import google.auth
import requests
from google.api_core.exceptions import Forbidden, NotFound, Unauthorized, from_http_status
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import AuthorizedSession

from aggregator.cloud.execution import Execution, FailedTask, Job, Order
from lake.errors import LakeError
from lake.gcs_errors import FAILURES, advice, is_transient, said
from lake.stopping import ENDING

PUBLIC = "https://run.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TIMEOUT_S = (10, 60)
_Answer = TypeVar("_Answer")


class JobsApi:
    """Asks the API as whoever is logged in; `patience_s` is how long a request is repeated.

    An address that is not `https` is an emulator's, and hears of no credentials.
    """

    def __init__(self, address: str = PUBLIC, patience_s: float = 120) -> None:
        self._address = address.rstrip("/")
        self._session, self.project = _session(self._address)
        self._retry = Retry(
            lambda error: is_transient(error) and not ENDING.is_set(),
            initial=0.5, maximum=5, multiplier=2, timeout=patience_s,
        )  # fmt: skip

    def begin(self, job: Job, order: Order) -> tuple[Execution, bool]:
        """Return the execution that does this already, else start one; say whether it is new.

        A request to start whose answer was lost may have started one, so before it is repeated
        the executions are looked at; and so who calls again follows what still runs.
        """

        def once() -> tuple[Execution, bool]:
            listed = self._all(f"{job.path}/executions", "executions")
            alike = (each for each in map(Execution.parse, listed) if not each.is_over)
            found = next((each for each in alike if each.is_of(order)), None)
            if found:
                return found, False
            operation = self._ask("POST", f"{job.path}:run", order.body())
            return Execution.parse(operation["metadata"]), True

        permissions = "run.jobs.runWithOverrides and run.executions.list"
        return self._patiently("start", job.path, permissions, once)

    def execution(self, path: str) -> Execution:
        """Return an execution as it is now."""
        return self._patiently(
            "follow", path, "run.executions.get", lambda: Execution.parse(self._ask("GET", path))
        )

    def failed_tasks(self, execution: Execution) -> list[FailedTask]:
        """Return the tasks that failed, by their index."""

        def once() -> list[FailedTask]:
            listed = map(FailedTask.parse, self._all(f"{execution.path}/tasks", "tasks"))
            return sorted((task for task in listed if task), key=lambda task: task.index)

        return self._patiently("list the tasks of", execution.path, "run.tasks.list", once)

    def _all(self, path: str, name: str) -> Iterator[Mapping[str, Any]]:
        """Yield what a listing has, page by page."""
        token = ""
        while True:
            page = self._ask("GET", path, query={"pageToken": token} if token else {})
            yield from page.get(name, ())
            token = page.get("nextPageToken", "")
            if not token:
                return

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:  # fmt: skip
        answer = self._session.request(
            method, f"{self._address}/v2/{path}", json=body, params=query, timeout=_TIMEOUT_S
        )
        if not answer.ok:
            refused: Exception = from_http_status(  # type: ignore[no-untyped-call]
                answer.status_code, answer.text
            )
            raise refused
        content: Mapping[str, Any] = answer.json()
        return content

    def _patiently(
        self, what: str, path: str, permissions: str, ask: Callable[[], _Answer]
    ) -> _Answer:
        try:
            return self._retry(ask)()
        except NotFound as error:
            raise LakeError(
                f"cannot {what} {path}: it does not exist; check --project, --region and --job"
            ) from error
        except FAILURES as error:
            raise LakeError(
                f"cannot {what} {path}: {said(error)}; {_advice(error, permissions)}"
            ) from error


def _advice(error: Exception, permissions: str) -> str:
    """Return what a person can do: about a right or a login that lacks, else about the moment."""
    of_login = isinstance(error, GoogleAuthError) and not isinstance(error, TransportError)
    if of_login or isinstance(error, (Forbidden, Unauthorized)):
        return advice(error, permissions)
    return "check the network and the status of Cloud Run, and run the same command again"


def _session(address: str) -> tuple[requests.Session, str | None]:
    """Return a session with credentials, and the project that they belong to."""
    if not address.startswith("https://"):
        return requests.Session(), None
    try:
        credentials, project = google.auth.default(scopes=[_SCOPE])
    except FAILURES as error:
        raise LakeError(f"cannot reach Cloud Run: {said(error)}; {advice(error)}") from error
    return AuthorizedSession(credentials), project  # type: ignore[no-untyped-call]

"""The part of the Cloud Run Admin API that starts and follows executions, over real HTTP.

It refuses what the API would not know, lists in pages, and misbehaves as often as it is told to.
An execution goes on by one look: each time that it is asked about, a task more has ended.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

JOB = "projects/p/locations/asia-northeast1/jobs/flowlake-backfill"
_PAGE = 2
_KNOWN = {
    "overrides": dict, "containerOverrides": list, "taskCount": int, "timeout": str, "args": list,
}  # fmt: skip


class Refused(Exception):
    """A status and what is said with it."""


@dataclass
class Running:
    """An execution; `fails` are the tasks that fail, with their exit codes."""

    name: str
    tasks: int
    arguments: list[str]
    fails: Mapping[int, int]
    ended: int = 0

    def resource(self) -> dict[str, Any]:
        """Return it as the API does: a count that is zero is absent."""
        failed = sum(index < self.ended for index in self.fails)
        counts = {"succeededCount": self.ended - failed, "failedCount": failed,
                  "runningCount": self.tasks - self.ended}  # fmt: skip
        over = self.ended == self.tasks
        state = (
            ("CONDITION_FAILED" if failed else "CONDITION_SUCCEEDED")
            if over
            else ("CONDITION_RECONCILING")
        )
        return {
            "name": f"{JOB}/executions/{self.name}",
            "taskCount": self.tasks,
            "template": {"containers": [{"image": "i", "args": self.arguments}]},
            "conditions": [{"type": "Started", "state": "CONDITION_SUCCEEDED"},
                           {"type": "Completed", "state": state}],
            **{name: count for name, count in counts.items() if count},
            **({"completionTime": "2026-11-21T00:30:00Z"} if over else {}),
        }  # fmt: skip

    def task(self, index: int) -> dict[str, Any]:
        """Return one of its tasks."""
        code = self.fails.get(index)
        state = "CONDITION_SUCCEEDED" if code is None else "CONDITION_FAILED"
        last = (
            {}
            if code is None
            else {"exitCode": code, "status": {"message": "The container exited with an error."}}
        )
        return {
            "name": f"{JOB}/executions/{self.name}/tasks/{self.name}-task{index}",
            "conditions": [{"type": "Completed", "state": state}],
            "lastAttemptResult": last,
            **({"index": index} if index else {}),
        }  # fmt: skip


@dataclass
class Script:
    """What goes wrong: statuses by method, one after the other; `lost` answers of POST."""

    refusals: dict[str, list[int]] = field(default_factory=dict)
    lost: int = 0
    fails: dict[int, int] = field(default_factory=dict)

    def next(self, method: str) -> int | None:
        """Return the status that the next request of this sort gets."""
        left = self.refusals.get(method, [])
        return left.pop(0) if left else None


class CloudRun(ThreadingHTTPServer):
    """The API at `url`, for as long as the context lasts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.script, self.executions = Script(), dict[str, Running]()
        self.asked: list[tuple[str, str]] = []
        self.tokens: set[str | None] = set()
        self.lock = Lock()

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.shutdown()
        self.server_close()

    def add(self, tasks: int, arguments: list[str]) -> Running:
        """Start an execution."""
        made = Running(
            f"flowlake-backfill-{len(self.executions)}", tasks, arguments, self.script.fails
        )
        self.executions[made.name] = made
        return made

    def posts(self) -> int:
        """Return how often something was to be started."""
        return sum(method == "POST" for method, _ in self.asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CloudRun

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_GET  # noqa: N815 (names of the base class)

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        with self.server.lock:
            self.server.asked.append((self.command, path))
            self.server.tokens.add(self.headers.get("Authorization"))
            status = self.server.script.next(self.command)
            if status:
                self._answer(status, _error(status, "as the script says"))
                return
            try:
                content = self._content(path.removeprefix("/v2/"), query, body)
            except Refused as refused:
                self._answer(refused.args[0], _error(*refused.args))
                return
            if self.command == "POST" and self.server.script.lost:
                self.server.script.lost -= 1
                self.close_connection = True
                return
        self._answer(200, content)

    def _content(self, path: str, query: str, body: bytes) -> dict[str, Any]:
        if self.command == "POST" and path == f"{JOB}:run":
            return self._run(json.loads(body))
        if path == f"{JOB}/executions":
            newest_first = [each.resource() for each in self.server.executions.values()][::-1]
            return _page("executions", newest_first, query)
        execution = self.server.executions.get(
            path.removeprefix(f"{JOB}/executions/").split("/")[0]
        )
        if not execution:
            raise Refused(404, f"Resource '{path}' was not found")
        if path.endswith("/tasks"):
            return _page("tasks", [execution.task(i) for i in range(execution.tasks)], query)
        execution.ended = min(execution.ended + 1, execution.tasks)
        return execution.resource()

    def _run(self, body: dict[str, Any]) -> dict[str, Any]:
        _check(body)
        overrides = body["overrides"]
        (container,) = overrides["containerOverrides"]
        made = self.server.add(overrides["taskCount"], container["args"])
        kind = "type.googleapis.com/google.cloud.run.v2.Execution"
        return {"name": "projects/p/operations/o", "metadata": {"@type": kind, **made.resource()}}

    def _answer(self, status: int, content: Mapping[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _check(body: Any) -> None:
    """Refuse a field that `RunJobRequest` does not have, or whose type is another."""
    if isinstance(body, list):
        for each in body:
            _check(each)
    if isinstance(body, dict):
        for name, value in body.items():
            if name not in _KNOWN or not isinstance(value, _KNOWN[name]):
                raise Refused(400, f'Invalid JSON payload received. Unknown name "{name}"')
            _check(value)


def _page(name: str, items: list[dict[str, Any]], query: str) -> dict[str, Any]:
    first = int(query.partition("pageToken=")[2] or 0)
    more = {"nextPageToken": str(first + _PAGE)} if first + _PAGE < len(items) else {}
    return {name: items[first : first + _PAGE], **more}


def _error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message}}

"""Log lines as Cloud Logging keeps them, and whether a metric of ours counts them."""

import json
import re
from collections.abc import Iterable
from typing import Any

from deploy.documents import Document

POOL = {"type": "cloud_run_worker_pool", "labels": {"worker_pool_name": "flowlake-collector-0"}}
DAILY = {"type": "cloud_run_job", "labels": {"job_name": "flowlake-daily"}}
SEVERITIES = ["DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL"]
_COMPARISON = re.compile(r'([\w.]+)(=~|>=|=|>)"?(.*?)"?')


def entry(line: str, resource: dict[str, Any]) -> dict[str, Any]:
    """Return what a line on standard output becomes.

    Severity and time are taken out of it; where only a message is left, that is plain text.
    """
    fields = json.loads(line)
    kept = {name: value for name, value in fields.items() if name not in {"severity", "time"}}
    payload = {"textPayload": kept["message"]} if [*kept] == ["message"] else {"jsonPayload": kept}
    return {"severity": fields.get("severity", "DEFAULT"), "resource": resource, **payload}


def counted(metric: Document, entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries that a metric counts: those for which all of its lines are true.

    Of a line in brackets one comparison has to be true.
    """
    lines = [line.strip("()").split(" OR ") if line.startswith("(") else [line]
             for line in metric.content["filter"].split("\n")]  # fmt: skip
    return [each for each in entries if all(_any_true(line, each) for line in lines)]


def _any_true(line: list[str], found: dict[str, Any]) -> bool:
    return any(_is_true(comparison, found) for comparison in line)


def _is_true(comparison: str, found: Any) -> bool:
    parts = _COMPARISON.fullmatch(comparison)
    assert parts, comparison
    path, how, wanted = parts.groups()
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    if found is None:
        return False
    if path == "severity":
        rank = SEVERITIES.index(found) - SEVERITIES.index(wanted)
        return rank >= 0 if how == ">=" else rank == 0
    if how == "=~":
        return re.search(wanted, str(found)) is not None
    return float(found) > float(wanted) if how == ">" else str(found) == wanted

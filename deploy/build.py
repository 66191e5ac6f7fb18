"""What is wrong with `cloudbuild.yaml` beyond the form of its fields. No clock, no network."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_GIVEN = {"PROJECT_ID", "COMMIT_SHA", "BUILD_ID", "LOCATION"}
"""Substitutions that Cloud Build makes itself."""
# `$$` is how a dollar is written that is not Cloud Build's.
_USED = re.compile(r"\$\$|\$\{(\w+)\}|\$([A-Z_][A-Z0-9_]*)")


def of_build(content: Mapping[str, Any], text: str) -> Iterator[str]:
    """Yield what is wrong with a build; `text` is the file that it was read from."""
    declared = set(content.get("substitutions", {}))
    used = {found[0] or found[1] for found in _USED.findall(text)} - {""}
    for name in sorted(declared):
        if not re.fullmatch(r"_[A-Z0-9_]+", name):
            yield f"substitutions: {name!r} does not begin with _, or is not in capitals"
    for name in sorted(used - declared - _GIVEN):
        yield f"${name} is declared nowhere; write $$ for a dollar of the shell"
    for name in sorted(declared - used):
        yield f"substitutions: {name} is used nowhere"
    for field in ("steps", "timeout", "serviceAccount"):
        if field not in content:
            yield f"{field} is missing"
    yield from _of_steps(content.get("steps", []))


def _of_steps(steps: list[Mapping[str, Any]]) -> Iterator[str]:
    seen = {"-"}
    for step in steps:
        if not {"id", "name", "args"} <= set(step):
            yield f"steps: {step.get('id', step)} has not id, name and args"
        for before in step.get("waitFor", []):
            if before not in seen:
                yield f"steps: {step.get('id')} waits for {before!r}, which is no earlier step"
        seen.add(step.get("id", ""))

"""The layers: who may import whom, which modules are pure, and that each has tests of its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {
    "lake", "aggregator", "collector", "synthetic", "demo", "benchmarks", "deploy", "docs",
    "images", "tests",
}  # fmt: skip

MAY_IMPORT = {
    "lake": {"lake"},
    "aggregator": {"aggregator", "lake"},
    "collector": {"collector", "lake"},
    "synthetic": {"synthetic", "lake"},
}
"""The two programs meet only in the lake."""

EDGES = {
    "lake": {"storage", "open", "logs", "marker", "gcs", "gcs_errors", "gcs_reader", "stopping"},
    "aggregator": {
        "archive/files",
        "archive/importer",
        "archive/objects",
        "archive/scan",
        "archive/scratch",
        "archive/spool",
        "archive/unzip",
        "archive/write",
        "carry",
        "changes",
        "changes_view",
        "cli",
        "cloud/jobs_api",
        "console",
        "dry_run",
        "fetch/command",
        "fetch/fetcher",
        "fetch/ledger",
        "fetch/patience",
        "fetch/pause",
        "fetch/pipeline",
        "fetch/site",
        "fetch/view",
        "fetch/web",
        "import_view",
        "launch",
        "load",
        "make",
        "memory",
        "object_files",
        "options",
        "parity/choice",
        "parity/command",
        "parity/raw",
        "parity/rest",
        "parity/sources",
        "parity/verifier",
        "parity/view",
        "plan",
        "plot",
        "run",
        "simulate",
        "status",
        "status_view",
        "terminal",
        "builder",
        "published",
        "repair/command",
        "repair/files",
        "repair/known",
        "repair/listing",
        "repair/mender",
        "verify",
    },
    "collector": {
        "cli", "clock", "ending", "feed/connection", "feed/dial", "feed/inbox",
        "fleet/crew", "options", "record/parts", "record/publisher", "record/reception",
        "record/recorder", "record/stores", "record/survey", "run", "spool/capacity",
        "spool/checkpoint", "spool/chunks", "spool/claims", "spool/closer",
        "spool/deadrun", "spool/delivery", "spool/diary", "spool/duty", "spool/hours",
        "spool/lastrows", "spool/logfile", "spool/outbox", "spool/pack", "spool/recover",
        "spool/runfolder", "spool/segment", "spool/spool", "spool/syncer",
        "spool/trouble", "spool/usage", "trades/last_seen", "trades/lists",
        "trades/openholes", "trades/refill", "trades/repair", "trades/rest",
        "view/console", "view/health", "view/live_view", "view/log_thread",
        "view/sessions", "view/sessions_view", "view/watch",
    },
}  # fmt: skip
"""Modules that touch disks, the lake, clocks or terminals. All others of a package are pure."""

MACHINERY = {
    "aggregator/compiled": "loads machine code from a file of its own, as Python does its modules",
}
"""Neither pure nor an edge: pure modules are made of it."""

IMPURE_IMPORTS = {
    "google", "websocket", "typer", "rich", "os", "sys", "time", "random", "secrets", "threading",
    "multiprocessing", "subprocess", "logging", "pathlib", "tempfile", "shutil", "socket",
}  # fmt: skip
IMPURE_CALLS = {"open", "print", "input", "now", "utcnow", "today"}
"""What a pure module does not know of: rows, bytes and time come in as arguments."""

TESTED_ELSEWHERE = {
    "collector/errors": "has no behaviour; that the right one is raised, the others' tests say",
    "collector/fleet/orders": "has no behaviour; what is ordered, the tests of the helm say",
    "collector/trades/outcomes": "has no behaviour; which comes of what, the tests of refill say",
    "collector/trades/rest_errors": "has no behaviour; that the right one comes, those of rest say",
    "lake/errors": "has no behaviour; that the right one is raised, the others' tests say",
    "aggregator/archive/report": "has no behaviour; what it holds, the tests of the importer say",
    "aggregator/compiler": "what it makes is called by the tests of aggregator/compiled",
}


def modules(package: str) -> list[Path]:
    return sorted(path for path in (ROOT / package).rglob("*.py") if path.stem != "__init__")


def pure_modules() -> list[Path]:
    return [
        path
        for package in EDGES
        for path in modules(package)
        if inner_name(path) not in EDGES[package] and name_of(path) not in MACHINERY
    ]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix()


def inner_name(path: Path) -> str:
    """Return the name of a module inside its package: `archive/rows`."""
    return name_of(path).partition("/")[2]


def top(name: str) -> str:
    return name.partition(".")[0]


def imports(path: Path) -> Iterator[str]:
    """Yield the full names of what a module imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: import by full name"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def calls(path: Path) -> Iterator[str]:
    """Yield the names of the functions and methods that a module calls."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def has_tests(path: Path) -> bool:
    """Tell whether there is a test of this name: `tests/archive/test_rows` for `archive/rows`.

    Those of the collector lie in a folder of their own.
    """
    inner = Path(inner_name(path))
    folder = ROOT / "tests" / ("collector" if path.is_relative_to(ROOT / "collector") else "")
    return (folder / inner.parent / f"test_{inner.name}.py").exists()


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_towards_the_lake(package: str) -> None:
    imported = {top(name) for path in modules(package) for name in imports(path)}

    assert imported & OURS <= MAY_IMPORT[package]


@pytest.mark.parametrize("path", pure_modules(), ids=name_of)
def test_a_pure_module_knows_no_clock_no_disk_and_no_network(path: Path) -> None:
    assert set() == IMPURE_IMPORTS & {top(name) for name in imports(path)}
    assert set() == IMPURE_CALLS & set(calls(path))


@pytest.mark.parametrize("path", pure_modules(), ids=name_of)
def test_a_pure_module_needs_no_edge(path: Path) -> None:
    package = top(".".join(path.relative_to(ROOT).parts))
    edges = {f"{package}.{edge}".replace("/", ".") for edge in EDGES[package]}
    edges |= {"lake.open", "lake.storage.LocalFolder", "lake.storage.Storage"}

    assert set() == edges & {prefix for name in imports(path) for prefix in (name, parent(name))}


def parent(name: str) -> str:
    return name.rpartition(".")[0]


def test_only_one_module_knows_the_bucket() -> None:
    users = {
        name_of(path)
        for package in MAY_IMPORT
        for path in modules(package)
        if any(name.startswith("google.cloud") for name in imports(path))
    }

    assert users <= {"lake/gcs"}


def test_the_second_opinion_shares_nothing_with_what_it_judges() -> None:
    imported = {top(name) for name in imports(ROOT / "tests" / "reference.py")}

    assert imported & OURS <= {"lake", "tests"}
    assert set() == imported & {"numba", "numpy", "polars"}


@pytest.mark.parametrize("package", ["lake", "aggregator", "collector"])
def test_every_module_has_tests_of_its_name(package: str) -> None:
    untested = {name_of(path) for path in modules(package) if not has_tests(path)}

    assert untested <= set(TESTED_ELSEWHERE)


def test_what_is_listed_as_an_exception_still_exists() -> None:
    assert all((ROOT / f"{name}.py").exists() for name in {*TESTED_ELSEWHERE, *MACHINERY})

"""What every test finds: its Hypothesis profile, a clean environment, the real market data."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]
from hypothesis import HealthCheck, settings

from tests.bucket import BucketServer
from tests.bucket.emulator import fake_gcs_server

IN_CI = os.environ.get("CI") == "true"

# Examples differ in size by orders of magnitude and machines are shared: time says nothing here.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in every run of CI: who sees red there sees it at home.
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, max_examples=300)
settings.load_profile("ci" if IN_CI else "dev")

# Nobody's own lake, and no task number of a platform, reaches a test.
for _name in (
    "LAKE_URL", "CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT", "STORAGE_EMULATOR_HOST",
    "GOOGLE_APPLICATION_CREDENTIALS", "BINANCE_API_KEY",
):  # fmt: skip
    os.environ.pop(_name, None)

# Read when gcsfs is imported: it would ask an emulator for what it does not have, for 40 s.
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"

pytest.register_assert_rewrite("tests.reference", "tests.compare")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the machine for itself: whole runs of a collector, in real time."""
    for item in items:
        if item.path.name.startswith("test_promises_"):
            item.add_marker("alone")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real recordings; without one skip, but in CI fail."""
    folder = os.environ.get("FLOWLAKE_REAL_DATA", "")
    if folder and Path(folder).is_dir():
        return Path(folder)
    reason = f"no real recordings at {folder!r}: set FLOWLAKE_REAL_DATA to their folder"
    if folder or IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[BucketServer]:
    """Serve an empty bucket that can misbehave, and send all clients there."""
    with BucketServer(f"lake-{secrets.token_hex(4)}") as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        yield server


@pytest.fixture(scope="session")
def _fake_gcs() -> Iterator[str]:
    with fake_gcs_server() as url:
        yield url


@pytest.fixture
def fake_bucket(_fake_gcs: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of an empty lake in fake-gcs-server, and send all clients there."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", _fake_gcs)
    name = f"lake-{secrets.token_hex(4)}"
    storage.Client(project="test").create_bucket(name)
    return f"gs://{name}"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the pauses before another attempt so short that a test need not wait for them."""
    monkeypatch.setattr("lake.gcs_errors._FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr("lake.gcs_errors._LONGEST_PAUSE_S", 0.05)

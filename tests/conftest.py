"""What every test finds: its Hypothesis profile, a clean environment, the real market data."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

IN_CI = os.environ.get("CI") == "true"

# Examples differ in size by orders of magnitude and machines are shared: time says nothing here.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in every run of CI: who sees red there sees it at home.
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, max_examples=300)
settings.load_profile("ci" if IN_CI else "dev")

# Nobody's own lake, and no task number of a platform, reaches a test.
for _name in ("LAKE_URL", "CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT"):
    os.environ.pop(_name, None)

pytest.register_assert_rewrite("tests.reference", "tests.compare")


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

"""The table of what a large back-fill takes."""

import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.cloud.simulation import forecast
from aggregator.cloud.work import Market
from aggregator.simulate import table

ROOT = Path(__file__).parent.parent


def simulated(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aggregator.simulate", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_row_has_the_hours_the_requests_and_the_dollars() -> None:
    head, line, row = table([forecast(Market(symbols=10, days=10), 4)]).splitlines()

    assert len(head.split("|")) == len(line.split("|")) == len(row.split("|"))
    assert row.startswith("| 4 | 0.0 | ")


def test_it_runs_for_another_market_and_machine() -> None:
    machine = ["--vcpus", "4", "--workers", "8", "--memory-gib", "4", "--answer-ms", "5"]
    done = simulated(
        "--symbols", "10", "--days", "5", "--chunks", "288", "--tasks", "1,2", *machine
    )

    assert 0 == done.returncode, done
    assert 2 == done.stdout.count("\n| ") - 1
    assert "A task has 4 vCPU, 4 GiB and 8 workers." in done.stdout


@pytest.mark.parametrize("tasks", ["0", "10001", "many", "1,,2", ""])
def test_a_wrong_number_of_tasks_is_wrong_usage(tasks: str) -> None:
    done = simulated("--tasks", tasks)

    assert (2, "") == (done.returncode, done.stdout)
    assert "write numbers from 1 to 10000" in " ".join(done.stderr.replace("│", " ").split())


def test_the_page_on_scale_has_the_table_that_comes_out() -> None:
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    _, _, rest = page.partition("<!-- table: python -m aggregator.simulate -->\n")
    shown, found, _ = rest.partition("\n<!-- end of table -->")

    assert found
    assert shown.splitlines() == simulated().stdout.splitlines()

"""The command line of the deploy."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.documents import CLOUD_BUILD, FOLDER, ROOT, load

DIGEST = f"sha256:{'a' * 64}"


def deploy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in an empty folder, in which a gcloud may lie."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run(
        [sys.executable, "-m", "deploy", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def gcloud(folder: Path, body: str) -> None:
    """Put a gcloud into the folder that answers so."""
    program = folder / "gcloud"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)


def images(commit: str) -> list[str]:
    named = (f"--{program}-image=r/{program}@{DIGEST}" for program in ("collector", "aggregator"))
    return [f"--commit={commit}", *named]


def test_a_printed_roll_out_runs_nothing_and_holds_both_images(tmp_path: Path) -> None:
    gcloud(tmp_path, "touch was-run")
    done = deploy(tmp_path, "roll-out", *images("abc"), "--print")
    files = {path.name: path.read_text() for path in (tmp_path / ".cache/deploy").iterdir()}

    assert 0 == done.returncode, done.stderr
    assert not (tmp_path / "was-run").exists()
    assert "gcloud run jobs replace .cache/deploy/daily.yaml" in done.stdout
    assert f"image: r/collector@{DIGEST}" in files["flowlake-collector-0.yaml"]
    assert f"image: r/aggregator@{DIGEST}" in files["daily.yaml"]
    assert "commit: abc" in files["daily.yaml"]


def test_the_build_rolls_out_with_options_that_there_are(tmp_path: Path) -> None:
    steps = {step["id"]: step for step in load(CLOUD_BUILD)["steps"]}
    (call,) = re.findall(r"-m deploy (roll-out .*?) > ", steps["plan"]["args"][-1], re.DOTALL)
    shown = deploy(tmp_path, "roll-out", "--help").stdout

    assert {*re.findall(r"--[a-z-]+", call)} <= {*re.findall(r"--[a-z-]+", shown)}
    assert "--print" in call


def test_an_image_without_a_digest_is_not_rolled_out(tmp_path: Path) -> None:
    named = ("--collector-image=r/c:latest", f"--aggregator-image=r/a@{DIGEST}", "--print")
    done = deploy(tmp_path, "roll-out", "--commit=abc", *named)

    assert (1, "") == (done.returncode, done.stdout)
    assert "cannot roll out 'r/c:latest': name it by its digest" in done.stderr


def test_the_registry_is_asked_for_the_images_of_a_commit(tmp_path: Path) -> None:
    gcloud(tmp_path, f'echo "${{5%:*}}@{DIGEST}"; echo "$*" >> log')
    done = deploy(tmp_path, "roll-out", "--commit=abc", "--print")
    file = tmp_path / ".cache/deploy/daily.yaml"

    assert 0 == done.returncode, done.stderr
    assert "artifacts docker images describe" in (tmp_path / "log").read_text()
    assert f"flowlake/aggregator@{DIGEST}" in file.read_text()


def test_a_roll_back_takes_the_commit_before_the_one_that_runs(tmp_path: Path) -> None:
    answer = f'case "$*" in *revisions*) printf "new\\nnew\\nold\\n";; *) echo "x@{DIGEST}";; esac'
    gcloud(tmp_path, answer)
    done = deploy(tmp_path, "roll-back", "--print")

    assert 0 == done.returncode, done.stderr
    assert "commit: old" in (tmp_path / ".cache/deploy/daily.yaml").read_text()


def test_a_roll_back_of_the_first_release_is_refused(tmp_path: Path) -> None:
    gcloud(tmp_path, 'printf "new\\nnew\\n"')
    done = deploy(tmp_path, "roll-back", "--print")

    assert 1 == done.returncode
    assert "nothing else was rolled out yet" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["--delete-data"], ["--bucket=my-project-lake"], ["--delete-data", "--bucket=another"]],
)
def test_data_is_not_deleted_unless_told_twice(tmp_path: Path, arguments: list[str]) -> None:
    gcloud(tmp_path, "touch was-run")
    done = deploy(tmp_path, "tear-down", *arguments)

    assert 2 == done.returncode
    assert "nothing was removed" in " ".join(done.stderr.replace("│", "").split())
    assert not (tmp_path / "was-run").exists()


def test_told_twice_the_lake_is_removed(tmp_path: Path) -> None:
    done = deploy(tmp_path, "tear-down", "--delete-data", "--bucket=my-project-lake", "--print")

    assert "gcloud storage rm gs://my-project-lake --recursive" in done.stdout


def test_a_command_of_gcloud_that_fails_ends_the_deploy(tmp_path: Path) -> None:
    gcloud(tmp_path, 'case "$1" in services) echo no right >&2; exit 1;; esac; touch went-on')
    done = deploy(tmp_path, "set-up")

    assert 1 == done.returncode
    assert done.stderr.splitlines()[-1].startswith("deploy: the deploy is not complete")
    assert not (tmp_path / "went-on").exists()


def test_settings_with_a_fault_are_refused_in_one_line(tmp_path: Path) -> None:
    text = (FOLDER / "settings.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(text.replace("shards: 1", "shards: none"))
    done = deploy(tmp_path, "set-up", "--settings=mine.yaml", "--print")

    assert 1 == done.returncode
    assert "deploy: cannot read mine.yaml: shards: 'none' is no number" in done.stderr
    assert 1 == len(done.stderr.splitlines())

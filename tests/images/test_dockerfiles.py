"""The Dockerfiles, read as text: what must hold before anything is built."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROGRAMS = ("collector", "aggregator")
HADOLINT = Path(sys.executable).with_name("hadolint")
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]

both = pytest.mark.parametrize("program", PROGRAMS)


def dockerfile(program: str) -> Path:
    return ROOT / f"Dockerfile.{program}"


def instructions(program: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile, each on one line, without its comments."""
    lines = dockerfile(program).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined) if name]


def stages(program: str) -> list[list[tuple[str, str]]]:
    found = list[list[tuple[str, str]]]()
    for name, rest in instructions(program):
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append((name, rest))
    return found


def said(stage: list[tuple[str, str]], instruction: str) -> list[str]:
    return [rest for name, rest in stage if name == instruction]


def copied(program: str) -> list[str]:
    """Return what is copied from this repository."""
    lines = [line.split() for line in said(instructions(program), "COPY")]
    return [word for line in lines if not line[0].startswith("--from") for word in line[:-1]]


def let_through(path: str) -> bool:
    """Tell whether `.dockerignore` lets a file or folder into the build."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = [line[1:] for line in lines if line.startswith("!")]
    return any(Path(path).match(pattern) for pattern in allowed)


@both
@pytest.mark.skipif(not HADOLINT.exists(), reason="`make setup` has not brought hadolint")
def test_the_linter_has_nothing_to_say(program: str) -> None:
    done = subprocess.run(
        [HADOLINT, dockerfile(program)], capture_output=True, text=True, check=False
    )

    assert (0, "") == (done.returncode, done.stdout + done.stderr)


@both
def test_both_stages_stand_on_the_slim_base_that_the_build_is_given(program: str) -> None:
    first = instructions(program)[0]

    assert re.fullmatch(r"BASE=docker\.io/library/python:3\.\d+-slim-\w+", first[1])
    assert ["${BASE} AS build", "${BASE}"] == said(instructions(program), "FROM")


@both
def test_what_is_copied_exists_and_reaches_the_build(program: str) -> None:
    assert copied(program)
    assert [] == [path for path in copied(program) if not (ROOT / path).exists()]
    assert [] == [path for path in copied(program) if not let_through(path)]


def test_nothing_else_reaches_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    used = {path for program in PROGRAMS for path in copied(program)}

    assert "*" == rules[0]
    assert [] == [rule for rule in allowed if not any(Path(path).match(rule) for path in used)]


@both
def test_every_package_comes_by_its_hash_and_from_no_named_place(program: str) -> None:
    runs = " && ".join(said(instructions(program), "RUN"))
    installs = [part for part in runs.split(" && ") if re.search(r"\bpip\b.* install ", part)]
    hashed = [part for part in installs if "--require-hashes --only-binary :all: -r" in part]
    others = [part for part in installs if part not in hashed]

    assert 2 == len(hashed)
    assert [True] == ["--no-index --no-deps dist/" in part for part in others]
    assert f"-r requirements/{program}.txt" in hashed[-1]
    assert not re.search(r"://|index-url|trusted-host", dockerfile(program).read_text())


@both
def test_nothing_is_installed_in_the_last_stage(program: str) -> None:
    runs = " ".join(said(stages(program)[-1], "RUN"))

    assert not re.search(r"\b(pip|apt|apt-get|curl|wget|gcc)\b", runs)


@both
def test_the_last_user_is_a_number_and_not_root(program: str) -> None:
    (user,) = said(stages(program)[-1], "USER")

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


@both
def test_the_program_itself_is_the_first_process(program: str) -> None:
    last = stages(program)[-1]

    assert [[program]] == [json.loads(entry) for entry in said(last, "ENTRYPOINT")]
    assert [["--help"]] == [json.loads(command) for command in said(last, "CMD")]
    assert program in SCRIPTS


@both
def test_version_and_commit_are_told_last(program: str) -> None:
    names = [name for name, _ in stages(program)[-1]]
    (label,) = said(stages(program)[-1], "LABEL")

    assert ["ARG", "ARG", "LABEL"] == names[-3:]
    assert 'image.version="${VERSION}"' in label
    assert 'image.revision="${COMMIT}"' in label


def test_passes_are_looked_for_under_the_name_that_they_were_compiled_for() -> None:
    built, run = stages("aggregator")
    words = 'NUMBA_CPU_NAME=generic NUMBA_CPU_FEATURES=""'

    assert any(words in line for line in said(built, "RUN"))
    assert any(words in line for line in said(run, "ENV"))


def test_health_is_asked_in_a_process_of_its_own_without_a_shell() -> None:
    (check,) = said(stages("collector")[-1], "HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])

    assert ["python", "/opt/flowlake/healthy.py"] == command
    assert "images/healthy.py /opt/flowlake/" in said(stages("collector")[0], "COPY")

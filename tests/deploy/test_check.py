"""Whatever is wrong in a declarative file of the deploy, the check says so."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy import schema
from deploy.build import of_build
from deploy.check import complaints, of_document
from deploy.documents import BUILD, CLOUD_BUILD, FOLDER, ROOT, Document, dump, load
from deploy.errors import DeployError
from deploy.roles import parse_roles
from deploy.settings import parse_settings
from tests.deploy.samples import DEPLOY, keys, leaves, misspelt, replaced, without

DOCUMENTS = sorted(DEPLOY.documents)


def said_of(document: Document) -> list[str]:
    """Return what the check says, if this takes the place of the document of its name."""
    deploy = replace(DEPLOY, documents={**DEPLOY.documents, document.name: document})
    return [each for one in deploy.documents.values() for each in of_document(deploy, one)]


def changed(name: str, content: Any) -> Document:
    return replace(DEPLOY.documents[name], content=content)


def wrong_values(value: object) -> Iterator[object]:
    """Yield values of other types; of text also a number, since YAML makes one of bare digits."""
    yield from ({"a": 1}, [value], 7 if isinstance(value, str) else "seven")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the deploy's files that a test may spoil."""
    ignored = shutil.ignore_patterns("*.py", "__pycache__")
    shutil.copytree(FOLDER, tmp_path / "deploy", ignore=ignored)
    return tmp_path / "deploy"


def test_the_check_finds_nothing_and_says_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def test_the_check_fails_and_names_file_and_field(folder: Path) -> None:
    file = folder / "documents" / "daily.yaml"
    file.write_text(file.read_text().replace("maxRetries:", "maxRetry:"))

    assert ["daily.yaml: spec.template.spec.template.spec.maxRetry: there is no such field; "
            "did you mean maxRetries?"] == [*complaints(folder)]  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_key_of_a_document_can_be_misspelt(name: str) -> None:
    content = DEPLOY.documents[name].content
    missed = [path for path in keys(content) if not said_of(changed(name, misspelt(content, path)))]

    assert [] == missed


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_value_of_a_document_can_be_of_another_type(name: str) -> None:
    document = DEPLOY.documents[name]
    missed = [
        (path, wrong)
        for path, value in leaves(document.content)
        for wrong in wrong_values(value)
        if not said_of(changed(name, replaced(document.content, path, wrong)))
    ]

    assert [] == missed


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_without_one_of_its_keys_is_no_crash(name: str) -> None:
    content = DEPLOY.documents[name].content

    assert all(
        isinstance(said_of(changed(name, without(content, path))), list) for path in keys(content)
    )


def said_of_build(content: Any) -> list[str]:
    return [*schema.problems(BUILD, content)] or [*of_build(content, dump(content))]


def test_no_key_and_no_type_of_the_build_can_be_wrong() -> None:
    content = load(CLOUD_BUILD)
    missed: list[Any] = [
        each for each in keys(content) if not said_of_build(misspelt(content, each))
    ]
    missed += [
        (path, wrong)
        for path, value in leaves(content)
        for wrong in wrong_values(value)
        if not said_of_build(replaced(content, path, wrong))
    ]

    assert [] == said_of_build(content)
    assert [] == missed


def refused(parse: Any, content: Any) -> bool:
    try:
        parse(content, "it")
    except DeployError:
        return True
    return False


@pytest.mark.parametrize(("file", "parse"), [("settings", parse_settings), ("roles", parse_roles)])
def test_no_key_and_no_type_of_settings_and_roles_can_be_wrong(file: str, parse: Any) -> None:
    content = load(FOLDER / f"{file}.yaml")
    missed: list[Any] = [
        each for each in keys(content) if not refused(parse, misspelt(content, each))
    ]
    missed += [
        (path, wrong)
        for path, value in leaves(content)
        for wrong in wrong_values(value)
        if not refused(parse, replaced(content, path, wrong))
    ]

    assert not refused(parse, content)
    assert [] == missed


@pytest.mark.parametrize("name", ["documents/other.yaml", "documents/x/y/z.yaml", "notes.yaml"])
def test_a_file_that_nobody_checks_is_a_fault(folder: Path, name: str) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("a: 1\n")

    assert [*complaints(folder)]


@pytest.mark.parametrize("text", ["a: [", "- 1", ""])
def test_a_document_that_is_no_object_is_a_fault(folder: Path, text: str) -> None:
    (folder / "documents" / "daily.yaml").write_text(text)

    assert "daily.yaml" in " ".join(complaints(folder))


def test_a_key_that_is_there_twice_is_a_fault(folder: Path) -> None:
    file = folder / "documents" / "bucket.yaml"
    file.write_text(file.read_text() + "\nlocation: elsewhere\n")

    assert "'location' is there twice" in " ".join(complaints(folder))


def test_a_placeholder_without_a_value_is_a_fault(folder: Path) -> None:
    file = folder / "documents" / "channel.yaml"
    file.write_text(file.read_text().replace("${ALERT_EMAIL}", "${ALERT_EMIAL}"))

    assert "there is no value for 'ALERT_EMIAL'" in " ".join(complaints(folder))


def test_what_cannot_be_handed_over_to_gcloud_is_a_fault(folder: Path) -> None:
    file = folder / "documents" / "bucket.yaml"
    file.write_text(file.read_text() + "\nversioning:\n  enabled: true\n")

    assert "cannot hand versioning.enabled over to gcloud" in " ".join(complaints(folder))


def test_permissions_for_which_there_is_no_role_are_a_fault(folder: Path) -> None:
    file = folder / "roles.yaml"
    file.write_text(
        file.read_text().replace(
            "objects.list, prefix: aggregated/", "objects.delete, prefix: aggregated/"
        )
    )

    assert "cannot grant" in " ".join(complaints(folder))

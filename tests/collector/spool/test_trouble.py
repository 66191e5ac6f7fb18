"""Trouble that lasts is said when it begins, when it changes and when it is over."""

import logging

import pytest

from collector.spool.trouble import Trouble


def test_the_same_trouble_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble("cannot write")
    with caplog.at_level(logging.INFO, "collector"):
        for error in ("no space", "no space", "no access"):
            trouble.begin(error)
        trouble.end()
        trouble.end()

    assert [
        "cannot write: no space", "cannot write: no access", "cannot write: works again",
    ] == caplog.messages  # fmt: skip
    assert 3 == trouble.failures


def test_what_is_wrong_is_known_while_it_is() -> None:
    trouble = Trouble("cannot write")
    trouble.begin("no space")

    assert "no space" == trouble.error
    trouble.end()
    assert trouble.error is None


def test_its_lines_can_be_found_by_their_event(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "collector"):
        for trouble in (Trouble("cannot write"), Trouble("cannot upload", "upload_failed")):
            trouble.begin("no access")
            trouble.end()

    assert [
        {"event": "disk_failed", "error": "no access"},
        {"event": "works_again", "after": "disk_failed"},
        {"event": "upload_failed", "error": "no access"},
        {"event": "works_again", "after": "upload_failed"},
    ] == [record.__dict__["fields"] for record in caplog.records]

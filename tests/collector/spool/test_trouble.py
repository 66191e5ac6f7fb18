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

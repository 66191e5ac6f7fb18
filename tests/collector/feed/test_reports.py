"""Reports: what is read from them is what the recorder needs to know."""

import pytest

from collector.feed.reports import ABNORMAL, Batch, Cause, Closed


def test_a_report_is_never_changed() -> None:
    closed = Closed(1, 2, Cause(ABNORMAL, "the connection ended without a word"))

    with pytest.raises(AttributeError):
        closed.received_ns = 3  # type: ignore[misc]


def test_a_batch_opens_like_a_row() -> None:
    connection_id, received_ns, frames = Batch(1, 2, [b"{}"])

    assert (1, 2, [b"{}"]) == (connection_id, received_ns, frames)

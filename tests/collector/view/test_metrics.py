"""What Prometheus is told."""

import re
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from collector.view.metrics import StatusMetrics
from collector.view.status import Counters, LeftOut, RunStatus, StreamState, UploadStatus
from lake.layout import Stream
from tests.collector.statuses import NOW_S, both, stream, well

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def exposition(status: RunStatus | None) -> str:
    registry = CollectorRegistry()
    registry.register(StatusMetrics(lambda: status, lambda: NOW_S))
    return generate_latest(registry).decode()


def scraped(status: RunStatus | None) -> Samples:
    """Return what a scrape would store, by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(exposition(status))
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"flowlake_{name}", tuple(sorted(labels.items()))]


def test_a_run_that_has_said_nothing_is_not_healthy() -> None:
    assert {("flowlake_healthy", ()): 0} == scraped(None)


def test_healthy_follows_healthz() -> None:
    silent = well(*both("BTCUSDT", StreamState.SILENT))

    assert (1, 0) == (value(scraped(well()), "healthy"), value(scraped(silent), "healthy"))


def test_counters_count_what_the_run_counts() -> None:
    counters = Counters(
        frames=9000, received_bytes=9_000_000, rows={Stream.TRADES: 1234},
        duplicates={Stream.DEPTH20: 3}, strange={"no JSON": 2}, reconnects=4, handed_over=5,
        stalled=6, gaps={Stream.TRADES: 1}, missing_ids=17, refilled=18, unpublished=19,
        unwritten={Stream.DEPTH20: 20}, uploaded=21, uploaded_bytes=22, upload_failures=23,
        waits=24,
    )  # fmt: skip
    found = scraped(replace(well(), counters=counters))

    assert [9000, 9_000_000, 4, 5, 6, 17, 18, 19, 21, 22, 23, 24] == [
        value(found, f"{name}_total")
        for name in (
            "messages", "received_bytes", "reconnects", "hand_overs", "stalls",
            "missing_trade_ids", "refilled_trades", "unpublished_trade_ids", "uploads",
            "uploaded_bytes", "upload_failures", "reader_waits",
        )
    ]  # fmt: skip
    assert [1234, 3, 1, 20] == [
        value(found, f"{name}_total", stream=kind)
        for name, kind in (
            ("rows", "trades"), ("duplicates", "depth20"), ("gaps", "trades"),
            ("unwritten_rows", "depth20"),
        )
    ]  # fmt: skip
    assert 2 == value(found, "strange_messages_total", reason="no JSON")


def test_a_stream_without_a_row_counts_zero_of_them() -> None:
    found = scraped(replace(well(), counters=Counters()))

    assert [0, 0] == [value(found, "rows_total", stream=kind) for kind in Stream]


def test_streams_have_their_lag_age_and_messages() -> None:
    found = scraped(well(*both("币安人生USDT"), stream("ETHUSDT", lag_ms=None)))
    place = {"symbol": "币安人生USDT", "stream": "depth20"}

    assert (0.084, 14, 1234, 1) == (
        value(found, "stream_lag_seconds", **place),
        value(found, "stream_age_seconds", **place),
        value(found, "stream_messages_total", **place),
        value(found, "stream_fresh", **place),
    )
    assert 2 == sum(name == "flowlake_stream_lag_seconds" for name, _ in found)


def test_streams_are_counted_by_state() -> None:
    found = scraped(well(*both("BTCUSDT", StreamState.NEVER_SPOKE), *both("ETHUSDT")))

    assert (3, 1, 0) == (
        value(found, "streams", state="fresh"),
        value(found, "streams", state="never_spoke"),
        value(found, "streams", state="silent"),
    )


def test_spool_and_uploads_are_told() -> None:
    found = scraped(well())

    assert [1_234_567, 10 << 30, 50 << 30, 0, 2, 20_000, 3, 14] == [
        value(found, name)
        for name in (
            "spool_bytes", "spool_limit_bytes", "spool_disk_free_bytes", "spool_pressure",
            "uploads_pending", "uploads_pending_bytes", "oldest_pending_upload_age_seconds",
            "upload_age_seconds",
        )
    ]  # fmt: skip


def test_what_is_not_known_is_not_told() -> None:
    found = scraped(replace(well(), uploads=UploadStatus()))

    assert ("flowlake_upload_age_seconds", ()) not in found


def test_the_run_and_what_it_leaves_out_are_told() -> None:
    found = scraped(replace(well(), left_out=(LeftOut("FOOUSDT", "unknown"),)))

    assert (1, 192, 1) == (
        value(found, "symbols_left_out"),
        value(found, "uptime_seconds"),
        value(found, "connections"),
    )
    assert ["k3v9"] == [dict(labels)["run"] for name, labels in found if name == "flowlake_info"]


def test_reasons_are_bounded_and_none_of_them_ever_falls() -> None:
    reasons = {f"reason {n}": 1 for n in range(25)}
    before = scraped(replace(well(), counters=Counters(strange=reasons)))
    after = scraped(replace(well(), counters=Counters(strange=reasons | {"reason 24": 99, "x": 1})))
    name = "flowlake_strange_messages_total"

    assert 21 == sum(found == name for found, _ in before)
    assert (5, 104) == (
        value(before, "strange_messages_total", reason="other"),
        value(after, "strange_messages_total", reason="other"),
    )
    assert set() == {place for place in before if place[0] == name and before[place] > after[place]}


@pytest.mark.parametrize("status", [None, well()])
def test_names_have_a_prefix_and_every_family_a_help(status: RunStatus | None) -> None:
    text = exposition(status)
    names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))

    assert names
    assert all(name.startswith("flowlake_") for name in names)
    assert names == set(re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE))

"""A program that is asked to end does so, also while its bucket is away."""

import signal
import time

import pytest

from tests.bucket import BucketServer, Draft, Kind, Refuse
from tests.cases import BEFORE, COMMAND, DAY, chunk_key, finished, started, trades

OUTAGE_S = 120
"""How long a request is repeated if nobody asks the program to end."""


@pytest.mark.parametrize("kind", [Kind.LIST, Kind.READ])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_who_waits_for_a_bucket_ends_when_asked_to(
    bucket: BucketServer, number: signal.Signals, code: int, workers: int, kind: Kind
) -> None:
    for day in (BEFORE, DAY):
        for minute in range(20):
            draft = Draft(chunk_key(minute, day), trades(day, minute))
            bucket.store.put(bucket.lake.removeprefix("gs://"), draft)
    bucket.script.add(Refuse(503), kind, "raw/*", times=10**6)
    process = started(
        COMMAND, "backfill", "--lake", bucket.lake, "--start", BEFORE, "--end", DAY,
        "--workers", workers, "--resolutions", "1h",
    )  # fmt: skip
    while len([key for key in bucket.script.keys(kind) if key.startswith("raw/")]) < 4:
        time.sleep(0.01)
    asked = time.monotonic()
    process.send_signal(number)

    assert code == finished(process).code
    assert time.monotonic() - asked < OUTAGE_S / 4

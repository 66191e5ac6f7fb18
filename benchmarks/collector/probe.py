"""Run the collector with a stop-watch: `python -m benchmarks.collector.probe FILE run …`.

For every batch of frames it counts the time from the socket read until the rows are in the queue
to the disk, and says at the end how often which time was seen, and which thread was which.
"""

import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from collector import cli
from collector.feed.reports import Batch
from collector.record.intake import Intake

_BUCKET_NS = 1_000_000
_LOOK_EVERY_S = 1.0


class Watch:
    """Counts frames by how many ms they took."""

    def __init__(self) -> None:
        self.frames: Counter[int] = Counter()
        self.threads: dict[int, str] = {}

    def put_on(self) -> None:
        """Measure every batch from now on."""
        watch, take = self, Intake.take

        def measured(intake: Intake, batch: Batch) -> None:
            take(intake, batch)
            took_ns = time.time_ns() - batch.received_ns
            watch.frames[took_ns // _BUCKET_NS] += len(batch.frames)

        setattr(Intake, "take", measured)  # noqa: B010 - a stop-watch, not a method
        threading.Thread(target=self._look, name="probe", daemon=True).start()

    def _look(self) -> None:
        while True:
            for thread in threading.enumerate():
                if thread.native_id:
                    self.threads[thread.native_id] = thread.name
            time.sleep(_LOOK_EVERY_S)


def main() -> None:
    """Run the collector and write what was seen."""
    file, *arguments = sys.argv[1:]
    sys.argv = ["collector", *arguments]
    watch = Watch()
    watch.put_on()
    try:
        cli.main()
    finally:
        seen = {"frames": dict(watch.frames), "threads": watch.threads}
        Path(file).write_text(json.dumps(seen), encoding="utf-8")


if __name__ == "__main__":
    main()

"""A process that writes a spool as fast as it may, so that a test can kill it.

    python -m tests.collector.spool_writer SPOOL LAKE RUN FIRST_ID

It says after each flush up to which id everything is in the log.
"""

import sys
import time
from pathlib import Path

from collector.clock import Clock
from collector.spool.capacity import SpoolSettings
from collector.spool.diary import Diary
from collector.spool.outbox import Outbox
from collector.spool.recover import recover
from collector.spool.spool import Spool
from lake.storage import LocalFolder
from tests.collector.spools import DEPTH, SYMBOL, TRADES, book, trade

_SPEED = 200
"""Of the clock: a minute of it takes 0.3 s."""
_ROWS_A_FLUSH, _PAUSE_S = 500, 0.005


def main(spool_folder: str, lake: str, run: str, first_id: str) -> None:
    clock = Clock(_SPEED)
    outbox = Outbox(LocalFolder(lake, durable=False), clock, workers=2)
    spool = Spool(SpoolSettings(Path(spool_folder), fsync_s=5 * _SPEED), run, outbox, clock)
    recover(spool)
    recording = {"event": "recording", "symbols": [SYMBOL], "streams": ["trades", "depth20"]}
    diary = Diary(spool, recording)
    spool.start()
    number = int(first_id)
    while True:
        for _ in range(_ROWS_A_FLUSH):
            received_ns = clock.wall_ns()
            spool.append(TRADES, SYMBOL, received_ns, trade(number, received_ns))
            spool.append(DEPTH, SYMBOL, received_ns, book(number, received_ns))
            number += 1
        spool.flush()
        print(number - 1, flush=True)
        diary.note({"event": "stalled", "number": number})
        spool.seal(clock.wall_ns())
        time.sleep(_PAUSE_S)


if __name__ == "__main__":
    main(*sys.argv[1:])

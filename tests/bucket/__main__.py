"""Run the bucket by hand: `python -m tests.bucket --help`."""

import argparse
import json
import time

from lake.storage import LocalFolder
from tests.bucket.faults import Cut, Drop, Fault, Kind, Refuse, Reset
from tests.bucket.server import BucketServer
from tests.bucket.store import Draft

_FAULTS: dict[str, Fault] = {"reset": Reset(), "drop": Drop(), "cut": Cut()}


def main() -> None:
    """Serve until interrupted, then say what was asked for."""
    given = _parser().parse_args()
    latency_s = given.latency_ms / 1000
    with BucketServer(
        *given.bucket, port=given.port, latency_s=latency_s, page_size=given.page_size
    ) as server:
        if given.load:
            for stat in (folder := LocalFolder(given.load)).list(""):
                draft = Draft(stat.key, folder.read(stat.key)[0])
                server.store.put(given.bucket[0], draft)
        for fault, kind, times in given.fault:
            server.script.add(fault, kind, times=times)
        print(f"export STORAGE_EMULATOR_HOST={server.url}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print(json.dumps(server.script.counts()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bucket", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any that is free")
    parser.add_argument("--bucket", action="append", default=[], help="one that is there, empty")
    parser.add_argument("--load", metavar="FOLDER", help="a lake to copy into the first bucket")
    parser.add_argument("--latency-ms", type=float, default=0, help="added to every answer")
    parser.add_argument("--page-size", type=int, default=1000, help="of listings, at most")
    parser.add_argument(
        "--fault", action="append", default=[], type=_fault, metavar="KIND:FAULT:TIMES",
        help="such as read:503:20, write:drop:1, list:429:3, read:cut:5, read:reset:5",
    )  # fmt: skip
    return parser


def _fault(text: str) -> tuple[Fault, Kind, int]:
    kind, what, times = text.split(":")
    return _FAULTS.get(what) or Refuse(int(what)), Kind(kind), int(times)


if __name__ == "__main__":
    main()

"""Serve a lake as a bucket in which every request waits: `python -m benchmarks.bucket LAKE MS`.

Says how to reach it, serves until its standard input ends, and says how many requests there were.
"""

import json
import sys
from pathlib import Path

from tests.bucket.server import BucketServer
from tests.bucket.store import Draft

NAME = "bench"


def main() -> None:
    """Serve the lake of the command line."""
    lake, delay_ms = Path(sys.argv[1]), int(sys.argv[2])
    with BucketServer(NAME, latency_s=delay_ms / 1000) as server:
        for path in sorted(lake.rglob("*")):
            key = path.relative_to(lake).as_posix()
            if path.is_file() and not key.startswith((".", "aggregated/")):
                server.store.put(NAME, Draft(key, path.read_bytes()))
        print(server.url, flush=True)
        sys.stdin.read()
        print(json.dumps(server.script.counts()))


if __name__ == "__main__":
    main()

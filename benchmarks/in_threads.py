"""Build a day with so many threads: `python -m benchmarks.in_threads LAKE SYMBOL DATE THREADS`."""

import sys
from datetime import UTC, date, datetime

from aggregator.builder import Builder
from aggregator.settings import BuildSettings
from aggregator.unit import Unit
from lake.open import open_lake


def main() -> None:
    """Build the day of the command line."""
    lake, symbol, day, threads = sys.argv[1:]
    settings = BuildSettings(force=True, threads=int(threads))
    builder = Builder(open_lake(lake), settings, lambda: datetime.now(UTC))
    builder.run(Unit(date.fromisoformat(day), symbol))


if __name__ == "__main__":
    main()

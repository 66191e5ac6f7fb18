"""Who builds the same day: we, the peers, and the floor below which nobody can get."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.inputs import DATE, Input
from benchmarks.measure import AGGREGATOR


@dataclass(frozen=True)
class Candidate:
    """A program that builds a day of an input; `how` says what a reader must know of it.

    `output` is the folder that it writes, `needs` a library that may be missing.
    """

    name: str
    command: Callable[[Input], list[str]]
    output: Callable[[Input], Path]
    how: str
    needs: str = ""
    is_checked: bool = True

    def is_installed(self) -> bool:
        """Tell whether the library that it needs is there."""
        return not self.needs or find_spec(self.needs) is not None


def build_command(made: Input, *options: str) -> list[str]:
    """Return the aggregator's command for the day of an input."""
    days = ["--start", DATE, "--end", DATE, "--force"]
    return [AGGREGATOR, "backfill", "--lake", str(made.lake), *days, *options]


def _program(
    name: str, module: str, how: str, needs: str = "", *, is_checked: bool = True
) -> Candidate:
    """Return a candidate of this folder: a module that is run with `LAKE SYMBOL DATE OUT`."""

    def output(made: Input) -> Path:
        return made.cache / "output" / made.lake.name / module

    def command(made: Input) -> list[str]:
        arguments = (str(made.lake), made.symbol, DATE, str(output(made)))
        return [sys.executable, "-m", f"benchmarks.{module}", *arguments]

    return Candidate(name, command, output, how, needs, is_checked)


US = Candidate(
    "flowlake",
    lambda made: build_command(made, "--symbols", made.symbol),
    lambda made: made.aggregated / made.symbol,
    "as it is installed, into an empty `aggregated/`; besides the bars it certifies the day by a "
    "manifest and flushes every file to the disk",
)
FLOOR = _program(
    "floor", "floor", "no result: decompresses every chunk (ISA-L), a thread for each core, takes "
    "a checksum of each byte, writes as many bytes as the bars have", is_checked=False,
)  # fmt: skip
PEERS = (
    _program(
        "ClickHouse (chDB)", "peers.chdb_sql", "SQL over the files; types of columns given, "
        "`JSONExtract`, decimals, Memory tables, as many threads as cores", "chdb",
    ),
    _program(
        "DuckDB", "peers.duckdb_sql", "SQL over the files; types of columns given in place of the "
        "sniffer, `from_json`, decimals, `preserve_insertion_order` off, as many threads as cores",
        "duckdb",
    ),
    _program(
        "Polars", "peers.polars_plain", "lazy scans, streaming engine, `json_decode`, decimals, as "
        "many threads as cores", "polars",
    ),
    _program(
        "Polars, no JSON", "peers.polars_split", "as above, but books are text that is cut at the "
        "quotes: right only while every number is written as a JSON string", "polars",
    ),
    _program(
        "pandas", "peers.pandas_plain", "30 chunks at a time, `json.loads` for each side of a "
        "book, sums are of 64-bit integers", "pandas",
    ),
    _program(
        "pandas, no JSON", "peers.pandas_split", "as above, but a process for each core, and the "
        "JSON of books is stripped of its brackets and read as CSV", "pandas",
    ),
)  # fmt: skip
CANDIDATES = (US, FLOOR, *PEERS)

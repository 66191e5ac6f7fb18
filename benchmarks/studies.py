"""How the aggregator alone behaves: with size, with many symbols, with threads, with formats."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from tempfile import TemporaryDirectory

from benchmarks.candidates import build_command
from benchmarks.inputs import DATE, SNAPSHOTS, TRADES, Input
from benchmarks.measure import AGGREGATOR, ROOT, Usage, measure, shown, typical
from benchmarks.report import FIGURES, Table, figures
from lake.layout import Stream, raw_day_prefix

ROUNDS = 3
DELAY_MS = 50

BUSY = Input()
QUIET = Input(trades=500, snapshots=2_000, symbol="QUIETUSDT")
HUNDRED = Input(trades=500, snapshots=2_000, symbol="QUIETUSDT", symbols_count=100)
LARGE = Input(trades=20_000_000, snapshots=2_000)
FOUR = Input(trades=TRADES // 8, snapshots=SNAPSHOTS // 8, symbol="SOMEUSDT", symbols_count=4)


def _built(made: Input, *options: str, rounds: int = ROUNDS) -> Usage:
    """Return the median of building a day into an empty `aggregated/`."""
    made.make()
    return _repeated(build_command(made, *options), made, rounds)


def _repeated(command: Sequence[str], made: Input, rounds: int = ROUNDS) -> Usage:
    def once() -> Usage:
        made.unpublish()
        return measure(command)

    return typical([once() for _ in range(rounds)])


def start_up() -> Table:
    """Measure what there is to wait for before any work is done."""
    BUSY.make()
    version, first = [AGGREGATOR, "--version"], build_command(_first_minute())
    done = [part for part in build_command(QUIET) if part != "--force"]
    QUIET.make()
    measure(done)
    with TemporaryDirectory() as empty:
        compiled = measure(first, {"PYTHONPYCACHEPREFIX": empty})
    rows = (
        ("`aggregator --version`", typical([measure(version) for _ in range(ROUNDS)])),
        ("a day that is up to date", typical([measure(done) for _ in range(ROUNDS)])),
        ("a day of one chunk of each stream", typical([measure(first) for _ in range(ROUNDS)])),
        ("the same, the first time on a machine", compiled),
    )
    return Table(
        "Start-up",
        "The compiled passes are cached beside their sources; the first run after an installation "
        "pays the compiler once.",
        ("", *FIGURES),
        tuple((name, *figures(used)) for name, used in rows),
        (shown(version), shown(done), shown(first)),
    )


def _first_minute() -> Input:
    """Return a lake with the first minute of the busy day, and nothing else."""
    made = Input(trades=0, snapshots=0, symbol=BUSY.symbol, form="first-minute")
    for stream in Stream:
        folder = raw_day_prefix(stream, BUSY.symbol, BUSY.day)
        chunk = min((ROOT / BUSY.lake / folder).iterdir())
        (ROOT / made.lake / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(chunk, ROOT / made.lake / folder)
    return made


def growth() -> Table:
    """Measure days of a rising number of rows."""
    parts = [(part, Input(TRADES // part, SNAPSHOTS // part)) for part in (8, 4, 2, 1)]
    rows = [(f"1/{part}" if part > 1 else "1", made, _built(made)) for part, made in parts]
    smallest = rows[0]
    return Table(
        "Growth",
        "Parts of the busy day's rate. The last column is what a further row costs, measured "
        "against the smallest day.",
        ("of a day", "rows", *FIGURES, "CPU µs per further row"),
        tuple(
            (name, f"{made.rows:,}", *figures(used), _per_row(smallest[1:], (made, used)))
            for name, made, used in rows
        ),
        (shown(build_command(BUSY)),),
    )


def _per_row(one: tuple[Input, Usage], other: tuple[Input, Usage]) -> str:
    rows = other[0].rows - one[0].rows
    return f"{(other[1].cpu_s - one[1].cpu_s) / rows * 1e6:.2f}" if rows else ""


def quiet() -> Table:
    """Measure symbols that hardly trade."""
    one, many = _built(QUIET), _built(HUNDRED, "--workers", "1", rounds=1)
    further = (many.wall_s - one.wall_s) / (HUNDRED.symbols_count - 1)
    return Table(
        "Quiet symbols",
        f"{QUIET.trades:,} trades and {QUIET.snapshots:,} snapshots each, in one process. "
        f"A further symbol costs {further:.3f} s.",
        ("symbols", *FIGURES),
        (("1", *figures(one)), ("100", *figures(many))),
        (shown(build_command(HUNDRED, "--workers", "1")),),
    )


def large() -> Table:
    """Measure the memory of a day of very many trades."""
    used = _built(LARGE, rounds=1)
    return Table(
        "A very busy day",
        "Seven times the trades of the busy day, and hardly a book.",
        ("trades", *FIGURES),
        ((f"{LARGE.trades:,}", *figures(used)),),
        (shown(build_command(LARGE)),),
    )


def workers() -> Table:
    """Measure several days at the same time."""
    rows = [(count, _built(FOUR, "--workers", count)) for count in ("1", "2")]
    return Table(
        "Workers",
        f"{FOUR.symbols_count} symbols, each an eighth of the busy day. With one worker the two "
        "cores share a day, with two each has its own; memory is of the largest process.",
        ("workers", *FIGURES),
        tuple((count, *figures(used)) for count, used in rows),
        (shown(build_command(FOUR, "--workers", "2")),),
    )


def threads() -> Table:
    """Measure the threads that decode the chunks of a day."""

    def command(count: str) -> list[str]:
        arguments = (str(BUSY.lake), BUSY.symbol, DATE, count)
        return [sys.executable, "-m", "benchmarks.in_threads", *arguments]

    BUSY.make()
    rows = [(count, _repeated(command(count), BUSY)) for count in ("1", "2", "4")]
    return Table(
        "Threads",
        "That decode the chunks of the busy day; Polars has a thread for each core in all rows.",
        ("threads", *FIGURES),
        tuple((count, *figures(used)) for count, used in rows),
        (shown(command("2")),),
    )


def formats() -> Table:
    """Measure how chunks may be compressed."""
    forms = (
        ("`.csv.gz`, level 1", "csv.gz", 1), ("`.csv.gz`, level 6", "csv.gz", 6),
        ("`.csv.gz`, level 9", "csv.gz", 9), ("`.csv.zst`", "csv.zst", 6), ("`.csv`", "csv", 6),
    )  # fmt: skip
    inputs = [
        (name, Input(TRADES // 4, SNAPSHOTS // 4, form=form, gzip_level=level))
        for name, form, level in forms
    ]
    rows = [(name, _built(made), f"{made.raw_mb():.1f}") for name, made in inputs]
    return Table(
        "Formats of the chunks",
        "A quarter of the busy day.",
        ("", "MB on disk", *FIGURES),
        tuple((name, size, *figures(used)) for name, used, size in rows),
        tuple(shown(build_command(made)) for _, made in inputs),
    )


def bucket() -> Table:
    """Measure a bucket in which every request waits, beside the local folder."""
    local = _built(BUSY)
    remote, requests = _in_bucket(BUSY)
    said = ", ".join(f"{count:,} × {kind}" for kind, count in sorted(requests.items()))
    return Table(
        "A bucket",
        f"The busy day from a bucket on the same machine that answers every request {DELAY_MS} ms "
        f"late ({said}); the bucket's own work shares the cores.",
        ("", *FIGURES),
        (("local folder", *figures(local)), (f"{DELAY_MS} ms a request", *figures(remote))),
        (f"python -m benchmarks.bucket {BUSY.lake} {DELAY_MS}",),
    )


def _in_bucket(made: Input) -> tuple[Usage, dict[str, int]]:
    """Build the day in a bucket; return what that used and the requests, by kind."""
    command = [sys.executable, "-m", "benchmarks.bucket", str(made.lake), str(DELAY_MS)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin
        assert server.stdout
        url = server.stdout.readline().strip()
        build = build_command(made)
        build[build.index(str(made.lake))] = "gs://bench"
        used = measure(build, {"STORAGE_EMULATOR_HOST": url})
        server.stdin.close()
        counts: dict[str, int] = json.loads(server.stdout.read())
    return used, counts


STUDIES: tuple[Callable[[], Table], ...] = (
    start_up, growth, quiet, large, workers, threads, formats, bucket,
)  # fmt: skip

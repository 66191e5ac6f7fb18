"""The command line of the aggregator: each command parses, calls one function and prints."""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from aggregator import plan
from aggregator.console import reporter, say
from aggregator.fetch.names import ARCHIVE_URL
from aggregator.launch import launch
from aggregator.memory import keep_freed_blocks, spare_imports
from aggregator.options import (
    ArchiveUrl,
    Lake,
    Margin,
    MaxUnpublished,
    Parquet,
    Resolutions,
    Symbols,
    Workers,
    parse_day,
    parse_past_day,
    parse_picture,
    parse_range,
    parse_resolutions,
    parse_span,
    parse_symbol,
    parse_symbols,
    parse_task,
    parse_time,
)
from aggregator.run import Job, Stopped, cores, run, stop_on_sigterm
from aggregator.settings import LEAST_MARGIN, BuildSettings
from aggregator.unit import Outcome, Status, Unit
from aggregator.verify import verify
from lake.errors import LakeError
from lake.logs import log
from lake.open import open_lake

app = typer.Typer(
    name="aggregator", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    rich_markup_mode=None,
    help="Turn each UTC day of raw chunks into exact bars: one CSV per symbol and resolution.",
)  # fmt: skip


def main() -> None:
    """Run the program: expected failures are one line and exit code 1."""
    keep_freed_blocks()
    spare_imports()
    stop_on_sigterm()
    try:
        app()
    except LakeError as error:
        fail(str(error))
    except Stopped:
        _complain("stopped by SIGTERM; what is published is whole: run again for the rest")
        raise
    except BrokenPipeError:
        # The reader of our output has had enough; that is no failure to report to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def fail(message: str) -> NoReturn:
    """Say in one line on standard error what failed, and exit with 1."""
    _complain(message)
    raise SystemExit(1)


def _complain(message: str) -> None:
    line = " ".join(message.split())
    if sys.stderr.isatty():
        print(f"aggregator: {line}", file=sys.stderr)
    else:
        log(sys.stderr, "ERROR", line)


def _version(asked: bool) -> None:
    if asked:
        # Imported here, as all that only one command needs: every task of thousands pays the start.
        from importlib.metadata import version

        print(f"flowlake {version('flowlake')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    del show_version  # its callback has answered


@app.command()
def daily(
    lake: Lake = "./lake",
    date_text: Annotated[
        str | None, typer.Option("--date", help="Build this day only.", metavar="YYYY-MM-DD")
    ] = None,
    lookback: Annotated[
        int | None,
        typer.Option(help="Days to check, yesterday included.", min=1, show_default="3"),
    ] = None,
    symbols: Symbols = None,
    resolutions: Resolutions = "1s,1m",
    margin: Margin = LEAST_MARGIN,
    parquet: Parquet = False,
    workers: Workers = None,
    repairs: Annotated[
        bool,
        typer.Option("--repair", help="Refill the days that are checked again; see repair."),
    ] = False,
    archive_url: ArchiveUrl = ARCHIVE_URL,
) -> None:
    """Build yesterday (UTC), and check the days before it again: the scheduled job.

    Without --symbols: all that the day has, and all that a collector was recording. A symbol that
    should have chunks and has none is a failure. A night that failed heals in the next one.

    Examples:

      aggregator daily --lake gs://my-lake

      aggregator daily --lake ./lake --date 2025-12-11 --symbols BTCUSDT

      aggregator daily --lake gs://my-lake --repair
    """
    if date_text and lookback:
        raise typer.BadParameter("--date builds one day only; give it or --lookback, not both")
    settings = BuildSettings(
        parse_resolutions(resolutions), margin, parquet=parquet, threads=cores()
    )
    if date_text:
        day = parse_past_day(date_text, "--date")
    else:
        day = datetime.now(UTC).date() - timedelta(days=1)
    days = 1 if date_text else lookback or 3
    names = parse_symbols(symbols)
    storage = open_lake(lake)
    units = plan.daily_units(storage, day, days, names)
    repaired = None
    if repairs:
        from aggregator.repair.command import RepairSettings, repair

        # The archive has yesterday only some hours later.
        checked_again = [unit for unit in units if date_text or unit.day != day]
        repaired = repair(storage, checked_again, RepairSettings(settings, archive_url))
        units += [unit for unit in repaired.units if unit not in units]
    outcomes = _run(lake, units, settings, workers)
    if not any(outcome.unit.day == day and outcome.status != "empty" for outcome in outcomes):
        fail(
            f"cannot build {day}: {lake} has no chunk of it for any symbol; is a collector running?"
        )
    _exit_by(outcomes)
    if repaired and (why := repaired.failure(absent_fails=False)):
        fail(why)


@app.command()
def backfill(
    start: Annotated[str, typer.Option(help="First day.", metavar="YYYY-MM-DD")],
    end: Annotated[str, typer.Option(help="Last day, included.", metavar="YYYY-MM-DD")],
    lake: Lake = "./lake",
    symbols: Symbols = None,
    resolutions: Resolutions = "1s,1m",
    margin: Margin = LEAST_MARGIN,
    parquet: Parquet = False,
    workers: Workers = None,
    force: Annotated[bool, typer.Option("--force", help="Build also what is up to date.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only say what would be done, for how long, at what price."),
    ] = False,
    task: Annotated[
        str | None,
        typer.Option(help="Only this part of the days: I of N, I from 0.", metavar="I/N"),
    ] = None,
    task_index: Annotated[int, typer.Option(envvar="CLOUD_RUN_TASK_INDEX", hidden=True)] = 0,
    task_count: Annotated[int, typer.Option(envvar="CLOUD_RUN_TASK_COUNT", hidden=True)] = 1,
) -> None:
    """Build a range of days; what is up to date is skipped.

    Without --symbols: for each day those that it has. The same inputs give the same files, for any
    number of workers or tasks.

    Examples:

      aggregator backfill --lake ./lake --start 2025-12-01 --end 2025-12-31

      aggregator backfill --lake ./lake --start 2025-12-01 --end 2025-12-31 --parquet --dry-run

      aggregator backfill --lake ./lake --start 2025-12-01 --end 2025-12-31 --task 0/4
    """
    first, last = parse_range(start, end)
    settings = BuildSettings(
        parse_resolutions(resolutions), margin, force, parquet, threads=cores()
    )
    part, names = parse_task(task or f"{task_index}/{task_count}"), parse_symbols(symbols)
    storage = open_lake(lake)
    units, empty = plan.backfill_units(storage, first, last, names)
    units = [unit for unit in units if part.has(unit)]
    if dry_run:
        from aggregator.dry_run import print_plan

        print_plan(storage, units, settings)
        return
    outcomes = _run(
        lake,
        units,
        settings,
        workers,
        [f"{day}: no symbol has a chunk" for day in empty if part.has(Unit(day, ""))],
    )
    _exit_by(outcomes)


@app.command()
def status(
    lake: Lake = "./lake",
    start: Annotated[str | None, typer.Option(help="First day.", metavar="YYYY-MM-DD")] = None,
    end: Annotated[str | None, typer.Option(help="Last day.", metavar="YYYY-MM-DD")] = None,
    symbols: Symbols = None,
    changed_since: Annotated[
        str | None,
        typer.Option(help="Only what changed since: what to download again.", metavar="TIME"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array of objects.")] = False,
) -> None:
    """Show the published days: condition, coverage and holes, by day and symbol.

    Without --start: the last 14 days that the lake has. With --changed-since: of all days those
    whose published files were replaced, why, and the sha256 of each file before and after.

    Examples:

      aggregator status --lake ./lake

      aggregator status --lake ./lake --start 2025-12-01 --end 2025-12-31 --json

      aggregator status --lake ./lake --changed-since 2025-12-24T06:00:00Z --json
    """
    from aggregator.status import last_days, statuses
    from aggregator.status_view import print_statuses

    first = parse_day(start) if start else date.min
    final = parse_day(end) if end else date.max
    if first > final:
        raise typer.BadParameter(f"--end {end} is before --start {start}")
    since = parse_time(changed_since) if changed_since else None
    names, storage = parse_symbols(symbols), open_lake(lake)
    if since:
        from aggregator.changes_view import show_changes

        show_changes(storage, since, (first, final), names, as_json=as_json)
        return
    if not start:
        first = last_days(storage, final, names, 14)
    print_statuses([*statuses(storage, first, final, names)], as_json=as_json)


@app.command("import")
def import_command(
    files: Annotated[list[Path], typer.Argument(help=".csv, .csv.gz or .zip", metavar="FILE…")],
    symbol: Annotated[str, typer.Option(help="The symbol whose trades they are.")],
    lake: Lake = "./lake",
    max_unpublished: MaxUnpublished = 100,
) -> None:
    """Turn trades files of the exchange's archive into raw chunks. Importing twice changes nothing.

    A checksum file beside a file (FILE.CHECKSUM) is checked. A file that is not as the archive
    publishes it is refused whole, before anything is written.

    Examples:

      aggregator import --lake ./lake --symbol BTCUSDT BTCUSDT-trades-2025-12-11.zip

      aggregator import --lake ./lake --symbol BTCUSDT BTCUSDT-trades-2025-*.zip
    """
    from aggregator.import_view import run_import

    name = parse_symbol(symbol)
    run_import(open_lake(lake, create=True), name, files, max_unpublished)


@app.command()
def fetch(
    symbols: Annotated[
        str, typer.Option(help="Whose trades, such as BTCUSDT,ETHUSDT.", metavar="A,B")
    ],
    start: Annotated[str, typer.Option(help="First day.", metavar="YYYY-MM-DD")],
    end: Annotated[str, typer.Option(help="Last day, included.", metavar="YYYY-MM-DD")],
    lake: Lake = "./lake",
    archive_url: ArchiveUrl = ARCHIVE_URL,
    max_unpublished: MaxUnpublished = 100,
    connections: Annotated[
        int, typer.Option(help="Files downloaded at the same time.", min=1, max=16)
    ] = 4,
    workers: Annotated[
        int | None,
        typer.Option(help="Days imported at the same time.", min=1, show_default="all cores"),
    ] = None,
) -> None:
    """Download days of trades from the exchange's archive, verified, and import them.

    A day that was imported before is not downloaded again; a file that the archive has replaced is
    imported beside the earlier one. A day that the archive does not have is named: the exit code is
    1 if it has none of them, or if a day failed. Killed or stopped, run it again for the rest.

    Examples:

      aggregator fetch --lake ./lake --symbols BTCUSDT --start 2025-01-01 --end 2025-12-31

      aggregator fetch --lake gs://my-lake --symbols BTCUSDT --start 2025-12-11 --end 2025-12-11
    """
    from aggregator.fetch.command import FetchSettings, run_fetch

    first, last = parse_range(start, end)
    names = parse_symbols(symbols) or ()
    settings = FetchSettings(
        names, first, last, archive_url, max_unpublished, connections, workers or cores()
    )
    run_fetch(open_lake(lake, create=True), settings)


@app.command("repair")
def repair_command(
    start: Annotated[str, typer.Option(help="First day.", metavar="YYYY-MM-DD")],
    end: Annotated[str, typer.Option(help="Last day, included.", metavar="YYYY-MM-DD")],
    lake: Lake = "./lake",
    symbols: Symbols = None,
    resolutions: Resolutions = "1s,1m",
    margin: Margin = LEAST_MARGIN,
    parquet: Parquet = False,
    workers: Workers = None,
    archive_url: ArchiveUrl = ARCHIVE_URL,
    max_unpublished: MaxUnpublished = 100,
) -> None:
    """Refill holes in the trade ids from the exchange's archive, and build these days again.

    Only what the lake lacks is written, as chunks of a run of its own. Ids that the exchange never
    published are told apart from ids that are lost; what stays missing is named, with its reason.

    Examples:

      aggregator repair --lake ./lake --start 2025-12-01 --end 2025-12-31

      aggregator repair --lake gs://my-lake --symbols BTCUSDT --start 2025-12-11 --end 2025-12-11
    """
    from aggregator.repair.command import RepairSettings, raise_failure, repair

    first, last = parse_range(start, end)
    build = BuildSettings(parse_resolutions(resolutions), margin, parquet=parquet, threads=cores())
    storage = open_lake(lake)
    units, _ = plan.backfill_units(storage, first, last, parse_symbols(symbols))
    repaired = repair(storage, units, RepairSettings(build, archive_url, max_unpublished))
    _exit_by(_run(lake, repaired.units, build, workers))
    raise_failure(repaired)


@app.command("plot")
def plot_command(
    symbol: Annotated[str, typer.Option(help="The symbol to draw.")],
    date_text: Annotated[str, typer.Option("--date", help="The day.", metavar="YYYY-MM-DD")],
    lake: Lake = "./lake",
    start: Annotated[
        str, typer.Option("--from", help="Draw from here.", metavar="HH:MM")
    ] = "00:00",
    end: Annotated[str, typer.Option("--to", help="Draw up to here.", metavar="HH:MM")] = "24:00",
    out: Annotated[
        Path | None, typer.Option(help="The file to write.", show_default="SYMBOL-DATE.png")
    ] = None,
    width: Annotated[int, typer.Option(help="Pixels.", min=600, max=10_000)] = 1800,
) -> None:
    """Draw a published day: price, volume, delta, book, and where the record is not whole.

    Times are UTC. It draws the finest bars that the picture can show: a day of 1m, an hour of 1s.

    Examples:

      aggregator plot --lake ./lake --symbol BTCUSDT --date 2025-12-11

      aggregator plot --lake ./lake --symbol BTCUSDT --date 2025-12-11 --from 09:30 --to 10:00
    """
    from aggregator.plot import write_picture

    unit = Unit(parse_past_day(date_text, "--date"), parse_symbol(symbol))
    span, path = parse_span(start, end), parse_picture(out or Path(f"{unit.symbol}-{unit.day}.png"))
    size = write_picture(open_lake(lake), unit, span, width, path)
    say(f"wrote {path}", event="picture", path=str(path), bytes=size)


app.command()(verify)
app.command()(launch)


def _run(
    lake: str, units: Sequence[Unit], settings: BuildSettings, workers: int | None,
    notes: Sequence[str] = (),
) -> list[Outcome]:  # fmt: skip
    """Build the units and tell how it goes."""
    outcomes: list[Outcome] = []
    with reporter(len(units)) as told:
        for note in notes:
            told.note(note)
        for outcome in run(Job(lake, settings), units, workers or cores(), told.advance):
            told.outcome(outcome)
            outcomes.append(outcome)
    told.summary(outcomes)
    return outcomes


def _exit_by(outcomes: Sequence[Outcome]) -> None:
    failed = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
    if failed:
        fail(f"{len(failed)} of {len(outcomes)} days failed: {failed[0].detail}")

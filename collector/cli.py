"""The command line of the collector: each command parses, calls one function and prints."""

import os
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from collector import options
from collector.errors import CollectorError
from collector.settings import REST_URL, WS_URL, RunSettings
from collector.view.sessions import journal_days
from collector.view.sessions import sessions as sessions_of
from collector.view.sessions_view import print_sessions
from lake.errors import LakeError
from lake.logs import log
from lake.open import open_lake

_DAYS = 14
"""Of journals that are read if nobody says which."""

app = typer.Typer(
    name="collector", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    rich_markup_mode=None,
    help="Record trades and books of Binance USD-M futures into a lake, and say what is lost.",
)  # fmt: skip


def main() -> None:
    """Run the program: expected failures are one line and exit code 1."""
    try:
        app()
    except (LakeError, CollectorError) as error:
        fail(str(error))
    except BrokenPipeError:
        # The reader of our output has had enough; that is no failure to report to it.
        raise SystemExit(1) from None
    finally:
        _flush()


def _flush() -> None:
    """Write out what is buffered; where nobody reads it, drop it instead of failing at the end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(message: str) -> NoReturn:
    """Say in one line on standard error what failed, and exit with 1."""
    line = " ".join(message.split())
    if sys.stderr.isatty():
        print(f"collector: {line}", file=sys.stderr)
    else:
        log(sys.stderr, "ERROR", line)
    raise SystemExit(1)


def _version(asked: bool) -> None:
    if asked:
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
def run(
    symbols: options.Symbols,
    lake: options.Lake = "./lake",
    ws_url: options.WsUrl = WS_URL,
    rest_url: options.RestUrl = REST_URL,
    spool: options.Spool = "./spool",
    spool_limit: options.SpoolLimit = "10GiB",
    fsync: options.Fsync = "5",
    duration: options.Duration = None,
    shard: options.ShardText = "0/1",
    strict: options.Strict = False,
    metrics_port: options.MetricsPort = None,
    metrics_host: options.MetricsHost = "0.0.0.0",
    streams_per_connection: options.StreamsPerConnection = 200,
    rotate_after: options.RotateAfter = "23h",
    connection_limit: options.ConnectionLimit = "24h",
    start_within: options.StartWithin = "30s",
    first_snapshot_within: options.FirstSnapshotWithin = "10s",
    first_trade_within: options.FirstTradeWithin = "60s",
    silent_after: options.SilentAfter = "10s",
    lag_limit: options.LagLimit = "3s",
    lag_patience: options.LagPatience = "30s",
    dead_after: options.DeadAfter = "30s",
    connect_timeout: options.ConnectTimeout = "10s",
    speed: options.Speed = 1.0,
    anchor_ns: options.AnchorNs = None,
) -> None:
    """Record trades and depth20 of the symbols until it is stopped (SIGTERM or Ctrl-C).

    Rows go to the spool first and minute by minute to the lake; what a run leaves in the spool, the
    next run with the same spool uploads. On a terminal it shows a live table, else it logs JSON
    lines. A symbol that is unknown or does not trade is named, left out, and asked for again. With
    the environment variable BINANCE_API_KEY more of what was lost can be asked for. A TIME is
    written as 90, 90s, 10m or 23h, a SIZE as 512MiB or 10GB.

    Examples:

      collector run --lake ./lake --symbols BTCUSDT,ETHUSDT

      collector run --lake gs://my-lake --symbols all --shard 0/2 --metrics-port 9100

      collector run --symbols BTCUSDT --ws-url ws://127.0.0.1:8700 --rest-url http://127.0.0.1:8701
    """
    # Imported here: --help and sessions need no socket.
    from collector.run import run as record

    deadlines = options.parse_deadlines(
        rotate_after, connection_limit, any_frame_s=start_within,
        first_frame_s=first_snapshot_within, first_trade_s=first_trade_within,
        silence_s=silent_after, lag_s=lag_limit, lagging_s=lag_patience, dead_s=dead_after,
        connect_s=connect_timeout,
    )  # fmt: skip
    settings = RunSettings(
        lake, options.parse_symbols(symbols), options.parse_ws_url(ws_url),
        options.parse_rest_url(rest_url), spool, options.parse_bytes(spool_limit),
        options.parse_time(fsync), options.parse_time(duration) if duration else None,
        options.parse_shard(shard), strict, streams_per_connection, metrics_port, metrics_host,
        deadlines, speed=speed, anchor_ns=anchor_ns,
        api_key=os.environ.get("BINANCE_API_KEY") or None,
    )  # fmt: skip
    record(settings)


@app.command()
def sessions(
    lake: options.Lake = "./lake",
    start: options.Start = None,
    end: options.End = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array of objects.")] = False,
) -> None:
    """List what each run recorded: span, symbols, rows, gaps, refills, covered share.

    It reads the journals only, without --start those of the last 14 days that have one. A run
    without its last line is open: it records still, or it died and no other has found it yet.

    Examples:

      collector sessions --lake ./lake

      collector sessions --lake gs://my-lake --start 2025-12-01 --end 2025-12-31 --json
    """
    first, last = options.parse_range(start, end)
    storage = open_lake(lake)
    days = [day for day in journal_days(storage) if first <= day <= last]
    chosen = days if start else days[-_DAYS:]
    found = sessions_of(storage, chosen)
    print_sessions(found, as_json=as_json, earlier=len(days) - len(chosen))


if __name__ == "__main__":
    main()

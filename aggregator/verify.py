"""`aggregator verify`: the command line of the comparison with the exchange's klines."""

from pathlib import Path
from typing import Annotated

import typer

from aggregator.options import Lake, Symbols, parse_bounds, parse_symbols
from lake.open import open_lake


def verify(  # noqa: PLR0913 (the options of a command are its arguments)
    lake: Lake = "./lake",
    date_text: Annotated[
        str | None, typer.Option("--date", help="Verify this day only.", metavar="YYYY-MM-DD")
    ] = None,
    start: Annotated[str | None, typer.Option(help="First day.", metavar="YYYY-MM-DD")] = None,
    end: Annotated[str | None, typer.Option(help="Last day.", metavar="YYYY-MM-DD")] = None,
    symbols: Symbols = None,
    klines: Annotated[
        Path | None,
        typer.Option(help="Take the klines of this file: .csv, .csv.gz or .zip.", metavar="FILE"),
    ] = None,
    archive_url: Annotated[
        str | None,
        typer.Option(help="The archive.", show_default="https://data.binance.vision"),
    ] = None,
    rest: Annotated[bool, typer.Option("--rest", help="Ask REST, not the archive.")] = False,
    rest_url: Annotated[
        str | None,
        typer.Option(
            help="Ask REST at this base URL.", show_default="with --rest: https://fapi.binance.com"
        ),
    ] = None,
    tolerance: Annotated[
        int,
        typer.Option(help="Minutes of a day that may differ where our record is whole.", min=0),
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array of objects.")] = False,
) -> None:
    """Compare the published bars with the exchange's own klines, and explain what differs.

    Without --date or --start: the last three days that the lake has. Each comparison is written
    beside the day, and shown by status. Exit code 1: more minutes of a day differ than --tolerance,
    those left out that a hole of our record explains.

    Examples:

      aggregator verify --lake ./lake --symbols BTCUSDT --start 2025-12-01 --end 2025-12-31

      aggregator verify --lake ./lake --date 2025-12-11 --rest

      aggregator verify --lake ./lake --date 2025-12-11 --klines BTCUSDT-1m-2025-12-11.zip
    """
    # Imported here: no other command waits for them.
    from aggregator.parity.choice import sources, units
    from aggregator.parity.command import run_verify

    if date_text and (start or end):
        raise typer.BadParameter("--date is one day only; give it or --start and --end, not both")
    first, last = parse_bounds(date_text or start, date_text or end)
    settings = sources(klines, archive_url, rest_url, rest=rest, tolerance=tolerance)
    storage = open_lake(lake)
    chosen = units(storage, first, last, parse_symbols(symbols), klines)
    run_verify(storage, chosen, settings, json_out=as_json)

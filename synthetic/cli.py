"""Make a market: `python -m synthetic.cli --help`."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from lake.errors import LakeError
from lake.layout import Format, is_symbol
from lake.storage import LocalFolder, Storage
from synthetic.archive import write_days
from synthetic.days import Day, numbered
from synthetic.demo import Demo
from synthetic.market import Market, Pace
from synthetic.rows import instrument
from synthetic.writing import write_day, write_demo

app = typer.Typer(
    help="Make a market, and write it as a collector would have.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DATE = ["%Y-%m-%d"]
Lake = Annotated[Path, typer.Option(help="Local folder, made if it is not there.")]
Seed = Annotated[int, typer.Option(min=0, help="Another seed is another market.")]


@app.command("demo")
def demo_command(
    lake: Lake,
    date: Annotated[
        datetime | None, typer.Option(formats=DATE, help="UTC day; yesterday if not given.")
    ] = None,
    seed: Seed = 1,
) -> None:
    """Write two symbols with one of each trouble, and say what was planted where.

    Example: python -m synthetic.cli demo --lake ./demo-lake
    """
    plan = Demo((date or _yesterday()).date(), seed)
    _report(lambda storage: write_demo(storage, plan), lake)


@app.command("day")
def day_command(  # noqa: PLR0913 (one parameter for each option)
    lake: Lake,
    date: Annotated[datetime, typer.Option(formats=DATE, help="UTC day.")],
    symbol: Annotated[str, typer.Option(help="Symbol, in upper case.")] = "BTCUSDT",
    symbols_count: Annotated[
        int, typer.Option(min=1, help="So many symbols: ABCUSDT becomes ABC0001USDT and so on.")
    ] = 1,
    trades: Annotated[int, typer.Option(min=0, help="Trades of the day, by symbol.")] = 3_000_000,
    snapshots: Annotated[
        int, typer.Option(min=0, max=8_640_000, help="Snapshots of the day, by symbol.")
    ] = 864_000,
    seed: Seed = 1,
    gzip_level: Annotated[int, typer.Option(min=0, max=9, help="As of zlib.")] = 6,
    form: Annotated[Format, typer.Option("--format", help="Of the chunks.")] = Format.GZIP,
) -> None:
    """Write a complete day without trouble, and ten minutes of its neighbours.

    Does nothing if the same day is there.

    Example: python -m synthetic.cli day --lake ./big --date 2025-12-11

    Example: python -m synthetic.cli day --lake ./many --date 2025-12-11 --symbol QUIETUSDT
    --symbols-count 50 --trades 500 --snapshots 2000
    """
    if not is_symbol(symbol):
        raise typer.BadParameter(f"{symbol!r} is no symbol", param_hint="--symbol")
    symbols = numbered(symbol, symbols_count)
    plan = Day(symbols, date.date(), trades, snapshots, seed, form, gzip_level)
    _report(lambda storage: write_day(storage, plan), lake)


@app.command("archive")
def archive_command(
    folder: Annotated[Path, typer.Option(help="Made if it is not there.")],
    date: Annotated[datetime, typer.Option(formats=DATE, help="First UTC day.")],
    days: Annotated[int, typer.Option(min=1)] = 1,
    symbol: Annotated[str, typer.Option(help="Symbol, in upper case.")] = "BTCUSDT",
    trades: Annotated[int, typer.Option(min=1, help="Trades of a day.")] = 100_000,
    seed: Seed = 1,
) -> None:
    """Write days of trades as the exchange's archive publishes them; what is there is left alone.

    Example: python -m synthetic.cli archive --folder ./archive --date 2025-01-01 --days 365
    """
    if not is_symbol(symbol):
        raise typer.BadParameter(f"{symbol!r} is no symbol", param_hint="--symbol")
    market = Market(instrument(symbol), Pace(trades, 0), seed)
    write_days(folder, market, date.date(), days)


def _report(write: Callable[[Storage], str], lake: Path) -> None:
    """Write, then print what was written; say on one line why it cannot be."""
    try:
        typer.echo(write(LocalFolder(lake, durable=False)))
    except LakeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _yesterday() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)


if __name__ == "__main__":
    sys.exit(app())

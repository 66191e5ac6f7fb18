"""Options of the command line: how they are written, and what they become."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from aggregator.plan import Task
from aggregator.resolutions import Resolution
from aggregator.settings import LEAST_MARGIN, MOST_MARGIN
from aggregator.span import Span
from lake.layout import is_symbol, parse_date

Lake = Annotated[
    str, typer.Option(envvar="LAKE_URL", help="gs://bucket[/prefix] or a local folder.")
]
Symbols = Annotated[
    str | None, typer.Option(help="Only these, such as BTCUSDT,ETHUSDT.", metavar="A,B")
]
Resolutions = Annotated[
    str, typer.Option(help="Lengths of bars; each must divide a day.", metavar="1s,1m")
]
Margin = Annotated[
    int,
    typer.Option(
        help="Minutes of the neighbouring days that are read on each side.",
        min=LEAST_MARGIN, max=MOST_MARGIN,
    ),
]  # fmt: skip
Parquet = Annotated[
    bool, typer.Option("--parquet", help="Publish the bars as Parquet too, beside each CSV.")
]
Workers = Annotated[
    int | None,
    typer.Option(help="Days built at the same time.", min=1, show_default="all cores"),
]
ArchiveUrl = Annotated[
    str, typer.Option(envvar="ARCHIVE_URL", help="The exchange's archive.", metavar="URL")
]
MaxUnpublished = Annotated[
    int,
    typer.Option(
        help="Ids that may be missing in a row and still count as never published.", min=0
    ),
]
_EPOCH = date(1970, 1, 1)


def parse_day(text: str) -> date:
    """Read a date; a wrong one is wrong usage."""
    day = parse_date(text)
    if day is None:
        raise typer.BadParameter(f"{text!r} is no date; write it as 2025-12-11")
    if day < _EPOCH:
        raise typer.BadParameter(f"{day} is before {_EPOCH}, where the exchange's time begins")
    return day


def parse_past_day(text: str, option: str) -> date:
    """Read a date that is not in the future."""
    day = parse_day(text)
    if day > datetime.now(UTC).date():
        raise typer.BadParameter(f"{option} {day} is in the future (UTC)")
    return day


def parse_range(start: str, end: str) -> tuple[date, date]:
    """Read the first and the last day of a range."""
    first, last = parse_past_day(start, "--start"), parse_past_day(end, "--end")
    if last < first:
        raise typer.BadParameter(f"--end {last} is before --start {first}")
    return first, last


def parse_bounds(start: str | None, end: str | None) -> tuple[date | None, date | None]:
    """Read the first and the last day of a range that may be open at its ends."""
    first = parse_past_day(start, "--start") if start else None
    last = parse_past_day(end, "--end") if end else None
    if first and last and last < first:
        raise typer.BadParameter(f"--end {last} is before --start {first}")
    return first, last


def parse_time(text: str) -> datetime:
    """Read a day or a time that is not in the future, UTC unless it says otherwise."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no time; write it as 2025-12-11 or 2025-12-11T09:30:00Z"
        ) from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if at > datetime.now(UTC):
        raise typer.BadParameter(f"{text} is in the future")
    return at


def parse_symbols(text: str | None) -> tuple[str, ...] | None:
    """Read `A,B`; None stands for the default of the command."""
    if text is None:
        return None
    names = tuple(dict.fromkeys(name.strip().upper() for name in text.split(",")))
    wrong = [name for name in names if not is_symbol(name)]
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is no symbol; write them as BTCUSDT,ETHUSDT")
    return names


def parse_symbol(text: str) -> str:
    """Read `--symbol`, which takes one."""
    names = parse_symbols(text)
    if not names or len(names) > 1:
        raise typer.BadParameter("--symbol takes one symbol")
    return names[0]


def parse_span(start: str, end: str) -> Span:
    """Read `--from` and `--to`."""
    try:
        return Span.parse(start, end)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def parse_picture(path: Path) -> Path:
    """Read the name of a picture, which says its format."""
    if path.suffix.lower() != ".png":
        raise typer.BadParameter(f"--out {path}: a picture is a PNG; let its name end in .png")
    return path


def parse_resolutions(text: str) -> tuple[Resolution, ...]:
    """Read `1s,1m`."""
    try:
        return tuple(sorted({Resolution.parse(label.strip()) for label in text.split(",")}))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def parse_task(text: str) -> Task:
    """Read `I/N`."""
    try:
        return Task.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None

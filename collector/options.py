"""Options of the command line: how they are written, and what they become."""

import re
from dataclasses import replace
from datetime import date
from typing import Annotated
from urllib.parse import urlsplit

import typer

from collector.settings import MOST_STREAMS, Deadlines, Shard
from lake.layout import is_symbol, parse_date

ALL = "all"
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}  # fmt: skip
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", re.ASCII)
_LEAST_SPOOL = 1 << 20


def parse_seconds(text: str) -> float:
    """Read a time such as `90`, `90s`, `10m` or `23h`, in seconds."""
    found = _QUANTITY.fullmatch(text.strip())
    unit = found and _SECONDS.get(found[2].lower())
    if not found or not unit:
        raise typer.BadParameter(f"{text!r} is no time; write it as 90, 90s, 10m or 23h")
    return float(found[1]) * unit


def parse_time(text: str) -> float:
    """Read a time that is longer than nothing."""
    seconds = parse_seconds(text)
    if not seconds:
        raise typer.BadParameter(f"{text!r}: it must be longer than 0")
    return seconds


def parse_bytes(text: str) -> int:
    """Read a size such as `512MiB` or `10GB`."""
    found = _QUANTITY.fullmatch(text.strip())
    unit = found and _BYTES.get(found[2].lower())
    if not found or not unit:
        raise typer.BadParameter(f"{text!r} is no size; write it as 512MiB or 10GB")
    size = int(float(found[1]) * unit)
    if size < _LEAST_SPOOL:
        raise typer.BadParameter(f"{text!r} is too small for a spool; give it 1MiB or more")
    return size


def parse_symbols(text: str) -> tuple[str, ...] | None:
    """Read `A,B` in any case; None stands for `all`."""
    names = tuple(dict.fromkeys(name.strip().upper() for name in text.split(",")))
    if names == (ALL.upper(),):
        return None
    if ALL.upper() in names:
        raise typer.BadParameter("give all, or names, not both")
    wrong = [name for name in names if not is_symbol(name)]
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is no symbol; write them as BTCUSDT,ETHUSDT")
    return names


def parse_shard(text: str) -> Shard:
    """Read `I/N`."""
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def parse_ws_url(text: str) -> str:
    """Read the base URL of the WebSocket side."""
    return _base_url(text, ("wss", "ws"))


def parse_rest_url(text: str) -> str:
    """Read the base URL of the REST side."""
    return _base_url(text, ("https", "http"))


def _base_url(text: str, schemes: tuple[str, str]) -> str:
    parts = _split(text)
    if parts is None or parts[0] not in schemes or not parts[1]:
        raise typer.BadParameter(f"{text!r} is no base URL; write it as {schemes[0]}://host[:port]")
    return text.rstrip("/")


def _split(text: str) -> tuple[str, str] | None:
    """Return scheme and host; None where there is a query, or a port that is none."""
    try:
        parts = urlsplit(text)
        named = parts.port is None or parts.port > 0
    except ValueError:
        return None
    return (parts.scheme, parts.hostname or "") if named and not parts.query else None


def parse_range(start: str | None, end: str | None) -> tuple[date, date]:
    """Read the first and the last day of a range that may be open on either side."""
    first = _day(start) if start else date.min
    last = _day(end) if end else date.max
    if last < first:
        raise typer.BadParameter(f"--end {end} is before --start {start}")
    return first, last


def _day(text: str) -> date:
    day = parse_date(text)
    if day is None:
        raise typer.BadParameter(f"{text!r} is no date; write it as 2025-12-11")
    return day


def parse_deadlines(rotate_after: str, connection_limit: str, **others: str) -> Deadlines:
    """Read the times of the feed; `others` are named as the fields of `Deadlines`.

    Where rotation and limit are close, the forced hand-over has half of the time between them.
    """
    rotate_s, limit_s = parse_time(rotate_after), parse_time(connection_limit)
    if rotate_s >= limit_s:
        raise typer.BadParameter(
            f"--rotate-after {rotate_after} must be before --connection-limit {connection_limit}"
        )
    deadlines = Deadlines(rotate_s=rotate_s, limit_s=limit_s)
    force_s = min(deadlines.force_s, (limit_s - rotate_s) / 2)
    times = {name: parse_time(text) for name, text in others.items()}
    return replace(deadlines, force_s=force_s, **times)


Lake = Annotated[
    str, typer.Option(envvar="LAKE_URL", help="gs://bucket[/prefix] or a local folder.")
]
Symbols = Annotated[
    str, typer.Option(help="These, such as BTCUSDT,ETHUSDT, or all that trade.", metavar="A,B|all")
]
WsUrl = Annotated[str, typer.Option(help="Where the streams come from.", metavar="URL")]
RestUrl = Annotated[str, typer.Option(help="Where lost trades are asked for.", metavar="URL")]
Spool = Annotated[
    str, typer.Option(help="Holds what is not in the lake yet; keep it.", metavar="DIR")
]
SpoolLimit = Annotated[str, typer.Option(help="How far the spool may grow.", metavar="SIZE")]
Fsync = Annotated[str, typer.Option(help="The most that a power cut can lose.", metavar="SECONDS")]
Duration = Annotated[
    str | None,
    typer.Option(help="Stop by itself.", metavar="SECONDS", show_default="until stopped"),
]
ShardText = Annotated[
    str,
    typer.Option("--shard", help="Only this part of the symbols: I of N, I from 0.", metavar="I/N"),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit 1 if any of the symbols does not trade.")
]
StreamsPerConnection = Annotated[
    int, typer.Option(help="A symbol has two.", min=1, max=MOST_STREAMS)
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        envvar="METRICS_PORT",
        help="Serve /healthz and /metrics here; 0 takes a free port.",
        min=0, max=65535, show_default="serve nothing",
    ),
]  # fmt: skip
MetricsHost = Annotated[str, typer.Option(help="The address that they are served on.")]
RotateAfter = Annotated[
    str, typer.Option(help="Age at which a connection is replaced.", metavar="TIME")
]
ConnectionLimit = Annotated[
    str, typer.Option(help="Age at which the exchange ends it.", metavar="TIME")
]
StartWithin = Annotated[
    str, typer.Option(help="Exit 1 if no stream at all has spoken by then.", metavar="TIME")
]
FirstSnapshotWithin = Annotated[
    str,
    typer.Option(help="A book that has not spoken by then is named and retried.", metavar="TIME"),
]
FirstTradeWithin = Annotated[
    str, typer.Option(help="The same of trades, unless none happened.", metavar="TIME")
]
SilentAfter = Annotated[
    str, typer.Option(help="A book without a snapshot for so long has stalled.", metavar="TIME")
]
LagLimit = Annotated[
    str, typer.Option(help="Frames that arrive later than this are late.", metavar="TIME")
]
LagPatience = Annotated[
    str, typer.Option(help="Late for so long, a connection is replaced.", metavar="TIME")
]
DeadAfter = Annotated[
    str, typer.Option(help="A connection without a byte for so long is dead.", metavar="TIME")
]
ConnectTimeout = Annotated[
    str, typer.Option(help="For a handshake, and an answer over REST.", metavar="TIME")
]
Start = Annotated[str | None, typer.Option(help="First day.", metavar="YYYY-MM-DD")]
End = Annotated[str | None, typer.Option(help="Last day, included.", metavar="YYYY-MM-DD")]
Speed = Annotated[float, typer.Option(hidden=True, min=0.001)]
AnchorNs = Annotated[int | None, typer.Option(hidden=True)]

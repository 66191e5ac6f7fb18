"""How a run looks on a terminal: what is wrong on top, then symbols, then totals."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from collector.view.busiest import SymbolRow, shown, symbol_rows
from collector.view.condition import Condition
from collector.view.status import Counters, RunStatus, StreamState, StreamStatus
from collector.view.words import count, size, span
from lake.layout import Stream

_MOST_SENTENCES = 6
_LATE_MS = 1000
_FRAME_LINES = 8
"""Around the symbols: title, header, how many others, blank lines, totals, and the cursor's own."""
_NONE = Text("·", style="dim")


def view(
    status: RunStatus, found: Condition, moves: Mapping[str, str], console: Console
) -> RenderableType:
    """Return the picture of a status; `moves` are the colours of prices that changed."""
    width, height = console.size
    rows = symbol_rows(status.streams)
    sentences = [
        *_sentences(found.wrong, "✗", "bold red"), *_sentences(found.notes, "!", "yellow")
    ]  # fmt: skip
    taken = _FRAME_LINES + sum(len(each.wrap(console, width)) for each in sentences)
    fit = shown(rows, max(1, height - taken))
    others = len(rows) - len(fit)
    return Group(
        _title(status, rows, found), *sentences, Text(), _table(fit, moves, width),
        *([Text(f"and {others:,} others", style="dim")] if others else []), Text(),
        _places(status), _counts(status.counters),
    )  # fmt: skip


def _title(status: RunStatus, rows: Sequence[SymbolRow], found: Condition) -> Text:
    well = sum(not row.troubled for row in rows)
    sign = ("●", "bold green" if found.well else "bold red")
    name = count(len(rows), "symbol")
    state = (
        "stopping" if status.stopping else f"{name}, {'all' if well == len(rows) else well} fresh"
    )
    return _line(
        Text.assemble(sign, " ", ("recording" if rows else "starting", "bold")),
        f"run {status.run}", state, count(status.open_connections, "connection"),
        f"for {span(status.uptime_s)}",
    )  # fmt: skip


def _sentences(sentences: Sequence[str], sign: str, style: str) -> Iterator[Text]:
    for sentence in sentences[:_MOST_SENTENCES]:
        yield Text(f"{sign} {sentence}", style=style, overflow="fold")
    if len(sentences) > _MOST_SENTENCES:
        yield Text(f"{sign} and {len(sentences) - _MOST_SENTENCES} more", style=style)


def _line(*parts: Text | str) -> Text:
    """Join what stands side by side; a terminal that is too narrow cuts it."""
    line = Text(no_wrap=True, overflow="ellipsis")
    for number, part in enumerate(parts):
        line.append(" · " if number else "", style="dim")
        line.append_text(part if isinstance(part, Text) else Text(part))
    return line


def _table(rows: Sequence[SymbolRow], moves: Mapping[str, str], width: int) -> Table:
    columns = [column for column in _COLUMNS if width >= column[1]]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, _, justify, _ in columns:
        table.add_column(name, justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*(cell(row, moves) for _, _, _, cell in columns))
    return table


def _symbol(row: SymbolRow, _: Mapping[str, str]) -> Text:
    return Text(row.symbol, style="bold red" if row.troubled else "bold")


def _price(row: SymbolRow, moves: Mapping[str, str]) -> Text:
    return Text(row.last, style=moves.get(row.symbol, "")) if row.last else _NONE


def _trades(row: SymbolRow, _: Mapping[str, str]) -> Text:
    return _rate(row.trades)


def _snapshots(row: SymbolRow, _: Mapping[str, str]) -> Text:
    return _rate(row.depth20)


def _rate(stream: StreamStatus | None) -> Text:
    if stream is None:
        return _NONE
    style = "" if stream.rate_per_s else "dim"
    return Text(f"{stream.rate_per_s:,.1f}", style=style)


def _lag(row: SymbolRow, _: Mapping[str, str]) -> Text:
    if row.lag_ms is None:
        return _NONE
    style = "yellow" if row.lag_ms >= _LATE_MS else ""
    return Text(f"{row.lag_ms:,.0f} ms", style=style)


def _state(row: SymbolRow, _: Mapping[str, str]) -> Text:
    troubled = [each for each in row.streams if each.state is not StreamState.FRESH]
    if not troubled:
        return Text("fresh", style="green")
    return Text(", ".join(f"{each.stream} {each.state}" for each in troubled), style="red")


_Cell = Callable[[SymbolRow, Mapping[str, str]], Text]
_COLUMNS: tuple[tuple[str, int, JustifyMethod, _Cell], ...] = (
    ("symbol", 0, "left", _symbol),
    ("last price", 0, "right", _price),
    ("trades/s", 0, "right", _trades),
    ("snapshots/s", 56, "right", _snapshots),
    ("lag", 66, "right", _lag),
    ("state", 76, "left", _state),
)
"""Name, width of the least terminal that has room for it, side, and what its cells show."""


def _places(status: RunStatus) -> Text:
    """Say what waits on the disk, and what has arrived in the lake."""
    uploads, spool = status.uploads, status.spool
    last = "none yet" if uploads.last_age_s is None else f"last {span(uploads.last_age_s)} ago"
    return _line(
        f"spool {size(spool.used_bytes)} of {size(spool.limit_bytes)}",
        f"uploads {status.counters.uploaded:,}, {last}", f"{uploads.pending:,} waiting",
    )  # fmt: skip


def _counts(counters: Counters) -> Text:
    rows, lost = counters.rows, sum(counters.gaps.values())
    return _line(
        f"{rows.get(Stream.TRADES, 0):,} trades",
        f"{rows.get(Stream.DEPTH20, 0):,} snapshots",
        Text(count(lost, "gap"), style="bold red" if lost else ""),
        f"{counters.refilled:,} refilled",
        count(counters.reconnects, "reconnect"),
        Text(
            f"{sum(counters.strange.values()):,} strange",
            style="yellow" if counters.strange else "",
        ),
    )

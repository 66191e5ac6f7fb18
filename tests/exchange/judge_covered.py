"""Judges covered time: it hides nothing, is no later than what was heard, and is cut at hours."""

from collections.abc import Iterator
from typing import Any

from lake.layout import Stream
from tests.exchange.columns import SnapshotColumns, TradeColumns
from tests.exchange.events import LISTED
from tests.exchange.judged import Judged
from tests.exchange.lake_rows import Row
from tests.exchange.spans import Span, clipped, holds, length, union

_HOUR_MS = 3_600_000
_PAUSE_MS = 2_000


def judge_covered(case: Judged, symbol: str) -> None:
    """Note what is wrong with the covered time of a symbol's streams."""
    for stream in Stream:
        lines = case.lake.said("covered", stream, symbol)
        spans = union((line["from"], line["to"]) for line in lines)
        _judge_lines(case, lines)
        if stream is Stream.TRADES:
            _judge_trades(case, symbol, spans)
        else:
            _judge_books(case, symbol, spans)
        _share(case, stream, symbol, spans)


def _judge_lines(case: Judged, lines: list[dict[str, Any]]) -> None:
    newest_ms = max((one.events[-1] for one in _all(case) if len(one)), default=0)
    for line in lines:
        case.verdict.count("covered lines")
        if not line["from"] < line["to"]:
            case.verdict.blame("a covered line is empty", f"{line}")
        elif line["from"] // _HOUR_MS != (line["to"] - 1) // _HOUR_MS:
            case.verdict.blame("a covered line goes over the hour", f"{line}")
        if line["to"] > newest_ms + 1:
            case.verdict.blame("covered time goes beyond what was heard", f"{line}, {newest_ms}")


def _all(case: Judged) -> Iterator[TradeColumns | SnapshotColumns]:
    yield from case.ledger.trades.values()
    yield from case.ledger.books.values()


def _judge_trades(case: Judged, symbol: str, spans: list[Span]) -> None:
    """Whatever was sent or is listed, and happened in covered time, is in the lake.

    What is neither (an `NA` on a stream that is dead) nobody can have known of.
    """
    rows = case.lake.trades.get(symbol, {})
    trades = case.ledger.trades.get(symbol, TradeColumns(symbol))
    sent = case.sent(trades)
    for row, at in enumerate(trades.times):
        told = sent[row] or trades.types[row] in LISTED
        if told and trades.first_id + row not in rows and holds(spans, at):
            what = f"{symbol} {trades.first_id + row} T {at}"
            case.verdict.blame("covered time hides a trade", what)


def _judge_books(case: Judged, symbol: str, spans: list[Span]) -> None:
    """Delivered books are in the lake, and no pause is longer than two seconds."""
    rows = case.lake.books.get(symbol, {})
    books = case.ledger.books.get(symbol, SnapshotColumns(symbol))
    sent = case.sent(books)
    for span in spans:
        inside = [row for row, at in enumerate(books.times) if span[0] <= at < span[1]]
        for row in inside:
            if sent[row] and books.ids[row] not in rows:
                case.verdict.blame("covered time hides a book", f"{symbol} u {books.ids[row]}")
        for run in _runs(inside, books, rows):
            if books.times[run[-1]] - books.times[run[0]] > _PAUSE_MS:
                what = f"{symbol} {books.times[run[0]]} to {books.times[run[-1]]}"
                case.verdict.blame("covered time hides a pause of the books", what)


def _runs(
    inside: list[int], books: SnapshotColumns, rows: dict[int, list[Row]]
) -> Iterator[list[int]]:
    """Yield the stretches of books that are not in the lake."""
    run: list[int] = []
    for row in inside:
        if books.ids[row] not in rows:
            run.append(row)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _share(case: Judged, stream: Stream, symbol: str, spans: list[Span]) -> None:
    asked_ms = case.asked_ms(stream, symbol)
    if asked_ms is not None and (end_ms := case.end_ms()) > asked_ms:
        covered = length(clipped(spans, asked_ms, end_ms))
        case.verdict.covered[f"{symbol} {stream}"] = covered / (end_ms - asked_ms)

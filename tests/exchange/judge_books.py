"""Judges the books of a symbol: what was delivered is there, and nothing else."""

from lake.layout import Stream
from tests.exchange.columns import SnapshotColumns
from tests.exchange.judged import Judged
from tests.exchange.lake_rows import Row
from tests.exchange.spans import Span, holds
from tests.exchange.verdict import Verdict

_LAST_MS = 1000


def judge_books(case: Judged, symbol: str) -> None:
    """Note what is wrong with the books of a symbol."""
    verdict, rows = case.verdict, case.lake.books.get(symbol, {})
    books = case.ledger.books.get(symbol, SnapshotColumns(symbol))
    for update_id, found in rows.items():
        verdict.count("book rows", len(found))
        _judge_rows(verdict, books, update_id, found)
    gaps = _gaps(case, symbol)
    _judge_gaps(case, books, rows, gaps)
    excused = [*case.terms.excused, *(gaps if case.terms.depth_gaps_excuse else [])]
    for row, reached in enumerate(case.sent(books)):
        verdict.count("books")
        verdict.count("books delivered", reached)
        if reached and books.ids[row] not in rows:
            if holds(excused, books.times[row]):
                verdict.count("books excused")
            else:
                what = f"{symbol} u {books.ids[row]} T {books.times[row]} to {books.sent[row]}"
                verdict.blame("a delivered book is not in the lake", what)


def _gaps(case: Judged, symbol: str) -> list[Span]:
    said = case.lake.said("gap", Stream.DEPTH20, symbol)
    return [(gap["from"], gap["to"]) for gap in said]


def _judge_gaps(
    case: Judged, books: SnapshotColumns, rows: dict[int, list[Row]], gaps: list[Span]
) -> None:
    last_ms = max((one.times[-1] for one in case.ledger.books.values() if len(one)), default=0)
    for gap in gaps:
        case.verdict.count("book gaps")
        inside = (row for row, at in enumerate(books.times) if gap[0] <= at <= gap[1])
        # After the last book of all nobody can tell silence from loss.
        if gap[0] < last_ms - _LAST_MS and all(books.ids[row] in rows for row in inside):
            case.verdict.blame(
                "a gap is claimed where nothing is missing", f"{books.symbol} depth20 {gap}"
            )


def _judge_rows(verdict: Verdict, books: SnapshotColumns, update_id: int, found: list[Row]) -> None:
    row = books.row_of(update_id)
    if row is None:
        verdict.blame("a book is in the lake that never was", f"{found[0]}")
        return
    book = books[row]
    sent = str(book.time_ms), book.bids, book.asks, str(book.event_ms)
    for one in found:
        cells = one.cells
        if (cells["timestamp"], cells["bids"], cells["asks"], cells["event_time"]) != sent:
            verdict.blame("a book is not what was sent", f"{one} for {book}")
        elif not cells["received_ns"].isdecimal():
            verdict.blame("a row does not say when it was received", f"{one}")
    verdict.count("repeated rows", len(found) - 1)

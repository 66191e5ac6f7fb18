"""Judges the trades of a symbol: every id is settled, once, as it was, or in a gap."""

from typing import Any

from lake.layout import Stream
from tests.exchange.columns import TradeColumns
from tests.exchange.events import LISTED
from tests.exchange.judged import Judged
from tests.exchange.lake_rows import Row
from tests.exchange.reach import Reach, reach_of
from tests.exchange.verdict import Verdict

_UNPUBLISHED = "UNPUBLISHED"


def judge_trades(case: Judged, symbol: str) -> None:
    """Note what is wrong with the trades of a symbol."""
    verdict, rows = case.verdict, case.lake.trades.get(symbol, {})
    trades = case.ledger.trades.get(symbol, TradeColumns(symbol))
    gaps = case.lake.said("gap", Stream.TRADES, symbol)
    for trade_id, found in rows.items():
        verdict.count("trade rows", len(found))
        _judge_rows(verdict, trades, trade_id, found)
    _judge_gaps(case, trades, rows, gaps)
    sent = case.sent(trades)
    scope = _scope(case, trades, rows, sent)
    if scope:
        reach = reach_of(case.ledger, trades, sent, case.end_ms())
        _judge_ids(case, reach, scope, rows, gaps)


def _scope(
    case: Judged, trades: TradeColumns, rows: dict[int, list[Row]], sent: list[bool]
) -> range | None:
    """Return the rows of the ledger that a collector can be expected to know of."""
    delivered = [row for row, reached in enumerate(sent) if reached]
    kept = [row for row in map(trades.row_of, rows) if row is not None]
    known = [*delivered[:1], *delivered[-1:], *kept]
    if not known:
        return None
    quiet_from_ms = case.end_ms() - case.terms.tail_s * 1000
    last = max(known)
    while last + 1 < len(trades) and trades.events[last + 1] < quiet_from_ms:
        last += 1
    return range(min(known), last + 1)


def _judge_ids(
    case: Judged,
    reach: Reach,
    scope: range,
    rows: dict[int, list[Row]],
    gaps: list[dict[str, Any]],
) -> None:
    """Every id of the scope is there, or in a gap if it was not to be had."""
    trades, verdict = reach.trades, case.verdict
    for row in scope:
        trade_id = trades.first_id + row
        verdict.count("trade ids")
        if trade_id in rows:
            verdict.count("ids in the lake")
            continue
        verdict.count("ids not in the lake")
        example = f"{symbol_and_id(trades, row)} sent to {trades.sent[row]}"
        if trades.types[row] in LISTED or reach.sent[row]:
            _judge_missing(case, reach, row, example)
        if not any(_names(gap, trade_id, trades.times[row]) for gap in gaps):
            kind = "a trade" if trades[row].has_frame else "an unused id"
            verdict.blame(f"{kind} is neither in the lake nor in a gap", example)


def symbol_and_id(trades: TradeColumns, row: int) -> str:
    """Name a trade in few words."""
    kind = trades.types[row] or "unused"
    return f"{trades.symbol} {trades.first_id + row} {kind} T {trades.times[row]}"


def _judge_missing(case: Judged, reach: Reach, row: int, example: str) -> None:
    """Blame for a trade that is not there if it was to be had."""
    if reach.sent[row]:
        case.verdict.blame("a delivered trade is not in the lake", example)
    elif reach.opportunity_s(row) > case.terms.patience_s:
        case.verdict.blame("a trade that could be refilled is not in the lake", example)
    elif reach.was_told(row, case.end_ms() - 1000):
        case.verdict.blame("a trade that REST told of is not in the lake", example)


def _names(gap: dict[str, Any], trade_id: int, time_ms: int) -> bool:
    """Tell whether a gap is about an id; one without ids is about a time."""
    if "first_id" in gap:
        return bool(gap["first_id"] <= trade_id <= gap["last_id"])
    return bool(gap["from"] <= time_ms <= gap["to"])


def _judge_gaps(
    case: Judged, trades: TradeColumns, rows: dict[int, list[Row]], gaps: list[dict[str, Any]]
) -> None:
    for gap in gaps:
        case.verdict.count("trade gaps")
        if "first_id" not in gap:
            _judge_time_gap(case, trades, rows, gap)
            continue
        ids = range(gap["first_id"], gap["last_id"] + 1)
        kept = [trade_id for trade_id in ids if trade_id in rows]
        if not ids or (len(kept) == len(ids) or kept and not case.terms.healed_gaps):
            case.verdict.blame("a gap is claimed where nothing is missing", f"{gap} has {kept[:5]}")
        for trade_id in ids:
            row = trades.row_of(trade_id)
            if row is None:
                case.verdict.blame("a gap names an id that never was", f"{gap}: {trade_id}")
                break
            if not gap["from"] <= trades.times[row] <= gap["to"]:
                case.verdict.blame("a gap's times do not hold its ids", f"{gap}: {trades[row]}")
                break


def _judge_time_gap(
    case: Judged, trades: TradeColumns, rows: dict[int, list[Row]], gap: dict[str, Any]
) -> None:
    missing = (
        trades.first_id + row not in rows
        for row, time_ms in enumerate(trades.times)
        if gap["from"] <= time_ms <= gap["to"]
    )
    if not any(missing):
        case.verdict.blame("a gap is claimed where nothing is missing", f"{gap}")


def _judge_rows(verdict: Verdict, trades: TradeColumns, trade_id: int, found: list[Row]) -> None:
    """What is there happened, and says what was sent."""
    row = trades.row_of(trade_id)
    if row is None:
        verdict.blame("a trade is in the lake that never was", f"{found[0]}")
        return
    verdict.count("repeated rows", len(found) - 1)
    for one in found:
        unpublished = one.cells["trade_type"] == _UNPUBLISHED
        wrong = _wrong_unpublished(trades, row, one) if unpublished else _wrong(trades, row, one)
        verdict.count("unpublished rows" if unpublished else "trade rows as sent")
        if wrong:
            verdict.blame(wrong, f"{one} for {trades[row]}")


def _wrong(trades: TradeColumns, row: int, found: Row) -> str:
    trade, cells = trades[row], found.cells
    said = (
        cells["timestamp"], cells["price"], cells["quantity"], cells["is_buyer_maker"].lower(),
        cells["trade_type"],
    )  # fmt: skip
    happened = (
        str(trade.time_ms), trade.price, trade.quantity, str(trade.is_buyer_maker).lower(),
        trade.trade_type,
    )  # fmt: skip
    if said != happened or cells["event_time"] not in ("", str(trade.event_ms)):
        return "a trade is not what was sent"
    if not cells["event_time"] and not trade.is_listed:
        return "a trade cannot come from REST"
    return "" if cells["received_ns"].isdecimal() else "a row does not say when it was received"


def _wrong_unpublished(trades: TradeColumns, row: int, found: Row) -> str:
    if trades.types[row] in LISTED:
        return "a trade is called unpublished that was published"
    below = row - 1
    while below >= 0 and trades.types[below] not in LISTED:
        below -= 1
    cells = found.cells
    said = cells["price"], cells["quantity"], cells["is_buyer_maker"], cells["event_time"]
    if said != ("0", "0", "false", ""):
        return "an unpublished row is not as it should be"
    if below < 0 or cells["timestamp"] != str(trades.times[below]):
        return "an unpublished row has another time than the listed trade before it"
    return ""

"""The judge: it accepts a perfect lake and finds every kind of damage."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lake.storage import LocalFolder
from tests.exchange import Pace, Terms, Verdict, ledger_equals_lake
from tests.exchange.events import Event, Snapshot, Trade
from tests.exchange.klines import Kline, bars_equal_klines, klines
from tests.exchange.ledger import Answer, Forgotten
from tests.exchange.perfect import Perfect, perfect

START_MS = 1_795_276_800_000


@pytest.fixture(scope="module")
def whole() -> Perfect:
    return perfect()


def judged(case: Perfect, folder: Path, terms: Terms | None = None) -> Verdict:
    return ledger_equals_lake(case.ledger, case.write(folder), terms)


def trade_of(case: Perfect, nth: int, kind: str = "MARKET") -> Trade:
    trades = [row for row in case.rows if isinstance(row, Trade) and row.trade_type == kind]
    return trades[nth]


def gap(first: int, last: int, from_ms: int, to_ms: int, stream: str = "trades") -> dict[str, Any]:
    ids = {"first_id": first, "last_id": last} if stream == "trades" else {}
    about = {"event": "gap", "symbol": "BTCUSDT", "stream": stream, "cause": "test"}
    return {**about, **ids, "from": from_ms, "to": to_ms}


def covered(from_ms: int, to_ms: int, stream: str = "trades") -> dict[str, Any]:
    about = {"event": "covered", "symbol": "BTCUSDT", "stream": stream}
    return {**about, "from": from_ms, "to": to_ms}


def silent(case: Perfect) -> Perfect:
    """Return the same whose journal claims nothing."""
    return replace(case, lines=case.lines[:1])


def changed(case: Perfect, row: Event, **cells: Any) -> Perfect:
    """Return the same with one row changed."""
    return replace(case, rows=[one._replace(**cells) if one is row else one for one in case.rows])


def test_a_perfect_lake_is_accepted(whole: Perfect, tmp_path: Path) -> None:
    verdict = judged(whole, tmp_path)

    assert verdict.good, verdict
    assert verdict.covered_share > 0.98
    assert verdict.counts["trade ids"] == verdict.counts["ids in the lake"] > 1000
    assert verdict.counts["unpublished rows"] > 5
    assert verdict.counts["books"] == verdict.counts["books delivered"] == 600


def test_a_delivered_trade_that_is_missing_is_found(whole: Perfect, tmp_path: Path) -> None:
    lost = trade_of(whole, 500)
    verdict = judged(silent(whole).without(lambda row: row is lost), tmp_path)

    assert {
        "a delivered trade is not in the lake": 1,
        "a trade is neither in the lake nor in a gap": 1,
    } == verdict.problems


def test_covered_time_that_hides_a_trade_is_found(whole: Perfect, tmp_path: Path) -> None:
    lost = trade_of(whole, 500)
    verdict = judged(whole.without(lambda row: row is lost), tmp_path)

    assert 1 == verdict.problems["covered time hides a trade"]


def test_a_repeated_row_is_one_trade(whole: Perfect, tmp_path: Path) -> None:
    again = replace(whole, rows=[*whole.rows, trade_of(whole, 3)])
    verdict = judged(again, tmp_path)

    assert verdict.good
    assert 1 == verdict.counts["repeated rows"]


@pytest.mark.parametrize(
    "cells",
    [
        {"price": "1.0"},
        {"price": "85595.90000"},
        {"quantity": "9"},
        {"trade_type": "RPI"},
        {"event_ms": 5},
    ],
)
def test_a_trade_that_is_not_what_was_sent_is_found(
    whole: Perfect, tmp_path: Path, cells: dict[str, Any]
) -> None:
    verdict = judged(changed(whole, trade_of(whole, 7), **cells), tmp_path)

    assert {"a trade is not what was sent": 1} == verdict.problems


def test_a_trade_that_never_was_is_found(whole: Perfect, tmp_path: Path) -> None:
    invented = trade_of(whole, -1)._replace(trade_id=5)
    verdict = judged(replace(whole, rows=[*whole.rows, invented]), tmp_path)

    assert {"a trade is in the lake that never was": 1} == verdict.problems


def test_a_published_trade_that_is_called_unpublished_is_found(
    whole: Perfect, tmp_path: Path
) -> None:
    verdict = judged(changed(whole, trade_of(whole, 7), trade_type="UNPUBLISHED"), tmp_path)

    assert {"a trade is called unpublished that was published": 1} == verdict.problems


def test_an_unpublished_row_has_the_time_of_the_listed_trade_before(
    whole: Perfect, tmp_path: Path
) -> None:
    row = trade_of(whole, 3, "UNPUBLISHED")
    verdict = judged(changed(whole, row, time_ms=row.time_ms - 1), tmp_path)

    what = "an unpublished row has another time than the listed trade before it"
    assert {what: 1} == verdict.problems


def test_na_frames_cannot_come_from_rest(whole: Perfect, tmp_path: Path) -> None:
    verdict = judged(changed(whole, trade_of(whole, 2, "NA"), event_ms=0), tmp_path)

    assert {"a trade cannot come from REST": 1} == verdict.problems


def lossy(first_s: float, last_s: float, trades_per_s: float = 20) -> Perfect:
    """Return a case in which the trades of some time were sent to nobody."""

    def lost(event: Event) -> bool:
        from_ms, to_ms = START_MS + first_s * 1000, START_MS + last_s * 1000
        return isinstance(event, Trade) and from_ms <= event.time_ms < to_ms

    made = silent(perfect(pace=Pace(trades_per_s), lose=lost))
    return made.without(lambda row: isinstance(row, Trade) and not row.event_ms and lost(row))


def hole(case: Perfect) -> dict[str, Any]:
    """Return the gap that a collector would record for what it does not have."""
    trades, kept = (
        case.ledger.trades["BTCUSDT"],
        {row.trade_id for row in case.rows if isinstance(row, Trade)},
    )
    missing = [row for row in range(len(trades)) if trades.first_id + row not in kept]
    first, last = missing[0], missing[-1]
    return gap(
        trades.first_id + first,
        trades.first_id + last,
        trades.times[first - 1],
        trades.times[last + 1],
    )


def test_what_could_be_refilled_must_be(tmp_path: Path) -> None:
    case = lossy(20, 22)
    verdict = judged(case.saying(hole(case)), tmp_path)

    assert {"a trade that could be refilled is not in the lake"} == verdict.problems.keys()
    assert 30 < verdict.problems.total() < 60


def test_what_rest_had_no_more_may_be_in_a_gap(tmp_path: Path) -> None:
    case = lossy(20, 22)
    trades = case.ledger.trades["BTCUSDT"]
    forgotten = Forgotten(START_MS + 23_000, "BTCUSDT", trades.first_id + len(trades))
    case.ledger.forgotten.append(forgotten)

    assert judged(case.saying(hole(case)), tmp_path / "gap").good
    assert {"a trade is neither in the lake nor in a gap"} == judged(case, tmp_path).problems.keys()


def test_what_a_thousand_trades_have_pushed_out_may_be_in_a_gap(tmp_path: Path) -> None:
    case = lossy(20, 22, 300)

    assert judged(case.saying(hole(case)), tmp_path).good


def test_while_rest_is_in_trouble_nothing_can_be_refilled(tmp_path: Path) -> None:
    case = lossy(20, 22)
    case.ledger.rest_trouble.append((START_MS + 22_000, START_MS + 55_000))

    assert judged(case.saying(hole(case)), tmp_path).good


def test_what_rest_told_must_be_there(tmp_path: Path) -> None:
    case = lossy(57, 58)
    trades = case.ledger.trades["BTCUSDT"]
    told = Answer(START_MS + 58_500, "trades", "BTCUSDT", 200, 5)
    last_id = trades.first_id + len(trades) - 1
    unasked = judged(case.saying(hole(case)), tmp_path / "unasked")
    case.ledger.answers.append(replace(told, first_id=trades.first_id, last_id=last_id))

    assert unasked.good
    assert {"a trade that REST told of is not in the lake"} == judged(
        case.saying(hole(case)), tmp_path
    ).problems.keys()


def test_a_gap_where_nothing_is_missing_is_found(whole: Perfect, tmp_path: Path) -> None:
    trade = trade_of(whole, 100)
    claim = gap(trade.trade_id, trade.trade_id, trade.time_ms, trade.time_ms)
    book_claim = gap(0, 0, START_MS + 1000, START_MS + 2000, "depth20")
    verdict = judged(whole.saying(claim, book_claim), tmp_path)

    assert {"a gap is claimed where nothing is missing": 2} == verdict.problems


def test_a_gap_that_is_larger_than_the_hole_is_found(tmp_path: Path) -> None:
    case = lossy(20, 22)
    case.ledger.rest_trouble.append((START_MS, START_MS + 60_000))
    claim = hole(case)
    wide = claim | {"last_id": claim["last_id"] + 1, "to": START_MS + 60_000}

    assert {"a gap is claimed where nothing is missing": 1} == judged(
        case.saying(wide), tmp_path / "strict"
    ).problems
    assert judged(case.saying(wide), tmp_path, Terms(healed_gaps=True)).good


def test_the_times_of_a_gap_hold_its_ids(tmp_path: Path) -> None:
    case = lossy(20, 22)
    case.ledger.rest_trouble.append((START_MS, START_MS + 60_000))
    verdict = judged(case.saying(hole(case) | {"to": START_MS + 20_500}), tmp_path)

    assert {"a gap's times do not hold its ids": 1} == verdict.problems


def test_a_delivered_book_that_is_missing_is_found(whole: Perfect, tmp_path: Path) -> None:
    books = [row for row in whole.rows if isinstance(row, Snapshot)]
    less = silent(whole).without(lambda row: row is books[50])
    at_ms = books[50].time_ms

    assert {"a delivered book is not in the lake": 1} == judged(less, tmp_path / "a").problems
    assert judged(less, tmp_path / "b", Terms(excused=((at_ms - 1, at_ms + 1),))).good
    said = less.saying(gap(0, 0, at_ms - 100, at_ms + 100, "depth20"))
    assert judged(said, tmp_path / "c", Terms(depth_gaps_excuse=True)).good


def test_a_book_that_is_not_what_was_sent_is_found(whole: Perfect, tmp_path: Path) -> None:
    book = next(row for row in whole.rows if isinstance(row, Snapshot))
    spaced = book.bids.replace(",", ", ")
    verdict = judged(changed(whole, book, bids=spaced), tmp_path)

    assert {"a book is not what was sent": 1} == verdict.problems


def test_covered_time_that_hides_a_silence_of_the_books_is_found(tmp_path: Path) -> None:
    def lost(event: Event) -> bool:
        at_s = (event.time_ms - START_MS) / 1000
        return isinstance(event, Snapshot) and 20 <= at_s < 23

    verdict = judged(perfect(lose=lost), tmp_path)

    assert {"covered time hides a pause of the books": 1} == verdict.problems


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (covered(START_MS + 50_000, START_MS + 70_000), "covered time goes beyond what was heard"),
        (covered(START_MS + 5, START_MS + 5), "a covered line is empty"),
        (covered(START_MS - 5, START_MS + 5), "a covered line goes over the hour"),
    ],
)
def test_covered_lines_obey_their_rules(
    whole: Perfect, tmp_path: Path, line: dict[str, Any], problem: str
) -> None:
    assert {problem: 1} == judged(whole.saying(line), tmp_path).problems


def test_a_row_in_the_chunk_of_another_minute_is_found(whole: Perfect, tmp_path: Path) -> None:
    whole.write(tmp_path)
    (chunk,) = (tmp_path / "raw/trades/BTCUSDT").glob("*/*.gz")
    chunk.rename(chunk.with_name("0731-run1.csv.gz"))
    verdict = ledger_equals_lake(whole.ledger, tmp_path)

    assert {"a row lies in the chunk of another minute"} == verdict.problems.keys()


def test_a_torn_chunk_is_found(whole: Perfect, tmp_path: Path) -> None:
    whole.write(tmp_path)
    (chunk,) = (tmp_path / "raw/depth20/BTCUSDT").glob("*/*.gz")
    chunk.write_bytes(chunk.read_bytes()[:-20])
    verdict = ledger_equals_lake(whole.ledger, tmp_path)

    assert 1 == verdict.problems["cannot be read"]


def test_a_stream_that_died_long_before_the_end_is_found(tmp_path: Path) -> None:
    case = lossy(10, 60)

    assert judged(case, tmp_path / "a").good  # A minute is what nobody can know of.
    verdict = judged(case, tmp_path / "b", Terms(tail_s=20))
    assert verdict.problems["a trade is neither in the lake nor in a gap"] > 100


def test_bars_are_the_klines_of_what_happened(whole: Perfect, tmp_path: Path) -> None:
    minute = START_MS // 60_000
    kline = klines(whole.ledger.trades["BTCUSDT"])[minute]
    listed = [row for row in whole.rows if isinstance(row, Trade) and row.is_listed]

    assert len([row for row in listed if row.time_ms < START_MS + 60_000]) == kline.count
    assert Decimal(listed[0].price) == kline.open
    assert bars(whole, tmp_path / "same", kline).good
    more = replace(kline, volume=kline.volume + 1)
    assert {"a bar is not the kline": 1} == bars(whole, tmp_path / "more", more).problems


def bars(case: Perfect, folder: Path, kline: Kline) -> Verdict:
    """Judge a lake with one bar."""
    place = folder / "aggregated/BTCUSDT/2026-11-21_1m.csv"
    place.parent.mkdir(parents=True)
    at = datetime.fromtimestamp(START_MS / 1000, UTC).isoformat()
    names = "timestamp,open,high,low,close,vol_total,quote_volume,trade_count,vol_buy,quality"
    values = ",".join(str(value) for value in vars(kline).values())
    place.write_text(f"{names}\n{at},{values},ok\n")
    return bars_equal_klines(case.ledger, LocalFolder(folder))

"""A published day beside its klines: what is planted is found, and explained."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from aggregator.archive.importer import import_files
from aggregator.parity.case import Cause
from aggregator.parity.compare import Verdict
from aggregator.parity.report import Parity
from aggregator.parity.sources import FileSource
from aggregator.parity.verifier import Fate, Verified, Verifier
from aggregator.unit import Unit
from lake.journal import write_event
from lake.layout import ChunkKey, Format, Stream
from tests.cases import DAY, SYMBOL, Lake
from tests.parity.days import Trade, edited, kline_lines, market, record, renumbered, table
from tests.product import LONG_AFTER

TRADES = market()
LINES = kline_lines(TRADES)
AT = 3
HERE = [trade for trade in TRADES if trade.minute == AT]
VICTIM = HERE[2]


def verified(lake: Lake, lines: Iterable[str] = LINES, day: date = DAY) -> Verified:
    source = FileSource(table(lake.path.parent / "klines.csv", lines))
    return Verifier(lake.storage, source).run(Unit(day, SYMBOL))


def parity_of(lake: Lake, lines: Iterable[str] = LINES) -> Parity:
    parity = verified(lake, lines).parity
    assert parity
    return parity


def replaced(trade: Trade, *others: Trade) -> list[Trade]:
    """Return the market with others in the place of one trade."""
    place = TRADES.index(trade)
    return [*TRADES[:place], *others, *TRADES[place + 1 :]]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_clean_data_is_in_full_parity(lake: Lake) -> None:
    outcome = verified(record(lake, TRADES))
    parity = outcome.parity

    assert parity
    assert (Fate.EQUAL, 8, 0) == (outcome.fate, parity.count(Verdict.EQUAL), len(parity.findings))
    columns = parity.as_json()["columns"]
    assert {"equal": 8, "different": 0, "not_comparable": 1432} == columns["quote_volume"]
    assert 1440 == columns["taker_buy_quote_volume"]["not_comparable"]
    assert [
        {"from": "00:08", "to": "24:00", "minutes": 1432, "why": "no kline"}
    ] == parity.as_json()["not_compared"]


# What is planted in the lake. Ids are drawn again where nothing is to show that one lacks.

_SHIFTED = [
    replace(each, ms=each.ms + 60_000) if each.minute == AT else each for each in TRADES
]  # fmt: skip
PLANTED: dict[str, tuple[Sequence[Trade], Cause, tuple[str, ...], bool]] = {
    "a trade dropped": (
        replaced(VICTIM), Cause.HOLE, (f"1 ids ({VICTIM.id} to {VICTIM.id})", "has 1 trades"), True,
    ),
    "a trade dropped, unseen": (
        renumbered(replaced(VICTIM)), Cause.LACKING,
        (f"lacks one trade of {VICTIM.quantity} at", "whose taker bought"), False,
    ),
    "a trade doubled": (
        renumbered(replaced(VICTIM, VICTIM, VICTIM)), Cause.SURPLUS,
        ("counted twice", f"{VICTIM.quantity} at", " or trade "), False,
    ),
    "a side flipped": (
        replaced(VICTIM, replace(VICTIM, sold=not VICTIM.sold)), Cause.SIDE,
        (f"the side of {VICTIM.quantity} is flipped", f"trade {VICTIM.id}"), False,
    ),
    "a minute shifted": (
        _SHIFTED, Cause.BOUNDARY, ("are counted in 00:04", "the whole minute is shifted"), False,
    ),
    "a trade on the wrong side of the boundary": (
        replaced(HERE[-1], replace(HERE[-1], ms=HERE[-1].ms + 60_000 - HERE[-1].ms % 60_000)),
        Cause.BOUNDARY, ("1 trades", "are counted in 00:04"), False,
    ),
    "a price of zero": (
        replaced(VICTIM, replace(VICTIM, price="0.00")), Cause.ZERO,
        ("a price or quantity of 0 in our record", f"it may be trade {VICTIM.id} ("), False,
    ),
    "a type that bars leave out": (
        replaced(VICTIM, replace(VICTIM, type="INSURANCE_FUND")), Cause.EXCLUDED_TYPE,
        ("1 trades of type INSURANCE_FUND", "the sums are equal"), False,
    ),
    "ids that the archive's trades lack": (
        replaced(VICTIM, replace(VICTIM, type="UNPUBLISHED", price="0", quantity="0", sold=False)),
        Cause.NOT_IN_ARCHIVE, ("1 ids count as never published",), False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_a_planted_error_is_found_and_explained(
    lake: Lake, planted: tuple[Sequence[Trade], Cause, tuple[str, ...], bool]
) -> None:
    trades, cause, words, excused = planted

    findings = parity_of(record(lake, trades)).findings

    finding = findings[AT]
    assert (cause, excused) == (finding.cause, finding.excused), finding
    assert all(word in finding.text for word in words), finding
    assert {AT, AT + 1} >= findings.keys()


# What is planted in the klines


def zero_low(line: str) -> str:
    return edited(line, low="0.00")


def emptied(line: str) -> str:
    zeros = dict.fromkeys(("volume", "quote_volume", "count", "taker_buy_volume"), "0")
    return edited(line, **zeros)


def cut(line: str) -> str:
    whole, _, rest = line.split(",")[7].partition(".")
    return edited(line, quote_volume=f"{whole}.{rest[:2]}")


@pytest.mark.parametrize(
    ("change", "cause", "word"),
    [
        (zero_low, Cause.KLINE_IMPOSSIBLE, "its low is 0"),
        (emptied, Cause.KLINE_EMPTY, "known fault of the archive's files"),
        (cut, Cause.ROUNDED, "cut to 2 decimals"),
        (lambda line: edited(line, open="104.7"), Cause.UNEXPLAINED, "the kline's 104.7"),
    ],
)
def test_a_fault_of_the_klines_is_explained(
    lake: Lake, change: Callable[[str], str], cause: Cause, word: str
) -> None:
    lines = [change(line) if at == AT else line for at, line in enumerate(LINES)]

    finding = parity_of(record(lake, TRADES), lines).findings[AT]

    assert (cause, False) == (finding.cause, finding.excused)
    assert word in finding.text


def test_klines_of_another_type_are_told(lake: Lake) -> None:
    trades = replaced(VICTIM, replace(VICTIM, type="RPI"))

    findings = parity_of(record(lake, trades), kline_lines(replaced(VICTIM))).findings

    assert Cause.COUNTED_TYPE == findings[AT].cause
    assert "the 1 trades of type RPI" in findings[AT].text


def test_klines_that_lack_or_contradict_each_other_are_not_compared(lake: Lake) -> None:
    lines = [*LINES[:2], *LINES[3:], zero_low(LINES[5]), LINES[6]]

    parity = parity_of(record(lake, TRADES), lines)

    assert (6, 0) == (parity.count(Verdict.EQUAL), len(parity.findings))
    assert 2 == parity.compared.klines_twice
    assert [(2, "no kline"), (5, "klines that contradict each other")] == [
        (each.minute, each.why) for each in parity.minutes[:8] if each.why
    ]


# What is planted in the published file


def spoil(lake: Lake, minute: int, **cells: str) -> None:
    """Change a bar as the file has it, not its manifest."""
    path = lake.bars("1m")
    rows = [*csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))]
    rows[minute] |= cells
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_a_file_that_is_not_its_manifests_is_compared_and_said_to_be_so(lake: Lake) -> None:
    record(lake, TRADES)
    spoil(lake, AT, low="0")

    outcome = verified(lake)

    assert outcome.parity
    finding = outcome.parity.findings[AT]
    assert Cause.BAR_IMPOSSIBLE == finding.cause
    assert "our bar contradicts itself: its low is 0" in finding.text
    assert "the raw trades give the kline" in finding.text
    assert "2025-12-11_1m.csv is not what its manifest says" in outcome.detail


def test_a_bar_in_the_place_of_the_next_is_shifted(lake: Lake) -> None:
    record(lake, TRADES)
    path = lake.bars("1m")
    lines = path.read_text(encoding="utf-8").splitlines()
    stamps = [line.partition(",")[0] for line in lines]
    shifted = [lines[0], lines[1], *(line.partition(",")[2] for line in lines[1:-1])]
    moved = [f"{at},{line}" for at, line in zip(stamps[2:], shifted[2:], strict=True)]
    path.write_text("\n".join([*lines[:2], *moved, ""]), encoding="utf-8")

    findings = parity_of(lake).findings

    assert {Cause.SHIFTED} == {findings[at].cause for at in range(1, 8)}
    assert "our bar is the kline of 00:02: a minute late" in findings[3].text


# What our record says of itself


def test_what_our_record_does_not_reach_is_excused(lake: Lake) -> None:
    half = [each for each in TRADES if each.minute > AT or each in HERE[3:]]

    parity = parity_of(record(lake, half, listened=()))

    assert [Verdict.NOT_COMPARABLE] * 3 == [each.verdict for each in parity.minutes[:3]]
    finding = parity.findings[AT]
    assert (Cause.HOLE, True) == (finding.cause, finding.excused)
    assert "our record does not reach over the whole minute; the kline has 3 trades" in finding.text
    assert 0 == parity.unexcused


def test_a_gap_of_the_book_excuses_no_trade(lake: Lake) -> None:
    rows = "timestamp,bids,asks\n" + "".join(
        f"{VICTIM.ms + at},\"[[99,1]]\",\"[[100,1]]\"\n" for at in (0, 500)
    )  # fmt: skip
    key = ChunkKey(Stream.DEPTH20, SYMBOL, DAY, AT, "a", Format.PLAIN)
    lake.write(str(key), rows.encode())
    trades = renumbered(replaced(VICTIM))

    parity = parity_of(record(lake, trades, listened=()))

    assert "partial" == parity.minutes[AT].bar.quality
    assert (Cause.LACKING, False) == (parity.findings[AT].cause, parity.findings[AT].excused)


def test_a_quiet_minute_behind_a_gap_has_another_price(lake: Lake) -> None:
    early = [each for each in TRADES if each.minute < 2]
    late = [each for each in TRADES if each.minute == 7]
    recorded = [replace(each, id="") for each in (*early, *late)]
    record(lake, recorded, listened=[(0, 2), (4, 1440)])

    parity = parity_of(lake, kline_lines([*early, *HERE, *late]))

    assert "gap in our record" == parity.minutes[AT].why
    assert {4, 5, 6} == parity.findings.keys()
    assert {(Cause.QUIET, True)} == {(f.cause, f.excused) for f in parity.findings.values()}
    assert "the last price before lies in a gap of our record" in parity.findings[4].text


# What is written


def test_the_comparison_lies_beside_the_day_and_is_the_same_each_time(lake: Lake) -> None:
    record(lake, renumbered(replaced(VICTIM)))
    verified(lake)
    path = lake.path / "aggregated" / SYMBOL / "2025-12-11_parity.json"
    first = path.read_bytes(), path.stat().st_mtime_ns

    verified(lake)

    assert first == (path.read_bytes(), path.stat().st_mtime_ns)
    said = json.loads(first[0])
    assert ("different", 1, {"trades lacking": 1}) == (
        said["verdict"], said["different_though_ok"], said["causes"],
    )  # fmt: skip
    (difference,) = said["differences"]
    assert ("00:03", "ok") == (difference["minute"], difference["quality"])
    assert {"bar": "8", "kline": "9"} == difference["columns"]["count"]


def test_a_later_comparison_replaces_the_earlier_one(lake: Lake) -> None:
    record(lake, TRADES)
    verified(lake, LINES[:4])

    assert 8 == parity_of(lake).count(Verdict.EQUAL)
    said = json.loads((lake.path / f"aggregated/{SYMBOL}/2025-12-11_parity.json").read_bytes())
    assert 8 == said["minutes"]["equal"]


def test_minutes_are_put_together_from_seconds(lake: Lake) -> None:
    record(lake, TRADES)
    lake.remove(f"aggregated/{SYMBOL}/2025-12-11_manifest.json")
    lake.build(DAY, SYMBOL, ("1s", "1h"))

    parity = parity_of(lake)

    assert "2025-12-11_1s.csv" == parity.compared.bars
    assert (8, 0) == (parity.count(Verdict.EQUAL), len(parity.findings))


@pytest.mark.parametrize(
    ("labels", "said"),
    [((), "it is not published; build it with"), (("1h",), "without bars that divide a minute")],
)
def test_a_day_that_cannot_be_compared_fails_in_one_line(
    lake: Lake, labels: tuple[str, ...], said: str
) -> None:
    lake.record(DAY, [0])
    if labels:
        lake.build(DAY, SYMBOL, labels)

    outcome = verified(lake)

    assert Fate.FAILED == outcome.fate
    assert said in outcome.detail
    assert "\n" not in outcome.detail


def test_a_day_without_klines_is_named(lake: Lake) -> None:
    outcome = verified(record(lake, TRADES), [])

    assert Fate.NO_KLINES == outcome.fate
    assert "klines.csv has no kline of the day" in outcome.detail


def test_an_expired_raw_leaves_the_numbers_to_explain(lake: Lake) -> None:
    record(lake, replaced(VICTIM, replace(VICTIM, type="ADL")))
    raw = [stat.key for stat in lake.storage.list("raw/")]
    lake.remove(*raw)

    finding = parity_of(lake).findings[AT]

    assert Cause.LACKING == finding.cause
    assert "bars of this day leave out 1 ADL" in finding.text


# The exchange itself


def test_a_real_hour_is_in_full_parity(real_data: Path, lake: Lake) -> None:
    folder, day = real_data / "binance-usdm-2020-12-09", date(2020, 12, 9)
    (path,) = folder.glob("*trades*.csv.gz")
    import_files(
        lake.storage, SYMBOL, [path],
        max_unpublished=100, now=LONG_AFTER, version="1", progress=lambda _done, _total: None,
    )  # fmt: skip
    lake.build(day, SYMBOL, ("1s", "1m"))
    source = FileSource(folder / "BTCUSDT-1m-2020-12-09.csv")

    parity = Verifier(lake.storage, source).run(Unit(day, SYMBOL)).parity

    assert parity
    assert (60, 0) == (parity.count(Verdict.EQUAL), len(parity.findings))


def dropped(rows: list[str]) -> list[str]:
    return [*rows[:50_000], *rows[50_001:]]


def doubled(rows: list[str]) -> list[str]:
    number, _, rest = rows[50_000].partition(",")
    return [*rows[:50_000], rows[50_000], f"{int(number) + 10**9},{rest}", *rows[50_001:]]


def flipped(rows: list[str]) -> list[str]:
    sides = {"true": "false", "false": "true"}
    head, _, side = rows[50_000].rpartition(",")
    return [*rows[:50_000], f"{head},{sides[side]}", *rows[50_001:]]


def shifted(rows: list[str]) -> list[str]:
    """Return the trades of minute 30 a minute late."""
    start = 1607472000000 + 30 * 60_000
    cells = [row.split(",") for row in rows]
    late = [
        [*row[:4], str(int(row[4]) + 60_000 * (start <= int(row[4]) < start + 60_000)), row[5]]
        for row in cells
    ]
    return [",".join(row) for row in late]


@pytest.mark.parametrize(
    ("plant", "cause", "minutes"),
    [
        (dropped, Cause.LACKING, 1), (doubled, Cause.SURPLUS, 1), (flipped, Cause.SIDE, 1),
        (shifted, Cause.BOUNDARY, 2),
    ],
)  # fmt: skip
def test_what_is_planted_in_a_real_hour_is_found(
    real_data: Path, lake: Lake, plant: Callable[[list[str]], list[str]], cause: Cause, minutes: int
) -> None:
    folder, day = real_data / "binance-usdm-2020-12-09", date(2020, 12, 9)
    (path,) = folder.glob("*trades*.csv.gz")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    cells = [row.split(",") for row in plant(lines[1:])]
    table = "".join(f"{row[4]},{row[1]},{row[2]},{row[5]}\n" for row in cells)
    key = ChunkKey(Stream.TRADES, SYMBOL, day, 0, "a", Format.PLAIN)
    lake.write(str(key), f"timestamp,price,quantity,is_buyer_maker\n{table}".encode())
    start = 1607472000000
    lake.journal(day, write_event("covered", "x", stream="trades", symbol=SYMBOL,
                                  **{"from": start, "to": start + 3_600_000}))  # fmt: skip
    lake.build(day, SYMBOL, ("1m",))
    source = FileSource(folder / "BTCUSDT-1m-2020-12-09.csv")

    parity = Verifier(lake.storage, source).run(Unit(day, SYMBOL)).parity

    assert parity
    assert (60 - minutes, minutes) == (parity.count(Verdict.EQUAL), parity.unexcused)
    assert {cause} == {finding.cause for finding in parity.findings.values()}


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT"])
def test_five_real_minutes_are_in_full_parity(real_data: Path, lake: Lake, symbol: str) -> None:
    folder, day = real_data / "binance-usdm-2024-08-08", date(2024, 8, 8)
    rows: dict[int, list[str]] = {}
    with gzip.open(folder / f"{symbol}-frames.jsonl.gz", "rt") as frames:
        for line in frames:
            said = json.loads(line.partition(" ")[2])["data"]
            if said["e"] == "trade":
                minute = said["T"] % 86_400_000 // 60_000
                sold = str(said["m"]).lower()
                row = f"{said['T']},{said['p']},{said['q']},{sold},{said['t']},{said['X']}\n"
                if minute > 1000:  # the first trades of the next day are there too
                    rows.setdefault(minute, []).append(row)
    head = "timestamp,price,quantity,is_buyer_maker,trade_id,trade_type\n"
    for minute, lines in rows.items():
        key = ChunkKey(Stream.TRADES, symbol, day, minute, "a", Format.PLAIN)
        lake.write(str(key), (head + "".join(lines)).encode())
    lake.build(day, symbol, ("1m",))
    source = FileSource(folder / f"{symbol}-1m-2024-08-08.csv")

    parity = Verifier(lake.storage, source).run(Unit(day, symbol)).parity

    assert parity
    assert [Verdict.EQUAL] * 5 == [each.verdict for each in parity.minutes[-5:]]
    assert 0 == parity.unexcused

"""The ledger of the exchange equals the lake, whatever goes wrong between them.

Each kind of fault by itself, with what the journal has to say of it, then random sequences. A
collector is a process of its own; several work at once, since most of their time is waiting.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from lake.storage import LocalFolder
from tests.exchange import Exchange, Mix, Pace, Settings, Verdict, faults, ledger_equals_lake
from tests.exchange.collectors import collecting, is_recording, wait_for
from tests.exchange.faults import Fault
from tests.exchange.lake_rows import read_lake
from tests.exchange.seeds import run_seeds
from tests.exchange.standstill import unless_the_machine_stood_still

SYMBOLS = ("BTCUSDT", "ETHUSDT", "DOGEUSDT")
PACES = {"BTCUSDT": Pace(40), "ETHUSDT": Pace(8), "DOGEUSDT": Pace(0.2, 500)}
ETH_BOOKS, BTC_TRADES = "ethusdt@depth20@100ms", "btcusdt@trade"
Planned = tuple[float, Fault]


@dataclass(frozen=True)
class Case:
    """Faults, and what the journal says of them.

    `before` the collector starts, or `planned` seconds after it records all. `says`: events that
    the journal has, `never`: those that it has not. `covered`: the least share.
    """

    name: str
    planned: Sequence[Planned] = ()
    says: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    covered: float = 0.5
    options: tuple[str, ...] = ()
    before: Sequence[Fault] = ()
    duration_s: float = 36.0
    speed: float = 4.0
    tls: bool = False
    mix: Mix = Mix(never=0, na=0.03)


@dataclass(frozen=True)
class Outcome:
    """How a case ended: the judge's verdict, and the kinds of lines in the journal."""

    verdict: Verdict
    events: frozenset[str]


def says(*events: str) -> frozenset[str]:
    return frozenset(events)


UNKNOWN = faults.TradeTypes("LIQUIDATION", "BTCUSDT", 20)
LOSE = faults.Lose(BTC_TRADES, 30)
LOSS = says("disconnected", "reconnected")
TROUBLE = LOSS | says("gap", "stalled", "handed_over")

DROPS = [
    Case(f"dropped: {how}", [(4, faults.Drop(how)), (16, faults.Drop(how))], LOSS)
    for how in ("reset", "cut", "1001", "1008", "1011")
]
DEAD = [
    Case("half-open", [(4, faults.HalfOpen())], says("stalled")),
    Case("a shutdown is announced", [(4, faults.ShutDown(8))], says("handed_over")),
    Case(
        "connections live for eight seconds", [(0, faults.Lifetime(8))], says("handed_over"),
        TROUBLE - says("handed_over"), 0.95,
        ("--rotate-after", "4s", "--connection-limit", "8s"),
    ),
    Case("an end of life that nobody announced", [(5, faults.Lifetime(6, for_s=8))], LOSS),
]  # fmt: skip
SILENT = [
    Case("books of one symbol", [(4, faults.Silence(ETH_BOOKS))], says("stalled", "gap")),
    Case("trades of one symbol", [(4, faults.Silence(BTC_TRADES))], says("stalled")),
    Case("everything", [(4, faults.Silence("*"))], says("stalled", "gap")),
    Case("never a book", (), says("stalled"), before=[faults.Mute(ETH_BOOKS, times=1)]),
    Case("never a trade", (), says("stalled"), before=[faults.Mute(BTC_TRADES, times=1)]),
]
DISTORTED = [
    Case("frames come twice", [(4, faults.Repeat(0.8, 3, for_s=25))], never=TROUBLE, covered=0.8),
    Case("frames overtake", [(4, faults.Reorder(20, for_s=25))], never=LOSS, covered=0.8),
    Case("frames in bursts", [(4, faults.Delay(1.5, True, for_s=25))], never=TROUBLE, covered=0.8),
    Case(
        "frames come late", [(2, faults.Delay(6, for_s=25))], says("handed_over"),
        options=("--lag-patience", "6s"),
    ),
    Case("unusual frames", [(4, faults.Strange(1, for_s=25))], never=TROUBLE, covered=0.8),
]  # fmt: skip
GARBLED = [
    Case("rubbish between the frames", [(4, faults.Garbage("any", 60))]),
    Case("rubbish in place of frames", [(4, faults.Garbage("any", 40, in_place=True))]),
    Case(
        "unknown and unpriced trades",
        [(4, UNKNOWN), (8, faults.TradeTypes("NA", "*", 9))],
        never=TROUBLE, covered=0.8,
    ),
    Case("pings", [(2, faults.Ping(0.5))], never=TROUBLE, covered=0.8),
]  # fmt: skip
REFUSED = [
    Case(
        f"handshakes are refused: {how}",
        [(4, faults.Refuse(how, wait, for_s=5)), (4, faults.Drop())],
        says("disconnected", "refused"),
    )
    for how, wait in (("429", "3"), ("418", "4"), ("451", ""), ("403", ""), ("503", ""))
]  # fmt: skip
LOST = [
    Case("lost frames", [(4, LOSE)], says("refilled"), says("gap"), 0.8),
    Case("lost for ever", [(4, faults.Lose(BTC_TRADES, 30, forever=True))], says("gap")),
    *(
        Case(f"lost while {name}", [(4, trouble), (4.5, LOSE)], says("refilled"), says("gap"), 0.8)
        for name, trouble in (
            ("REST fails", faults.RestTrouble("503", for_s=8)),
            ("REST limits the rate", faults.RestTrouble("429", retry_after="4", for_s=3)),
            ("the address is banned", faults.Ban(8)),
        )
    ),
]
QUIET = [
    Case("nothing goes wrong", (), says("covered"), TROUBLE, 0.95, duration_s=120, speed=8),
    Case(
        "ids are never used", (), says("refilled"), TROUBLE, 0.95, duration_s=120, speed=8,
        mix=Mix(never=0.02),
    ),
    Case("it is encrypted", [(30, faults.Drop())], LOSS, duration_s=80, speed=8, tls=True),
]  # fmt: skip
GROUPS = {
    "drops": DROPS, "dead connections": DEAD, "silent streams": SILENT,
    "distorted frames": DISTORTED, "garbled frames": GARBLED, "refused handshakes": REFUSED,
    "lost frames": LOST, "peace": QUIET,
}  # fmt: skip


def judged(case: Case, seed: int, folder: Path) -> Outcome:
    """Record an exchange that is well, then let the faults happen, then stop; judge the lake."""
    settings = Settings(
        SYMBOLS, seed=seed, paces=PACES, mix=case.mix, speed=case.speed, tls=case.tls
    )  # fmt: skip
    with Exchange(settings) as exchange:
        for fault in case.before:
            exchange.do(fault)
        with collecting(exchange, folder, *case.options, environment=trust(exchange)) as collector:
            wait_for(lambda: is_recording(collector, exchange) or case.before)
            for after_s, fault in case.planned:
                exchange.plan(after_s, fault)
            time.sleep(exchange.clock.real_s(case.duration_s))
            collector.stop()
    events = {line.said["event"] for line in read_lake(LocalFolder(folder / "lake")).journal}
    return Outcome(ledger_equals_lake(exchange.ledger, folder / "lake"), frozenset(events))


def trust(exchange: Exchange) -> dict[str, str]:
    """Return what makes a collector believe the certificate of an exchange."""
    names = "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"
    return dict.fromkeys(names, str(exchange.ca_file)) if exchange.ca_file else {}


def complaints(case: Case, outcome: Outcome) -> str:
    """Say what of a case is not as it should be."""
    verdict, wrong = outcome.verdict, list[str]()
    if not verdict.good:
        wrong.append(str(verdict))
    if missing := case.says - outcome.events:
        wrong.append(f"the journal does not say: {sorted(missing)}")
    if besides := case.never & outcome.events:
        wrong.append(f"the journal says: {sorted(besides)}")
    if verdict.covered_share < case.covered:
        wrong.append(f"only {verdict.covered_share:.1%} is covered")
    return f"{case.name}: " + "; ".join(wrong) if wrong else ""


@pytest.mark.parametrize("cases", GROUPS.values(), ids=GROUPS)
@unless_the_machine_stood_still
def test_the_ledger_equals_the_lake_under_each_fault(cases: list[Case], tmp_path: Path) -> None:
    def judge(numbered: tuple[int, Case]) -> str:
        seed, case = numbered
        folder = tmp_path / f"case-{seed}"
        folder.mkdir()
        return complaints(case, judged(case, seed, folder))

    with ThreadPoolExecutor(len(cases)) as pool:
        said = [each for each in pool.map(judge, enumerate(cases)) if each]

    assert [] == said, "\n".join(said)


def test_the_ledger_equals_the_lake_for_random_sequences_of_faults() -> None:
    failed = {
        run.seed: run.text
        for run in run_seeds(range(1, 6), workers=5, options=("--speed", "4"))
        if run.failed
    }

    assert {} == failed

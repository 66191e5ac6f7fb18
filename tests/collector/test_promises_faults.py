"""The ledger of the exchange equals the lake, whatever goes wrong between them.

Each kind of fault by itself, with what the journal has to say of it, then random sequences. A
collector is a process of its own; several work at once, since most of their time is waiting.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from lake.storage import LocalFolder
from tests.exchange import Mix, Pace, Settings, Terms, Verdict, faults
from tests.exchange.faults import Fault
from tests.exchange.lake_rows import read_lake
from tests.exchange.trial import Paused, Trial, random_trial, run_trial

SYMBOLS = ("BTCUSDT", "ETHUSDT", "DOGEUSDT")
SPEED = 4.0
ATTEMPTS = 3
PACES = {"BTCUSDT": Pace(40), "ETHUSDT": Pace(8), "DOGEUSDT": Pace(0.2, 500)}
ETH_BOOKS, BTC_TRADES = "ethusdt@depth20@100ms", "btcusdt@trade"
Planned = tuple[float, Fault]


@dataclass(frozen=True)
class Case:
    """A fault and what the journal says of it.

    `says`: events that it has, `never`: events that it has not. `covered`: the least share.
    """

    name: str
    planned: Sequence[Planned]
    says: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    covered: float = 0.5
    options: tuple[str, ...] = ()
    duration_s: float = 40.0
    terms: Terms = Terms()

    def trial(self, seed: int) -> Trial:
        mix = Mix(never=0.01, na=0.02)
        settings = Settings(SYMBOLS, seed=seed, paces=PACES, mix=mix, speed=SPEED)
        return Trial(settings, self.duration_s, self.planned, self.options, self.terms)


@dataclass(frozen=True)
class Outcome:
    """How a case ended: the judge's verdict, and the kinds of lines in the journal."""

    verdict: Verdict
    events: frozenset[str]


LOSS = frozenset({"disconnected", "reconnected"})
TROUBLE = LOSS | {"gap", "stalled", "handed_over"}

DROPS = [
    Case(f"dropped: {how}", [(10, faults.Drop(how)), (22, faults.Drop(how))], LOSS)
    for how in ("reset", "cut", "1001", "1008", "1011")
]
DEAD = [
    Case("half-open", [(10, faults.HalfOpen())], frozenset({"stalled"})),
    Case("a shutdown is announced", [(10, faults.ShutDown(3))], frozenset({"handed_over"})),
    Case(
        "connections live for eight seconds", [(0, faults.Lifetime(8))],
        frozenset({"handed_over"}), frozenset({"gap", "disconnected"}), 0.9,
        ("--rotate-after", "4s", "--connection-limit", "8s"),
    ),
    Case("an unannounced end of life", [(5, faults.Lifetime(10, for_s=15))], LOSS),
]  # fmt: skip
SILENT = [
    Case("books of one symbol fall silent", [(8, faults.Silence(ETH_BOOKS))], frozenset({"stalled", "gap"})),
    Case("trades of one symbol fall silent", [(8, faults.Silence(BTC_TRADES))], frozenset({"stalled"})),
    Case("everything falls silent", [(8, faults.Silence("*"))], frozenset({"stalled"})),
    Case(
        "a stream is acknowledged and never delivered", [(0, faults.Mute(ETH_BOOKS, times=1))],
        frozenset({"stalled"}),
    ),
    Case(
        "trades are acknowledged and never delivered", [(0, faults.Mute(BTC_TRADES, times=1))],
        frozenset({"stalled"}),
    ),
]  # fmt: skip
DISTORTED = [
    Case("frames come twice", [(4, faults.Repeat(0.8, 3, for_s=25))], never=TROUBLE, covered=0.95),
    Case("frames overtake each other", [(4, faults.Reorder(20, for_s=25))], never=LOSS, covered=0.9),
    Case("frames come in bursts", [(4, faults.Delay(1.5, bursts=True, for_s=25))], never=LOSS | {"gap"}, covered=0.9),
    Case(
        "frames come late for long", [(4, faults.Delay(6, for_s=25))],
        frozenset({"handed_over"}), options=("--lag-patience", "6s"),
    ),
    Case("unusual frames", [(4, faults.Strange(1.0, for_s=25))], never=TROUBLE, covered=0.95),
]  # fmt: skip
GARBLED = [
    Case("rubbish between the frames", [(4, faults.Garbage("any", 60))], covered=0.5),
    Case("rubbish in the place of frames", [(4, faults.Garbage("any", 40, in_place=True))]),
    Case(
        "unknown and unpriced trades",
        [(4, faults.TradeTypes("LIQUIDATION", "BTCUSDT", 20)), (8, faults.TradeTypes("NA", "*", 20))],
        never=TROUBLE, covered=0.95,
    ),
    Case("pings", [(4, faults.Ping(0.5))], never=TROUBLE, covered=0.95),
]  # fmt: skip
REFUSED = [
    Case(
        f"handshakes are refused: {how}",
        [(8, faults.Refuse(how, wait, for_s=6)), (8.1, faults.Drop())],
        frozenset({"disconnected", "refused"}),
    )
    for how, wait in (("429", "3"), ("418", "4"), ("451", ""), ("403", ""), ("503", ""))
]
LOST = [
    Case("lost frames", [(6, faults.Lose(BTC_TRADES, 30))], frozenset({"refilled"}), frozenset({"gap"})),
    Case("frames lost for ever", [(6, faults.Lose(BTC_TRADES, 30, forever=True))], frozenset({"gap"})),
    Case(
        "lost, and REST fails",
        [(6, faults.RestTrouble("503", for_s=10)), (6.5, faults.Lose(BTC_TRADES, 30))],
        frozenset({"refilled"}), frozenset({"gap"}),
    ),
    Case(
        "lost, and REST limits the rate",
        [(6, faults.RestTrouble("429", retry_after="5", for_s=4)), (6.5, faults.Lose(BTC_TRADES, 30))],
        frozenset({"refilled"}), frozenset({"gap"}),
    ),
    Case(
        "lost, and the address is banned",
        [(6, faults.Ban(8)), (6.5, faults.Lose(BTC_TRADES, 30))],
        frozenset({"refilled"}), frozenset({"gap"}),
    ),
]  # fmt: skip
QUIET = [Case("nothing goes wrong", [], frozenset({"covered"}), TROUBLE, 0.95)]
GROUPS = {
    "drops": DROPS, "dead connections": DEAD, "silent streams": SILENT,
    "distorted frames": DISTORTED, "garbled frames": GARBLED, "refused handshakes": REFUSED,
    "lost frames": LOST, "peace": QUIET,
}  # fmt: skip


def judged(trial: Trial, folder: Path) -> Outcome:
    """Run a trial, once more if the machine stood still."""
    for attempt in range(ATTEMPTS):
        place = folder / str(attempt)
        place.mkdir(parents=True)
        try:
            verdict = run_trial(trial, place)
        except Paused:
            continue
        lines = read_lake(LocalFolder(place / "lake")).journal
        return Outcome(verdict, frozenset(line.said["event"] for line in lines))
    raise Paused(f"the machine stood still in {ATTEMPTS} trials; let it do less")


def all_judged(trials: Sequence[Trial], folder: Path) -> list[Outcome]:
    """Run trials at once."""
    with ThreadPoolExecutor(len(trials)) as pool:
        folders = [folder / f"trial-{number}" for number in range(len(trials))]
        return list(pool.map(judged, trials, folders))


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
def test_the_ledger_equals_the_lake_under_each_fault(cases: list[Case], tmp_path: Path) -> None:
    outcomes = all_judged([case.trial(seed) for seed, case in enumerate(cases)], tmp_path)

    said = [complaints(case, outcome) for case, outcome in zip(cases, outcomes, strict=True)]
    assert [] == [each for each in said if each], "\n".join(said)


def test_the_ledger_equals_the_lake_for_random_sequences_of_faults(tmp_path: Path) -> None:
    seeds = range(1, 6)
    outcomes = all_judged([random_trial(seed, 90.0, SPEED) for seed in seeds], tmp_path)

    failed = {
        seed: str(outcome.verdict)
        for seed, outcome in zip(seeds, outcomes, strict=True)
        if not outcome.verdict.good
    }
    assert {} == failed

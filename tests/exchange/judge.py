"""Compares what happened with what a collector made of it.

    verdict = ledger_equals_lake(exchange.ledger, lake)
    assert verdict.good, verdict

Every id since the first that was delivered is in the lake, or inside a recorded gap; it is in the
lake if it was delivered, or if REST could be asked for it for `patience_s`. No gap names an id
that the lake has. Delivered books are there. Nothing is there that did not happen, and all that
is there says what was sent, as text. Covered time hides nothing.
"""

from pathlib import Path

from lake.storage import LocalFolder, Storage
from tests.exchange.judge_books import judge_books
from tests.exchange.judge_covered import judge_covered
from tests.exchange.judge_places import judge_places
from tests.exchange.judge_trades import judge_trades
from tests.exchange.judged import Judged, Terms
from tests.exchange.lake_rows import read_lake
from tests.exchange.ledger import Ledger
from tests.exchange.verdict import Verdict


def ledger_equals_lake(
    ledger: Ledger, lake: Storage | Path | str, terms: Terms | None = None
) -> Verdict:
    """Judge the lake of a collector that has stopped by the ledger of an exchange."""
    storage = LocalFolder(lake) if isinstance(lake, Path | str) else lake
    case = Judged(ledger, read_lake(storage), terms or Terms(), Verdict())
    for problem in case.lake.unreadable:
        case.verdict.blame("cannot be read", problem)
    for symbol in sorted(case.symbols()):
        judge_trades(case, symbol)
        judge_books(case, symbol)
        judge_covered(case, symbol)
    judge_places(case)
    return case.verdict

"""A ledger on a disk: what happened in one process can be judged in another."""

import pickle
from pathlib import Path

from tests.exchange.ledger import Ledger


def write_ledger(ledger: Ledger, path: Path) -> None:
    """Write a ledger that is whole."""
    path.write_bytes(pickle.dumps(ledger, protocol=pickle.HIGHEST_PROTOCOL))


def read_ledger(path: Path) -> Ledger:
    """Read a ledger that `write_ledger` has written."""
    ledger: Ledger = pickle.loads(path.read_bytes())
    return ledger

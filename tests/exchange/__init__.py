"""A Binance of our own over real sockets, which misbehaves on command and keeps a ledger.

    with Exchange(Settings(symbols=("BTCUSDT",))) as exchange:
        ...exchange.ws_url, exchange.rest_url...
        exchange.do("drop how=1008")
    verdict = ledger_equals_lake(exchange.ledger, "./lake")

`python -m tests.exchange --help` runs it by hand.
"""

from tests.exchange.clock import Clock
from tests.exchange.judge import ledger_equals_lake
from tests.exchange.judged import Terms
from tests.exchange.ledger import Ledger
from tests.exchange.listings import Listing
from tests.exchange.schedules import random_schedule
from tests.exchange.server import Exchange
from tests.exchange.settings import Settings
from tests.exchange.synthetic import Mix, Pace
from tests.exchange.verdict import Verdict

__all__ = [
    "Clock",
    "Exchange",
    "Ledger",
    "Listing",
    "Mix",
    "Pace",
    "Settings",
    "Terms",
    "Verdict",
    "ledger_equals_lake",
    "random_schedule",
]

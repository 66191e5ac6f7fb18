"""Run the exchange by hand: `python -m tests.exchange --help`."""

import argparse
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.exchange import control, ledger_file, schedules
from tests.exchange.clock import Clock
from tests.exchange.commands import help_text, parse_fault
from tests.exchange.faults import Fault
from tests.exchange.listings import Listing
from tests.exchange.server import Exchange
from tests.exchange.settings import Settings
from tests.exchange.synthetic import Pace

_EXAMPLES = """\
examples:
  python -m tests.exchange --symbols BTCUSDT,ETHUSDT --port 8700
      an exchange; the first lines say what a collector is to be given
  python -m tests.exchange --at 20 'drop how=reset' --at 40 'silence streams=btcusdt@trade'
      outages at given seconds
  python -m tests.exchange --random 7 --for 120
      outages at random, the same for the same seed, for two minutes
  python -m tests.exchange --recording BTCUSDT-frames.jsonl.gz --speed 10
      recorded frames, ten times as fast, as if it were now
  python -m tests.exchange --market 400 --trades-per-s 5
      four hundred symbols

while it runs (URL is what it prints as --rest-url):
"""
_USAGE = (control.__doc__ or "").partition("\n\n")[2]


def main() -> None:
    """Serve until interrupted or until the time is over, then say what happened."""
    given = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    clock = _clock(given)
    with Exchange(_settings(given), clock) as exchange:
        _say(exchange)
        for after_s, fault in _planned(given):
            exchange.plan(after_s, fault)
        _wait(clock.real_s(given.duration) if given.duration else None)
    _report(exchange)
    if given.ledger:
        ledger_file.write_ledger(exchange.ledger, given.ledger)


def _clock(given: argparse.Namespace) -> Clock:
    if given.start:
        return Clock.starting_at(given.start.timestamp() * 1000, given.speed)
    return Clock(given.speed, given.anchor_ns or time.time_ns())


def _wait(real_s: float | None) -> None:
    until = time.monotonic() + real_s if real_s else None
    try:
        while until is None or time.monotonic() < until:
            time.sleep(0.2)
    except KeyboardInterrupt:
        print(flush=True)


def _say(exchange: Exchange) -> None:
    if exchange.ca_file:
        print(f"export SSL_CERT_FILE={exchange.ca_file} REQUESTS_CA_BUNDLE={exchange.ca_file}")
    clock = exchange.clock
    fast = "" if clock.speed == 1 else f" --speed {clock.speed} --anchor-ns {clock.anchor_ns}"
    print(f"--ws-url {exchange.ws_url} --rest-url {exchange.rest_url}{fast}", flush=True)


def _report(exchange: Exchange) -> None:
    ledger = exchange.ledger
    trades = sum(len(columns) for columns in ledger.trades.values())
    books = sum(len(columns) for columns in ledger.books.values())
    print(f"{trades} trade ids, {books} books, {len(ledger.visits)} connections")
    for mishap in ledger.mishaps:
        print(f"{(mishap.at_ms - ledger.started_ms) / 1000:8.1f} s  {mishap.what}")


def _settings(given: argparse.Namespace) -> Settings:
    return Settings(
        symbols=_symbols(given),
        seed=given.seed,
        pace=Pace(given.trades_per_s, given.depth_every_ms),
        paces=dict(given.pace),
        others=tuple(given.other),
        speed=given.speed,
        ws_port=given.port,
        rest_port=given.rest_port,
        tls=given.tls,
        api_key=given.api_key,
        recordings=tuple(given.recording),
        rebase=not given.as_recorded,
    )


def _symbols(given: argparse.Namespace) -> tuple[str, ...]:
    if given.market:
        return tuple(f"COIN{number:03d}USDT" for number in range(given.market))
    return tuple(given.symbols.upper().split(","))


def _planned(given: argparse.Namespace) -> list[tuple[float, Fault]]:
    planned = [(float(seconds), parse_fault(text)) for seconds, text in given.at]
    if given.random is not None:
        planned += schedules.random_schedule(given.random, given.duration or 3600, _symbols(given))
    return planned


def _pace(text: str) -> tuple[str, Pace]:
    symbol, rate, *every = text.split(":")
    return symbol.upper(), Pace(float(rate), float(every[0]) if every else 100.0)


def _other(text: str) -> Listing:
    symbol, status, *kind = text.split(":")
    return Listing(symbol.upper(), status, kind[0] if kind else "PERPETUAL")


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.exchange",
        description="A Binance of our own, on this machine, which misbehaves on command.",
        epilog=f"{_EXAMPLES}{_USAGE}\nfaults:\n{help_text()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--symbols", default="BTCUSDT,ETHUSDT", help="what is traded (default: %(default)s)")
    add("--market", type=int, default=0, metavar="N", help="N made-up symbols instead")
    add("--port", type=int, default=0, help="of the WebSocket side; 0 takes any that is free")
    add("--rest-port", type=int, default=0, help="of the REST side")
    add("--tls", action="store_true", help="serve wss and https, with an authority of our own")
    add("--seed", type=int, default=1, help="of the made-up market")
    add("--speed", type=float, default=1.0, help="how fast the exchange's clock runs")
    add("--anchor-ns", type=int, default=0, help="host time at which its clock is right; now")
    add("--start", type=_time, metavar="TIME", help="what its clock says at the start")
    add("--trades-per-s", type=float, default=5.0, help="of each symbol (default: %(default)s)")
    add("--depth-every-ms", type=float, default=100.0, help="pace of the books")
    add("--pace", type=_pace, action="append", default=[], metavar="SYMBOL:TRADES[:MS]",
        help="another pace for a symbol, such as DOGEUSDT:0.01")  # fmt: skip
    add("--other", type=_other, action="append", default=[], metavar="SYMBOL:STATUS[:TYPE]",
        help="listed, but silent, such as BTCUSDT_261225:TRADING:CURRENT_QUARTER")  # fmt: skip
    add("--recording", type=Path, action="append", default=[], metavar="FILE",
        help="frames to replay in place of made-up markets")  # fmt: skip
    add("--as-recorded", action="store_true", help="leave the times of recorded frames as they are")
    add("--api-key", default="", help="the one that opens historicalTrades")
    add("--at", nargs=2, action="append", default=[], metavar=("SECONDS", "FAULT"),
        help="a fault after so many seconds, as below")  # fmt: skip
    add("--random", type=int, metavar="SEED", help="faults at random")
    add("--for", dest="duration", type=float, default=0, metavar="SECONDS", help="then stop")
    add("--ledger", type=Path, metavar="FILE", help="where to write what happened, at the end")
    return parser


if __name__ == "__main__":
    main()

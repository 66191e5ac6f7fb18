"""A believable market: trades and books of one symbol, minute by minute. No clock, no disk.

`minute` counts from 1970 UTC. Volatility, spreads and trades follow one activity, so that a burst
is one in all three.
"""

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from lake.schemas import TradeType
from synthetic.noise import Bits, Floats, Ints, bits, salt, smooth, uniform, wander
from synthetic.rows import LEVELS, NO_BOOKS, NO_TRADES, TYPES, Books, Instrument, Trades

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MINUTES = 1440
DAY_MS = DAY_MINUTES * MINUTE_MS

_TYPE_SHARES = np.array([0.977, 0.997, 1.0])
_CELL_MS = 100
_CELLS = MINUTE_MS // _CELL_MS
_EPOCH_MS = 1_577_836_800_000  # 2020-01-01: ids count from here, and so look like the venue's
_EPOCH_DAY = _EPOCH_MS // DAY_MS


@dataclass(frozen=True)
class Pace:
    """Rows in a UTC day, and the minutes of the day in which nobody trades."""

    trades: int
    snapshots: int
    silent: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Day:
    """How a day's activity is spread over its minutes."""

    activity: Floats  # mean 1
    counts: Ints
    first_ids: Ints
    business_ms: Floats  # DAY_MINUTES + 1 edges: time that runs as fast as the market


@dataclass(frozen=True)
class _Quotes:
    """Best prices in ticks, for each tenth of a second of a minute."""

    bid: Ints
    ask: Ints


@dataclass(frozen=True)
class Market:
    """One symbol's market, a function of time."""

    instrument: Instrument
    pace: Pace
    seed: int

    def salt(self, *parts: str | int) -> int:
        """Return a number of this seed and symbol's own for a purpose."""
        return salt(self.seed, self.instrument.symbol, *parts)

    def trades(self, minute: int) -> Trades:
        """Return the trades of a minute of exchange time."""
        day, at = divmod(minute, DAY_MINUTES)
        count = int(_day(self, day).counts[at])
        if not count:
            return NO_TRADES
        rng = np.random.default_rng((self.salt("trades"), minute))
        order = _order_of_each_fill(rng, count)
        orders = int(order[-1]) + 1
        timestamp = minute * MINUTE_MS + _order_times(rng, orders)[order]
        buys = (rng.random(orders) < _appetite(self, minute))[order]
        kind = np.searchsorted(_TYPE_SHARES, rng.random(count), side="right")
        real = TYPES.index(TradeType.NA) != kind
        return Trades(
            timestamp=timestamp,
            price=_fill_prices(self, timestamp, order, buys) * real,
            quantity=_fill_quantities(rng, count, self.instrument.trade_median) * real,
            is_buyer_maker=~buys,
            trade_id=int(_day(self, day).first_ids[at]) + np.arange(count),
            trade_type=kind.astype(np.int64),
            event_time=_event_time(timestamp),
            received_ns=_received_ns(timestamp),
        )

    def books(self, minute: int) -> Books:
        """Return the snapshots of a minute of exchange time."""
        timestamp = _snapshot_times(self, minute)
        if not timestamp.size:
            return NO_BOOKS
        quotes = _quotes(self, minute)
        cell = timestamp % MINUTE_MS // _CELL_MS
        bid_price, bid_quantity = _side(self, quotes.bid[cell], timestamp, -1)
        ask_price, ask_quantity = _side(self, quotes.ask[cell], timestamp, 1)
        jitter = (bits(timestamp, self.salt("update")) % np.uint64(40)).astype(np.int64)
        return Books(
            timestamp=timestamp,
            bid_price=bid_price,
            bid_quantity=bid_quantity,
            ask_price=ask_price,
            ask_quantity=ask_quantity,
            update_id=(timestamp - _EPOCH_MS) * 40 + jitter,
            event_time=_event_time(timestamp),
            received_ns=_received_ns(timestamp),
        )


@lru_cache(maxsize=64)
def _day(market: Market, day: int) -> _Day:
    activity = _activity(np.random.default_rng((market.salt("activity"), day)))
    counts = _counts(np.random.default_rng((market.salt("counts"), day)), activity, market.pace)
    first = 1_000_000_000 + (day - _EPOCH_DAY) * market.pace.trades
    edges = np.concatenate([[0.0], np.cumsum(activity)]) * MINUTE_MS
    return _Day(activity, counts, first + np.cumsum(counts) - counts, day * float(DAY_MS) + edges)


def _activity(rng: np.random.Generator) -> Floats:
    """Return minutes with a mean of 1: a daily pattern, noise, bursts and quiet minutes."""
    minute = np.arange(DAY_MINUTES)
    pattern = 0.6 + 0.2 * np.cos((minute - 900) * (2 * np.pi / DAY_MINUTES))
    for peak, height, width in ((5, 0.6, 12), (485, 0.5, 40), (830, 1.4, 45), (930, 0.6, 80)):
        pattern += height * np.exp(-(((minute - peak) / width) ** 2) / 2)
    activity = pattern * rng.lognormal(0, 0.4, DAY_MINUTES)
    for start in rng.integers(0, DAY_MINUTES, 7):
        age = minute - start
        activity += np.where(age >= 0, rng.uniform(2, 9) * np.exp(-abs(age) / rng.uniform(1, 6)), 0)
    activity *= np.where(rng.random(DAY_MINUTES) < 0.03, 0.05, 1)
    activity[[0, -1]] = np.maximum(activity[[0, -1]], 1)  # midnight is never quiet
    return np.asarray(activity / activity.mean(), np.float64)


def _counts(rng: np.random.Generator, activity: Floats, pace: Pace) -> Ints:
    """Return trades for each minute; a busy symbol trades in every minute that is not silent."""
    open_minutes = ~np.isin(np.arange(DAY_MINUTES), pace.silent)
    least = open_minutes * int(pace.trades >= 10 * DAY_MINUTES)
    shares = activity * open_minutes
    spread = rng.multinomial(pace.trades - least.sum(), shares / shares.sum())
    return np.asarray(least + spread, np.int64)


@lru_cache(maxsize=8)
def _quotes(market: Market, minute: int) -> _Quotes:
    """Return the best prices of a minute: they stand still, then move by some ticks at once."""
    day, at = _day(market, minute // DAY_MINUTES), minute % DAY_MINUTES
    activity = float(day.activity[at])
    cells = minute * _CELLS + np.arange(_CELLS)
    moves = uniform(cells, market.salt("moves")) < min(0.6, 0.12 * activity**0.5)
    # A move at every fifth second makes each minute's quotes independent of the one before.
    moves |= cells % 50 == 0
    moved = np.flatnonzero(moves)
    edges = day.business_ms[at : at + 2]
    business = edges[0] + (edges[1] - edges[0]) * moved / _CELLS
    walk = wander(business, market.salt("path"), shortest=500.0, octaves=11, day=DAY_MS)
    middle = market.instrument.price / market.instrument.tick * np.exp(0.02 * walk)
    bid = np.floor(middle).astype(np.int64)
    ask = bid + _spreads(market, cells[moved], activity)
    latest = np.cumsum(moves) - 1
    return _Quotes(bid[latest], ask[latest])


def _spreads(market: Market, moves: Ints, activity: float) -> Ints:
    """Return spreads in ticks: nearly always one, wider in a burst."""
    wide = uniform(moves, market.salt("wide")) < (0.35 if activity > 3 else 0.04)
    extra = -np.log1p(-uniform(moves, market.salt("spread"))) * (8 if activity > 3 else 3)
    return np.asarray(1 + wide * np.ceil(extra), np.int64)


def _order_of_each_fill(rng: np.random.Generator, count: int) -> Ints:
    """Return for each fill which order it belongs to: most have one fill, a few have hundreds."""
    fills = np.minimum(rng.zipf(2.15, count), np.clip(count // 4, 1, 400))
    return np.repeat(np.arange(count), fills)[:count]


def _order_times(rng: np.random.Generator, orders: int) -> Ints:
    """Return sorted ms of the minute; nearly half of the orders follow one another in swarms.

    Robots that go by the clock trade just after the minute's start and just before its end.
    """
    alone = rng.uniform(0, MINUTE_MS, orders)
    leaders = rng.uniform(0, MINUTE_MS, 1 + orders // 30)
    follow = leaders[rng.integers(0, len(leaders), orders)] + rng.exponential(250, orders)
    times = np.where(rng.random(orders) < 0.45, follow % MINUTE_MS, alone)
    if orders > 1:
        times[0], times[-1] = rng.uniform(0, 100), MINUTE_MS - rng.uniform(0, 100)
    return np.sort(np.minimum(times, MINUTE_MS - 1).astype(np.int64))


def _appetite(market: Market, minute: int) -> float:
    """Return the share of orders that buy, which drifts."""
    drift = smooth(np.array([minute / 7.0]), market.salt("appetite"))
    return 0.3 + 0.4 * float(drift[0])


def _fill_prices(market: Market, timestamp: Ints, order: Ints, buys: npt.NDArray[np.bool_]) -> Ints:
    """Return the best price that the taker met, worse as the order eats through the book."""
    quotes = _quotes(market, int(timestamp[0]) // MINUTE_MS)
    cell = timestamp % MINUTE_MS // _CELL_MS
    eaten = (np.arange(len(order)) - np.searchsorted(order, order)) // 4
    ticks = np.where(buys, quotes.ask[cell] + eaten, quotes.bid[cell] - eaten)
    return np.asarray(ticks * market.instrument.tick, np.int64)


def _fill_quantities(rng: np.random.Generator, count: int, median: float) -> Ints:
    """Return sizes with a fat tail, a fifth of them in the round numbers that people type."""
    sizes = np.exp(rng.normal(np.log(median), 1.7, count))
    powers = 10 ** np.floor(np.log10(np.maximum(sizes, 1)))
    sizes = np.where(rng.random(count) < 0.2, powers, sizes)
    return np.maximum(1, sizes).astype(np.int64)


def _snapshot_times(market: Market, minute: int) -> Ints:
    """Return the times of a minute's snapshots: an even pace, each a little late."""
    day, at = divmod(minute, DAY_MINUTES)
    first, end = (-(-edge * market.pace.snapshots // DAY_MINUTES) for edge in (at, at + 1))
    slots = np.arange(first, end + 1) * DAY_MS // max(1, market.pace.snapshots)
    late = uniform(slots[:-1] + day * DAY_MS, market.salt("pace")) * np.diff(slots) / 4
    in_day = np.minimum(slots[:-1] + late.astype(np.int64), (at + 1) * MINUTE_MS - 1)
    return day * DAY_MS + in_day


def _side(market: Market, best: Ints, timestamp: Ints, away: int) -> tuple[Ints, Ints]:
    """Return prices and quantities of one side; `away` is the direction from the middle.

    Behind the best level every `gap_ticks` prices hold one level, which keeps its price and
    quantity for a while, whatever the best price does: neighbouring snapshots look alike.
    """
    one = market.instrument
    slot = best[:, None] // one.gap_ticks + away * np.arange(LEVELS)
    level = bits(slot, market.salt("levels", away))
    life = (level & np.uint64(7)).astype(np.int64) + 8
    epoch = (timestamp[:, None] + (level >> np.uint64(48)).astype(np.int64)) >> life
    drawn = bits(level + epoch.astype(np.uint64), 0)
    drawn[:, 0] = bits(best * DAY_MS + timestamp % DAY_MS, away)
    ticks = slot * one.gap_ticks + (drawn % np.uint64(one.gap_ticks)).astype(np.int64)
    ticks[:, 0] = best
    return ticks * one.tick, _level_quantities(drawn, one.level_median)


def _level_quantities(drawn: Bits, median: float) -> Ints:
    quantities: Ints = _quantiles(median)[(drawn >> np.uint64(54)).astype(np.int64)]
    quantities[:, 0] *= 30
    return quantities


@lru_cache(maxsize=8)
def _quantiles(median: float) -> Ints:
    """Return 1,024 equally likely level sizes."""
    normal = NormalDist(float(np.log(median)), 2.0)
    sizes = np.exp([normal.inv_cdf((index + 0.5) / 1024) for index in range(1024)])
    quantiles: Ints = np.maximum(1, sizes).astype(np.int64)
    return quantiles


def _event_time(timestamp: Ints) -> Ints:
    """Return when the venue pushed the rows: in order, and up to two ms after they happened."""
    lag = 3 * smooth(timestamp / 100.0, 1)
    return timestamp + lag.astype(np.int64)


def _received_ns(timestamp: Ints) -> Ints:
    """Return when a perfect clock receives the rows, in strict order.

    The delay falls at most half as fast as time passes, so that no row overtakes another; the rows
    of one millisecond stay within 0.4 ms.
    """
    delay_ms = 8 + 25 * smooth(timestamp / 250.0, 2) + 300 * smooth(timestamp / 4000.0, 3) ** 6
    place = np.arange(len(timestamp)) - np.searchsorted(timestamp, timestamp)
    received: Ints = timestamp * 1_000_000 + (delay_ms * 1e6).astype(np.int64)
    received += np.minimum(place, 650) * 600
    return received

"""Why a bar is not its kline, as far as its numbers and its neighbours tell. No clock, no disk."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from aggregator.parity.candles import COLUMNS, Candle, Delta, clock, short, spelled
from aggregator.parity.case import Case, Cause, Evidence
from aggregator.parity.compare import Minute, only_prices
from aggregator.parity.fills import candle_of, counted
from aggregator.parity.suspects import (
    counted_type,
    excluded_type,
    hole,
    lacking,
    not_in_archive,
    side,
    surplus,
    zero,
)
from aggregator.quality import OK

Guess = tuple[Cause, str] | None


@dataclass(frozen=True)
class Finding:
    """Why a minute differs. `excused`: by what our record itself says that it lacks there."""

    cause: Cause
    text: str
    excused: bool = False


def explain(minute: Minute, evidence: Evidence) -> Finding:
    """Say why a minute differs from its kline."""
    if minute.kline is None:
        raise ValueError(f"{clock(minute.minute)} has no kline to differ from")
    case = Case(minute, minute.kline, evidence)
    cause, text = next(found for guess in _GUESSES if (found := guess(case)))
    return Finding(cause, text + _origin(case), cause in (Cause.QUIET, Cause.HOLE))


def _origin(case: Case) -> str:
    """Say whether the raw rows are as the kline has it: then the published file is to blame."""
    if case.kline.trade_count and candle_of(case.fills) == case.kline:
        return "; the raw trades give the kline, so build the day again with backfill --force"
    return ""


# Candles that cannot be


def _kline_empty(case: Case) -> Guess:
    if case.kline.trade_count or case.kline.volume or not case.bar.trade_count:
        return None
    ids = [fill.id for fill in counted(case.fills) if fill.id is not None]
    named = f" (ids {min(ids)} to {max(ids)})" if ids else ""
    return Cause.KLINE_EMPTY, (
        f"the kline has no trade where we have {case.bar.trade_count:f}{named}: a known fault of "
        "the archive's files; compare with --rest"
    )


def _kline_impossible(case: Case) -> Guess:
    wrong = _impossible(case.kline)
    return (Cause.KLINE_IMPOSSIBLE, f"the kline contradicts itself: {wrong}") if wrong else None


def _bar_impossible(case: Case) -> Guess:
    wrong = _impossible(case.bar)
    return (Cause.BAR_IMPOSSIBLE, f"our bar contradicts itself: {wrong}") if wrong else None


def _impossible(candle: Candle) -> str:
    """Say what no trades could have made."""
    opened, high, low, closed = candle[:4]
    if opened is None or high is None or low is None or closed is None:
        return ""
    if low <= 0:
        return f"its low is {short(low)}, and no trade has that price"
    if not low <= min(opened, closed) <= max(opened, closed) <= high:
        return "open or close lies outside low and high"
    if candle.taker_buy_volume > candle.volume:
        return "takers bought more than was traded"
    if not low * candle.volume <= candle.quote_volume <= high * candle.volume:
        return "its mean price lies outside low and high"
    return ""


# Minutes beside each other


def _shifted(case: Case) -> Guess:
    for step, words in ((-1, "a minute late"), (1, "a minute early")):
        other = case.evidence.klines.get(case.at + step)
        if other is not None and other.trade_count and other == case.bar:
            return Cause.SHIFTED, f"our bar is the kline of {clock(case.at + step)}: {words}"
    return None


def _boundary(case: Case) -> Guess:
    """Find trades that are counted in the neighbouring minute."""
    for step in (-1, 1):
        beside = case.evidence.klines.get(case.at + step)
        if beside is None or not 0 <= case.at + step < len(case.evidence.bars):
            continue
        theirs = Delta.between(case.evidence.bars[case.at + step].candle, beside)
        if case.delta.trade_count and theirs == -case.delta:
            return Cause.BOUNDARY, _moved(case, clock(case.at + step))
    return None


def _moved(case: Case, other: str) -> str:
    count = case.delta.trade_count
    trades = f"{abs(count):,} trades, {short(abs(case.delta.volume))} in sum,"
    if count < 0:
        return f"{trades} belong to {other} by the klines"
    whole = ": the whole minute is shifted" if count == case.kline.trade_count else ""
    return f"{trades} are counted in {other}{whole}"


# Prices and digits alone


def _quiet(case: Case) -> Guess:
    """Find a quiet minute whose price is the last that we know, behind a gap of ours."""
    if case.bar.trade_count or case.kline.trade_count or not only_prices(case.minute):
        return None
    said = "nothing was traded, and the last price before "
    for bar in reversed(case.evidence.bars[: case.at]):
        if bar.quality != OK:
            return Cause.QUIET, f"{said}lies in a gap of our record"
        if bar.candle.trade_count:
            return None
    return Cause.QUIET, f"{said}is of an earlier day"


def _rounded(case: Case) -> Guess:
    """Find a kline that differs by less than the last digit that it is written with."""
    ours, theirs = case.bar.quote_volume, case.kline.quote_volume
    exponent = theirs.as_tuple().exponent
    if case.minute.different != ("quote_volume",) or not isinstance(exponent, int):
        return None
    if exponent >= 0 or abs(ours - theirs) >= Decimal(1).scaleb(exponent):
        return None
    return Cause.ROUNDED, f"the kline is cut to {-exponent} decimals: {spelled(theirs)}"


def _unexplained(case: Case) -> Guess:
    pairs = zip(COLUMNS, case.bar, case.kline, strict=True)
    said = [
        f"our {name} is {spelled(mine)}, the kline's {spelled(other)}"
        for name, mine, other in pairs
        if name in case.minute.different
    ]
    return Cause.UNEXPLAINED, "; ".join(said)


_GUESSES: tuple[Callable[[Case], Guess], ...] = (
    _kline_empty, _kline_impossible, _bar_impossible, _shifted, _boundary, side, hole,
    not_in_archive, zero, excluded_type, counted_type, lacking, surplus, _quiet, _rounded,
    _unexplained,
)  # fmt: skip
"""From what only one thing explains to what many may."""

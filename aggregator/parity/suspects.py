"""Which trades make a bar differ from its kline: lost, doubled, flipped, left out.

No clock, no disk.
"""

from collections.abc import Sequence

from aggregator.parity.candles import Delta, short
from aggregator.parity.case import Case, Cause
from aggregator.parity.fills import Fill, by_type, counted
from lake.schemas import COUNTED_TYPES, TradeType

_Guess = tuple[Cause, str] | None
_MOST_NAMED = 3


def side(case: Case) -> _Guess:
    """Find a trade whose taker is taken for the other one."""
    delta = case.delta
    if delta.trade_count or delta.volume or delta.quote_volume or not delta.taker_buy_volume:
        return None
    sold = delta.taker_buy_volume > 0
    size = abs(delta.taker_buy_volume)
    text = f"the side of {short(size)} is flipped: by our bar the taker "
    likely = [
        fill for fill in counted(case.fills) if fill.quantity == size and fill.taker_buys != sold
    ]
    return Cause.SIDE, text + ("sold" if sold else "bought") + _named(likely)


def hole(case: Case) -> _Guess:
    """Find ids that the record lacks, or time that it does not reach."""
    delta = case.delta
    if case.is_whole or not _can_be_trades(delta):
        return None
    more = f"the kline has {delta.trade_count:,} trades and {short(delta.volume)} more"
    named = ", ".join(map(str, case.holes[:_MOST_NAMED]))
    if not named and case.minute.bar.missing:
        named = f"{case.minute.bar.missing:,} ids"
    lacks = f"lacks {named}" if named else "does not reach over the whole minute"
    return Cause.HOLE, f"our record {lacks}; {more}"


def _can_be_trades(delta: Delta) -> bool:
    """Tell whether trades that lack can add so much; none at all, if only prices differ."""
    sums = (delta.volume, delta.quote_volume, delta.taker_buy_volume)
    if delta.trade_count <= 0:
        return not delta.trade_count and not any(sums)
    return min(sums) >= 0 and delta.taker_buy_volume <= delta.volume


def not_in_archive(case: Case) -> _Guess:
    """Find ids that were taken for unpublished, since the archive's trades lack them."""
    claimed = [fill for fill in case.fills if fill.type == TradeType.UNPUBLISHED]
    if not 0 < case.delta.trade_count <= len(claimed) or case.delta.volume < 0:
        return None
    return Cause.NOT_IN_ARCHIVE, (
        f"the kline has {case.delta.trade_count:,} trades and {short(case.delta.volume)} more, and "
        f"{len(claimed):,} ids count as never published ({claimed[0].id} to {claimed[-1].id}): "
        "the archive's trades lack what its klines count"
    )


def zero(case: Case) -> _Guess:
    """Find trades that lost their price or quantity on the way to us."""
    lost = [fill for fill in case.fills if not fill.counted and fill.type in COUNTED_TYPES]
    if not lost or case.delta.trade_count != len(lost):
        return None
    return Cause.ZERO, (
        f"{len(lost):,} trades have a price or quantity of 0 in our record, so that bars leave "
        f"them out{_named(lost)}; the kline counts them"
    )


def excluded_type(case: Case) -> _Guess:
    """Find a type of which the kline counts what we leave out."""
    for name, added in by_type(case.fills, lambda fill: not fill.counted):
        if added == case.delta and any(added):
            return Cause.EXCLUDED_TYPE, (
                f"the kline counts {added.trade_count:,} trades of type {name} that bars leave "
                "out; with them the sums are equal"
            )
    return None


def counted_type(case: Case) -> _Guess:
    """Find a type of which we count what the kline leaves out."""
    for name, added in by_type(case.fills, lambda fill: fill.counted and bool(fill.type)):
        # A minute of one type alone, and no kline: that is another story.
        if added == -case.delta and case.kline.trade_count:
            return Cause.COUNTED_TYPE, (
                f"the kline leaves out the {added.trade_count:,} trades of type {name}, which bars "
                "count; without them the sums are equal"
            )
    return None


def lacking(case: Case) -> _Guess:
    """Find trades that our bar lacks though our record claims to be whole."""
    delta = case.delta
    if delta.trade_count <= 0 or delta.volume < 0:
        return None
    likely = [fill for fill in case.fills if delta.trade_count == 1 and _is(fill, delta)]
    return Cause.LACKING, f"our bar lacks {_trades(delta)}{_named(likely)}{_left_out(case)}"


def surplus(case: Case) -> _Guess:
    """Find trades that our bar has and the kline has not, such as one that is counted twice."""
    delta = -case.delta
    if delta.trade_count <= 0 or delta.volume < 0:
        return None
    likely = [fill for fill in counted(case.fills) if delta.trade_count == 1 and _is(fill, delta)]
    doubled = [fill for fill in likely if sum(fill.trade == each.trade for each in likely) > 1]
    twice = ", counted twice" if doubled else ""
    return Cause.SURPLUS, f"our bar has {_trades(delta)} too many{twice}{_named(doubled or likely)}"


def _is(fill: Fill, delta: Delta) -> bool:
    """Tell whether one trade has these sums."""
    bought = fill.quantity if fill.taker_buys else 0
    return (fill.quantity, fill.price * fill.quantity, bought) == tuple(delta[1:])


def _trades(delta: Delta) -> str:
    """Say what trades have these sums."""
    if delta.trade_count > 1 or not delta.volume:
        return f"{delta.trade_count:,} trades, {short(delta.volume)} in sum,"
    price = short((delta.quote_volume / delta.volume).normalize())
    sides = {delta.volume: "bought", 0 * delta.volume: "sold"}
    taker = sides.get(delta.taker_buy_volume)
    said = f"one trade of {short(delta.volume)} at {price}"
    return f"{said} whose taker {taker}" if taker else said


def _named(likely: Sequence[Fill]) -> str:
    """Name trades that fit, if they are few enough to be looked at."""
    if not likely or len(likely) > _MOST_NAMED:
        return ""
    return "; it may be " + " or ".join(map(str, likely))


def _left_out(case: Case) -> str:
    """Say what else may be behind trades that lack, where single trades are not known."""
    types = [f"{count:,} {name}" for name, count in case.evidence.excluded.items() if name]
    if case.evidence.fills is not None or not types:
        return ""
    return f"; bars of this day leave out {', '.join(types)}, and its raw trades were not looked at"

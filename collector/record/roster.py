"""Which symbols are recorded, and which of those asked for are not. No clock, no socket."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from collector.errors import CollectorError
from collector.fleet.orders import Tell
from collector.record.market import Contract, in_shard, select
from collector.settings import Shard
from collector.view.status import LeftOut

_NAMED = 10


class Roster:
    """The symbols of this run, as the exchange's list changes. `asked` None stands for all."""

    def __init__(self, asked: Sequence[str] | None, shard: Shard) -> None:
        self._asked, self._shard = asked, shard
        self.symbols: tuple[str, ...] = ()
        self.left_out: tuple[LeftOut, ...] = ()
        self.is_checked = False

    def trust(self) -> None:
        """Take the symbols as they were asked for, since the exchange cannot be asked."""
        asked = self._asked or ()
        self.symbols = tuple(sorted({each for each in asked if in_shard(each, self._shard)}))

    def update(self, contracts: Iterable[Contract]) -> list[Tell]:
        """Take the exchange's list; return what has changed."""
        before, known = set(self.symbols), {each.symbol: each.why for each in self.left_out}
        selection = select(contracts, self._asked, self._shard)
        self.symbols, self.left_out = selection.symbols, selection.left_out
        self.is_checked = True
        return [*self.tell_left_out(known), *self._listed(before)]

    def tell_left_out(self, known: Mapping[str, str] | None = None) -> Iterator[Tell]:
        """Yield what is to be told of symbols that are left out, unless that is known."""
        for symbol, why in ((each.symbol, each.why) for each in self.left_out):
            if (known or {}).get(symbol) != why:
                said = f"{symbol} is not recorded: {why}; it will be asked for again"
                yield Tell("left_out", said, {"symbol": symbol, "cause": why}, "WARNING")

    def _listed(self, before: set[str]) -> Iterator[Tell]:
        if before:
            added, gone = sorted({*self.symbols} - before), sorted(before - {*self.symbols})
            if added:
                yield Tell("added", f"recording {_some(added)} too", {"symbols": added})
            if gone:
                yield Tell("removed", f"no longer recording {_some(gone)}", {"symbols": gone})

    def check(self, *, strict: bool) -> None:
        """Raise `CollectorError` if no symbol is left; with `strict`, if one is left out."""
        whys = _some([f"{each.symbol}: {each.why}" for each in self.left_out])
        if not self.symbols:
            reason = whys or f"none of them belongs to shard {self._shard}"
            raise CollectorError(f"cannot record any of the symbols: {reason}; check --symbols")
        if strict and self.left_out:
            raise CollectorError(
                f"cannot record all of the symbols: {whys}; check --symbols, or leave --strict out"
            )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more

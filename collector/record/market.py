"""Which symbols trade, and what their streams are called. No clock, no socket, no disk."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from collector.settings import Shard
from collector.view.status import LeftOut
from lake.layout import Stream, is_symbol

_PERPETUAL, _TRADING = "PERPETUAL", "TRADING"
_STREAM_NAMES = {Stream.TRADES: "trade", Stream.DEPTH20: "depth20@100ms"}
_STREAMS = {name: stream for stream, name in _STREAM_NAMES.items()}
_UNKNOWN = "the exchange does not know it"
_WHOLE = Shard()


class Contract(msgspec.Struct, frozen=True):
    """What `exchangeInfo` says of a symbol."""

    symbol: str
    status: str = ""
    contract_type: str = msgspec.field(default="", name="contractType")

    @property
    def is_trading(self) -> bool:
        """Tell whether trades can happen now."""
        return self.status == _TRADING

    @property
    def is_perpetual(self) -> bool:
        """Tell whether it belongs to the market that `all` stands for."""
        return self.contract_type == _PERPETUAL


@dataclass(frozen=True)
class Selection:
    """The symbols to record, sorted, and those that were asked for in vain."""

    symbols: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


class _Info(msgspec.Struct):
    symbols: list[Contract]


_info = msgspec.json.Decoder(_Info)


def read_contracts(exchange_info: bytes) -> tuple[Contract, ...]:
    """Return the contracts of an `exchangeInfo` answer; raise `ValueError` if it is none."""
    try:
        return tuple(_info.decode(exchange_info).symbols)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def select(
    contracts: Iterable[Contract], asked: Sequence[str] | None, shard: Shard = _WHOLE
) -> Selection:
    """Return which of the symbols asked for (None: every trading perpetual) can be recorded.

    Of both, only the shard's part counts: what another part leaves out, others name.
    """
    known = {contract.symbol: contract for contract in contracts}
    if asked is None:
        wanted = {each.symbol for each in known.values() if each.is_perpetual and each.is_trading}
    else:
        wanted = set(asked)
    mine = sorted(symbol for symbol in wanted if in_shard(symbol, shard))
    left_out = tuple(_left_out(mine, known))
    refused = {each.symbol for each in left_out}
    return Selection(tuple(symbol for symbol in mine if symbol not in refused), left_out)


def _left_out(symbols: Iterable[str], known: dict[str, Contract]) -> Iterator[LeftOut]:
    for symbol in symbols:
        contract = known.get(symbol)
        if contract is None:
            yield LeftOut(symbol, _UNKNOWN)
        elif not contract.is_trading:
            yield LeftOut(symbol, f"it does not trade: its status is {contract.status or 'absent'}")
        elif not is_symbol(symbol):
            yield LeftOut(symbol, "its name cannot be that of a folder")


def in_shard(symbol: str, shard: Shard) -> bool:
    """Tell whether a symbol belongs to a shard, by a hash that no list and no version changes."""
    return zlib.crc32(symbol.encode()) % shard.count == shard.index


def stream_name(stream: Stream, symbol: str) -> str:
    """Return what the exchange calls a stream: in upper case it would stay silent for ever."""
    return f"{symbol.lower()}@{_STREAM_NAMES[stream]}"


def stream_of(name: str) -> tuple[Stream, str] | None:
    """Return stream and symbol of a name of `stream_name`; None if it is another stream's."""
    symbol, at, kind = name.partition("@")
    stream = _STREAMS.get(kind)
    return (stream, symbol.upper()) if at and symbol and stream else None

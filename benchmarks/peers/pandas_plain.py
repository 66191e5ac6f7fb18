"""The day in pandas, plainly: one process, a book is JSON, sums are of 64-bit integers.

The symbol's prices and quantities have at most four decimals.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from benchmarks.peers.day import DAY_MS, RESOLUTIONS, Day, asked_for
from benchmarks.peers.seen import PAUSE_MS, covered, seen_seconds
from lake.layout import Stream
from lake.schemas import BAR_COLUMNS

_UNIT = 10_000
LEVELS = 20
_DEPTHS = (1, 5, 10, 20)
_QUANTITIES = [f"{side}_qty_l{depth}" for depth in _DEPTHS[1:] for side in ("bid", "ask")]
_IMBALANCES = [f"imbalance_l{depth}" for depth in _DEPTHS]
_MEANS = ["avg_spread", "avg_spread_bps", *_IMBALANCES, *_QUANTITIES]
_DECIMALS = [
    "open", "high", "low", "close", "min_spread", "max_spread", "avg_spread", "vol_buy",
    "vol_sell", "max_trade_qty",
]  # fmt: skip
_COUNTED = ("MARKET", "RPI")
_TRADES = [
    "timestamp", "price", "quantity", "is_buyer_maker", "trade_id", "trade_type", "received_ns",
]  # fmt: skip
_BOOKS = ["timestamp", "bids", "asks", "update_id", "received_ns"]
_BATCH = 30
"""Chunks of a piece of work: large enough for pandas, small enough for the memory."""
_HOW = {
    "open": "first", "high": "max", "low": "min", "close": "last", "vol_buy": "sum",
    "vol_sell": "sum", "trade_count_buy": "sum", "trade_count_sell": "sum", "quote_volume": "sum",
    "max_trade_qty": "max", "snapshot_count": "sum", "min_spread": "min", "max_spread": "max",
    "mid_close": "last", **dict.fromkeys(_MEANS, "sum"),
}  # fmt: skip
_ZEROS = [
    "vol_buy", "vol_sell", "trade_count_buy", "trade_count_sell", "quote_volume", "max_trade_qty",
    "snapshot_count",
]  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """How chunks are read: the levels of one side of books, and batches one after the other.

    Levels have a row for each snapshot: price and quantity of the best level, of the next, ….
    """

    levels: Callable[["pd.Series[str]"], Any]
    each: Callable[[Callable[[list[Path]], pd.DataFrame], list[list[Path]]], Iterable[pd.DataFrame]]


def _json_levels(side: "pd.Series[str]") -> Any:
    levels = np.full((len(side), 2 * LEVELS), np.nan)
    for row, text in enumerate(side):
        numbers = np.array(json.loads(text), dtype=np.float64).ravel()
        levels[row, : len(numbers)] = numbers
    return levels


PLAIN = Reading(_json_levels, map)


def build(day: Day, reading: Reading = PLAIN) -> None:
    """Write the bars of a day."""
    trades = _joined(reading, read_trades, day.chunks(Stream.TRADES), "trade_id")
    of_books = partial(read_books, levels=reading.levels)
    books = _joined(reading, of_books, day.chunks(Stream.DEPTH20), "update_id")
    trades = trades.assign(
        step=trades["trade_id"].diff().fillna(1).astype("int64"),
        before=trades["timestamp"].shift(fill_value=0),
    )
    counted = trades[_is_counted(trades)]
    before = counted.loc[counted["timestamp"] < day.start_ms, "price"].tail(1)
    seconds = _trade_seconds(counted, day).join(_book_seconds(books, day), how="outer")
    grid = _grid(trades, books, day)
    for label, length in RESOLUTIONS.items():
        bars = _bars(grid, seconds, length, before.iloc[0] if len(before) else None)
        _as_published(bars, day, length).to_csv(day.bars(label), index=False)


# Rows


def _joined(
    reading: Reading, read: Callable[[list[Path]], pd.DataFrame], chunks: list[Path], ident: str
) -> pd.DataFrame:  # fmt: skip
    """Return one row for each id, the first received, in the order of the ids."""
    batches = [chunks[i : i + _BATCH] for i in range(0, len(chunks), _BATCH)]
    rows = pd.concat(reading.each(read, batches), ignore_index=True)
    rows = rows.sort_values([ident, "received_ns"], ignore_index=True)
    return rows.drop_duplicates(ident, ignore_index=True)


def _read(chunks: list[Path], columns: list[str]) -> pd.DataFrame:
    return pd.concat((pd.read_csv(path, usecols=columns) for path in chunks), ignore_index=True)


def read_trades(chunks: list[Path]) -> pd.DataFrame:
    """Return the trades of some chunks, price and quantity in ten-thousandths."""
    rows = _read(chunks, _TRADES)
    return rows.assign(
        price=_units(rows["price"]), quantity=_units(rows["quantity"]),
        is_counted=rows["trade_type"].isin(_COUNTED) | rows["trade_type"].isna(),
    ).drop(columns="trade_type")  # fmt: skip


def _units(values: Any) -> Any:
    return (values * _UNIT).round().astype("int64")


def _is_counted(trades: pd.DataFrame) -> pd.Series:
    return (trades["price"] > 0) & (trades["quantity"] > 0) & trades["is_counted"]


def read_books(chunks: list[Path], levels: Callable[["pd.Series[str]"], Any]) -> pd.DataFrame:
    """Return what the bars need of the snapshots of some chunks."""
    rows = _read(chunks, _BOOKS)
    bids, asks = levels(rows["bids"]), levels(rows["asks"])
    features = {
        "bid": _units(bids[:, 0]), "ask": _units(asks[:, 0]), **_sums("bid", bids[:, 1::2]),
        **_sums("ask", asks[:, 1::2]),
    }  # fmt: skip
    books = rows[["timestamp", "update_id", "received_ns"]].assign(**features)
    return books[books["ask"] > books["bid"]]


def _sums(side: str, quantities: Any) -> dict[str, Any]:
    return {f"{side}_qty_l{depth}": np.nansum(quantities[:, :depth], axis=1) for depth in _DEPTHS}


# Seconds


def _of_day(rows: pd.DataFrame, day: Day) -> pd.DataFrame:
    time = rows["timestamp"] - day.start_ms
    return rows.assign(second=time // 1000)[(time >= 0) & (time < DAY_MS)]


def _trade_seconds(counted: pd.DataFrame, day: Day) -> pd.DataFrame:
    rows = _of_day(counted, day)
    sold = rows["is_buyer_maker"]
    columns = {
        "second": rows["second"],
        **dict.fromkeys(("open", "high", "low", "close"), rows["price"]),
        "vol_buy": rows["quantity"].where(~sold, 0), "vol_sell": rows["quantity"].where(sold, 0),
        "trade_count_buy": ~sold, "trade_count_sell": sold,
        "quote_volume": rows["price"] * rows["quantity"], "max_trade_qty": rows["quantity"],
    }  # fmt: skip
    return _grouped(pd.DataFrame(columns), "second")


def _book_seconds(books: pd.DataFrame, day: Day) -> pd.DataFrame:
    rows = _of_day(books, day)
    spread, twice_mid = rows["ask"] - rows["bid"], rows["ask"] + rows["bid"]
    columns = {
        "second": rows["second"], "snapshot_count": 1,
        **dict.fromkeys(("avg_spread", "min_spread", "max_spread"), spread),
        "avg_spread_bps": spread / twice_mid * 20_000, "mid_close": twice_mid,
        **{f"imbalance_l{depth}": _ratio(rows, depth) for depth in _DEPTHS},
        **{name: rows[name] for name in _QUANTITIES},
    }  # fmt: skip
    return _grouped(pd.DataFrame(columns), "second")


def _ratio(books: pd.DataFrame, depth: int) -> pd.Series:
    bid, ask = books[f"bid_qty_l{depth}"], books[f"ask_qty_l{depth}"]
    return bid / (bid + ask)


def _grouped(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    return rows.groupby(by).agg({name: how for name, how in _HOW.items() if name in rows})


# Bars


def _grid(trades: pd.DataFrame, books: pd.DataFrame, day: Day) -> pd.DataFrame:
    """Return the seconds of the day with what was seen and what is missing."""
    said = covered(day)
    missing = trades[trades["step"] > 1]
    times = trades["timestamp"]
    whole = [(times.min() + 1, times.max())] if len(times) else []
    holes = zip(missing["before"], missing["timestamp"] + 1, strict=True)
    of_trades = seen_seconds([*said[Stream.TRADES], *whole], holes, day.start_ms)
    stretches = _stretches(books["timestamp"])
    of_books = seen_seconds([*said[Stream.DEPTH20], *stretches], [], day.start_ms)
    lacking = _of_day(missing, day).assign(step=missing["step"] - 1).groupby("second")["step"].sum()
    grid = pd.DataFrame({"trades_seen": [*of_trades], "books_seen": [*of_books]}, dtype=bool)
    return grid.assign(missing_trades=lacking.reindex(grid.index, fill_value=0))


def _stretches(times: "pd.Series[int]") -> Iterable[tuple[int, int]]:
    """Return the times in which snapshots follow each other closely."""
    spans = times.groupby((times.diff() > PAUSE_MS).cumsum()).agg(["min", "max"])
    return zip(spans["min"], spans["max"], strict=True)


def _bars(
    grid: pd.DataFrame, seconds: pd.DataFrame, length: int, price_before: float | None
) -> pd.DataFrame:
    """Roll the seconds up to bars, on the grid of the day, in whole numbers."""
    seen = grid.groupby(grid.index // length)
    bars = seen.agg({"trades_seen": "all", "books_seen": "all", "missing_trades": "sum"})
    bars = bars.join(_grouped(seconds.assign(bar=seconds.index // length), "bar"))
    snapshots = bars["snapshot_count"].where(bars["snapshot_count"] > 0)
    bars[_MEANS] = bars[_MEANS].div(snapshots, axis=0)
    bars[_ZEROS] = bars[_ZEROS].fillna(0).astype("int64")
    close = bars["close"].ffill()
    bars["close"] = close if price_before is None else close.fillna(price_before)
    for name in ("open", "high", "low"):
        bars[name] = bars[name].fillna(bars["close"])
    return bars


def _as_published(bars: pd.DataFrame, day: Day, length: int) -> pd.DataFrame:
    """Return the columns of the file."""
    vol_delta, vol_total = bars["vol_buy"] - bars["vol_sell"], bars["vol_buy"] + bars["vol_sell"]
    times = pd.Timestamp(day.date) + pd.to_timedelta(bars.index * length, unit="s")
    vwap = bars["quote_volume"] / vol_total.where(vol_total > 0) / _UNIT
    scaled = bars[_DECIMALS] / _UNIT
    columns = {
        "timestamp": times.strftime("%Y-%m-%dT%H:%M:%SZ"), "vwap": vwap.fillna(scaled["close"]),
        "vol_total": vol_total / _UNIT, "vol_delta": vol_delta / _UNIT,
        "cvd": vol_delta.cumsum() / _UNIT,
        "trade_count": bars["trade_count_buy"] + bars["trade_count_sell"],
        "quote_volume": bars["quote_volume"] / _UNIT**2, "mid_close": bars["mid_close"] / 2 / _UNIT,
        "quality": _quality(bars),
    }  # fmt: skip
    published = bars.assign(**dict(scaled.items()), **columns)
    return published[[column.name for column in BAR_COLUMNS]]


def _quality(bars: pd.DataFrame) -> Any:
    trades, books = bars["trades_seen"], bars["books_seen"]
    has_data = bars[["trade_count_buy", "trade_count_sell", "snapshot_count"]].sum(axis=1) > 0
    return np.select([trades & books, trades | books | has_data], ["ok", "partial"], "gap")


if __name__ == "__main__":
    build(asked_for())

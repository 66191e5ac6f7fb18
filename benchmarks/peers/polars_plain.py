"""The day in plain Polars: lazy scans of the compressed files, JSON, list expressions.

The symbol's prices and quantities have at most four decimals.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from benchmarks.peers.day import DAY_MS, RESOLUTIONS, Day, asked_for
from benchmarks.peers.seen import PAUSE_MS, covered, seen_seconds
from lake.layout import Stream
from lake.schemas import BAR_COLUMNS

DECIMAL = pl.Decimal(18, 4)
_PRODUCT = pl.Decimal(38, 8)
_TRADES = pl.Schema({
    "timestamp": pl.Int64(), "price": DECIMAL, "quantity": DECIMAL,
    "is_buyer_maker": pl.Boolean(), "trade_id": pl.Int64(), "trade_type": pl.String(),
    "event_time": pl.Int64(), "received_ns": pl.Int64(),
})  # fmt: skip
_BOOKS = pl.Schema({
    "timestamp": pl.Int64(), "bids": pl.String(), "asks": pl.String(), "update_id": pl.Int64(),
    "event_time": pl.Int64(), "received_ns": pl.Int64(),
})  # fmt: skip
_IDENTITY = ("timestamp", "update_id", "received_ns")
_DEPTHS = (5, 10, 20)
_QUANTITIES = [f"{side}_qty_l{depth}" for depth in _DEPTHS for side in ("bid", "ask")]
_IMBALANCES = [f"imbalance_l{depth}" for depth in (1, *_DEPTHS)]


@dataclass(frozen=True)
class Reading:
    """How the text of a side is read: cut once, then the best price and all quantities taken."""

    cut: Callable[[pl.Expr], pl.Expr]
    best_price: Callable[[pl.Expr], pl.Expr]
    quantities: Callable[[pl.Expr], pl.Expr]


AS_JSON = Reading(
    lambda text: text.str.json_decode(pl.List(pl.List(pl.String))),
    lambda levels: levels.list.first().list.first(),
    lambda levels: levels.list.eval(pl.element().list.get(1).cast(pl.Float64)),
)


def build(day: Day, reading: Reading = AS_JSON) -> None:
    """Write the bars of a day."""
    trades = _trades(day).collect(engine="streaming")
    books = _books(day, reading).collect(engine="streaming")
    before = trades.filter(_counted(), pl.col("timestamp") < day.start_ms)["price"].tail(1)
    last_price = before.item() if len(before) else None
    of_trades, of_books = _trade_seconds(trades, day), _book_seconds(books, day)
    seen = _seen(trades, books, day)
    for label, seconds in RESOLUTIONS.items():
        bars = _bars(_grid(seen, trades, day, seconds), of_trades, of_books, seconds)
        filled = _filled(bars.sort("bar"), last_price)
        _as_published(filled, day, seconds).collect().write_csv(day.bars(label))


# Rows


def _scan(day: Day, stream: Stream, schema: pl.Schema) -> pl.LazyFrame:
    return pl.scan_csv(day.chunks(stream), schema=schema)


def _trades(day: Day) -> pl.LazyFrame:
    """Return a row for each id, the first received, and how far it is from the id before."""
    return (
        _scan(day, Stream.TRADES, _TRADES)
        .select(pl.exclude("event_time"))
        .sort("trade_id", "received_ns")
        .with_columns(step=pl.col("trade_id").diff(), before=pl.col("timestamp").shift())
        .filter(pl.col("step").ne_missing(0))
    )


def _counted() -> pl.Expr:
    is_positive = (pl.col("price") > 0) & (pl.col("quantity") > 0)
    return is_positive & pl.col("trade_type").fill_null("").is_in(["", "MARKET", "RPI"])


def _books(day: Day, reading: Reading) -> pl.LazyFrame:
    """Return for each update id, the first received, what the bars need of the snapshot."""
    return (
        _scan(day, Stream.DEPTH20, _BOOKS)
        .with_columns(reading.cut(pl.col("bids", "asks")))
        .select(*_IDENTITY, *_side("bid", reading), *_side("ask", reading))
        .select(*_IDENTITY, "bid", "ask", *_sums("bid"), *_sums("ask"))
        .filter(pl.col("ask") > pl.col("bid"))
        .sort("update_id", "received_ns")
        .filter(pl.col("update_id").diff().ne_missing(0))
    )


def _side(side: str, reading: Reading) -> list[pl.Expr]:
    cut = pl.col(f"{side}s")
    return [
        reading.best_price(cut).cast(DECIMAL).alias(side),
        reading.quantities(cut).alias(f"{side}_qty"),
    ]


def _sums(side: str) -> list[pl.Expr]:
    quantities = pl.col(f"{side}_qty")
    best = quantities.list.first().alias(f"{side}_qty_l1")
    return [best, *(quantities.list.head(n).list.sum().alias(f"{side}_qty_l{n}") for n in _DEPTHS)]


# Seconds


def _of_day(rows: pl.DataFrame, day: Day) -> pl.LazyFrame:
    time = pl.col("timestamp") - day.start_ms
    return rows.lazy().filter(time >= 0, time < DAY_MS).with_columns(second=time // 1000)


def _trade_seconds(trades: pl.DataFrame, day: Day) -> pl.DataFrame:
    price, quantity, sold = pl.col("price"), pl.col("quantity"), pl.col("is_buyer_maker")
    return (
        _of_day(trades, day)
        .filter(_counted())
        .group_by("second", maintain_order=True)
        .agg(
            open=price.first(), high=price.max(), low=price.min(), close=price.last(),
            vol_buy=quantity.filter(~sold).sum(), vol_sell=quantity.filter(sold).sum(),
            trade_count_buy=(~sold).sum().cast(pl.Int64),
            trade_count_sell=sold.sum().cast(pl.Int64),
            quote_volume=(price.cast(_PRODUCT) * quantity).sum(),
            max_trade_qty=quantity.max(),
        )
        .collect()
    )  # fmt: skip


def _book_seconds(books: pl.DataFrame, day: Day) -> pl.DataFrame:
    spread, twice_mid = pl.col("ask") - pl.col("bid"), pl.col("ask") + pl.col("bid")
    relative = spread.cast(pl.Float64) / twice_mid.cast(pl.Float64)
    return (
        _of_day(books, day)
        .group_by("second", maintain_order=True)
        .agg(
            *(_ratio(depth).sum().alias(f"imbalance_l{depth}") for depth in (1, *_DEPTHS)),
            pl.col(_QUANTITIES).sum(),
            snapshot_count=pl.len().cast(pl.Int64),
            avg_spread=spread.sum(), min_spread=spread.min(), max_spread=spread.max(),
            avg_spread_bps=(relative * 20_000).sum(),
            twice_mid=twice_mid.last(),
        )
        .collect()
    )  # fmt: skip


def _ratio(depth: int) -> pl.Expr:
    bid, ask = pl.col(f"bid_qty_l{depth}"), pl.col(f"ask_qty_l{depth}")
    return bid / (bid + ask)


# Bars


def _bars(
    grid: pl.LazyFrame, trades: pl.DataFrame, books: pl.DataFrame, seconds: int
) -> pl.LazyFrame:
    """Roll both up to bars of so many seconds, on the grid of the day."""
    bar = pl.col("second") // seconds
    traded = trades.lazy().group_by(bar=bar).agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last(),
        pl.col("vol_buy", "vol_sell", "trade_count_buy", "trade_count_sell", "quote_volume").sum(),
        pl.col("max_trade_qty").max(),
    )  # fmt: skip
    booked = books.lazy().group_by(bar=bar).agg(
        pl.col("snapshot_count", "avg_spread", "avg_spread_bps", *_IMBALANCES, *_QUANTITIES).sum(),
        pl.col("min_spread").min(), pl.col("max_spread").max(), pl.col("twice_mid").last(),
    )  # fmt: skip
    return grid.join(traded, on="bar", how="left").join(booked, on="bar", how="left")


def _filled(bars: pl.LazyFrame, last_price: object) -> pl.LazyFrame:
    """Fill the bars without a trade, and divide the sums of the books."""
    close = pl.col("close").forward_fill().fill_null(pl.lit(last_price, dtype=DECIMAL))
    zeros = (
        "vol_buy", "vol_sell", "trade_count_buy", "trade_count_sell", "quote_volume",
        "max_trade_qty", "snapshot_count",
    )  # fmt: skip
    means = ("avg_spread", "avg_spread_bps", *_IMBALANCES, *_QUANTITIES)
    return (
        bars.with_columns(pl.col(means).cast(pl.Float64) / pl.col("snapshot_count"))
        .with_columns(pl.col(zeros).fill_null(0), close=close)
        .with_columns(
            pl.col("open", "high", "low").fill_null(pl.col("close")),
            mid_close=pl.col("twice_mid").cast(pl.Decimal(38, 5)) / 2,
            vol_total=pl.col("vol_buy") + pl.col("vol_sell"),
            vol_delta=pl.col("vol_buy") - pl.col("vol_sell"),
            trade_count=pl.col("trade_count_buy") + pl.col("trade_count_sell"),
        )
        .with_columns(cvd=pl.col("vol_delta").cum_sum(), vwap=_vwap(), quality=_quality())
    )


def _vwap() -> pl.Expr:
    quotient = pl.col("quote_volume").cast(pl.Float64) / pl.col("vol_total").cast(pl.Float64)
    last = pl.col("close").cast(pl.Float64)
    return pl.when(pl.col("trade_count") > 0).then(quotient).otherwise(last)


def _quality() -> pl.Expr:
    trades, books = pl.col("trades_seen"), pl.col("books_seen")
    has_data = (pl.col("trade_count") > 0) | (pl.col("snapshot_count") > 0)
    grade = pl.when(trades & books).then(pl.lit("ok"))
    return grade.when(trades | books | has_data).then(pl.lit("partial")).otherwise(pl.lit("gap"))


def _as_published(bars: pl.LazyFrame, day: Day, seconds: int) -> pl.LazyFrame:
    start = pl.lit(day.date).cast(pl.Datetime("ms")) + pl.duration(seconds=pl.col("bar") * seconds)
    timed = bars.with_columns(timestamp=start.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return timed.select(column.name for column in BAR_COLUMNS)


# What the inputs prove


def _seen(trades: pl.DataFrame, books: pl.DataFrame, day: Day) -> pl.DataFrame:
    """Tell for each second of the day whether each stream was seen."""
    said = covered(day)
    whole = trades.select(pl.col("timestamp").min() + 1, end=pl.col("timestamp").max()).rows()
    missing = trades.filter(pl.col("step") > 1).select("before", pl.col("timestamp") + 1).rows()
    of_trades = seen_seconds([*said[Stream.TRADES], *whole], missing, day.start_ms)
    of_books = seen_seconds(
        [*said[Stream.DEPTH20], *_stretches(books["timestamp"])], [], day.start_ms
    )
    flags = {"trades_seen": [*of_trades], "books_seen": [*of_books]}
    return pl.DataFrame(flags).cast(pl.Boolean).with_row_index("second")


def _stretches(times: pl.Series) -> list[tuple[int, int]]:
    """Return the times in which snapshots, in order, follow each other closely."""
    pauses = (times.diff() > PAUSE_MS).fill_null(value=False)
    spans = pl.DataFrame({"time": times, "stretch": pauses.cum_sum()}).group_by("stretch")
    return spans.agg(start=pl.col("time").min(), end=pl.col("time").max())["start", "end"].rows()


def _grid(seen: pl.DataFrame, trades: pl.DataFrame, day: Day, seconds: int) -> pl.LazyFrame:
    """Return the bars of the day with what was seen and what is missing."""
    bar = pl.col("second") // seconds
    missing = (
        _of_day(trades.filter(pl.col("step") > 1), day)
        .group_by(bar=bar)
        .agg(missing_trades=(pl.col("step") - 1).sum())
    )
    grid = seen.lazy().group_by(bar=bar).agg(pl.col("trades_seen", "books_seen").all())
    return grid.join(missing, on="bar", how="left").with_columns(
        pl.col("missing_trades").fill_null(0)
    )


if __name__ == "__main__":
    build(asked_for())

-- The bars of so many seconds, as the file that is published.

WITH
    (SELECT argMaxOrNull(price, trade_id) FROM day.counted WHERE timestamp < $start)
        AS price_before,
    grid AS (
        SELECT intDiv(second, $seconds) AS bar,
            min(trades_seen) AS trades_seen, min(books_seen) AS books_seen
        FROM day.seconds
        GROUP BY bar
    ),
    traded AS (
        SELECT intDiv(second, $seconds) AS bar,
            argMin(open, second) AS open, max(high) AS high, min(low) AS low,
            argMax(close, second) AS close,
            sum(vol_buy) AS vol_buy, sum(vol_sell) AS vol_sell,
            sum(trade_count_buy) AS trade_count_buy, sum(trade_count_sell) AS trade_count_sell,
            sum(quote_volume) AS quote_volume, max(max_trade_qty) AS max_trade_qty
        FROM day.trade_seconds
        GROUP BY bar
    ),
    missed AS (
        SELECT intDiv(second, $seconds) AS bar, sum(missing_trades) AS missing_trades
        FROM day.missing_seconds
        GROUP BY bar
    ),
    booked AS (
        SELECT intDiv(second, $seconds) AS bar,
            sum(snapshot_count) AS n,
            toFloat64(sum(spread)) / n AS avg_spread,
            min(min_spread) AS min_spread, max(max_spread) AS max_spread,
            sum(spread_bps) / n AS avg_spread_bps,
            toDecimal64(argMax(twice_mid_close, second), 5) / 2 AS mid_close,
            sum(l1) / n AS l1, sum(l5) / n AS l5, sum(l10) / n AS l10, sum(l20) / n AS l20,
            sum(sum_b5) / n AS b5, sum(sum_a5) / n AS a5, sum(sum_b10) / n AS b10,
            sum(sum_a10) / n AS a10, sum(sum_b20) / n AS b20, sum(sum_a20) / n AS a20
        FROM day.book_seconds
        GROUP BY bar
    ),
    filled AS (
        SELECT *,
            coalesce(
                anyLast(close) OVER (ORDER BY bar ROWS UNBOUNDED PRECEDING), price_before
            ) AS last_close,
            sum(ifNull(vol_buy - vol_sell, 0)) OVER (ORDER BY bar ROWS UNBOUNDED PRECEDING) AS cvd
        FROM grid
        LEFT JOIN traded USING (bar) LEFT JOIN missed USING (bar) LEFT JOIN booked USING (bar)
    )
SELECT
    formatDateTime(
        toDateTime('$date 00:00:00', 'UTC') + bar * $seconds, '%Y-%m-%dT%H:%i:%SZ'
    ) AS timestamp,
    coalesce(open, last_close) AS open, coalesce(high, last_close) AS high,
    coalesce(low, last_close) AS low, last_close AS close,
    coalesce(toFloat64(quote_volume) / toFloat64(vol_buy + vol_sell), toFloat64(last_close))
        AS vwap,
    ifNull(vol_buy + vol_sell, 0) AS vol_total,
    ifNull(vol_buy, 0) AS vol_buy, ifNull(vol_sell, 0) AS vol_sell,
    ifNull(vol_buy - vol_sell, 0) AS vol_delta, cvd,
    ifNull(trade_count_buy + trade_count_sell, 0) AS trade_count,
    avg_spread, l20 AS imbalance_l20,
    ifNull(trade_count_buy, 0) AS trade_count_buy, ifNull(trade_count_sell, 0) AS trade_count_sell,
    ifNull(quote_volume, 0) AS quote_volume, ifNull(max_trade_qty, 0) AS max_trade_qty,
    ifNull(n, 0) AS snapshot_count,
    min_spread, max_spread, avg_spread_bps, mid_close,
    l1 AS imbalance_l1, l5 AS imbalance_l5, l10 AS imbalance_l10,
    b5 AS bid_qty_l5, a5 AS ask_qty_l5, b10 AS bid_qty_l10, a10 AS ask_qty_l10,
    b20 AS bid_qty_l20, a20 AS ask_qty_l20,
    ifNull(missing_trades, 0) AS missing_trades,
    multiIf(
        trades_seen AND books_seen, 'ok',
        trades_seen OR books_seen OR open IS NOT NULL OR n > 0, 'partial',
        'gap'
    ) AS quality
FROM filled
ORDER BY bar

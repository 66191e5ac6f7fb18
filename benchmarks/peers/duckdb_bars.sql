-- The bars of so many seconds, as the file that is published.

COPY (
    WITH grid AS (
        SELECT second // $seconds AS bar,
            bool_and(trades_seen) AS trades_seen, bool_and(books_seen) AS books_seen
        FROM seconds
        GROUP BY bar
    ), traded AS (
        SELECT second // $seconds AS bar,
            arg_min(open, second) AS open, max(high) AS high, min(low) AS low,
            arg_max(close, second) AS close,
            sum(vol_buy) AS vol_buy, sum(vol_sell) AS vol_sell,
            sum(trade_count_buy) AS trade_count_buy, sum(trade_count_sell) AS trade_count_sell,
            sum(quote_volume) AS quote_volume, max(max_trade_qty) AS max_trade_qty
        FROM trade_seconds
        GROUP BY bar
    ), missed AS (
        SELECT second // $seconds AS bar, sum(missing_trades) AS missing_trades
        FROM missing_seconds
        GROUP BY bar
    ), booked AS (
        SELECT second // $seconds AS bar,
            sum(snapshot_count) AS n,
            sum(spread) / n AS avg_spread,
            min(min_spread) AS min_spread, max(max_spread) AS max_spread,
            sum(spread_bps) / n AS avg_spread_bps,
            arg_max(twice_mid_close, second)::DECIMAL(18, 5) / 2 AS mid_close,
            sum(l1) / n AS l1, sum(l5) / n AS l5, sum(l10) / n AS l10, sum(l20) / n AS l20,
            sum(b5) / n AS b5, sum(a5) / n AS a5, sum(b10) / n AS b10, sum(a10) / n AS a10,
            sum(b20) / n AS b20, sum(a20) / n AS a20
        FROM book_seconds
        GROUP BY bar
    ), filled AS (
        SELECT *,
            coalesce(
                last_value(close IGNORE NULLS) OVER (ORDER BY bar), getvariable('price_before')
            ) AS last_close
        FROM grid
        LEFT JOIN traded USING (bar) LEFT JOIN missed USING (bar) LEFT JOIN booked USING (bar)
    )
    SELECT
        strftime(DATE '$date' + to_seconds(bar * $seconds), '%Y-%m-%dT%H:%M:%SZ') AS timestamp,
        coalesce(open, last_close) AS open, coalesce(high, last_close) AS high,
        coalesce(low, last_close) AS low, last_close AS close,
        coalesce(quote_volume::DOUBLE / (vol_buy + vol_sell)::DOUBLE, last_close) AS vwap,
        coalesce(vol_buy + vol_sell, 0) AS vol_total,
        coalesce(vol_buy, 0) AS vol_buy, coalesce(vol_sell, 0) AS vol_sell,
        coalesce(vol_buy - vol_sell, 0) AS vol_delta,
        coalesce(sum(vol_buy - vol_sell) OVER (ORDER BY bar), 0) AS cvd,
        coalesce(trade_count_buy + trade_count_sell, 0) AS trade_count,
        avg_spread, l20 AS imbalance_l20,
        coalesce(trade_count_buy, 0) AS trade_count_buy,
        coalesce(trade_count_sell, 0) AS trade_count_sell,
        coalesce(quote_volume, 0) AS quote_volume, coalesce(max_trade_qty, 0) AS max_trade_qty,
        coalesce(n, 0) AS snapshot_count,
        min_spread, max_spread, avg_spread_bps, mid_close,
        l1 AS imbalance_l1, l5 AS imbalance_l5, l10 AS imbalance_l10,
        b5 AS bid_qty_l5, a5 AS ask_qty_l5, b10 AS bid_qty_l10, a10 AS ask_qty_l10,
        b20 AS bid_qty_l20, a20 AS ask_qty_l20,
        coalesce(missing_trades, 0) AS missing_trades,
        CASE
            WHEN trades_seen AND books_seen THEN 'ok'
            WHEN trades_seen OR books_seen OR open IS NOT NULL OR n > 0 THEN 'partial'
            ELSE 'gap'
        END AS quality
    FROM filled
    ORDER BY bar
) TO $file (HEADER);

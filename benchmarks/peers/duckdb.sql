-- A day of chunks becomes bars of one second and of one minute.
--
-- The symbol's prices and quantities have at most four decimals, so that their product fits
-- 64 bits. Names after a dollar sign are put in by the caller.

SET preserve_insertion_order = false;

-- Rows in the order of their ids, the first received of each id, and how far from the one before.
CREATE TEMP TABLE trades AS
SELECT timestamp, trade_id, price, quantity, is_buyer_maker, trade_type,
    trade_id - lag(trade_id) OVER in_order AS step,
    lag(timestamp) OVER in_order AS timestamp_before
FROM read_csv(
    $trades, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
    columns = {
        'timestamp': 'BIGINT', 'price': 'DECIMAL(18, 4)', 'quantity': 'DECIMAL(18, 4)',
        'is_buyer_maker': 'BOOLEAN', 'trade_id': 'BIGINT', 'trade_type': 'VARCHAR',
        'event_time': 'BIGINT', 'received_ns': 'BIGINT'
    }
)
WINDOW in_order AS (ORDER BY trade_id, received_ns)
QUALIFY step IS DISTINCT FROM 0;

CREATE TEMP TABLE counted AS
SELECT * FROM trades
WHERE price > 0 AND quantity > 0 AND coalesce(trade_type, '') IN ('', 'MARKET', 'RPI');

SET VARIABLE price_before = (
    SELECT arg_max(price, trade_id) FROM counted WHERE timestamp < $start
);

CREATE TEMP TABLE trade_seconds AS
SELECT (timestamp - $start) // 1000 AS second,
    arg_min(price, trade_id) AS open, max(price) AS high, min(price) AS low,
    arg_max(price, trade_id) AS close,
    coalesce(sum(quantity) FILTER (NOT is_buyer_maker), 0) AS vol_buy,
    coalesce(sum(quantity) FILTER (is_buyer_maker), 0) AS vol_sell,
    count(*) FILTER (NOT is_buyer_maker) AS trade_count_buy,
    count(*) FILTER (is_buyer_maker) AS trade_count_sell,
    sum(price * quantity) AS quote_volume,
    max(quantity) AS max_trade_qty
FROM counted
WHERE timestamp >= $start AND timestamp < $start + 86400000
GROUP BY second;

CREATE TEMP TABLE missing_seconds AS
SELECT (timestamp - $start) // 1000 AS second, sum(step - 1) AS missing_trades
FROM trades
WHERE step > 1 AND timestamp >= $start AND timestamp < $start + 86400000
GROUP BY second;

-- One row per update id, the first received: what the bars need of each snapshot.
CREATE TEMP TABLE books AS
WITH parsed AS (
    SELECT timestamp, update_id, received_ns,
        from_json(bids, '[["VARCHAR"]]') AS bids, from_json(asks, '[["VARCHAR"]]') AS asks
    FROM read_csv(
        $books, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
        columns = {
            'timestamp': 'BIGINT', 'bids': 'VARCHAR', 'asks': 'VARCHAR', 'update_id': 'BIGINT',
            'event_time': 'BIGINT', 'received_ns': 'BIGINT'
        }
    )
), typed AS (
    SELECT timestamp, update_id, received_ns,
        bids[1][1]::DECIMAL(18, 4) AS bid, asks[1][1]::DECIMAL(18, 4) AS ask,
        list_transform(bids, lambda level: level[2]::DOUBLE) AS bid_qty,
        list_transform(asks, lambda level: level[2]::DOUBLE) AS ask_qty
    FROM parsed
), summed AS (
    SELECT timestamp, update_id, received_ns, bid, ask,
        bid_qty[1] AS b1, list_sum(bid_qty[1:5]) AS b5,
        list_sum(bid_qty[1:10]) AS b10, list_sum(bid_qty[1:20]) AS b20,
        ask_qty[1] AS a1, list_sum(ask_qty[1:5]) AS a5,
        list_sum(ask_qty[1:10]) AS a10, list_sum(ask_qty[1:20]) AS a20
    FROM typed
    WHERE ask > bid
)
SELECT * FROM summed
QUALIFY row_number() OVER (PARTITION BY update_id ORDER BY received_ns) = 1;

CREATE TEMP TABLE book_seconds AS
SELECT (timestamp - $start) // 1000 AS second,
    count(*) AS snapshot_count,
    sum(ask - bid) AS spread, min(ask - bid) AS min_spread, max(ask - bid) AS max_spread,
    sum((ask - bid)::DOUBLE / (ask + bid)::DOUBLE * 20000) AS spread_bps,
    arg_max(ask + bid, update_id) AS twice_mid_close,
    sum(b1 / (b1 + a1)) AS l1, sum(b5 / (b5 + a5)) AS l5,
    sum(b10 / (b10 + a10)) AS l10, sum(b20 / (b20 + a20)) AS l20,
    sum(b5) AS b5, sum(a5) AS a5, sum(b10) AS b10, sum(a10) AS a10, sum(b20) AS b20, sum(a20) AS a20
FROM books
WHERE timestamp >= $start AND timestamp < $start + 86400000
GROUP BY second;

-- Which seconds of the day each stream was seen: by the journal, or in an unbroken stretch.
CREATE TEMP TABLE seen AS
SELECT stream, "from" AS start_ms, "to" AS end_ms
FROM read_json($journal, format = 'newline_delimited', columns = {
    'event': 'VARCHAR', 'stream': 'VARCHAR', 'symbol': 'VARCHAR', 'from': 'BIGINT', 'to': 'BIGINT'
})
WHERE event = 'covered' AND symbol = $symbol
UNION ALL
SELECT 'trades', min(timestamp) + 1, max(timestamp) FROM trades
UNION ALL
SELECT 'depth20', min(timestamp), max(timestamp)
FROM (
    SELECT timestamp, sum(is_pause) OVER (ORDER BY timestamp) AS stretch
    FROM (
        SELECT timestamp,
            (timestamp - lag(timestamp) OVER (ORDER BY timestamp) > 2000)::INT AS is_pause
        FROM books
    )
)
GROUP BY stretch;

CREATE TEMP TABLE seen_seconds AS
SELECT DISTINCT stream, unnest(range(
    greatest(-(($start - start_ms) // 1000), 0), least((end_ms - $start) // 1000, 86400)
)) AS second
FROM seen;

-- Seconds in which a trade may be missing.
CREATE TEMP TABLE doubtful AS
SELECT DISTINCT unnest(range(
    (timestamp_before - $start) // 1000, (timestamp - $start) // 1000 + 1
)) AS second
FROM trades WHERE step > 1;

CREATE TEMP TABLE seconds AS
SELECT second,
    second IN (SELECT second FROM seen_seconds WHERE stream = 'trades')
    AND second NOT IN (SELECT second FROM doubtful) AS trades_seen,
    second IN (SELECT second FROM seen_seconds WHERE stream = 'depth20') AS books_seen
FROM (SELECT unnest(range(86400)) AS second);

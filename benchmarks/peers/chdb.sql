-- A day of chunks becomes seconds of trades and of books.
--
-- The symbol's prices and quantities have at most four decimals. Names after a dollar sign are put
-- in by the caller. Each statement ends with a line that ends in a semicolon.

SET join_use_nulls = 1;

SET prefer_column_name_to_alias = 1;

SET input_format_skip_unknown_fields = 1;

SET format_csv_null_representation = '';

CREATE DATABASE day;

-- Rows in the order of their ids, the first received of each id, and how far from the one before.
CREATE TABLE day.trades ENGINE = Memory AS
SELECT * EXCEPT received_ns
FROM (
    SELECT timestamp, trade_id, price, quantity, is_buyer_maker, trade_type, received_ns,
        trade_id - lagInFrame(trade_id, 1, trade_id - 1) OVER in_order AS step,
        lagInFrame(timestamp) OVER in_order AS timestamp_before
    FROM ($trades)
    WINDOW in_order AS (
        ORDER BY trade_id, received_ns ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
    )
)
WHERE step != 0;

CREATE VIEW day.counted AS
SELECT * FROM day.trades
WHERE price > 0 AND quantity > 0 AND trade_type IN ('', 'MARKET', 'RPI');

CREATE TABLE day.trade_seconds ENGINE = Memory AS
SELECT intDiv(timestamp - $start, 1000) AS second,
    argMin(price, trade_id) AS open, max(price) AS high, min(price) AS low,
    argMax(price, trade_id) AS close,
    sumIf(quantity, NOT is_buyer_maker) AS vol_buy, sumIf(quantity, is_buyer_maker) AS vol_sell,
    countIf(NOT is_buyer_maker) AS trade_count_buy, countIf(is_buyer_maker) AS trade_count_sell,
    sum(price * quantity) AS quote_volume, max(quantity) AS max_trade_qty
FROM day.counted
WHERE timestamp >= $start AND timestamp < $start + 86400000
GROUP BY second;

CREATE TABLE day.missing_seconds ENGINE = Memory AS
SELECT intDiv(timestamp - $start, 1000) AS second, sum(step - 1) AS missing_trades
FROM day.trades
WHERE step > 1 AND timestamp >= $start AND timestamp < $start + 86400000
GROUP BY second;

-- One row per update id, the first received: what the bars need of each snapshot.
CREATE TABLE day.books ENGINE = Memory AS
SELECT timestamp, update_id,
    bid, ask,
    bid_qty[1] AS b1, arraySum(arraySlice(bid_qty, 1, 5)) AS b5,
    arraySum(arraySlice(bid_qty, 1, 10)) AS b10, arraySum(arraySlice(bid_qty, 1, 20)) AS b20,
    ask_qty[1] AS a1, arraySum(arraySlice(ask_qty, 1, 5)) AS a5,
    arraySum(arraySlice(ask_qty, 1, 10)) AS a10, arraySum(arraySlice(ask_qty, 1, 20)) AS a20
FROM (
    SELECT timestamp, update_id, received_ns,
        toDecimal64(bids[1][1], 4) AS bid, toDecimal64(asks[1][1], 4) AS ask,
        arrayMap(level -> toFloat64(level[2]), bids) AS bid_qty,
        arrayMap(level -> toFloat64(level[2]), asks) AS ask_qty
    FROM (
        SELECT timestamp, update_id, received_ns,
            JSONExtract(bids, 'Array(Array(String))') AS bids,
            JSONExtract(asks, 'Array(Array(String))') AS asks
        FROM ($books)
    )
)
WHERE ask > bid
ORDER BY update_id, received_ns
LIMIT 1 BY update_id;

CREATE TABLE day.book_seconds ENGINE = Memory AS
SELECT intDiv(timestamp - $start, 1000) AS second,
    count() AS snapshot_count,
    sum(ask - bid) AS spread, min(ask - bid) AS min_spread, max(ask - bid) AS max_spread,
    sum(toFloat64(ask - bid) / toFloat64(ask + bid) * 20000) AS spread_bps,
    argMax(ask + bid, update_id) AS twice_mid_close,
    sum(b1 / (b1 + a1)) AS l1, sum(b5 / (b5 + a5)) AS l5,
    sum(b10 / (b10 + a10)) AS l10, sum(b20 / (b20 + a20)) AS l20,
    sum(b5) AS sum_b5, sum(a5) AS sum_a5, sum(b10) AS sum_b10,
    sum(a10) AS sum_a10, sum(b20) AS sum_b20, sum(a20) AS sum_a20
FROM day.books
WHERE timestamp >= $start AND timestamp < $start + 86400000
GROUP BY second;

-- Which seconds of the day each stream was seen: by the journal, or in an unbroken stretch.
CREATE TABLE day.seen ENGINE = Memory AS
SELECT stream, from AS start_ms, to AS end_ms
FROM file('$journal', 'JSONEachRow', '
    event String, stream String, symbol String, from Int64, to Int64
')
WHERE event = 'covered' AND symbol = '$symbol'
UNION ALL
SELECT 'trades', min(timestamp) + 1, max(timestamp) FROM day.trades
UNION ALL
SELECT 'depth20', min(timestamp), max(timestamp)
FROM (
    SELECT timestamp,
        sum(is_pause) OVER (ORDER BY timestamp ROWS UNBOUNDED PRECEDING) AS stretch
    FROM (
        SELECT timestamp,
            timestamp - lagInFrame(timestamp, 1, timestamp) OVER (
                ORDER BY timestamp ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
            ) > 2000 AS is_pause
        FROM day.books
    )
)
GROUP BY stretch;

CREATE TABLE day.seen_seconds ENGINE = Memory AS
SELECT DISTINCT stream, arrayJoin(range(
    greatest(intDiv(start_ms - $start + 999, 1000), 0), least(intDiv(end_ms - $start, 1000), 86400)
)) AS second
FROM day.seen
WHERE end_ms > $start;

-- Seconds in which a trade may be missing.
CREATE TABLE day.doubtful ENGINE = Memory AS
SELECT DISTINCT arrayJoin(range(
    greatest(intDiv(timestamp_before - $start, 1000), 0), intDiv(timestamp - $start, 1000) + 1
)) AS second
FROM day.trades
WHERE step > 1 AND timestamp >= $start;

CREATE TABLE day.seconds ENGINE = Memory AS
SELECT toInt64(number) AS second,
    second IN (SELECT second FROM day.seen_seconds WHERE stream = 'trades')
    AND second NOT IN (SELECT second FROM day.doubtful) AS trades_seen,
    second IN (SELECT second FROM day.seen_seconds WHERE stream = 'depth20') AS books_seen
FROM numbers(86400);

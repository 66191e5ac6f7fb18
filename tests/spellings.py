"""Rows of raw chunks in every spelling, right and nearly right, drawn by Hypothesis."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from aggregator import kernels
from aggregator.utc import DAY_MS, day_start_ms
from lake.layout import Stream

DAY = date(2025, 12, 11)
START_MS = day_start_ms(DAY)
BOUNDS = (START_MS - DAY_MS, START_MS + 2 * DAY_MS)
"""The first and last timestamp that a chunk of the day may hold."""

ROLES = {
    "timestamp": kernels.TIMESTAMP,
    "price": kernels.PRICE,
    "quantity": kernels.QUANTITY,
    "is_buyer_maker": kernels.IS_BUYER_MAKER,
    "trade_id": kernels.TRADE_ID,
    "trade_type": kernels.TRADE_TYPE,
    "event_time": kernels.EVENT_TIME,
    "received_ns": kernels.RECEIVED,
    "bids": kernels.BIDS,
    "asks": kernels.ASKS,
    "update_id": kernels.UPDATE_ID,
    "note": kernels.IGNORED,
}
REQUIRED = {
    Stream.TRADES: ("timestamp", "price", "quantity", "is_buyer_maker"),
    Stream.DEPTH20: ("timestamp", "bids", "asks"),
}
OPTIONAL = {
    Stream.TRADES: ("trade_id", "trade_type", "event_time", "received_ns", "note"),
    Stream.DEPTH20: ("update_id", "event_time", "received_ns", "note"),
}

EXTREMES = (
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "99999999999999999999", "999999999999999999",
    "1000000000000000000", "9999999999999999999", "0", "-0", "00", "-", "", "+1", " 1", "1 ", "1.0",
    "1e3", "٣", "0x1", "1_000", "-00000000000000000000000000000001", "--1", "12345678", "123456789",
    "1234567890123456", "12345678901234567", "NaN", "null", '"7"', "0" * 5_000 + "7",
)  # fmt: skip
_TEMPTING = b'0123456789.,-+eE"[]{}: \t\r\n\0\\/;truefalsTRUEFALSNn_\x80\xb0\xb1\xb9\xba\xff'
"""Bytes that a careless reader takes for others: those beside the digits, and digits + 128."""


@st.composite
def _digits(draw: DrawFn, most: int = 20) -> str:
    """Draw a run of digits; its length says more than its value."""
    length = draw(st.integers(1, most))
    return "".join(draw(st.lists(st.sampled_from("0123456789"), min_size=length, max_size=length)))


def _timestamps() -> SearchStrategy[str]:
    inside = st.integers(START_MS, START_MS + DAY_MS - 1)
    edges = st.sampled_from([edge + off for edge in BOUNDS for off in (-1, 0, 1)])
    return st.one_of(inside, inside, inside, edges).map(str) | st.sampled_from(EXTREMES)


def _integers() -> SearchStrategy[str]:
    usual = st.integers(0, 2**63 - 1).map(str)
    return usual | usual | st.just("") | st.sampled_from(EXTREMES) | _digits(most=21)


def numbers() -> SearchStrategy[str]:
    """Draw texts that are, or nearly are, plain decimal numbers."""
    usual = st.builds("{}.{}".format, st.integers(0, 99_999), _digits(most=4))
    long = st.builds("{}.{}".format, _digits(most=18), _digits(most=18))
    return st.one_of(usual, usual, _digits(most=9), _digits(), long, st.sampled_from(NUMBERS))


NUMBERS = (
    *EXTREMES, "0.0", "-0.00", "-1.5", ".5", "1.", "1..2", "1.2.3", "1e5", "1E-5", "inf", "1,5",
    "0.000000000000000001", "123456789012345678", "1234567.8", "12345678.9", "1234567.12345678",
    "0.1234567", "0.12345678", "999999999999.999999", "000000000000000000000001.50",
    "0." + "0" * 40 + "1", "144115188075855872", "144115188075855873", "01", "-01", "1.\xb2",
)  # fmt: skip


def _booleans() -> SearchStrategy[str]:
    right = ("true", "false", "True", "FALSE", "tRuE", "faLse")
    wrong = ("", "1", "yes", "true ", " true", "tru", "falsee", "t", "f", "\x54rue\x00", "truf")
    return st.sampled_from(right * 3 + wrong)


def _types() -> SearchStrategy[str]:
    known = ("MARKET", "RPI", "", "NA", "UNPUBLISHED", "MARKET")
    return st.sampled_from((*known, "market", "MARKE", "MARKETS", "X", "é", "A\0", " ", '"NA"'))


def _notes() -> SearchStrategy[str]:
    notes = ("", "x", "é", "\0", "a b", "1.5", '"', '"quoted, with a comma"', '"a"b', 'a"b"', "\r")
    return st.sampled_from((*notes, "x" * 70, "y" * 200_000))


@st.composite
def _level(draw: DrawFn) -> str:
    """Draw a pair as JSON: of strings, of numbers, with spaces, or not a pair at all."""
    price, quantity = draw(numbers()), draw(numbers())
    forms = ('["{0}","{1}"]', '["{0}","{1}"]', '["{0}","{1}"]', "[{0},{1}]", '[ "{0}" , {1} ]')
    odd = ('["{0}", "{1}"]', '["{0}"]', '["{0}","{1}","1"]', '{{"{0}":"{1}"}}', '["{0}",null]')
    form: str = draw(st.sampled_from(forms * 4 + odd))
    return form.format(price, quantity)


@st.composite
def _ladder(draw: DrawFn, *, largest: int = 10**14, most_decimals: int = 9) -> str:
    """Draw a usual side of a book: prices rise or fall, now and then not."""
    count = draw(st.sampled_from((1, 2, 5, 6, 10, 11, 20, 21, 25)))
    best = draw(st.sampled_from([n for n in _BESTS if n <= largest]))
    decimals = draw(st.sampled_from([n for n in (0, 1, 2, 2, 5, 7, 9) if n <= most_decimals]))
    step = draw(st.sampled_from((1, -1, 1, -1, 0)))
    quantity = draw(st.sampled_from(("1", "0.5", "12.345", "0", "7.1234567")))
    form = draw(st.sampled_from(('["{}","{}"]', '["{}","{}"]', "[{},{}]")))
    prices = (_decimal(best + step * n, decimals) for n in range(count))
    return "[" + ",".join(form.format(price, quantity) for price in prices) + "]"


_BESTS = (30, 110, 6_120_010, 99_999_990, 10**9, 10**14)


def _decimal(units: int, decimals: int) -> str:
    """Write a decimal with all its zeros."""
    return f"{Decimal(units).scaleb(-decimals):.{decimals}f}"


@st.composite
def _mixed_ladder(draw: DrawFn) -> str:
    """Draw a side whose prices are of several lengths and scales; now and then two are swapped."""
    digits = st.integers(1, 10 ** draw(st.sampled_from((3, 6, 9, 16))) - 1)
    forms = st.sampled_from(("{}", "{}", "{}.0", "{}.50", "0{}", "0.{}", "{}.{}"))
    texts = draw(st.lists(st.builds(lambda form, a, b: form.format(a, b), forms, digits, digits)))
    prices = sorted(texts, key=Decimal, reverse=draw(st.booleans()))
    at = draw(st.integers(0, max(len(prices) - 2, 0)))
    if draw(st.integers(0, 3)) == 0:
        prices[at : at + 2] = prices[at : at + 2][::-1]
    return "[" + ",".join(f'["{price}","{draw(_quantities)}"]' for price in prices) + "]"


_quantities = st.sampled_from(("1", "0.001", "12.5", "123456789", "0"))
ODD_SIDES = (
    "", "[]", "[ ]", "[[]]", "[[1,2]", "[[1,2],]", "[1,2]", "{}", "7", "null", "[null]", "[[1,2]]:",
    "[[1,2]] ", " [[1,2]]", "[[01,2]]", "[[NaN,1]]", "[[true,1]]", "[[1,2]\t]",
    '[["1\\u0030","2"]]', '[["1","2"],["3","4"]]', "[" * 3_000, '[["1"," 2"]]', '[["-1","2"]]',
    "[[0,1]]", "[[1,0]]",
)  # fmt: skip


def sides() -> SearchStrategy[str]:
    """Draw JSON texts that are, or nearly are, one side of a book."""
    few = st.lists(_level(), max_size=4).map(lambda levels: "[" + ",".join(levels) + "]")
    return st.one_of(_ladder(), _mixed_ladder(), few, st.sampled_from(ODD_SIDES))


def _quoted(cells: SearchStrategy[str]) -> SearchStrategy[str]:
    """Write cells as a careful writer does, or as they are."""
    written = cells.map(lambda cell: '"' + cell.replace('"', '""') + '"')
    return st.one_of(written, written, written, cells)


_CELLS: dict[str, SearchStrategy[str]] = {
    "timestamp": _timestamps(),
    "price": numbers(),
    "quantity": numbers(),
    "is_buyer_maker": _booleans(),
    "trade_id": _integers(),
    "trade_type": _types(),
    "event_time": _integers(),
    "received_ns": _integers(),
    "bids": _quoted(sides()),
    "asks": _quoted(sides()),
    "update_id": _integers(),
    "note": _notes(),
}


def _usual_side() -> SearchStrategy[str]:
    return _ladder(largest=10**9, most_decimals=5)


_USUAL: dict[str, SearchStrategy[str]] = {
    "timestamp": st.integers(START_MS, START_MS + DAY_MS - 1).map(str),
    "price": st.builds("{}.{:02d}".format, st.integers(0, 99_999), st.integers(0, 99)),
    "quantity": st.builds("{}.{:03d}".format, st.integers(0, 99), st.integers(0, 999)),
    "is_buyer_maker": st.sampled_from(("true", "false")),
    "trade_id": st.integers(0, 2**53).map(str),
    "trade_type": st.just("MARKET"),
    "event_time": st.integers(START_MS, START_MS + DAY_MS).map(str),
    "received_ns": st.integers(START_MS, START_MS + DAY_MS).map(lambda ms: f"{ms}000017"),
    "bids": _usual_side().map(lambda side: '"' + side.replace('"', '""') + '"'),
    "asks": _usual_side().map(lambda side: '"' + side.replace('"', '""') + '"'),
    "update_id": st.integers(0, 2**53).map(str),
    "note": st.just(""),
}


@st.composite
def headers(draw: DrawFn, stream: Stream) -> tuple[str, ...]:
    """Draw the columns of a chunk: the required ones, some others, in any order."""
    others = draw(st.lists(st.sampled_from(OPTIONAL[stream]), unique=True))
    return tuple(draw(st.permutations((*REQUIRED[stream], *others))))


def usual_lines(columns: Sequence[str]) -> SearchStrategy[bytes]:
    """Draw rows as the collector writes them."""
    return st.tuples(*(_USUAL[name] for name in columns)).map(lambda x: ",".join(x).encode())


@st.composite
def lines(draw: DrawFn, columns: Sequence[str]) -> bytes:
    """Draw a row, mostly usual; one cell or two are odd, or one byte is another."""
    odd = draw(st.lists(st.sampled_from(columns), max_size=2))
    cells = [draw(_CELLS[name] if name in odd else _USUAL[name]) for name in columns]
    line = ",".join(cells).encode()
    if draw(st.integers(0, 2)) == 0:
        line = _damaged(draw, line)
    return line.replace(b"\n", b"") + draw(st.sampled_from((b"", b"", b"", b"\r")))


def _damaged(draw: DrawFn, line: bytes) -> bytes:
    """Replace, insert or remove one byte."""
    at = draw(st.integers(0, max(len(line) - 1, 0)))
    byte = bytes([draw(st.sampled_from(_TEMPTING))])
    replaced, inserted = line[:at] + byte + line[at + 1 :], line[:at] + byte + line[at:]
    return draw(st.sampled_from((replaced, replaced, inserted, line[:at] + line[at + 1 :])))

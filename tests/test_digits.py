"""Numbers are written as decimal arithmetic writes them, digit for digit."""

from decimal import Context, Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator import digits
from aggregator.quotients import DIGITS

MEAN = Context(prec=DIGITS, Emin=-400, Emax=400)
ROOM = 200


def write(
    columns: list[list[int]], kinds: list[int], scales: list[int], size: int = 1 << 16,
    text: bytes = b"\0", offsets: list[int] | None = None,
) -> list[bytes]:  # fmt: skip
    """Write rows into buffers of so many bytes; return what each of them holds."""
    table = np.array(columns, dtype=np.int64)
    by_cell = np.repeat(np.array(kinds, dtype=np.uint8)[:, None], table.shape[1], axis=1)
    # Bytes behind the buffer show whether the pass wrote past its end.
    out = np.full(size + ROOM, 0xAA, dtype=np.uint8)
    longest = digits.CELL * len(columns)
    parts, row = [], 0
    while row < table.shape[1]:
        row, written = digits.write(
            table, table.view(np.float64), by_cell, np.array(scales), np.frombuffer(text, np.uint8),
            np.array(offsets or [0] * (len(columns) + 1)), row, longest, out[:size],
        )  # fmt: skip
        assert (out[size:] == 0xAA).all()
        assert written > 0
        parts.append(out[:written].tobytes())
    return parts


def decimal_cell(units: int, scale: int) -> str:
    (text,) = write([[units]], [digits.DECIMAL], [scale])
    return text.decode().removesuffix("\n")


def mean_cell(value: float) -> str:
    bits = int(np.array([value]).view(np.int64)[0])
    (text,) = write([[bits]], [digits.MEAN], [0])
    return text.decode().removesuffix("\n")


def plain(value: Decimal) -> str:
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def assert_plain(text: str) -> None:
    assert set(text) <= set("-.0123456789")
    assert text == plain(Decimal(text))


@given(st.integers(-(2**62), 2**62), st.integers(0, 100))
@example(0, 7)
@example(-5, 1)
@example(2**62, 0)
@example(-(2**62), 100)
@example(1_000, 3)
@example(1_000, 2)
@example(10, 20)
@example(123, 3)
@example(123, 4)
def test_any_decimal_is_written_plainly(units: int, scale: int) -> None:
    expected = plain(Decimal(units).scaleb(-scale, Context(prec=40)))

    assert expected == decimal_cell(units, scale)


@pytest.mark.parametrize(
    ("units", "scale", "text"),
    [
        (0, 0, "0"),
        (0, 5, "0"),
        (5, 0, "5"),
        (-5, 0, "-5"),
        (500, 2, "5"),
        (505, 2, "5.05"),
        (-505, 3, "-0.505"),
        (5, 3, "0.005"),
        (50, 3, "0.05"),
        (100, 0, "100"),
        (7, -3, "7000"),
    ],
)
def test_decimals_by_hand(units: int, scale: int, text: str) -> None:
    assert text == decimal_cell(units, scale)


positive_floats = st.floats(min_value=0, exclude_min=True, allow_infinity=False, width=64)


@given(positive_floats | st.floats(1e-9, 1e9))
@example(5e-324)
@example(2.2250738585072014e-308)
@example(1.7976931348623157e308)
@example(1.0)
@example(10.0)
@example(0.1)
@example(999_999_999_999.4)
@example(999_999_999_999.6)
@example(0.9999999999994)
@example(0.9999999999996)
@example(1000.0000000001)
@example(9.999999999995e22)
@example(1e23)
def test_any_positive_float_is_written_with_twelve_digits(value: float) -> None:
    text = mean_cell(value)

    assert_plain(text)
    assert len(text.replace(".", "").strip("0")) <= DIGITS
    exact = Decimal(value)
    # Half a unit of the twelfth digit, and what the floats on the way there may lose.
    nearest = MEAN.create_decimal(exact)
    half = Decimal(5).scaleb(nearest.adjusted() - DIGITS)
    assert abs(Decimal(text) - exact) <= half * Decimal("1.001")


@given(st.integers(1, 10**12 - 1), st.integers(-22, 22))
def test_twelve_digits_or_fewer_come_back_as_they_are(units: int, exponent: int) -> None:
    exact = Decimal(units).scaleb(exponent)

    assert plain(exact) == mean_cell(float(exact))


def test_next_to_a_power_of_ten_no_digit_is_lost() -> None:
    for exponent in range(-300, 300):
        power = float(f"1e{exponent}")
        for value in (power, np.nextafter(power, 0), np.nextafter(power, np.inf)):
            assert plain(Decimal(f"1e{exponent}")) == mean_cell(float(value))


def test_a_mean_that_has_become_zero_is_zero() -> None:
    assert "0" == mean_cell(0.0)


def test_times_of_the_day_stand_behind_their_date() -> None:
    seconds = [0, 1, 59, 60, 3_599, 3_600, 86_399]

    (text,) = write([seconds], [digits.CLOCK], [0], text=b"2025-12-11T", offsets=[0, 11])

    expected = ["00:00:00", "00:00:01", "00:00:59", "00:01:00", "00:59:59", "01:00:00", "23:59:59"]
    assert [f"2025-12-11T{time}Z" for time in expected] == text.decode().splitlines()


def test_an_empty_cell_leaves_its_comma() -> None:
    kinds = [digits.EMPTY, digits.DECIMAL, digits.EMPTY]

    assert [b",5,\n,7,\n"] == write([[1, 1], [5, 7], [1, 1]], kinds, [0, 0, 0])


@given(
    st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=30),
    st.integers(0, 100),
    st.integers(0, 3_000),
)
def test_rows_come_in_as_many_buffers_as_they_need(units: list[int], scale: int, room: int) -> None:
    columns, kinds, scales = [units] * 3, [digits.DECIMAL] * 3, [0, scale, 2]

    whole = b"".join(write(columns, kinds, scales))
    parts = write(columns, kinds, scales, size=3 * digits.CELL + room)

    assert whole == b"".join(parts)
    assert all(part.endswith(b"\n") for part in parts)

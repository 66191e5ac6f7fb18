import pytest

from aggregator.fetch.names import klines_name, read_checksum, trades_name
from tests.archive_site import klines_path, trades_path
from tests.fetch.days import DAY

SHA256 = "0123456789abcdef" * 4
NAME = "BTCUSDT-trades-2025-12-11.zip"


def test_files_lie_where_the_archive_has_them() -> None:
    base = "https://archive.example"

    assert base + trades_path("BTCUSDT", DAY) == trades_name("BTCUSDT", DAY).url(base + "/")
    assert base + klines_path("ETHUSDT", DAY, "5m") == klines_name("ETHUSDT", "5m", DAY).url(base)


def test_a_symbol_of_any_script_makes_an_address() -> None:
    url = trades_name("币安人生USDT", DAY).url("http://a")

    assert url.isascii()
    assert url.startswith("http://a/data/futures/um/daily/trades/%E5%B8%81")


@pytest.mark.parametrize(
    "text", [f"{SHA256}  {NAME}\n", f"{SHA256.upper()} *{NAME}", SHA256, f"\n{SHA256}  {NAME}\r\n"]
)
def test_a_checksum_is_read_however_it_is_written(text: str) -> None:
    assert SHA256 == read_checksum(text.encode(), NAME)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "does not begin with a sha256"),
        (f"{SHA256[1:]}  {NAME}", "does not begin with a sha256"),
        ("<html>", "does not begin with a sha256"),
        (f"{SHA256}  ETHUSDT-trades-2025-12-11.zip", "about ETHUSDT-trades-2025-12-11.zip"),
    ],
)
def test_what_is_no_checksum_of_the_file_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_checksum(text.encode(), NAME)

import pytest

from aggregator.resolutions import DEFAULT_RESOLUTIONS, Resolution


@pytest.mark.parametrize(
    ("label", "seconds"),
    [
        ("1s", 1),
        ("5s", 5),
        ("1m", 60),
        ("15m", 900),
        ("1h", 3_600),
        ("24h", 86_400),
        ("1d", 86_400),
    ],
)
def test_a_label_says_the_length_of_a_bar(label: str, seconds: int) -> None:
    assert Resolution(seconds, label) == Resolution.parse(label)


@pytest.mark.parametrize("label", ["7s", "7m", "5h", "2d", "25h", "100000s"])
def test_a_bar_divides_the_day(label: str) -> None:
    with pytest.raises(ValueError, match=label):
        Resolution.parse(label)


@pytest.mark.parametrize(
    "label",
    ["", "m", "1", "0m", "01m", "-1m", "+1m", "1.5m", "1M", "1m ", " 1m", "1m\n", "1w", "٣m"],
)
def test_other_texts_are_no_resolutions(label: str) -> None:
    with pytest.raises(ValueError, match="write it as 1s, 5m or 1h"):
        Resolution.parse(label)


def test_resolutions_sort_by_length() -> None:
    labels = ["1h", "5s", "1m", "1s"]

    assert ["1s", "5s", "1m", "1h"] == [r.label for r in sorted(map(Resolution.parse, labels))]
    assert ["1s", "1m"] == [resolution.label for resolution in DEFAULT_RESOLUTIONS]

from aggregator.repair.lacking import Lack, Why
from aggregator.repair.outcome import Fate, Outcome, lack_words, sentence
from aggregator.unit import Unit
from tests.repair.days import DAY, START, SYMBOL

UNIT = Unit(DAY, SYMBOL)


def test_what_stays_missing_is_said_with_its_reason() -> None:
    (words,) = lack_words((Lack(range(5, 1505), START, START + 9, Why.LONG),))

    assert (
        "1,500 ids stay missing, 5 to 1504, between 2025-12-11T00:00:00.000Z and "
        f"2025-12-11T00:00:00.009Z: {Why.LONG}"
    ) == words


def test_of_many_holes_three_are_said() -> None:
    lacks = tuple(Lack(range(n, n + 1), START, START, Why.LONG) for n in range(0, 20, 2))

    assert 4 == len(lack_words(lacks))
    assert "and 7 more holes" == lack_words(lacks)[-1]


def test_a_day_is_told_in_one_line() -> None:
    assert "BTCUSDT 2025-12-11 absent: not yet" == str(Outcome(UNIT, Fate.ABSENT, ("not yet",)))
    assert "BTCUSDT 2025-12-11 whole" == str(Outcome(UNIT, Fate.WHOLE))


def test_all_days_are_told_in_one_line() -> None:
    outcomes = [Outcome(UNIT, Fate.REPAIRED, rows=1200), Outcome(UNIT, Fate.WHOLE)]

    assert "2 days looked at: 1 repaired, 1 whole; 1,200 trades refilled" == sentence(outcomes)
    assert sentence([]).startswith("0 days looked at: nothing to do")

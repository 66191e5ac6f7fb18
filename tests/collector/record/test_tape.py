from collector.record.tape import RecentIds, Tape
from collector.trades.ids import Room


def test_an_update_id_is_new_once() -> None:
    recent = RecentIds()

    assert [True, True, False, False, True] == [recent.add(each) for each in (5, 7, 5, 7, 6)]


def test_ids_may_come_in_any_order() -> None:
    recent = RecentIds()
    first = [recent.add(each) for each in range(0, 200, 2)]
    second = [recent.add(each) for each in range(199, -1, -2)]

    assert all(first)
    assert all(second)


def test_what_is_long_gone_is_written_rather_twice_than_never() -> None:
    recent = RecentIds()
    for update_id in range(10_000):
        assert recent.add(update_id)

    assert recent.add(3)
    assert not recent.add(9_999)
    assert not recent.add(9_900)


def test_a_tape_begins_empty() -> None:
    tape = Tape("BTCUSDT", Room())

    assert (None, None, None) == (tape.trade, tape.book, tape.chain.last)

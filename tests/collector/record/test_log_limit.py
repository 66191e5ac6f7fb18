from collector.record.log_limit import LogLimit


def test_the_first_time_is_said_at_once() -> None:
    assert 1 == LogLimit(60.0).times("json", 0.0)


def test_more_of_the_same_is_said_once_in_a_while_with_its_number() -> None:
    limit = LogLimit(60.0)
    limit.times("json", 0.0)

    assert [0, 0, 0] == [limit.times("json", float(second)) for second in (1, 30, 59)]
    assert 4 == limit.times("json", 60.0)


def test_other_things_are_said_beside_it() -> None:
    limit = LogLimit(60.0)
    limit.times("json", 0.0)

    assert 1 == limit.times("utf-8", 1.0)

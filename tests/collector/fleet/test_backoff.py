from collector.fleet.backoff import wait_s


def test_the_first_pause_is_short() -> None:
    assert all(0.2 <= wait_s(1) <= 0.4 for _ in range(100))


def test_pauses_double() -> None:
    assert all(1.6 <= wait_s(4) <= 3.2 for _ in range(100))


def test_pauses_have_jitter_and_a_cap() -> None:
    waits = {wait_s(50) for _ in range(100)}

    assert len(waits) > 50
    assert all(30.0 <= wait <= 60.0 for wait in waits)

from collector.fleet.pacer import LIMITS, Pacer


def test_a_whole_market_may_connect_at_once() -> None:
    pacer = Pacer()
    for _ in range(10):
        assert pacer.allows(100.0)
        pacer.took(100.0)


def test_there_is_never_a_storm() -> None:
    pacer, taken = Pacer(), []
    for tenth in range(20_000):
        now_s = tenth / 10
        if pacer.allows(now_s):
            pacer.took(now_s)
            taken.append(now_s)

    for within_s, most in LIMITS:
        busiest = max(sum(at <= other < at + within_s for other in taken) for at in taken[::50])
        assert busiest <= most
    assert len(taken) > 500

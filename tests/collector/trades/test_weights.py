from collector.trades.weights import LIMIT, Weights


def spent(weights: Weights, weight: int, times: int, at_s: float) -> None:
    for _ in range(times):
        weights.spend(weight, at_s)


def test_our_share_may_be_used_at_once_and_not_more() -> None:
    weights = Weights(0.5)

    spent(weights, 5, 239, 100.0)
    assert 0 == weights.wait_s(5, 100.0)

    weights.spend(5, 100.0)
    assert LIMIT // 2 == weights.ours(100.0)
    assert 60 == weights.wait_s(1, 100.0)


def test_no_minute_ever_has_more_than_our_share() -> None:
    weights, now_s, log = Weights(0.5), 0.0, list[tuple[float, int]]()
    for at in range(2_000):
        weight = (5, 200, 1)[at % 3]
        now_s += weights.wait_s(weight, now_s)
        weights.spend(weight, now_s)
        log.append((now_s, weight))

    for start_s, _ in log:
        used = sum(weight for at_s, weight in log if start_s <= at_s < start_s + 60)
        assert used <= LIMIT / 2


def test_weight_comes_back_as_the_oldest_requests_leave_the_minute() -> None:
    weights = Weights(0.5)
    spent(weights, 200, 3, 10.0)
    spent(weights, 200, 3, 30.0)

    assert 10 + 60 - 35 == weights.wait_s(200, 35.0)
    assert 30 + 60 - 35 == weights.wait_s(800, 35.0)
    assert 0 == weights.wait_s(600, 70.0)


def test_what_other_processes_use_of_the_address_is_left_to_them() -> None:
    weights = Weights(0.5)

    weights.note(2_200, 5.0)
    assert 0 == weights.wait_s(50, 6.0)
    assert 59 == weights.wait_s(100, 6.0)

    weights.note(100, 7.0)
    assert 0 == weights.wait_s(100, 7.0)


def test_what_we_spent_since_the_exchange_told_its_sum_counts_too() -> None:
    weights = Weights(0.5)
    weights.note(2_000, 5.0)

    weights.spend(280, 6.0)

    assert 2_280 == weights.all(6.0)
    assert 0 < weights.wait_s(5, 6.0)


def test_with_the_exchanges_minute_ends_what_others_used_in_it() -> None:
    weights = Weights(0.5)
    weights.note(2_400, 5.0, left_s=12.5)

    assert 11.5 == weights.wait_s(5, 6.0)
    assert 0 == weights.wait_s(5, 17.5)


def test_what_the_exchange_told_a_minute_ago_is_forgotten() -> None:
    weights = Weights(0.5)
    weights.note(2_400, 5.0)

    assert 0 == weights.wait_s(200, 65.0)
    assert 0 == weights.all(65.0)

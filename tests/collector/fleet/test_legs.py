from collector.fleet.channel import Channel
from collector.fleet.legs import NEVER, Leg
from lake.layout import Stream


class Told:
    """Listens to a leg."""

    def __init__(self, stream: Stream = Stream.DEPTH20) -> None:
        self.claims: list[tuple[int, int]] = []
        self.begun: list[int] = []
        self.leg = Leg(Channel("BTCUSDT", stream), 7, self._claim, self.begun.append)

    def _claim(self, from_ms: int, to_ms: int) -> None:
        self.claims.append((from_ms, to_ms))

    def hear(self, *events_ms: int) -> None:
        for event_ms in events_ms:
            self.leg.hear(event_ms, event_ms - 3, event_ms * 1_000_000)


def test_the_first_frame_proves_nothing_of_its_own_millisecond() -> None:
    told = Told()
    told.hear(1_000)

    assert 1_001 == told.leg.from_ms == told.leg.previous_ms
    told.leg.settle()
    assert [] == told.claims


def test_books_prove_the_time_up_to_the_last_but_one() -> None:
    told = Told()
    told.hear(1_000, 1_100, 1_200)
    told.leg.settle()

    assert [(1_001, 1_100)] == told.claims


def test_a_pause_of_more_than_two_seconds_ends_a_stretch() -> None:
    told = Told()
    told.hear(1_000, 1_100, 1_200, 3_201, 3_300, 3_400)
    told.leg.settle()

    assert [(1_001, 1_100), (3_202, 3_300)] == told.claims
    assert [1_000, 3_201] == told.begun


def test_a_pause_of_two_seconds_does_not() -> None:
    told = Told()
    told.hear(1_000, 3_000, 5_000)
    told.leg.settle()

    assert [(1_001, 3_000)] == told.claims


def test_a_channel_whose_own_pace_is_slow_may_pause_longer() -> None:
    told = Told()
    told.leg.pause_ms = 10_000
    told.hear(1_000, 6_000, 11_000)
    told.leg.settle()

    assert [(1_001, 6_000)] == told.claims


def test_frames_that_overtake_others_prove_nothing_of_those_on_their_way() -> None:
    told = Told()
    told.hear(1_000, 1_100, 1_300)
    told.leg.settle()
    assert [(1_001, 1_100)] == told.claims

    told.hear(1_200, 1_400)
    told.leg.settle()
    assert (1_001, 1_300) == told.claims[-1]


def test_after_a_complaint_a_new_stretch_begins_with_the_next_frame() -> None:
    told = Told()
    told.hear(1_000, 1_100, 1_200)
    told.leg.forget()
    assert [(1_001, 1_100)] == told.claims
    assert NEVER == told.leg.from_ms

    told.hear(1_300, 1_400, 1_500)
    told.leg.settle()
    assert [(1_001, 1_100), (1_301, 1_400)] == told.claims


def test_trades_may_pause_as_long_as_they_like() -> None:
    told = Told(Stream.TRADES)
    told.hear(1_000, 90_000_000)

    assert [1_000] == told.begun
    assert (1_001, 90_000_000 - 3) == (told.leg.from_ms, told.leg.time_ms)


def test_what_is_not_written_shows_life_and_proves_nothing() -> None:
    told = Told()
    told.leg.overhear(5)
    told.leg.overhear(6)

    assert (2, 6, NEVER) == (told.leg.frames, told.leg.heard_ns, told.leg.from_ms)
    assert told.leg.spoke

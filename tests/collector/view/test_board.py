"""The board shows the newest status."""

from collector.view.board import Board
from tests.collector.statuses import well


def test_an_empty_board_shows_nothing() -> None:
    assert Board().latest is None


def test_the_newest_status_replaces_the_one_before() -> None:
    board, first, second = Board(), well(), well()
    board.publish(first)
    board.publish(second)

    assert second is board.latest

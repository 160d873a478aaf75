"""What was advised of a job: in force, at its run's end, over, taken back."""

import pytest

from libs.messages import AdviceCleared, AdviceRaised
from services.live_view.advice_board import MOST_PAST, AdviceBoard
from tests.crystallography.rates.builders import JOB


def raised(cause: str = "no_jet", since_us: int = 10, level: str = "act") -> AdviceRaised:
    return AdviceRaised(
        job=JOB, cause=cause, since_us=since_us, level=level, evidence=(), suggestion="",
        raised_us=since_us + 1,
    )  # fmt: skip


def cleared(
    cause: str = "no_jet", since_us: int = 10, cleared_us: int = 50, because: str = "cured"
) -> AdviceCleared:
    return AdviceCleared(
        job=JOB, cause=cause, since_us=since_us, cleared_us=cleared_us, because=because
    )


def told(*messages: AdviceRaised | AdviceCleared) -> AdviceBoard:
    board = AdviceBoard()
    for message in messages:
        board.learn(message)
    return board


def past(board: AdviceBoard) -> list[tuple[str, str, int, int]]:
    return [(one.cause, one.level, one.since_us, one.cleared_us) for one in board.past(JOB)]


def test_what_acts_comes_before_what_watches() -> None:
    board = told(raised("too_dilute", 1, "watch"), raised("no_jet", 5))
    found = board.in_force(JOB)
    assert found is not None
    assert found.cause == "no_jet"


@pytest.mark.parametrize(
    ("because", "ended_with", "n_past"),
    [("cured", None, 1), ("run_ended", "no_jet", 1), ("withdrawn", None, 0), ("new word", None, 1)],
)
def test_what_was_cleared_is_over(because: str, ended_with: str | None, n_past: int) -> None:
    board = told(raised(), cleared(because=because))
    assert board.in_force(JOB) is None
    at_end = board.ended_with(JOB)
    assert (at_end and at_end.cause) == ended_with
    assert past(board) == [("no_jet", "act", 10, 50)] * n_past


def test_the_last_word_counts() -> None:
    again = told(raised(), cleared(), raised())
    assert past(again) == []
    assert again.in_force(JOB) is not None
    assert past(told(raised(), cleared(), cleared(cleared_us=70))) == [("no_jet", "act", 10, 70)]
    assert past(told(raised(), cleared(), cleared(because="withdrawn", cleared_us=10))) == []


def test_a_statement_of_a_moment_is_no_bar() -> None:
    board = told(
        raised("data_missing"), cleared("data_missing", cleared_us=10, because="run_ended")
    )
    assert board.ended_with(JOB) is not None
    assert past(board) == []


def test_the_newest_stay() -> None:
    episodes = [
        (raised(since_us=n), cleared(since_us=n, cleared_us=n + 5)) for n in range(0, 300, 10)
    ]
    board = told(*(message for episode in episodes for message in episode))
    assert len(past(board)) == MOST_PAST
    assert past(board)[-1] == ("no_jet", "act", 290, 295)


def test_what_nobody_raised_clears_nothing() -> None:
    board = told(cleared())
    assert (board.in_force(JOB), board.ended_with(JOB), past(board)) == (None, None, [])

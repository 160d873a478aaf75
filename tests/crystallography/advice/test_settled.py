"""Which results may be decided upon while others are still in the making."""

import numpy as np

from libs.crystallography.advice.settled import merged, settled_frames


def frames(*ranges: tuple[int, int]) -> np.ndarray:
    return np.concatenate([np.arange(0), *(np.arange(first, end) for first, end in ranges)])


def test_everything_is_settled_without_holes() -> None:
    assert settled_frames(frames((0, 1000)), [(0, 2000)]) == 1000
    assert settled_frames(frames((0, 1000)), []) == 1000
    assert settled_frames(frames(), [(0, 10)]) == 0


def test_frames_after_a_hole_wait() -> None:
    assert 0 < settled_frames(frames((0, 1000), (1030, 1100)), [(0, 1200)]) <= 1000


def test_single_frames_do_not_hold_up_the_others() -> None:
    assert settled_frames(frames((0, 500), (501, 700), (703, 1000)), [(0, 1000)]) == 996


def test_gaps_in_the_numbers_are_no_holes() -> None:
    assert settled_frames(frames((0, 100), (5000, 5100)), [(0, 100), (5000, 300)]) == 200


def test_an_old_hole_is_given_up() -> None:
    assert settled_frames(frames((0, 500), (600, 2000)), [(0, 2000)]) == 1900


def test_spans_are_joined() -> None:
    assert merged([(10, 5), (0, 10), (12, 8), (30, 1)]) == ((0, 20), (30, 1))

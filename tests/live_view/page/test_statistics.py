"""The page's numbers equal FIELD's formulas, recomputed plainly in Python."""

import json

import numpy as np
import pytest

from tests.live_view.page import naive
from tests.live_view.page.closeness import assert_close, close_lists
from tests.live_view.page.fake_api import FakeApi
from tests.live_view.page.frames import PROCESSED, SELECTED, TRIED, Frames, random_frames
from tests.live_view.page.opened import OpenedPage


@pytest.mark.parametrize("n", [1, 2, 19, 45, 399, 1003, 2600])
def test_a_run_of_any_length(opened: OpenedPage, api: FakeApi, n: int) -> None:
    frames = random_frames(n, seed=n, unreadable=0.05, screened=0.3, hz=3.0)
    job = api.add_job(frames)
    opened.open()
    rows = naive.facts(frames)
    assert_close(opened.look(f"stillstream.summary({job}).rates"), naive.rates(rows))
    assert_close(opened.look(f"stillstream.live({job})"), naive.live(rows))
    found = opened.look(f"stillstream.series({job})")
    for name, values in naive.series(rows).items():
        assert close_lists(found[name], values), name


@pytest.mark.parametrize("resolution", ["contiguous", "cctbx"])
def test_cut_offs_of_the_address(opened: OpenedPage, api: FakeApi, resolution: str) -> None:
    frames = random_frames(800, seed=3, unreadable=0.02)
    job = api.add_job(frames)
    cuts = {"hit": 75, "solvent": 1.2, "d_min_quality": 2.2, "lattices": 3}
    query = "&".join(f"{name}={value}" for name, value in cuts.items())
    opened.open(f"?{query}&resolution={resolution}")
    rows = naive.facts(frames, **cuts, resolution=resolution)
    assert_close(opened.look(f"stillstream.summary({job}).rates"), naive.rates(rows))


def test_a_value_on_the_cut_off_lies_on_its_side(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(60, seed=4)
    frames.solvent_ratio[:20] = np.float32(1.1)
    frames.n_lattices[:] = 1
    frames.flags[:] = PROCESSED | SELECTED | TRIED
    frames.d_min_contiguous[:] = np.float32(1.7)
    job = api.add_job(frames)
    opened.open("?solvent=1.1&d_min_quality=1.7")
    rows = naive.facts(frames, solvent=1.1, d_min_quality=1.7)
    assert_close(opened.look(f"stillstream.summary({job}).rates"), naive.rates(rows))
    assert opened.look(f"stillstream.summary({job}).n_high_quality") == 60


def test_event_times_that_do_not_follow_the_frame_numbers(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(500, seed=5)
    shuffled = Frames(**{**vars(frames), "t": np.random.default_rng(1).permutation(frames.t)})
    job = api.add_job(shuffled)
    opened.open()
    assert_close(opened.look(f"stillstream.live({job})"), naive.live(naive.facts(shuffled)))
    assert opened.look("stillstream.dots('a')") == 500


def test_the_statistics_bar_of_each_run_names_its_numbers(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(1000, seed=6, unreadable=0.03, screened=0.5)
    job = api.add_job(frames, open=False)
    opened.open()
    summary = opened.look(f"stillstream.summary({job})")
    shares = opened.page.locator(f"[data-job='{job}'] .share").all_inner_texts()
    selected, indexed = summary["n_selected"], summary["n_indexed"]
    processed, quality = summary["n_processed"], summary["n_high_quality"]
    expected = [
        summary["n_solvent"] / processed,
        summary["n_hits"] / processed,
        indexed / selected,
        quality / selected,
        quality / indexed,
    ]
    assert shares == [f"{100 * share:.1f} %" for share in expected]
    assert json.dumps(summary["n_unreadable"]) in opened.text(f"[data-job='{job}'] h3")

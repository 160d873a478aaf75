"""The dots and lines that the page draws."""

import numpy as np
from playwright.sync_api import Page

from tests.live_view.page.fake_api import FakeApi
from tests.live_view.page.frames import random_frames
from tests.live_view.page.opened import OpenedPage


def test_one_dot_per_processed_frame_and_a_quiet_console(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(3000, seed=1, unreadable=0.1, screened=0.2)
    api.add_job(frames)
    opened.open()
    has_resolution = (frames.n_lattices > 0) & ~np.isnan(frames.d_min_contiguous)
    assert opened.look("stillstream.dots('a')") == frames.is_processed().sum()
    assert opened.look("stillstream.dots('c')") == has_resolution.sum()
    assert opened.complaints == []


def test_unreadable_frames_are_counted_and_in_no_rate(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(400, seed=2, unreadable=0.25)
    job = api.add_job(frames, n_announced=450)
    opened.open()
    n_unreadable = int((~frames.is_processed()).sum())
    summary = opened.look(f"stillstream.summary({job})")
    assert summary["n_unreadable"] == n_unreadable
    assert summary["rates"]["hit"]["denominator"] == 400 - n_unreadable
    assert f"{n_unreadable} unreadable" in opened.text("#fresh")
    assert "50 waiting" in opened.text("#fresh")


def test_screened_frames_have_a_look_and_a_key_of_their_own(
    opened: OpenedPage, api: FakeApi
) -> None:
    api.add_job(random_frames(400, seed=3, screened=0.6))
    opened.open()
    assert "screened only" in opened.text("#key-spots")
    assert "% of frames" in opened.text("#fresh")


def test_runs_without_screening_have_no_such_key(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(400, seed=3))
    opened.open()
    assert "screened" not in opened.text("#key-spots")
    assert "indexing every frame" in opened.text("#fresh")


def test_dots_are_coloured_by_what_the_frame_is(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(40, seed=4)
    frames.n_lattices[:] = 0
    frames.n_lattices[20:] = 1
    frames.n_strong[:] = 100
    api.add_job(frames, open=False)
    opened.open("?theme=light")
    left, right = (_dominant_colour(opened.page, part) for part in ("left", "right"))
    assert max(left) - min(left) < 30  # grey
    assert right[2] > right[0] + 60  # blue


def test_everything_is_drawn_by_three_plots(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(50, seed=5))
    opened.open()
    assert opened.look("stillstream.plotsMade") == 3


def test_the_panels_share_one_time_axis(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(500, seed=6))
    opened.open()
    edges = opened.look(
        "['a', 'b', 'c'].map(p => { const r = document.querySelector(`.p${p} .u-over`)"
        ".getBoundingClientRect(); return [Math.round(r.left), Math.round(r.width)]; })"
    )
    assert edges[0] == edges[1] == edges[2]


def test_a_run_of_one_frame_and_a_run_of_none(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(1, seed=7), open=False)
    api.add_job(random_frames(0, seed=7), started_us=1_700_000_100_000_000)
    opened.open()
    assert opened.look("stillstream.dots('a')") == 1
    assert opened.look("stillstream.state") == "starting"
    assert opened.complaints == []


def test_runs_years_apart_share_the_axis(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(300, seed=8), started_us=1_300_000_000_000_000, open=False)
    api.add_job(random_frames(300, seed=9))
    opened.open()
    assert opened.look("stillstream.dots('a')") == 600
    widths = opened.look("[...document.querySelectorAll('.run')].map(r => r.offsetWidth)")
    assert min(widths) > 200


_COLOUR = """(part) => {
  const canvas = document.querySelector('.pa canvas');
  const over = document.querySelector('.pa .u-over');
  const ratio = devicePixelRatio;
  const width = over.offsetWidth / 2 - 20;
  const x = over.offsetLeft + (part === 'left' ? 5 : over.offsetWidth / 2 + 15);
  const box = [x, over.offsetTop + 4, width, over.offsetHeight - 8].map((v) => v * ratio);
  const { data } = canvas.getContext('2d').getImageData(...box);
  const seen = new Map();
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b, a] = data.slice(i, i + 4);
    if (a < 130 || r + g + b < 180) continue;  // background, cut-off line and words
    const key = [r, g, b].join();
    if (r < 200) seen.set(key, (seen.get(key) || 0) + 1);
  }
  return [...seen].sort((p, q) => q[1] - p[1])[0][0].split(',').map(Number);
}"""


def _dominant_colour(page: Page, part: str) -> list[int]:
    colour: list[int] = page.evaluate(_COLOUR, part)
    return colour


def test_the_header_says_how_far_the_lanes_agree(opened: OpenedPage, api: FakeApi) -> None:
    number = api.add_job(random_frames(400, seed=3))
    job = next(job["job"] for job in api.jobs if job["id"] == number)
    same = {"numerator": 39, "denominator": 40, "value": 0.975, "low": 0.87, "high": 0.996}
    api.rates = [{"job": job, "revision": 1, "index_fraction": 1, "agreement": {"agreement": same}}]
    opened.open()
    opened.wait(
        "document.querySelector('#fresh').textContent.includes('lanes agree on 97.5 % of 40')"
    )

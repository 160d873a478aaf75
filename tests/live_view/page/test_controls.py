"""What a viewer can do: cut-offs, zoom, click, choose runs, open a frame."""

import base64
from typing import Any

import numpy as np

from tests.live_view.page import naive
from tests.live_view.page.fake_api import FakeApi
from tests.live_view.page.frames import Frames, at_cutoff, random_frames
from tests.live_view.page.opened import OpenedPage

START_S = 1_700_000_000


def box_of(opened: OpenedPage, panel: str) -> Any:
    """Where a panel's drawing area lies."""
    return opened.page.locator(f".p{panel} .u-over").bounding_box()


def drag(opened: OpenedPage, start: float, end: float) -> None:
    """Drag over panel A, from one fraction of its width to another."""
    box = box_of(opened, "a")
    y = box["y"] + 20
    opened.page.mouse.move(box["x"] + start * box["width"], y)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + end * box["width"], y, steps=5)
    opened.page.mouse.up()


def lone_frames() -> Frames:
    """Ten frames far from one another."""
    frames = random_frames(10, seed=1, hz=0.5)
    frames.n_strong[:] = 100
    frames.n_lattices[:] = 0
    return frames


def test_a_slider_changes_rates_but_not_the_sentence(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(2000, seed=2)
    job = api.add_job(frames, open=False)
    opened.open()
    sentence = opened.text("#advice h2")
    opened.page.click("#cutoffs-button")
    opened.page.locator("#cut-hit").fill("90")
    opened.wait("stillstream.cuts.hit === 90")
    expected = naive.rates(naive.facts(frames, hit=90))["hit"]
    opened.wait(f"stillstream.summary({job}).rates.hit.numerator === {expected['numerator']}")
    assert opened.text("#advice h2") == sentence
    assert opened.text("#cutoffs-button") == "Cut-offs, 1 changed"
    assert "hit=90" in opened.page.url
    assert opened.look("stillstream.plotsMade") == 3
    opened.page.click("#cutoffs-reset")
    opened.wait("stillstream.cuts.hit === 40 && !location.search.includes('hit=')")


def test_the_resolution_definition_can_be_chosen(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(500, seed=3)
    job = api.add_job(frames)
    opened.open()
    opened.page.click("#cutoffs-button")
    opened.page.check("[name=resolution][value=cctbx]")
    opened.wait("stillstream.cuts.resolution === 'cctbx'")
    expected = naive.rates(naive.facts(frames, resolution="cctbx"))["high_quality"]
    numerator = expected["numerator"]
    opened.wait(f"stillstream.summary({job}).rates.high_quality.numerator === {numerator}")


def test_another_i_sigi_cutoff_is_asked_of_the_server(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(1200, seed=3)
    job = api.add_job(frames.take(slice(0, 1000)), n_announced=1200)
    opened.open()
    opened.page.click("#cutoffs-button")
    opened.page.locator("[name=i_sigi]").fill("2.5")
    opened.wait("stillstream.cuts.i_sigi === 2.5")

    def expected(n: int) -> int:
        part = at_cutoff(frames.take(slice(0, n)), 2.5)
        return int(naive.rates(naive.facts(part))["high_quality"]["numerator"])

    found = f"stillstream.summary({job}).rates.high_quality.numerator"
    opened.wait(f"{found} === {expected(1000)}")
    api.add_frames(job, frames.take(slice(1000, 1200)))
    opened.wait(f"stillstream.columns({job}).frame.length === 1200")
    assert opened.look(found) == expected(1200)
    assert "i_sigi=2.5" in opened.page.url


def test_a_link_holds_the_i_sigi_cutoff(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(300, seed=3), open=False)
    opened.open("?i_sigi=3")
    assert opened.look("stillstream.cuts.i_sigi") == 3
    asked = [path for path in api.requests if "/frames?" in path]
    assert asked
    assert all(path.endswith("&i_sigi=3") for path in asked)


def test_dragging_zooms_all_panels_and_double_click_shows_all(
    opened: OpenedPage, api: FakeApi
) -> None:
    api.add_job(random_frames(3000, seed=4), open=False)
    opened.open()
    drag(opened, 0.25, 0.5)
    opened.wait("stillstream.dots('a') < 1000")
    assert 650 < opened.look("stillstream.dots('a')") < 850
    window = opened.look("stillstream.window")
    assert 24 < window[1] - window[0] < 27
    assert "t=" in opened.page.url
    opened.page.locator(".pa .u-over").dblclick(position={"x": 300, "y": 20})
    opened.wait("stillstream.dots('a') === 3000")
    assert "t=" not in opened.page.url


def test_a_link_restores_the_zoom(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(3000, seed=5), open=False)
    opened.open(f"?t={START_S + 10},{START_S + 20}&hit=60")
    opened.wait("stillstream.dots('a') < 400")
    assert 299 <= opened.look("stillstream.dots('a')") <= 302
    assert opened.look("stillstream.cuts.hit") == 60


def test_new_frames_do_not_move_a_zoomed_window(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(3000, seed=6)
    job = api.add_job(frames.take(slice(0, 2000)))
    opened.open(f"?t={START_S + 10},{START_S + 20}")
    opened.wait("stillstream.dots('a') < 400")
    before = opened.look("stillstream.dots('a')")
    api.add_frames(job, frames.take(slice(2000, 3000)))
    opened.wait(f"stillstream.columns({job}).frame.length === 3000")
    opened.wait("stillstream.revision > 0")
    assert opened.look("stillstream.dots('a')") == before


def test_keys_zoom_and_pan(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(3000, seed=7), open=False)
    opened.open()
    opened.page.focus("#panels")
    opened.page.keyboard.press("+")
    opened.wait("stillstream.dots('a') < 2000")
    start = opened.look("stillstream.window[0]")
    opened.page.keyboard.press("ArrowRight")
    opened.wait(f"stillstream.window[0] > {start}")
    opened.page.keyboard.press("0")
    opened.wait("stillstream.dots('a') === 3000")


def test_the_wheel_zooms_only_with_a_modifier(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(3000, seed=8), open=False)
    opened.open()
    box = box_of(opened, "b")
    opened.page.mouse.move(box["x"] + 300, box["y"] + 20)
    opened.page.mouse.wheel(0, -200)
    opened.page.keyboard.down("Control")
    assert opened.look("stillstream.dots('a')") == 3000
    opened.page.mouse.wheel(0, -200)
    opened.wait("stillstream.dots('a') < 2600")
    opened.page.keyboard.up("Control")


def test_two_fingers_zoom(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(3000, seed=9), open=False)
    opened.open()
    opened.page.evaluate(
        """() => {
          const over = document.querySelector('.pa .u-over');
          const { left, top } = over.getBoundingClientRect();
          const touch = (type, pointerId, x) => over.dispatchEvent(new PointerEvent(type, {
            pointerId, pointerType: 'touch', clientX: left + x, clientY: top + 20, bubbles: true,
          }));
          touch('pointerdown', 1, 400); touch('pointerdown', 2, 500);
          touch('pointermove', 1, 300); touch('pointermove', 2, 600);
          touch('pointerup', 1, 300); touch('pointerup', 2, 600);
        }"""
    )
    opened.wait("stillstream.dots('a') < 1200")
    assert 900 < opened.look("stillstream.dots('a')") < 1100


def test_a_click_lists_the_frames_there_nearest_first(opened: OpenedPage, api: FakeApi) -> None:
    frames = lone_frames()
    frames.t[4] = frames.t[3] + 0.05
    frames.n_strong[4] = 101
    api.add_job(frames, open=False)
    opened.open()
    box = box_of(opened, "a")
    x = frames.t[3] / (18 * 1.004) * box["width"]
    for y in range(0, int(box["height"]), 4):
        opened.page.mouse.click(box["x"] + x, box["y"] + y)
        if opened.page.is_visible("#popup"):
            break
    names = opened.page.locator("#popup button").all_inner_texts()
    assert sorted(name.split()[1] for name in names) == ["4", "5"]


def test_a_crowded_click_lists_six(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(5000, seed=10)
    frames.n_strong[:] = 100
    api.add_job(frames, open=False)
    opened.open()
    box = box_of(opened, "a")
    for y in range(0, int(box["height"]), 4):
        opened.page.mouse.click(box["x"] + 400, box["y"] + y)
        if opened.page.is_visible("#popup"):
            break
    assert opened.page.locator("#popup button").count() == 6
    opened.page.keyboard.press("Escape")
    assert opened.page.is_hidden("#popup")


def test_a_frame_of_the_list_opens(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(100, seed=11)
    job = api.add_job(frames)
    for number in (99, 100):
        api.frame_answers[(job, number)] = {
            "frame": number,
            "outcome": "processed",
            "n_strong": 412,
            "solvent_ratio": 1.36,
            "d_min_contiguous": 2.02,
            "lattices": [
                {
                    "unit_cell": [79.1, 79.1, 37.9, 90, 90, 90],
                    "space_group": "P43212",
                    "n_indexed": 210,
                    "n_integrated": 800,
                    "d_min_contiguous": 2.02,
                    "shells": {
                        "d_min_angstrom": 1.6,
                        "n": base64.b64encode(np.arange(90, 100, dtype="<u4")).decode(),
                        "mean": base64.b64encode(np.linspace(9.5, 0.5, 10, dtype="<f4")).decode(),
                    },
                }
            ],
            "timings_ms": {"read": 6.1, "index": 148.2},
            "stages_us": {"written": 1_700_000_000_000_000, "done": 1_700_000_000_250_000},
        }
    opened.open()
    opened.page.click("[data-list=newest]")
    opened.page.locator("#framelist button").first.click()
    opened.page.wait_for_selector("text=P43212")
    body = opened.text("#frame-body")
    assert "79.10, 79.10, 37.90 Å" in body
    assert "148.2 ms" in body
    assert "+0.250 s" in body
    assert opened.page.locator(".shells tbody tr").count() == 10
    assert opened.text(".shells tbody tr:first-child").split() == ["3.45", "90", "9.5"]
    opened.page.click("#frame-previous")
    opened.page.wait_for_selector("#frame-title:has-text('frame 99')")
    assert opened.page.is_enabled("#frame-next")
    opened.page.keyboard.press("Escape")
    assert opened.page.is_hidden("#frame")


def test_this_run_or_the_last_five_or_all(opened: OpenedPage, api: FakeApi) -> None:
    for k in range(7):
        api.add_job(
            random_frames(100, seed=20 + k),
            started_us=(START_S + 60 * k) * 1_000_000,
            open=k == 6,
        )
    opened.open()
    assert opened.look("stillstream.dots('a')") == 500
    opened.page.click("[data-show='1']")
    opened.wait("stillstream.dots('a') === 100")
    opened.page.click("[data-show=all]")
    opened.wait("stillstream.dots('a') === 700")
    assert "show=all" in opened.page.url


def test_a_tag_leaves_only_its_runs(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(100, seed=30), tags=["batch 4"], open=False)
    api.add_job(random_frames(150, seed=31), tags=["batch 5"])
    opened.open()
    opened.page.locator("#tags button", has_text="batch 4").click()
    opened.wait("stillstream.dots('a') === 100")
    opened.page.locator("#tags button", has_text="batch 4").click()
    opened.wait("stillstream.dots('a') === 250")


def test_one_trial_at_a_time(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(100, seed=32), trial=3)
    api.add_job(random_frames(150, seed=33), trial=4)
    opened.open()
    assert opened.look("stillstream.dots('a')") == 150
    opened.page.select_option("#trial", "3")
    opened.wait("stillstream.dots('a') === 100")


def test_the_theme_button_redraws_without_rebuilding(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(100, seed=34))
    opened.open()
    opened.page.click("#theme")
    assert opened.look("document.documentElement.dataset.theme") == "dark"
    assert opened.look("stillstream.plotsMade") == 3

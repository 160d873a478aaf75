"""Hostile strings, narrow screens, and what a screen reader gets."""

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.live_view.page.fake_api import FakeApi
from tests.live_view.page.frames import random_frames
from tests.live_view.page.opened import OpenedPage

HOSTILE = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>\'"&'


def test_hostile_strings_stay_text(opened: OpenedPage, api: FakeApi) -> None:
    job = api.add_job(random_frames(200, seed=1), tags=[HOSTILE, "batch 5"], number=HOSTILE)
    api.rates = [
        {
            "job": api.jobs[0]["job"],
            "attempt": 1,
            "revision": 1,
            "advice": [
                {
                    "job": api.jobs[0]["job"],
                    "cause": HOSTILE,
                    "since_us": 1_700_000_000_000_000,
                    "level": HOSTILE,
                    "evidence": [HOSTILE],
                    "suggestion": HOSTILE,
                }
            ],
        }
    ]
    api.frame_answers[(job, 200)] = {
        "frame": 200,
        "outcome": HOSTILE,
        "reason": HOSTILE,
        "file": HOSTILE,
        "versions": {HOSTILE: HOSTILE},
    }
    opened.open()
    opened.page.click("[data-list=newest]")
    opened.page.locator("#framelist button").first.click()
    opened.page.wait_for_selector("#frame-body .card")
    assert opened.look("window.hurt === undefined")
    assert opened.page.locator("img, main script, dialog script").count() == 0
    assert HOSTILE in opened.page.locator("#tags button").all_inner_texts()
    assert opened.complaints == []


def test_the_page_keeps_to_the_servers_policy(browser: Browser, api: FakeApi) -> None:
    api.add_job(random_frames(200, seed=7))
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(api.url)
    page.wait_for_selector(".run .bar i")
    page.click("#cutoffs-button")
    page.click("#theme")
    assert page.locator(".run .bar i").first.bounding_box()["width"] > 0
    page.close()
    assert complaints == []


@pytest.mark.parametrize("state", ["live", "empty"])
@pytest.mark.parametrize("width", [320, 390, 640, 800, 1100])
def test_no_horizontal_scroll(
    context: BrowserContext, api: FakeApi, state: str, width: int
) -> None:
    if state == "live":
        tags = ["a tag with a rather long name that somebody typed", "batch 5"]
        api.add_job(random_frames(600, seed=2), tags=tags)
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 844})
    opened = OpenedPage(page=page, api=api).open()
    assert opened.look("document.documentElement.scrollWidth") <= width


def test_on_a_phone_buttons_are_large_enough_for_a_finger(
    context: BrowserContext, api: FakeApi
) -> None:
    api.add_job(random_frames(600, seed=3))
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    opened = OpenedPage(page=page, api=api).open()
    heights = opened.look(
        "[...document.querySelectorAll('button')].map(b => b.offsetHeight).filter(h => h > 0)"
    )
    assert min(heights) >= 44


def test_the_wall_has_nothing_to_click(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(600, seed=4))
    opened.page.set_viewport_size({"width": 1920, "height": 1080})
    opened.open("?view=wall")
    assert opened.page.locator("button:visible").count() == 0
    assert opened.look("document.documentElement.scrollHeight") <= 1080


def test_a_screen_reader_hears_the_sentence(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(600, seed=5), open=False)
    opened.open()
    assert opened.page.get_attribute("#say", "aria-live") == "polite"
    assert opened.look("document.querySelector('#say').textContent") == opened.text("#advice h2")


def test_every_control_has_a_name(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(100, seed=6))
    opened.open()
    opened.page.click("#cutoffs-button")
    nameless = opened.look(
        "[...document.querySelectorAll('button, select, input')].filter(e => e.offsetParent"
        " && !e.textContent.trim() && !e.getAttribute('aria-label') && !e.labels?.length)"
        ".map(e => e.outerHTML)"
    )
    assert nameless == []

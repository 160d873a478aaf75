"""Frames that come while the page is open, and connections that go."""

import time

import pytest

from tests.live_view.page import naive
from tests.live_view.page.closeness import assert_close
from tests.live_view.page.fake_api import FakeApi
from tests.live_view.page.frames import no_frames, random_frames
from tests.live_view.page.opened import OpenedPage

MARK = "document.querySelectorAll('.plot canvas').forEach((c, i) => { c.dataset.mark = i; })"
MARKS = "[...document.querySelectorAll('.plot canvas')].map(c => c.dataset.mark).join()"


def started(seconds_ago: float) -> int:
    """A start of a run, µs, so that its frames are as old as the test needs.

    Where a run is to be live, its newest frame lies ahead: ten seconds later it would be silent.
    """
    return round((time.time() - seconds_ago) * 1e6)


def test_new_frames_appear_without_rebuilding_the_plots(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(1000, seed=1)
    job = api.add_job(frames.take(slice(0, 700)))
    opened.open()
    opened.page.evaluate(MARK)
    api.add_frames(job, frames.take(slice(700, 1000)))
    opened.wait("stillstream.dots('a') === 1000")
    assert opened.look(MARKS) == "0,1,2"
    assert opened.look("stillstream.plotsMade") == 3
    expected = naive.rates(naive.facts(frames))
    assert_close(opened.look(f"stillstream.summary({job}).rates.hit"), expected["hit"])


def test_only_what_is_new_is_fetched(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(300, seed=2)
    job = api.add_job(frames.take(slice(0, 200)))
    opened.open()
    api.add_frames(job, frames.take(slice(200, 300)))
    opened.wait("stillstream.dots('a') === 300")
    whole, *more = [path for path in api.requests if "/frames?" in path]
    assert "since=1" not in whole
    assert f"/api/jobs/{job}/frames?since=1&i_sigi=1" in more
    assert all("since=1&" in path or "since=2&" in path for path in more)  # 2: nothing, to be sure


def test_what_is_told_before_the_events_begin_is_not_missed(
    opened: OpenedPage, api: FakeApi
) -> None:
    frames = random_frames(300, seed=2)
    job = api.add_job(frames.take(slice(0, 200)))
    api.hold_events()
    opened.open()
    api.add_frames(job, frames.take(slice(200, 300)))
    api.let_events_begin()
    opened.wait("stillstream.dots('a') === 300")


def test_late_frames_take_their_place(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(900, seed=3, unreadable=0.05)
    late = [5, 300, 301, 640]
    early = [row for row in range(900) if row not in late]
    job = api.add_job(frames.take(early))
    opened.open()
    api.add_frames(job, frames.take(late))
    opened.wait(f"stillstream.columns({job}).frame.length === 900")
    assert opened.look(f"stillstream.columns({job}).frame") == list(range(1, 901))
    found = opened.look(f"stillstream.series({job})")
    assert found == naive.series(naive.facts(frames))


def test_a_better_result_replaces_the_one_before(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(100, seed=4)
    job = api.add_job(frames)
    opened.open()
    again = frames.take(slice(40, 41))
    again.n_strong[:] = 2222
    api.add_frames(job, again)
    opened.wait(f"stillstream.columns({job}).nStrong[40] === 2222")
    assert opened.look("stillstream.dots('a')") == 100


def test_frames_in_any_order_give_the_same_series(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(500, seed=5, unreadable=0.1)
    backwards = list(range(499, -1, -1))
    job = api.add_job(frames.take(backwards))
    opened.open()
    found = opened.look(f"stillstream.series({job})")
    assert found == naive.series(naive.facts(frames))


def test_a_new_run_appears(opened: OpenedPage, api: FakeApi) -> None:
    opened.open()
    assert opened.look("stillstream.state") == "empty"
    assert "Waiting for the first run" in opened.text("#advice h2")
    assert opened.page.is_visible("#void")
    job = api.add_job(no_frames(), started_us=started(-10))
    api.tell("jobs", {})
    opened.wait("stillstream.state === 'starting'")
    api.add_frames(job, random_frames(300, seed=6))
    opened.wait("stillstream.state === 'live' && stillstream.dots('a') === 300")
    assert opened.page.is_hidden("#void")
    assert opened.complaints == []


def test_the_sentence_states_facts_of_the_last_minute(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(3000, seed=7)
    api.add_job(frames, started_us=started(80))
    opened.open()
    last = naive.live(naive.facts(frames))["60s"]
    hits, indexed = (100 * last[name]["value"] for name in ("hit", "indexing"))
    assert opened.text("#advice h2") == f"Live: {hits:.1f} % hits, {indexed:.1f} % indexed"


def test_advice_is_shown_when_the_server_has_some(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(300, seed=8), started_us=started(-10))
    advice = {
        "job": api.jobs[0]["job"],
        "cause": "no_jet",
        "since_us": started(5),
        "level": "act",
        "evidence": ["Solvent 1 % (was 88 %)"],
        "suggestion": "realign the nozzle; look for a clog",
        "raised_us": started(4),
    }
    api.rates = [{"job": api.jobs[0]["job"], "attempt": 1, "revision": 3, "advice": [advice]}]
    opened.open()
    opened.wait("document.querySelector('#advice').dataset.level === 'act'")
    assert opened.text("#advice h2") == "No jet: realign the nozzle"
    assert opened.text("#advice .why").split("\n") == ["Solvent 1 % (was 88 %)", "Look for a clog"]
    levels = "[...document.querySelectorAll('.light')].map(l => l.dataset.level ?? '')"
    assert opened.look(levels) == ["act", "", "", "", ""]  # consequences stay quiet
    words = opened.page.locator(".light .word").all_inner_texts()
    assert words == ["Act", *["Needs jet"] * 4]
    assert opened.text("#advice .past") == ""


def test_advice_that_is_over_stays_as_bars_and_a_short_list(
    opened: OpenedPage, api: FakeApi
) -> None:
    api.add_job(random_frames(3000, seed=8), started_us=started(60))
    told = [
        {"cause": cause, "level": "act", "since_us": started(before), "cleared_us": started(until)}
        for cause, before, until in (("no_beam", 58, 52), ("too_dilute", 50, 30), ("no_jet", 27, 2))
    ]
    name = api.jobs[0]["job"]
    api.rates = [{"job": name, "attempt": 1, "revision": 3, "advice": None, "past_advice": told}]
    opened.open()
    opened.wait("document.querySelectorAll('#advice .past li').length === 2")
    said = opened.page.locator("#advice .past li").all_inner_texts()
    assert [text.split("  ")[1] for text in said] == ["No jet, 25 s", "Too dilute, 20 s"]
    assert opened.look("document.querySelector('#advice').dataset.level") == "live"
    assert opened.look("stillstream.advices.map(a => a.text)") == [
        "no beam", "too dilute", "no jet",
    ]  # fmt: skip
    assert opened.look("stillstream.advices.every(a => a.to > a.from)")
    assert opened.complaints == []


@pytest.mark.parametrize("query", ["", "?view=wall"])
def test_nothing_is_cut_off_at_the_edges(opened: OpenedPage, api: FakeApi, query: str) -> None:
    number = api.add_job(
        random_frames(3000, seed=8, screened=0.8, unreadable=0.02), started_us=started(98),
        n_announced=9000,
    )  # fmt: skip
    job = next(job["job"] for job in api.jobs if job["id"] == number)
    same = {"numerator": 39, "denominator": 40, "value": 0.975, "low": 0.87, "high": 0.996}
    api.rates = [
        {"job": job, "revision": 1, "index_fraction": 0.2, "agreement": {"agreement": same}}
    ]
    opened.open(query)
    opened.wait("document.querySelector('#fresh').textContent.includes('lanes agree')")
    assert opened.look("document.documentElement.scrollWidth <= innerWidth")
    cut_off = opened.look(
        "[...document.querySelectorAll('#fresh, #fresh li, .light header, .num')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > "
        "innerWidth).map(e => e.textContent)"
    )
    assert cut_off == []


def test_a_run_that_ended_says_what_was_wrong_at_its_end(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(300, seed=8), open=False)
    advice = {
        "job": api.jobs[0]["job"],
        "cause": "too_dense",
        "since_us": 1_700_000_005_000_000,
        "level": "act",
        "evidence": ["2.50 crystals per shot"],
        "suggestion": "dilute about 2.5×",
        "raised_us": 1_700_000_009_000_000,
    }
    rates = {"job": api.jobs[0]["job"], "attempt": 1, "revision": 3}
    api.rates = [rates | {"advice": None, "ended_with": advice}]
    opened.open()
    opened.wait("document.querySelector('#advice .why').innerText.includes('Ended with')")
    assert opened.look("document.querySelector('#advice').dataset.level") == "ended"
    assert "Ended with too dense since" in opened.text("#advice .why")
    assert "2.50 crystals per shot" in opened.text("#advice .why")


def test_an_open_run_without_frames_is_silent_not_zero(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(600, seed=9)
    job = api.add_job(frames, started_us=started(80))
    opened.open()
    assert opened.look("stillstream.state") == "silent"
    assert "No new frames for" in opened.text("#advice h2")
    assert set(opened.page.locator(".light .word").all_inner_texts()) == {"Stale"}
    expected = naive.live(naive.facts(frames))["10s"]["hit"]
    assert_close(opened.look(f"stillstream.live({job})['10s'].hit"), expected)


def test_old_frames_that_still_come_are_live_but_behind(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(600, seed=15)
    job = api.add_job(frames.take(slice(0, 500)), started_us=started(80), n_announced=600)
    opened.open()
    assert opened.look("stillstream.state") == "silent"
    api.add_frames(job, frames.take(slice(500, 550)))
    opened.wait("stillstream.state === 'behind'")
    assert "Behind by" in opened.text("#advice h2")
    assert set(opened.page.locator(".light .word").all_inner_texts()) == {"Preliminary"}


def test_a_finished_run_is_final(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(600, seed=10), open=False)
    opened.open()
    assert opened.look("stillstream.state") == "finished"
    assert "Run 11 ended" in opened.text("#advice h2")
    assert "prelim" not in opened.text("#lights")
    assert "done" in opened.text(".run h3")


def test_a_run_that_ended_with_frames_waiting_is_preliminary(
    opened: OpenedPage, api: FakeApi
) -> None:
    api.add_job(random_frames(600, seed=11), open=False, n_announced=700)
    opened.open()
    assert opened.look("stillstream.state") == "closing"
    assert set(opened.page.locator(".light .word").all_inner_texts()) == {"Preliminary"}
    assert "preliminary" in opened.text(".run h3")


def test_a_lost_server_is_admitted_and_found_again(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(600, seed=12)
    job = api.add_job(frames.take(slice(0, 400)), started_us=started(15))
    opened.open()
    api.stop()
    opened.wait("stillstream.state === 'disconnected'")
    assert "No connection to the server" in opened.text("#advice h2")
    assert set(opened.page.locator(".light .word").all_inner_texts()) == {"Stale"}
    assert opened.look("stillstream.dots('a')") == 400
    api.add_frames(job, frames.take(slice(400, 600)), tell=False)
    api.start()
    opened.wait("stillstream.state !== 'disconnected' && stillstream.dots('a') === 600")
    assert opened.look("stillstream.plotsMade") == 3


def test_a_server_that_cannot_answer_yet_is_asked_again(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(200, seed=16))
    api.has_catalogue = False
    opened.page.goto(api.url)
    opened.wait("window.stillstream?.state === 'connecting'")
    api.has_catalogue = True
    opened.wait("stillstream.dots('a') === 200")


def test_without_events_the_page_polls(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(300, seed=13)
    job = api.add_job(frames.take(slice(0, 200)))
    api.has_events = False
    opened.open()
    api.add_frames(job, frames.take(slice(200, 300)), tell=False)
    opened.wait("stillstream.dots('a') === 300")


def test_events_that_break_off_are_replaced_by_polling(opened: OpenedPage, api: FakeApi) -> None:
    frames = random_frames(300, seed=14)
    job = api.add_job(frames.take(slice(0, 200)))
    opened.open()
    api.drop_events()
    api.add_frames(job, frames.take(slice(200, 300)), tell=False)
    opened.wait("stillstream.dots('a') === 300")


def test_cells_found_without_a_known_one_are_named(opened: OpenedPage, api: FakeApi) -> None:
    api.add_job(random_frames(300, seed=8), started_us=started(-10))
    name = api.jobs[0]["job"]
    found = {"n_lattices": 12, "n_of": 15, "edges_angstrom": [38.0, 79.1, 79.1]}
    cells = [found | {"angles_deg": [90.0, 101.24, 90.0]}]
    api.rates = [{"job": name, "attempt": 1, "revision": 3, "advice": [], "cells": cells}]
    opened.open()
    cell = "Cell 38.0 × 79.1 × 79.1 Å, 90 101.2 90°"
    said = f"{cell} on 12 of 15 lattices; take it over: stillstream cells {name}"
    opened.wait(f"document.querySelector('#advice .why').textContent.includes({said!r})")

"""A simulated run from the file on disk to the dots on the page, checked against its truth."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from libs.demo.results import RunCounts
from libs.simulation import Kind, read_frame_truths
from tests.system.beamtime import Beamtime, wait_for
from tests.system.prometheus import query

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
FRAMES, RUN = 36, "r0001"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def finished(beamtime: Beamtime) -> RunCounts:
    """A run that was written live, processed and stored."""
    beamtime.write(1, frames=FRAMES, rate_hz=10, start_us=None).join()
    return beamtime.complete("jet", RUN)


@pytest.fixture(scope="module")
def frames(beamtime: Beamtime, finished: RunCounts) -> list[dict[str, Any]]:
    """The rows of the frames table."""
    rows = beamtime.query(
        "SELECT frame.* FROM frame "
        "JOIN job ON job.id = frame.job_id JOIN run ON run.id = job.run_id "
        "WHERE run.source = 'jet' AND run.number = :number AND frame.lane = job.lane "
        "ORDER BY frame.frame",
        number=RUN,
    )
    return [dict(row) for row in rows]


def recomputed(frames: list[dict[str, Any]]) -> dict[str, int]:
    """The statistics bar, counted plainly."""
    indexed = [f for f in frames if f["n_lattices"] > 0]
    return {
        "n_processed": len(frames),
        "n_solvent": sum((f["solvent_ratio"] or 0) >= 1.0 for f in frames),
        "n_hits": sum(f["n_strong"] >= 40 for f in frames),
        "n_indexed": len(indexed),
        "n_multi_lattice": sum(f["n_lattices"] >= 2 for f in frames),
        "n_high_quality": sum((f["d_min_contiguous"] or 99) <= 2.5 for f in indexed),
    }


def test_every_frame_is_stored_once_and_in_order(frames: list[dict[str, Any]]) -> None:
    assert [f["frame"] for f in frames] == list(range(FRAMES))
    assert {f["outcome"] for f in frames} == {"processed"}


def test_results_agree_with_the_truth(beamtime: Beamtime, frames: list[dict[str, Any]]) -> None:
    truths = read_frame_truths(beamtime.folder / "jet" / RUN)
    by_kind: dict[Kind, list[dict[str, Any]]] = {}
    for truth, frame in zip(truths, frames, strict=True):
        by_kind.setdefault(truth.kind, []).append(frame)
        assert frame["ts_us"] == truth.ts_us
    for blank in (Kind.DARK, Kind.NOJET, Kind.JET, Kind.JUNK):
        assert all(f["n_lattices"] == 0 for f in by_kind[blank]), blank
    assert all(f["n_lattices"] == 1 for f in by_kind[Kind.HIT])
    assert all(f["n_lattices"] == 2 for f in by_kind[Kind.TWO])
    assert all(f["solvent_ratio"] >= 1.0 for f in by_kind[Kind.JET])
    assert all((f["solvent_ratio"] or 0) < 1.0 for f in by_kind[Kind.NOJET] + by_kind[Kind.DARK])


def test_cells_are_those_that_were_simulated(beamtime: Beamtime, finished: RunCounts) -> None:
    truths = {t.frame: t for t in read_frame_truths(beamtime.folder / "jet" / RUN)}
    lattices = beamtime.rows("jet", RUN).lattices
    assert lattices
    for row in lattices:
        frame, _, _, *cell = row[:9]
        if truths[frame].kind is Kind.HIT:
            (lattice,) = truths[frame].lattices
            assert cell == pytest.approx(list(lattice.unit_cell), rel=0.005)


def test_the_statistics_bar_is_a_plain_count(
    beamtime: Beamtime, frames: list[dict[str, Any]]
) -> None:
    (rates,) = beamtime.query(
        "SELECT rates.* FROM rates JOIN job ON job.id = rates.job_id JOIN run "
        "ON run.id = job.run_id WHERE run.source = 'jet' AND run.number = :number",
        number=RUN,
    )
    expected = recomputed(frames)
    assert {name: rates[name] for name in expected} == expected
    assert rates["indexing_rate"] == expected["n_indexed"] / FRAMES
    assert not rates["preliminary"]


def test_prometheus_has_the_same_numbers(beamtime: Beamtime, frames: list[dict[str, Any]]) -> None:
    url = beamtime.stack.addresses()["prometheus"]
    expected = recomputed(frames)
    kinds = {k.removeprefix("n_"): v for k, v in expected.items()}
    wait_for("the counts in Prometheus", lambda: kinds.items() <= _counts(url).items())


def test_latency_is_measured(beamtime: Beamtime, finished: RunCounts) -> None:
    url = beamtime.stack.addresses()["prometheus"]
    for name in ("stillstream_frame_written_to_result_seconds_count",):
        wait_for(name, lambda n=name: _value(url, f"sum({n})") >= FRAMES)  # type: ignore[misc]


def _counts(url: str) -> dict[str, int]:
    return {
        row["metric"]["kind"]: int(float(row["value"][1]))
        for row in query(url, "stillstream_frames")
    }


def _value(url: str, promql: str) -> float:
    rows = query(url, promql)
    return float(rows[0]["value"][1]) if rows else 0.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=240_000)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, beamtime: Beamtime, finished: RunCounts) -> Iterator[Page]:
    """The run-stats page, loaded, without errors on the console."""
    errors: list[str] = []
    opened = browser.new_page(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    opened.set_default_timeout(120_000)
    opened.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda e: errors.append(str(e)))
    opened.goto(beamtime.stack.addresses()["page"])
    opened.wait_for_function("window.stillstream && window.stillstream.jobs.length > 0")
    yield opened
    opened.close()
    assert not errors


def test_the_page_draws_every_frame_and_says_the_same_rates(
    page: Page, beamtime: Beamtime, frames: list[dict[str, Any]]
) -> None:
    job = page.evaluate("() => window.stillstream.jobs.find(j => j.run.includes('/jet/r0001/')).id")
    page.wait_for_function(
        "([id, n]) => (window.stillstream.summary(id) || {}).n_processed === n",
        arg=[job, FRAMES],
    )
    summary = page.evaluate("id => window.stillstream.summary(id)", job)
    expected = recomputed(frames)
    assert {name: summary[name] for name in expected} == expected


def test_a_live_run_appears_without_reloading(page: Page, beamtime: Beamtime) -> None:
    before = page.evaluate("() => window.stillstream.jobs.length")
    writer = beamtime.write(2, frames=12, rate_hz=8, start_us=None)
    page.wait_for_function("n => window.stillstream.jobs.length > n", arg=before)
    writer.join()
    run = beamtime.complete("jet", "r0002")
    page.wait_for_function(
        "() => { const j = window.stillstream.jobs.find(j => j.run.includes('/jet/r0002/')); "
        "return j && (window.stillstream.summary(j.id) || {}).n_processed === 12 }"
    )
    page.goto(beamtime.stack.addresses()["page"] + "?show=1")
    page.wait_for_function("() => window.stillstream && window.stillstream.dots('a') === 12")
    assert page.evaluate("() => window.stillstream.dots('c')") == run.indexed

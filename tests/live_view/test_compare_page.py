"""The comparison in a real browser, under the server's own security headers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, async_playwright

from libs.catalogue import StoredFrame
from libs.messages import FrameResult, JobId, Lane
from services.live_view.core import ShownJob
from services.live_view.pages import Pages
from tests.crystallography.rates.builders import RUN, batch, lattice, result
from tests.live_view.builders import Clock, MemoryCatalogue, live_view, shown_job

pytestmark = pytest.mark.system
CHROMIUM = Path("/usr/bin/chromium")
OTHER = JobId(f"{RUN}/t002/g001")
N = 600


def results(seed: int, chance: float, scale: float) -> list[FrameResult]:
    """Frames of which the first half mostly index; the other trial finds more, in longer cells."""
    rng, often = np.random.default_rng(seed), np.random.default_rng(0).random(N)
    return [_frame(n, rng, bool(often[n] < chance), scale) for n in range(N)]


def _frame(n: int, rng: np.random.Generator, is_indexed: bool, scale: float) -> FrameResult:
    edge = 78.0 * scale * float(rng.normal(1, 0.002))
    cell = (edge, edge, 37.0 * float(rng.normal(1, 0.003)), 90.0, 90.0, 90.0)
    found = msgspec.structs.replace(lattice(), unit_cell=cell)
    return result(
        n,
        n_strong=int(rng.integers(40, 200)),
        lattices=(found,) * is_indexed,
        d_min_contiguous=float(rng.normal(2.1, 0.1)) if is_indexed else None,
    )


class KnowsEveryFrame(MemoryCatalogue):
    """Any frame's view may be opened."""

    async def frame(self, job: ShownJob, frame: int, lane: Lane) -> StoredFrame | None:
        return await super().frame(job, 3, lane)


@asynccontextmanager
async def opened(query: str, *, phone: bool = False, dark: bool = False) -> AsyncIterator[Page]:
    """The page of two trials of run 13; it must not complain."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: run `make setup`")
    catalogue = KnowsEveryFrame(
        shown_job(open=False), shown_job(id=8, job=OTHER, trial=2, d_min_angstrom=1.8, open=False)
    )
    catalogue.put(batch(results(1, 0.5, 1.0)))
    catalogue.put(batch(results(2, 0.56, 1.004)[5:], job=OTHER))
    view = live_view(catalogue, Clock())
    await view.look_at_database()
    complaints: list[str] = []
    async with (
        TestServer(Pages(view, Path("/nonexistent")).application()) as server,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
            timeout=240_000,
        )
        page = await browser.new_page(
            viewport={"width": 390, "height": 844} if phone else {"width": 1440, "height": 900},
            color_scheme="dark" if dark else "light",
        )
        page.set_default_timeout(120_000)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(str(server.make_url(f"/compare{query}")))
        await page.locator("#verdict h2", has_not_text="Asking").wait_for()
        yield page
        await browser.close()
    assert complaints == []


async def test_it_opens_with_two_results_of_the_newest_run_that_has_them() -> None:
    async with opened("") as page:
        await page.locator(".confusion").wait_for()
        assert await page.locator("#first").input_value() == "7@dials"
        assert await page.locator("#second").input_value() == "8@dials"


async def test_the_matrix_the_differences_and_the_frames_are_shown() -> None:
    async with opened("?first=7&second=8") as page:
        await page.locator(".confusion").wait_for()
        cells = await page.locator(".confusion td b").all_inner_texts()
        both, first, second, neither = (int(text.replace(",", "")) for text in cells)
        assert both + first + second + neither == N - 5
        assert (first, second > 20) == (0, True)
        share = 100 * (both + neither) / (N - 5)
        assert f"{share:.1f} %" in await page.inner_text("#verdict h2")
        assert "5 frames with the first result only" in await page.inner_text("#verdict p")
        rows = await page.locator(".spreads tbody tr").all_inner_texts()
        assert rows[2].startswith("Cell a, %")
        assert "+0.4" in rows[2]
        assert await page.locator("#by-second li").count() == second
        assert "first=7%40dials&second=8%40dials" in page.url


async def test_a_frame_opens_in_the_result_that_indexes_it_and_in_the_other() -> None:
    async with opened("?first=8&second=7") as page:
        await page.locator("#by-first li button").first.click()
        title = page.locator("#frame-title")
        await title.wait_for()
        assert "Trial 2, d_min 1.8 Å, dials" in await title.inner_text()
        await page.locator("#frame-other").click()
        assert "Trial 1, d_min 2 Å, dials" in await title.inner_text()


async def test_sides_are_swapped_and_a_result_is_not_compared_with_itself() -> None:
    async with opened("?first=7&second=8") as page:
        await page.locator("#by-second li").first.wait_for()
        n = await page.locator("#by-second li").count()
        await page.locator("#swap").click()
        await page.locator("#by-first li").nth(n - 1).wait_for()
        await page.locator("#first").select_option("7@dials")
        await page.locator("#verdict h2", has_text="Choose two different").wait_for()
        assert await page.locator("#matrix").is_hidden()


async def test_nothing_sticks_out_to_the_side_of_a_phone() -> None:
    async with opened("?first=7&second=8", phone=True, dark=True) as page:
        await page.locator(".confusion").wait_for()
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0

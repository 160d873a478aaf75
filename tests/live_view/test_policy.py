"""The page runs in a real browser under the server's own security headers."""

from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import async_playwright

from libs.local_stack import ROOT
from libs.streams.fakes import record_of
from services.live_view.pages import ASSETS, Pages
from tests.crystallography.rates.builders import batch, lattice, result, shells
from tests.live_view.builders import Clock, MemoryCatalogue, live_view, shown_job
from tests.stats_aggregator.builders import rates_of

pytestmark = pytest.mark.system
CHROMIUM = Path("/usr/bin/chromium")
ASSETS_FOLDER = ROOT / "var" / "assets"


async def test_nothing_on_the_page_breaks_the_content_security_policy() -> None:
    if not CHROMIUM.exists() or not (ASSETS_FOLDER / ASSETS[0]).exists():
        pytest.skip("Chromium or the plotting library is not installed: run `make setup`")
    catalogue = MemoryCatalogue(shown_job())
    table = shells([9, 8, 7, 6, 5, 4, 3, 2, 1, 0.5])
    message = batch([result(i, n_strong=i, lattices=(lattice(table),)) for i in range(60)])
    catalogue.put(message)
    view = live_view(catalogue, Clock())
    await view.look_at_database()
    view.take_facts([record_of(rates_of(message))])
    complaints: list[str] = []
    async with (
        TestServer(Pages(view, ASSETS_FOLDER).application()) as server,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
            timeout=240_000,
        )
        page = await browser.new_page()
        page.set_default_timeout(120_000)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(str(server.make_url("/")))
        await page.wait_for_function("document.querySelectorAll('canvas').length >= 3")
        await page.wait_for_function("document.body.innerText.includes('60')")
        await browser.close()
    assert complaints == []

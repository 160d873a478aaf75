"""A browser, a fake API, and a page that speaks to it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.live_view.page.fake_api import FakeApi
from tests.live_view.page.opened import OpenedPage

REPOSITORY = Path(__file__).parents[3]
BROWSER = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1440, "height": 900}


@pytest.fixture(scope="session")
def assets_folder() -> Path:
    """The folder with uPlot, as the set-up leaves it."""
    folder = Path(os.environ.get("STILLSTREAM_ASSETS_FOLDER", REPOSITORY / "var" / "assets"))
    if not (folder / "uPlot.iife.min.js").is_file():
        pytest.fail(f"uPlot is not in {folder}: run deploy/local/setup")
    return folder


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for this folder; Playwright's loop would be in the way of async tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=BROWSER, args=list(ARGUMENTS), timeout=240_000
        )
        yield browser
        browser.close()


@pytest.fixture
def api(assets_folder: Path) -> Iterator[FakeApi]:
    """A running API without jobs."""
    api = FakeApi(assets_folder)
    api.start()
    yield api
    api.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile on a desktop screen; waiting for conditions needs a relaxed policy."""
    context = browser.new_context(
        viewport=DESKTOP, timezone_id="UTC", color_scheme="light", bypass_csp=True
    )
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty tab."""
    return context.new_page()


@pytest.fixture
def opened(page: Page, api: FakeApi) -> OpenedPage:
    """The run-stats page, to be opened once the API holds what it should show."""
    return OpenedPage(page=page, api=api)

"""The run-stats page in a tab: open it, look at its numbers, wait for a condition."""

from typing import Any

from playwright.sync_api import Page

from tests.live_view.page.fake_api import FakeApi


class OpenedPage:
    """Collects what the console says, so that a test can demand silence."""

    def __init__(self, *, page: Page, api: FakeApi) -> None:
        self.page = page
        self.api = api
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(error.stack or str(error)))
        page.on("console", self._on_console)

    def open(self, query: str = "") -> "OpenedPage":
        """Load the page and wait until the shown runs are drawn."""
        self.page.goto(self.api.url + query)
        self.page.wait_for_function("window.stillstream !== undefined")
        self.look("stillstream.ready")
        return self

    def look(self, expression: str) -> Any:
        """The value of a JavaScript expression, promises awaited."""
        return self.page.evaluate(f"async () => await ({expression})")

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript condition holds, with the context's deadline."""
        self.page.wait_for_function(condition)

    def text(self, selector: str) -> str:
        """The text of an element."""
        return self.page.inner_text(selector)

    def _on_console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

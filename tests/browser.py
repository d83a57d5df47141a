"""A real browser for the tests of pages: Chromium, driven by Playwright; and axe, which checks accessibility."""

import os
import shutil
from contextlib import contextmanager

import pytest

_PATIENCE = 180_000  # milliseconds: nothing is timed here, and machines may be busy
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium():
    """Path of a browser: RSTHEORY_CHROMIUM, or else the first of the usual names; None where there is none."""
    return os.environ.get("RSTHEORY_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def browser():
    """Chromium without a window. The test is skipped where there is none, or no Playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    path = chromium()
    if path is None:
        pytest.skip("needs a browser: apt-get install chromium, or its path in RSTHEORY_CHROMIUM")
    with api.sync_playwright() as playwright:
        # In a container the tests run as root, and Chromium's sandbox does not.
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield opened
        finally:
            opened.close()


class Watched:
    """A page, with what it asked for and what it complained about. With scripts off, nothing is drawn."""

    def __init__(self, opened, path, *, width=800, scheme="light", scripts=True):
        self._context = opened.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts,
            reduced_motion="reduce",
        )  # fmt: skip
        self._context.set_default_timeout(_PATIENCE)
        self.requests, self.complaints = [], []
        self.page = self._context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append("dialog"), dialog.dismiss()))
        self.page.goto(path.as_uri())

    def draw_all(self):
        """Scroll to every chart, so that all are drawn."""
        for figure in self.page.locator("figure").all():
            figure.evaluate("figure => figure.scrollIntoView()")
            figure.locator(".view.drawn").first.wait_for()

    def violations(self):
        """What axe finds, in words."""
        axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
        found = axe.Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]

    def close(self):
        self._context.close()


@contextmanager
def watched(opened, path, **options):
    """A page that is closed in the end, and had no complaint and asked for nothing but itself."""
    page = Watched(opened, path, **options)
    try:
        yield page
        assert page.complaints == [], page.complaints  # said here: pytest explains no helper
        assert page.requests == [path.as_uri()], page.requests
    finally:
        page.close()

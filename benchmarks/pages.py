"""What a page costs: the size of the file, the time to make it, and the time until a browser has drawn its charts.

Needs Chromium (`apt-get install chromium`, or its path in RSTHEORY_CHROMIUM) and Playwright. Times in the browser start
when it is told to open the file. First chart: until the first one is drawn. All: with every chart scrolled to, one
after another. Medians over the runs.

    python benchmarks/pages.py PATH... [--runs 5]
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer

from rstheory import audit_logs
from rstheory.pages import audit_page, write_page
from rstheory.tables import show

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def drawn(path: Path, runs: int) -> list[dict[str, float]]:
    """Seconds to each event, and the number of requests, of each run in a fresh window."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("RSTHEORY_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        found = [one_run(browser, path) for _ in range(runs)]
        browser.close()
    return found


def one_run(browser: Browser, path: Path) -> dict[str, float]:
    """The same of one run."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000}, reduced_motion="reduce")
    page = context.new_page()
    asked: list[Any] = []
    page.on("request", lambda request: asked.append(request))
    start = time.perf_counter()
    page.goto(path.as_uri())
    opened = time.perf_counter() - start
    marks = []
    for figure in page.locator("figure").all():
        figure.evaluate("figure => figure.scrollIntoView()")
        figure.locator(".view.drawn").first.wait_for(timeout=0)
        marks.append(time.perf_counter() - start)
    context.close()
    return {"opened": opened, "first chart": marks[0], "all": marks[-1], "requests": len(asked) - 1}


def main(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Logs, or folders that hold some.")],
    runs: Annotated[int, typer.Option(min=1, help="Times that the browser opens the page.")] = 5,
) -> None:
    """Make a page of the logs and open it."""
    report = audit_logs(paths)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.html")
        start = time.process_time()
        write_page(audit_page(report), path)
        made = time.process_time() - start
        times = drawn(path, runs)
        row = {"logs": len(report.logs), "MB": path.stat().st_size / 1e6, "made, CPU s": made}
    row |= {f"{name}, s": median(run[name] for run in times) for name in ("opened", "first chart", "all")}
    row |= {"requests": max(run["requests"] for run in times)}
    show("a page in Chromium", pd.DataFrame([row]), dict.fromkeys(set(row) - {"logs", "requests"}, ".2f"))


if __name__ == "__main__":
    typer.run(main)

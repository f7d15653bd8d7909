"""A page in a real browser, which notes all that it says, asks for and would open."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = next((p for p in ("chromium", "chromium-browser", "google-chrome")
                 if shutil.which(p)), None)


@contextmanager
def browsed(path: Path, drawn: str | None = None) -> Iterator[Page]:
    """The page of a file, once what a selector finds is drawn. `said` of it holds messages of its
    console, errors, dialogs and requests that leave the machine's files; `place` is the file."""
    if CHROMIUM is None:
        pytest.fail("chromium is not installed: apt-get install chromium")
    os.environ.setdefault("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which(CHROMIUM),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        tab = browser.new_page(viewport={"width": 1200, "height": 900})
        tab.said, tab.place = [], path
        tab.on("console", lambda message: tab.said.append(message.text))
        tab.on("pageerror", lambda error: tab.said.append(str(error)))
        tab.on("dialog", lambda dialog: tab.said.append("dialog") or dialog.dismiss())
        tab.on("request", lambda request: tab.said.append(request.url)
               if not request.url.startswith(("file:", "data:", "blob:")) else None)
        tab.goto(path.resolve().as_uri())
        if drawn is not None:
            tab.wait_for_selector(drawn)
        yield tab
        browser.close()

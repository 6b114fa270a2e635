"""Pages in the Chromium of the machine, from a disk, each watched: what it says and what it asks for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

COMMANDS = ("chromium", "chromium-browser", "google-chrome")
FOUND = next((path for path in map(shutil.which, COMMANDS) if path), None)


@dataclass
class Opened:
    """A page as a browser shows it. `said` are console messages and errors, `asked` the addresses it wanted."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def run(self, script: str, value: Any = None) -> Any:
        return self.page.evaluate(script, value)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, selector: str) -> str:
        return " ".join(str(self.page.inner_text(selector)).split())


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if FOUND is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    # a sandbox of its own Chromium cannot make as root
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=FOUND, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Opened]]:
    """Opens a file. At the end of the test no page may have said or asked for anything."""
    opened: list[tuple[Opened, Any, str]] = []

    def open_(file: Path, *, width: int = 1280, height: int = 900, **more: Any) -> Opened:
        context = chromium.new_context(viewport={"width": width, "height": height}, **more)
        made = Opened(context.new_page())
        made.page.on("console", lambda m: made.said.append(f"{m.type}: {m.text}"))
        made.page.on("pageerror", lambda e: made.said.append(str(e)))
        made.page.on("request", lambda r: made.asked.append(r.url))
        address = file.resolve().as_uri()
        made.page.goto(address)
        opened.append((made, context, address))
        return made

    yield open_
    for made, context, address in opened:
        context.close()
        assert made.said == []
        assert set(made.asked) == {address}

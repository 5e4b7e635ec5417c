"""A real browser for tests: Debian's Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
_AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")

expect.set_options(timeout=30_000)  # the machine may be busy

SIZES = {"bedside": (800, 480), "telephone": (390, 844), "desktop": (1280, 800)}
"""Width and height: a screen of 7 inches, a telephone, a computer."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Started, and ended with the block."""
    program = shutil.which("chromium")
    if program is None and "CI" not in os.environ:
        pytest.skip("needs chromium: scripts/setup --dev installs it")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=_FLAGS)


@contextmanager
def page_of(browser: Browser, address: str, size: str = "bedside") -> Iterator[Page]:
    """A page in a browser window of that size. Errors and warnings in its console fail the test."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True, base_url=address)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
    except Exception as failure:
        failure.add_note(f"In the console: {complaints}")
        raise
    finally:
        context.close()
    assert not complaints, "; ".join(complaints)


def accessibility_faults(page: Page) -> list[str]:
    """What axe-core finds that is serious or critical, each with where it is."""
    found: dict[str, Any] = page.evaluate(f"() => {{ {_AXE}; return axe.run(); }}")
    grave = [one for one in found["violations"] if one["impact"] in {"serious", "critical"}]
    return [f"{one['id']}: {node['html']} {node['failureSummary']}" for one in grave for node in one["nodes"]]

"""Take the pictures of the screen in docs/screens, of a device that runs: python -m tests.screen.take_pictures FOLDER."""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, expect

from tests.bedside.sound_server import SoundServer
from tests.bedside.test_main_job import spoken
from tests.bedside.test_screen import PATIENCE, Screen, device, start
from tests.screen.browser import SIZES, chromium, page_of
from voiceskill.core.diary import Ending, Helped, PainScored, RoutineEnded
from voiceskill.edges.store import SqliteStore
from voiceskill.ports import HEARING_RATE

SCORES = [7, 8, 7, 6, 6.5, 5, 6, 4, 5, 4, 3.5, 4, 3]


def keep_a_week(data: Path) -> None:
    """A diary of somebody who gets better."""
    now = datetime.now().astimezone().replace(hour=9, minute=30)
    with closing(SqliteStore(data)) as store:
        for number, score in enumerate(SCORES):
            at = now - timedelta(hours=11 * (len(SCORES) - number))
            store.save(PainScored(at, score))
            if number % 3 == 0:
                store.save(RoutineEnded(at + timedelta(hours=1), "routine_breathing", Ending.DONE))
            if number in {4, 9}:
                store.save(Helped(at + timedelta(hours=2), "heat", better=True))
        store.save(Helped(now - timedelta(hours=60), "walk", better=False))


def pictures(browser: Browser, running: Screen, sound: SoundServer, folder: Path, when: str) -> None:
    """All pages, in every size."""
    question = spoken("Should I use heat or ice?", "flite rms", folder)
    with page_of(browser, running.address) as page:
        page.goto("/")
        sound.play_into_microphone(question, HEARING_RATE)
        expect(page.locator("#said .before")).to_be_visible(timeout=PATIENCE)
        _take_all(page, folder, f"answer-{when}")
        page.get_by_role("button", name="Stop").tap()
        start(page, "Two minute breathing")
        expect(page.locator("#ring[data-kind=in] text")).not_to_be_empty(timeout=PATIENCE)
        _take_all(page, folder, f"breathing-{when}")
        page.get_by_role("button", name="Stop").tap()
        for name in ("start", "diary", "set-up"):
            page.goto(f"/{name}")
            page.wait_for_timeout(500)
            _take_all(page, folder, f"{name}-{when}", anew=True)


def _take_all(page: Page, folder: Path, name: str, *, anew: bool = False) -> None:
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        if anew:
            page.reload()
            page.wait_for_timeout(500)
        page.wait_for_timeout(150)
        page.screenshot(path=folder / f"{name}-{size}.png")
    width, height = SIZES["bedside"]
    page.set_viewport_size({"width": width, "height": height})


def main(folder: Path) -> None:
    """Take them by day and by night."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(1).normal(0, 20, 20 * HEARING_RATE).astype(np.int16)
    now = datetime.now().astimezone()
    with tempfile.TemporaryDirectory() as made, SoundServer(Path(made) / "sound") as sound, chromium() as browser:
        data = Path(made) / "data"
        keep_a_week(data)
        for when, begin in (("day", now + timedelta(hours=3)), ("night", now - timedelta(hours=1))):
            end = begin + timedelta(hours=5)
            settings = f'quiet_from = "{begin:%H:%M}"\nquiet_until = "{end:%H:%M}"\ncountry = "GB"\n'
            with sound.room_filled_with(noise, HEARING_RATE), device(sound, Path(made), data, settings) as running:
                pictures(browser, running, sound, folder, when)
    (folder / "question.wav").unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

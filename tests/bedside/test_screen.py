"""The bedside screen beside a device that runs: spoken to, listened to, and looked at in a real browser."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.bedside.sound_server import SoundServer, wait_until
from tests.bedside.test_main_job import PATIENCE_SECONDS, Bedside, spoken
from tests.screen.browser import chromium, page_of
from voiceskill.ports import HEARING_RATE

PATIENCE = PATIENCE_SECONDS * 1_000.0


class Screen(Bedside):
    """A running device with a screen at `address`."""

    address = ""


@contextmanager
def device(sound_server: SoundServer, folder: Path, data: Path, more: str = "") -> Iterator[Screen]:
    """Started as a user would, with `more` settings."""
    settings, messages = folder / "settings.toml", folder / "messages"
    settings.write_text(f'screen = "http://127.0.0.1:0"\n{more}')
    command = [sys.executable, "-m", "voiceskill", "run", "--events", "-", "--data-dir", str(data), "--config", str(settings)]
    with (
        messages.open("w") as stderr,
        subprocess.Popen(command, env=sound_server.environment(), stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        try:
            screen = Screen(process)
            screen.wait_for("ready")
            found = re.search(r"http://\S+", messages.read_text())
            assert found
            screen.address = found[0]
            yield screen
        finally:
            process.kill()


def start(page: Page, name: str) -> None:
    page.goto("/start")
    page.get_by_role("button", name=name).click()
    page.wait_for_url("**/")


def test_a_spoken_question_is_captioned_with_its_answer_and_stop_silences_it(sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    with device(sound_server, tmp_path, home) as running, chromium() as browser, page_of(browser, running.address) as page:
        page.goto("/")
        expect(page.locator("#words")).to_have_text("Ready", timeout=PATIENCE)
        sound_server.play_into_microphone(spoken("Should I use heat or ice?", "flite rms", tmp_path), HEARING_RATE)
        expect(page.locator("#heard.settled")).to_contain_text(re.compile("heat or ice", re.IGNORECASE), timeout=PATIENCE)
        said = running.wait_for("say")["text"]
        expect(page.locator("#state")).to_have_attribute("data-doing", "speaking")
        expect(page.locator("#said")).to_contain_text(said.split(". ")[0], timeout=PATIENCE)
        with sound_server.record_loudspeaker() as recording:
            recording.wait_for(lambda pcm: int(np.count_nonzero(pcm)) > recording.rate // 4, "a quarter of a second of its voice")
            page.get_by_role("button", name="Stop").tap()
            assert running.wait_for("said")["interrupted"] is True
            second = recording.rate
            recording.wait_for(lambda pcm: not pcm[-second:].any(), "a second of silence")
        expect(page.locator("#state")).to_have_attribute("data-doing", "ready", timeout=PATIENCE)


@pytest.mark.long
def test_stop_silences_the_loudspeaker_within_300_milliseconds(sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    """The best of five: a busy machine is late by itself."""
    with device(sound_server, tmp_path, home) as running, chromium() as browser, page_of(browser, running.address) as page:
        assert min(seconds_to_silence(sound_server, page) for _ in range(5)) < 0.3


def seconds_to_silence(sound_server: SoundServer, page: Page) -> float:
    """From a tap on Stop, over its voice, to the last of its sound."""
    start(page, "How to use heat")
    with sound_server.record_loudspeaker() as recording:
        rate = recording.rate
        recording.wait_for(lambda pcm: int(np.count_nonzero(pcm)) > rate // 4, "a quarter of a second of its voice")
        tapped = len(recording.pcm())
        page.get_by_role("button", name="Stop").tap()
        recording.wait_for(lambda pcm: len(pcm) > tapped + rate and not pcm[-rate // 2 :].any(), "silence")
        return (int(np.flatnonzero(recording.pcm())[-1]) - tapped) / rate


@pytest.mark.long
def test_a_routine_is_led_on_the_screen_and_the_diary_shows_what_was_said(sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (home / "cache").mkdir(exist_ok=True)
    (data / "cache").symlink_to(home / "cache")  # a diary of its own, and replies that are rendered once for all
    noise = np.random.default_rng(1).normal(0, 20, 20 * HEARING_RATE).astype(np.int16)  # a microphone that gives nothing at all is muted
    with (
        sound_server.room_filled_with(noise, HEARING_RATE),
        device(sound_server, tmp_path, data) as running,
        chromium() as browser,
        page_of(browser, running.address) as page,
    ):
        start(page, "Two minute breathing")
        ring = page.locator("#ring[data-kind=in]")
        expect(ring.locator("text")).not_to_be_empty(timeout=PATIENCE)
        page.get_by_role("button", name="Pause").tap()
        expect(page.get_by_role("button", name="Go on")).to_be_visible(timeout=PATIENCE)
        page.get_by_role("button", name="Stop").tap()
        expect(page.locator("#ring")).to_be_hidden(timeout=PATIENCE)
        sound_server.play_into_microphone(spoken("My pain is seven.", "flite rms", tmp_path), HEARING_RATE)
        wait_until(lambda: "Saved" in str(running.wait_for("say")["text"]), "the score to be saved", PATIENCE_SECONDS)
        page.goto("/diary")
        expect(page.locator("table")).to_contain_text("Pain 7 out of 10")
        expect(page.locator("table")).to_contain_text("Routine breathing: stopped")
        page.get_by_role("button", name="Delete the diary").click()
        page.get_by_role("button", name="Delete everything").click()
        expect(page.get_by_text("Nothing was noted")).to_be_visible()

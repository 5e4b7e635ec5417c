"""The bedside screen beside a device that runs: spoken to, listened to, and looked at in a real browser."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.bedside.sound_server import SoundServer, wait_until
from tests.bedside.test_main_job import PATIENCE_SECONDS, Bedside, spoken
from tests.screen.browser import accessibility_faults, chromium, page_of
from voiceskill.core.spoken_values import number
from voiceskill.ports import HEARING_RATE

PATIENCE = PATIENCE_SECONDS * 1_000.0


KEEP_WHAT_IS_HEARD = """() => {
    const heard = document.getElementById("heard");
    window.heardSoFar = [];
    const keep = () => window.heardSoFar.push([heard.textContent, heard.classList.contains("settled")]);
    new MutationObserver(keep).observe(heard, { childList: true, characterData: true, subtree: true, attributes: true });
}"""


class Screen(Bedside):
    """A running device with a screen at `address`."""

    address = ""
    messages = ""


@contextmanager
def device(sound_server: SoundServer, folder: Path, data: Path, more: str = "", host: str = "127.0.0.1") -> Iterator[Screen]:
    """Started as a user would, with `more` settings; its screen is served at `host`."""
    settings, messages = folder / "settings.toml", folder / "messages"
    settings.write_text(f'screen = "http://{host}:0"\n{more}')
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
            screen.address = found[0].replace(host, "127.0.0.1")
            screen.messages = messages.read_text()
            yield screen
        finally:
            process.kill()


def start(page: Page, name: str) -> None:
    page.goto("/start")
    page.get_by_role("button", name=name).click()
    page.wait_for_url("**/")


def test_a_spoken_question_is_captioned_with_its_answer_and_stop_silences_it(sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    with (
        device(sound_server, tmp_path, home) as running,
        chromium() as browser,
        page_of(browser, running.address) as page,
        page_of(browser, running.address, "telephone") as second,
    ):
        for looking in (page, second):
            looking.goto("/")
            expect(looking.locator("#words")).to_have_text("Ready", timeout=PATIENCE)
        page.evaluate(KEEP_WHAT_IS_HEARD)
        sound_server.play_into_microphone(spoken("Should I use heat or ice?", "flite rms", tmp_path), HEARING_RATE)
        expect(page.locator("#heard.settled")).to_contain_text(re.compile("heat or ice", re.IGNORECASE), timeout=PATIENCE)
        grey = [text for text, settled in page.evaluate("window.heardSoFar") if text and not settled]
        assert grey, "words that are grey while they are heard"
        expect(second.locator("#heard.settled")).to_have_text(page.locator("#heard").inner_text(), timeout=PATIENCE)
        said = running.wait_for("say")["text"]
        expect(page.locator("#state")).to_have_attribute("data-doing", "speaking")
        expect(page.locator("#said")).to_contain_text(said.split(". ")[0], timeout=PATIENCE)
        with sound_server.record_loudspeaker() as recording:
            recording.wait_for(lambda pcm: int(np.count_nonzero(pcm)) > recording.rate // 4, "a quarter of a second of its voice")
            page.get_by_role("button", name="Stop").tap()
            assert running.wait_for("said")["interrupted"] is True
            a_second = recording.rate
            recording.wait_for(lambda pcm: not pcm[-a_second:].any(), "a second of silence")
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


def test_a_code_is_shown_at_the_start_and_said_aloud_on_request_and_connects_a_telephone(
    sound_server: SoundServer, home: Path, tmp_path: Path
) -> None:
    with (
        device(sound_server, tmp_path, home, host="0.0.0.0") as running,
        chromium() as browser,
        page_of(browser, running.address) as page,
    ):
        port = urlsplit(running.address).port
        elsewhere = f"http://{socket.gethostname().lower().partition('.')[0]}.local:{port}"
        shown = re.search(r"type (\d{4}) (\d{4}) there", running.messages)
        assert shown
        assert connects(running.address, elsewhere, "".join(shown.groups()))
        page.goto("/set-up")
        page.get_by_role("button", name="Say a code aloud").click()
        code = page.locator(".code").inner_text().replace(" ", "")
        figures = ", ".join(number(int(figure)) for figure in code)
        assert figures in running.wait_for("say")["text"]
        assert running.wait_for("said")["interrupted"] is False
        assert connects(running.address, elsewhere, code)
        assert not connects(running.address, elsewhere, code)


def connects(address: str, elsewhere: str, code: str) -> bool:
    """Whether a browser that knows the device by its name in the house gets in with that code, and not without."""
    with httpx.Client(base_url=address, headers={"host": elsewhere.removeprefix("http://"), "accept": "text/html"}) as telephone:
        assert telephone.get("/").headers["location"] == "/pair"
        token = re.search(r'name="csrf" content="(\w+)"', telephone.get("/pair").text)
        assert token
        telephone.post("/pair", data={"csrf": token[1], "code": code, "name": "Anna"}, headers={"origin": elsewhere})
        return telephone.get("/").status_code == 200


@pytest.mark.long
def test_set_up_tries_out_microphone_loudspeaker_and_voice_and_no_page_has_a_grave_fault(
    sound_server: SoundServer, home: Path, tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).normal(0, 600, 20 * HEARING_RATE).astype(np.int16)
    with (
        sound_server.room_filled_with(noise, HEARING_RATE),
        device(sound_server, tmp_path, home) as running,
        chromium() as browser,
        page_of(browser, running.address) as page,
    ):
        page.goto("/set-up")
        page.wait_for_function("document.getElementById('level').value > -50", timeout=PATIENCE)
        with sound_server.record_loudspeaker() as recording:
            page.get_by_role("button", name="Test the loudspeaker").tap()
            recording.wait_for(lambda pcm: bool(pcm.any()), "a word from the loudspeaker")
        assert running.wait_for("said")["interrupted"] is False
        lengths = [length_of_sample(page, pace) for pace in ("220", "90")]
        assert lengths[0] * 1.5 < lengths[1]
        page.get_by_label("Country").select_option("GB")
        page.get_by_role("textbox", name="Wake phrase").fill("hello lamp")
        page.get_by_role("button", name="Keep these settings").click()
        expect(page.locator(".told")).to_contain_text("next start", timeout=PATIENCE)
        kept = (tmp_path / "settings.toml").read_text()
        assert 'country = "GB"' in kept
        assert 'wake_phrase = "hello lamp"' in kept
        for path in ("/", "/start", "/diary", "/set-up", "/set-up/doctor"):
            page.goto(path)
            assert accessibility_faults(page) == []
        expect(page.locator(".parts")).to_contain_text("Disk")


def length_of_sample(page: Page, pace: str) -> int:
    """Bytes of the sentence that the button Listen plays, at that many words a minute."""
    page.get_by_label("Words a minute").fill(pace)
    with page.expect_response("**/set-up/listen", timeout=PATIENCE) as answer:
        page.get_by_role("button", name="Listen", exact=True).click()
    assert answer.value.headers["content-type"] == "audio/wav"
    expect(page.get_by_role("button", name="Listen", exact=True)).to_be_enabled(timeout=PATIENCE)
    return int(answer.value.headers["content-length"])

"""Setting the device up, with real devices: by a voice alone, by typing alone, and where there is nobody."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.bedside.sound_server import DEVICE_RATE, PATIENCE_SECONDS, Pcm, SoundServer, environment_without_devices
from tests.bedside.test_main_job import spoken
from voiceskill.ports import HEARING_RATE
from voiceskill.settings import load_settings

PATIENCE = 20 * PATIENCE_SECONDS
LISTENING = "  (listening)"

SAYS = {
    "First, the microphone": "Hello, can you hear me?",
    "I heard nobody": "Hello, can you hear me?",
    "This is loudspeaker one": "Yes please.",
    "Is that loud enough": "Softer please.",
    "Like this": "Yes please.",
    "Now say a sentence": "My back has been hurting since this morning.",
    "I heard you faintly": "My back has been hurting since this morning.",
    "My own voice drowns yours": "No thanks.",
    "You call me": "Listen Maggie.",
    "I'd mishear": "Listen Maggie.",
    "Which country": "The United Kingdom.",
    "I don't know the numbers": "The United Kingdom.",
    "Now ask me": "Should I use heat or ice?",
    "I didn't get that": "Should I use heat or ice?",
}
"""What somebody answers to what begins like that."""


def start(environment: Mapping[str, str], folder: Path, stdin: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "voiceskill", "setup", "--config", str(folder / "settings.toml"), "--data-dir", str(folder)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env={**environment, "PYTHONUNBUFFERED": "1"}, stdin=stdin, stdout=pipe, stderr=pipe, text=True)


def noise() -> Pcm:
    return np.rint(np.random.default_rng(0).normal(0, 20, 5 * DEVICE_RATE)).astype(np.int16)


def answer_to(asked: str) -> str:
    if asked.endswith("Is that right?"):
        right = any(name in asked for name in ("listen maggie", "the United Kingdom"))
        return "Yes please." if right else "No."
    return next((said for begins, said in SAYS.items() if asked.startswith(begins)), "Yes please.")


@pytest.mark.long
def test_a_voice_alone_sets_it_up_and_its_first_question_is_answered(fragile_sound_server: SoundServer, tmp_path: Path) -> None:
    server = fragile_sound_server
    voices = {text: spoken(text, "flite rms", tmp_path) for text in {*SAYS.values(), "Yes please.", "No."}}
    (tmp_path / "settings.toml").write_text("words_per_minute = 240\n")
    server.set_echo(-20)
    told: list[str] = []
    with server.room_filled_with(noise(), DEVICE_RATE), start(server.environment(), tmp_path, subprocess.DEVNULL) as process:
        killer = threading.Timer(PATIENCE, process.kill)
        killer.start()
        assert process.stdout is not None
        for line in process.stdout:
            if line.rstrip("\n") == LISTENING:
                asked = next(one for one in reversed(told) if not one.startswith("  "))
                server.play_into_microphone(voices[answer_to(asked)], HEARING_RATE)
            else:
                told.append(line.rstrip("\n"))
        assert process.stderr is not None
        assert process.wait(PATIENCE) == 0, "\n".join([*told, process.stderr.read()])
        killer.cancel()
    settings = load_settings(tmp_path / "settings.toml")
    assert settings.wake_phrase == "listen maggie", "\n".join(told)
    assert settings.country == "GB"
    assert 0.4 < settings.volume < 0.8
    assert any(line.startswith("  noise -") and "echo -2" in line for line in told)
    assert any(line.startswith("For a spasm, try warmth first.") for line in told)
    named = {line.split(": ", 1)[1] for line in told if line.startswith(("  microphone 1", "  loudspeaker 1"))}
    assert {settings.microphone, settings.loudspeaker} == named


def test_where_no_sound_works_it_is_set_up_by_typing_and_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("# mine\nvolume = 0.5\n")
    process = start(environment_without_devices(tmp_path), tmp_path, subprocess.PIPE)
    out, err = process.communicate("hello lighthouse\nMars\nUK\ndoes heat help\n", timeout=PATIENCE)
    assert "I don't know the numbers of that country." in out
    assert "I've kept your settings." in out
    assert process.returncode == 3
    assert err.splitlines()[-1].startswith("voiceskill: No microphone heard you.")
    assert (tmp_path / "settings.toml").read_text() == '# mine\nvolume = 0.5\nwake_phrase = "hello lighthouse"\ncountry = "GB"\n'


@pytest.mark.long
def test_with_nobody_there_it_ends_and_changes_nothing(sound_server: SoundServer, tmp_path: Path) -> None:
    process = start(sound_server.environment(), tmp_path, subprocess.DEVNULL)
    out, err = process.communicate(timeout=PATIENCE)
    assert "I hear nobody." in out
    assert process.returncode == 3
    assert err.splitlines()[-1].startswith("voiceskill: No microphone heard you.")
    assert not (tmp_path / "settings.toml").exists()


def test_ctrl_c_leaves_the_settings_as_they_were(sound_server: SoundServer, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('country = "IE"\n')
    with start(sound_server.environment(), tmp_path, subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        print("1\ny\ny\n\nhello lighthouse\nUK", file=process.stdin, flush=True)
        for line in process.stdout:
            if line.startswith("Now ask me"):
                process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert (tmp_path / "settings.toml").read_text() == 'country = "IE"\n'

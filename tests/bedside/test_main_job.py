"""The main job as a user has it: speak into the microphone, listen to the loudspeaker."""

from __future__ import annotations

import json
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from tests.bedside.sound_server import SoundServer, environment_without_devices
from voiceskill.edges.recognisers.moonshine_engine import MoonshineRecogniser
from voiceskill.edges.wav import read_wav, write_wav
from voiceskill.ports import HEARING_RATE, Clip, Pcm

PATIENCE_SECONDS = 90
"""For a whole turn on a slow and busy machine; nothing here measures speed."""


class Bedside:
    """A running device, followed by its events."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with suppress(ValueError):  # closed, as the test is over
            for line in self.process.stdout:
                self._events.put(json.loads(line))
        self._events.put(None)

    def wait_for(self, event: str) -> dict[str, Any]:
        """The next event of that name. Raises queue.Empty when it takes too long, EOFError when the device ends before."""
        return self.until(event)[-1]

    def until(self, event: str) -> list[dict[str, Any]]:
        """All that comes up to the next event of that name, and it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        events: list[dict[str, Any]] = []
        while not events or events[-1]["event"] != event:
            happened = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            if happened is None:
                raise EOFError(f"the device ended, with exit code {self.process.wait()}, before any {event}")
            events.append(happened)
        return events


@contextmanager
def bedside(environment: Mapping[str, str], home: Path, *arguments: str) -> Iterator[Bedside]:
    """A device started as a user would."""
    command = [sys.executable, "-m", "voiceskill", "run", "--events", "-", "--data-dir", str(home), *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            device = Bedside(process)
            device.wait_for("ready")
            yield device
        finally:
            process.kill()


VOICES = {
    "flite rms": ["flite", "-voice", "rms", "-t", "{text}", "-o", "{file}"],
    "flite slt": ["flite", "-voice", "slt", "-t", "{text}", "-o", "{file}"],
    "flite awb": ["flite", "-voice", "awb", "-t", "{text}", "-o", "{file}"],
    "espeak-ng en-gb": ["espeak-ng", "-v", "en-gb", "-s", "140", "-w", "{file}", "{text}"],
}


def spoken(text: str, voice: str, directory: Path) -> Pcm:
    """`text` in a synthetic person's voice, at HEARING_RATE."""
    file = directory / "question.wav"
    subprocess.run([part.format(text=text, file=file) for part in VOICES[voice]], check=True)
    return read_wav(file)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def understood(pcm: Pcm, rate: int) -> str:
    """What an independent listener makes of the loudspeaker's sound."""
    listener = MoonshineRecogniser()
    listener.start()
    listener.accept(soxr.resample(pcm, rate, HEARING_RATE))
    heard = listener.hypotheses()
    return heard[0].text if heard else ""


def share_understood(said: str, heard: str) -> float:
    return len(set(words(said)) & set(words(heard))) / len(set(words(said)))


@pytest.mark.parametrize(
    ("voice", "question", "intent"),
    [
        ("flite rms", "Should I use heat or ice?", "relief_heat_or_cold"),
        ("flite slt", "How do I get out of bed?", "relief_get_out_of_bed"),
        ("espeak-ng en-gb", "Why did my back go when I lifted a box?", "cause_lifting"),
    ],
)
def test_a_spoken_question_gets_the_right_spoken_answer(
    sound_server: SoundServer, home: Path, tmp_path: Path, voice: str, question: str, intent: str
) -> None:
    with bedside(sound_server.environment(), home) as device, sound_server.record_loudspeaker() as recording:
        sound_server.play_into_microphone(spoken(question, voice, tmp_path), HEARING_RATE)
        assert device.wait_for("matched")["intent"] == intent
        said = device.wait_for("say")["text"]
        assert device.wait_for("said")["interrupted"] is False
    assert share_understood(said, understood(recording.pcm(), recording.rate)) > 0.6


def test_where_it_is_to_be_called_only_a_question_after_the_wake_phrase_is_answered(
    sound_server: SoundServer, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text('attention = "wake"\n')
    question, called = "Should I use heat or ice?", "Hey bedside, should I use heat or ice?"
    with bedside(sound_server.environment(), home, "--config", str(tmp_path / "settings.toml")) as device:
        sound_server.play_into_microphone(spoken(question, "flite rms", tmp_path), HEARING_RATE)
        assert device.wait_for("matched")["intent"] == "relief_heat_or_cold"
        sound_server.play_into_microphone(spoken(called, "flite rms", tmp_path), HEARING_RATE)
        assert "say" not in {event["event"] for event in device.until("wake")}
        assert device.wait_for("matched")["intent"] == "relief_heat_or_cold"
        device.wait_for("said")


def test_a_call_of_which_dictation_makes_other_words_is_heard_too(sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('attention = "wake"\n')
    with bedside(sound_server.environment(), home, "--config", str(tmp_path / "settings.toml")) as device:
        sound_server.play_into_microphone(spoken("Hey bedside.", "flite awb", tmp_path), HEARING_RATE)  # "He they excite."
        device.wait_for("wake")
        waiting_for_the_sound = np.zeros(HEARING_RATE, np.int16)
        question = spoken("Should I use heat or ice?", "flite rms", tmp_path)
        sound_server.play_into_microphone(np.concatenate([waiting_for_the_sound, question]), HEARING_RATE)
        assert device.wait_for("matched")["intent"] == "relief_heat_or_cold"
        device.wait_for("say")


def test_stop_said_over_its_voice_silences_it(sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    stop = spoken("Stop.", "flite rms", tmp_path)
    with bedside(sound_server.environment(), home) as device:
        sound_server.play_into_microphone(spoken("Should I use heat or ice?", "flite rms", tmp_path), HEARING_RATE)
        device.wait_for("speaking")
        with sound_server.record_loudspeaker() as recording:
            recording.wait_for(lambda pcm: int(np.count_nonzero(pcm)) > recording.rate // 2, "half a second of its voice")
        sound_server.play_into_microphone(stop, HEARING_RATE)
        said = device.wait_for("said")
        assert said["interrupted"] is True
        assert said["heard_fraction"] < 1.0
        with sound_server.record_loudspeaker() as recording:
            second = recording.rate
            recording.wait_for(lambda pcm: len(pcm) > second and not pcm[-second:].any(), "a second of silence, once the buffers are empty")


@pytest.mark.long
def test_with_its_voice_in_the_microphone_it_answers_in_full_and_still_stops_when_told(
    sound_server: SoundServer, home: Path, tmp_path: Path
) -> None:
    question, stop = spoken("Should I use heat or ice?", "flite slt", tmp_path), spoken("Stop it. Stop!", "flite slt", tmp_path)
    sound_server.set_echo(0.0, latency_ms=60)
    try:
        with bedside(sound_server.environment(), home) as device:
            sound_server.play_into_microphone(question, HEARING_RATE)
            assert device.wait_for("said")["interrupted"] is False
            sound_server.play_into_microphone(question, HEARING_RATE)
            device.wait_for("speaking")
            sound_server.play_into_microphone(stop, HEARING_RATE)
            assert device.wait_for("said")["interrupted"] is True
    finally:
        sound_server.set_echo(None)


def test_a_danger_sign_is_answered_in_full_and_raises_an_alert(sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    with bedside(sound_server.environment(), home) as device, sound_server.record_loudspeaker() as recording:
        sound_server.play_into_microphone(spoken("I can't feel my legs.", "flite rms", tmp_path), HEARING_RATE)
        assert device.wait_for("alert")["kind"] == "redflag_both_legs"
        said = device.wait_for("say")["text"]
        device.wait_for("said")
    assert share_understood(said, understood(recording.pcm(), recording.rate)) > 0.6


def test_danger_is_told_to_the_household_and_who_has_seen_it_is_said_aloud(sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    code = f"import sys; open({str(told)!r}, 'wb').write(sys.stdin.buffer.read()); print('Anna')"
    command = f'name = "Anna"\nrun = [{json.dumps(sys.executable)}, "-c", {json.dumps(code)}]\n'
    (tmp_path / "settings.toml").write_text(f"[[alerts.command]]\n{command}")
    with bedside(sound_server.environment(), home, "--config", str(tmp_path / "settings.toml")) as device:
        sound_server.play_into_microphone(spoken("I can't feel my legs.", "flite rms", tmp_path), HEARING_RATE)
        alert = device.wait_for("alert")
        assert "I'm alerting the people you chose too." in device.wait_for("say")["text"]
        assert device.wait_for("alert_seen") | {"t": 0} == {"event": "alert_seen", "id": alert["id"], "by": "Anna", "t": 0}
        assert device.wait_for("say")["text"] == "Anna has seen it."
        device.wait_for("said")
    assert json.loads(told.read_bytes())["kind"] == alert["kind"]
    assert not list((home / "alerts").iterdir())


def test_a_routine_asked_for_aloud_counts_aloud_and_falls_silent_at_stop(sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    stop = spoken("Stop it. Stop!", "flite rms", tmp_path)
    with bedside(sound_server.environment(), home) as device:
        sound_server.play_into_microphone(spoken("Start the breathing routine.", "flite rms", tmp_path), HEARING_RATE)
        counted: list[str] = []
        while len(counted) < 3:
            text = device.wait_for("say")["text"]
            if counted or text == "One.":
                counted.append(text)
        assert counted == ["One.", "Two.", "Three."]
        sound_server.play_into_microphone(stop, HEARING_RATE)
        while device.wait_for("routine")["phase"] != "stopped":
            pass
        with sound_server.record_loudspeaker() as recording:
            long = 4 * recording.rate
            recording.wait_for(lambda pcm: len(pcm) > long and not pcm[-long:].any(), "four seconds without a count")


def test_the_counts_of_a_breath_leave_the_loudspeaker_a_second_apart(home: Path, tmp_path: Path) -> None:
    rate = HEARING_RATE
    asking, stop = (spoken(text, "flite rms", tmp_path) for text in ("Start the breathing routine.", "Stop."))
    silence = np.zeros(40 * rate, np.int16)
    write_wav(tmp_path / "in.wav", Clip(np.concatenate([silence[:rate], asking, silence, stop, silence[: 8 * rate]]), rate))
    command = [sys.executable, "-m", "voiceskill", "run", "--data-dir", str(home), "--events", str(tmp_path / "events.jsonl")]
    subprocess.run([*command, "--wav", str(tmp_path / "in.wav"), "--out", str(tmp_path / "out.wav")], check=True)
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = {event["id"]: event["text"] for event in events if event["event"] == "say"}
    begun = [(texts[event["id"]], event["t"]) for event in events if event["event"] == "speaking"]
    numbers = ["One.", "Two.", "Three.", "Four.", "Five.", "Six."]
    steps = [b[1] - a[1] for a, b in pairwise(begun) if a[0] in numbers and b[0] in numbers[numbers.index(a[0]) + 1 :][:1]]
    assert len(steps) >= 5
    assert all(abs(step - 1.0) < 0.08 for step in steps), steps
    assert any(event["event"] == "routine" and event["phase"] == "stopped" for event in events)
    out = read_wav(tmp_path / "out.wav")
    assert out[: 35 * rate].any()
    assert not out[-2 * rate :].any()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_asked_to(sound_server: SoundServer, home: Path, how: signal.Signals) -> None:
    with bedside(sound_server.environment(), home) as device:
        device.process.send_signal(how)
        assert device.process.wait(PATIENCE_SECONDS) == 0


def test_without_a_sound_device_it_says_so_in_one_line_with_the_way_out(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "voiceskill", "run", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, env=environment_without_devices(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert "voiceskill devices" in line

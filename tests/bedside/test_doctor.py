"""The doctor and the check by voice, with real devices: an echo there or not, a microphone muted or turned up too far."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bedside.sound_server import DEVICE_RATE, PATIENCE_SECONDS, Pcm, SoundServer, environment_without_devices
from tests.bedside.test_main_job import bedside, spoken
from voiceskill.core.sound import Finding
from voiceskill.ports import HEARING_RATE
from voiceskill.sound_check.verdict import ADVICE

PATIENCE = 3 * PATIENCE_SECONDS


@dataclass
class Told:
    """What the doctor told."""

    code: int
    parts: dict[str, Any]

    @property
    def sound(self) -> dict[str, Any]:
        sound: dict[str, Any] = self.parts["sound"]
        return sound


def doctor(environment: Mapping[str, str], home: Path) -> Told:
    command = [sys.executable, "-m", "voiceskill", "doctor", "--json", "--data-dir", str(home)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
    told = json.loads(done.stdout)
    assert told["exit_code"] == done.returncode
    return Told(done.returncode, told["parts"])


def noise(level: float) -> Pcm:
    whole: Pcm = np.clip(np.rint(np.random.default_rng(0).normal(0, level, 5 * DEVICE_RATE)), -32_768, 32_767).astype(np.int16)
    return whole


@contextmanager
def echo(server: SoundServer, gain_db: float, latency_ms: int = 60) -> Iterator[None]:
    server.set_echo(gain_db, latency_ms)
    try:
        yield
    finally:
        server.set_echo(None)


@pytest.mark.parametrize(("gain_db", "latency_ms"), [(-12, 20), (-25, 200)])
def test_an_echo_is_told_with_its_level_and_delay(sound_server: SoundServer, tmp_path: Path, gain_db: float, latency_ms: int) -> None:
    with sound_server.room_filled_with(noise(20), DEVICE_RATE), echo(sound_server, gain_db, latency_ms):
        told = doctor(sound_server.environment(), tmp_path)
    assert told.code == 0
    assert told.sound["findings"].split()[:2] == [Finding.ROOM_QUIET, Finding.ECHO_SOFT]
    assert told.sound["echo_db"] == pytest.approx(gain_db, abs=1.5)
    assert latency_ms - 20 < told.sound["delay_ms"] < 1_000
    assert told.sound["noise_dbfs"] == pytest.approx(-70, abs=3)


def test_an_echo_as_loud_as_it_was_played_is_told_with_what_to_change(sound_server: SoundServer, tmp_path: Path) -> None:
    with sound_server.room_filled_with(noise(20), DEVICE_RATE), echo(sound_server, 0):
        told = doctor(sound_server.environment(), tmp_path)
    assert told.code == 0
    assert ADVICE[Finding.ECHO_LOUD] in told.sound["advice"]


def test_without_an_echo_it_says_that_nothing_came_back(sound_server: SoundServer, tmp_path: Path) -> None:
    with sound_server.room_filled_with(noise(20), DEVICE_RATE):
        told = doctor(sound_server.environment(), tmp_path)
    assert told.code == 0
    assert told.sound["findings"] == f"{Finding.ROOM_QUIET} {Finding.LOUDSPEAKER_UNHEARD}"
    assert told.sound["echo_db"] is None
    assert told.sound["advice"] == [ADVICE[Finding.LOUDSPEAKER_UNHEARD]]


def test_a_muted_microphone_is_no_usable_one(sound_server: SoundServer, tmp_path: Path) -> None:
    sound_server.mute_microphone(True)
    try:
        with sound_server.room_filled_with(noise(20), DEVICE_RATE, heard=False), echo(sound_server, -12):
            told = doctor(sound_server.environment(), tmp_path)
    finally:
        sound_server.mute_microphone(False)
    assert told.code == 3
    assert told.sound["findings"] == Finding.MICROPHONE_SILENT
    assert told.sound["fault"] == ADVICE[Finding.MICROPHONE_SILENT]


def test_a_microphone_turned_up_too_far_is_told_of(sound_server: SoundServer, tmp_path: Path) -> None:
    hum = 60_000 * np.sin(2 * np.pi * 200 * np.arange(5 * DEVICE_RATE) / DEVICE_RATE)
    with sound_server.room_filled_with(np.clip(hum, -32_768, 32_767).astype(np.int16), DEVICE_RATE):
        told = doctor(sound_server.environment(), tmp_path)
    assert told.code == 1
    assert told.sound["clipped"] > 0.3
    assert told.sound["fault"] == ADVICE[Finding.CLIPPED]


def test_without_sound_devices_the_other_parts_are_still_looked_at(tmp_path: Path) -> None:
    told = doctor(environment_without_devices(tmp_path), tmp_path)
    assert told.code == 3
    assert "voiceskill devices" in told.parts["microphone"]["fault"]
    assert "voiceskill devices" in told.parts["loudspeaker"]["fault"]
    assert "sound" not in told.parts
    assert [told.parts[part]["health"] for part in ("recogniser", "synthesiser", "diary", "disk")] == ["ok"] * 4


@pytest.mark.parametrize("when", ["before", "while it listens"])
@pytest.mark.parametrize("misfortune", [SoundServer.kill, SoundServer.stall])
def test_a_dead_sound_system_does_not_keep_the_doctor_waiting(
    fragile_sound_server: SoundServer, tmp_path: Path, when: str, misfortune: Callable[[SoundServer], None]
) -> None:
    if when == "before":
        misfortune(fragile_sound_server)
    command = [sys.executable, "-m", "voiceskill", "doctor", "--json", "--data-dir", str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=fragile_sound_server.environment(), stdout=pipe, stderr=pipe, text=True) as process:
        try:
            if when != "before":
                assert process.stderr is not None
                assert process.stderr.readline().startswith("Say a few words")
                misfortune(fragile_sound_server)
            told, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 3
    assert json.loads(told)["parts"]["clock"]["seen"]


@pytest.mark.long  # on a busy machine the question is heard with gaps
def test_asked_aloud_it_listens_and_tells(sound_server: SoundServer, tmp_path: Path) -> None:
    asked = spoken("Check the microphone, please.", "flite rms", tmp_path)
    with sound_server.room_filled_with(noise(20), DEVICE_RATE), bedside(sound_server.environment(), tmp_path / "home") as device:
        sound_server.play_into_microphone(asked, HEARING_RATE)
        assert device.wait_for("matched")["intent"] == "control_check_sound"
        assert device.wait_for("say")["text"] == "Let me listen. Stay quiet a moment, and you'll hear a soft sound."
        assert device.wait_for("say")["text"] == "I hear you well. The room is quiet. My own voice doesn't reach the microphone at all."

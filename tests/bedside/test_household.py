"""The device at the bedside, seen and steered from elsewhere in the house."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bedside.sound_server import SoundServer
from tests.bedside.test_main_job import bedside, spoken
from tests.household.broker import Mosquitto, onlooker
from voiceskill.ports import HEARING_RATE

BASE = "voiceskill/voiceskill"


def test_a_question_in_the_room_shows_in_the_house_and_a_button_there_silences_the_answer(
    sound_server: SoundServer, home: Path, tmp_path: Path
) -> None:
    question = spoken("Should I use heat or ice?", "flite rms", tmp_path)
    with Mosquitto(tmp_path) as broker, onlooker(broker.port) as house:
        settings = tmp_path / "settings.toml"
        settings.write_text(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n')
        with bedside(sound_server.environment(), home, "--config", str(settings)) as device:
            house.wait_for(f"{BASE}/state", "ready")
            sound_server.play_into_microphone(question, HEARING_RATE)
            house.wait_for(f"{BASE}/state", "speaking")
            house.publish(f"{BASE}/stop/set", "PRESS")
            assert device.wait_for("said")["interrupted"]
            house.wait_for(f"{BASE}/state", "ready")


@pytest.mark.long
def test_a_call_for_help_in_the_room_is_told_to_the_house_and_who_has_seen_it_is_said_in_the_room(
    sound_server: SoundServer, home: Path, tmp_path: Path
) -> None:
    call = spoken("Call for help.", "flite rms", tmp_path)
    with Mosquitto(tmp_path) as broker, onlooker(broker.port) as house:
        settings = tmp_path / "settings.toml"
        settings.write_text(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n[alerts]\nhousehold = true\ncountdown = 5\n')
        with bedside(sound_server.environment(), home, "--config", str(settings)) as device:
            house.wait_for(f"{BASE}/needs_help", "OFF")
            sound_server.play_into_microphone(call, HEARING_RATE)
            device.wait_for("alert")
            house.wait_for(f"{BASE}/needs_help", "ON")
            assert house.wait_for_json(f"{BASE}/alert")["kind"] == "help"
            house.publish(f"{BASE}/acknowledge/set", "Anna")
            assert device.wait_for("alert_seen")["by"] == "Anna"
            while device.wait_for("say")["text"] != "Anna has seen it.":
                pass
            house.wait_for(f"{BASE}/needs_help", "OFF")


def test_with_its_hearing_switched_off_in_the_house_it_hears_nothing_until_it_is_switched_on(
    sound_server: SoundServer, home: Path, tmp_path: Path
) -> None:
    question = spoken("Should I use heat or ice?", "flite rms", tmp_path)
    with Mosquitto(tmp_path) as broker, onlooker(broker.port) as house:
        settings = tmp_path / "settings.toml"
        settings.write_text(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n')
        with bedside(sound_server.environment(), home, "--config", str(settings)) as device:
            house.wait_for(f"{BASE}/state", "ready")
            house.publish(f"{BASE}/microphone/set", "OFF")
            assert "switched off" in device.wait_for("say")["text"]
            device.wait_for("said")
            sound_server.play_into_microphone(question, HEARING_RATE)
            house.publish(f"{BASE}/microphone/set", "ON")
            assert "hear you again" in device.until("say")[-1]["text"]
            device.wait_for("said")
            sound_server.play_into_microphone(question, HEARING_RATE)
            events = device.until("matched")
            assert [event["event"] for event in events].count("heard") == 1

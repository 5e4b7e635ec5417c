"""The main job while its devices fail: it goes on by itself, and says what a person must know."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bedside.sound_server import SoundServer
from tests.bedside.test_main_job import PATIENCE_SECONDS, Bedside, bedside, share_understood, spoken, understood
from voiceskill.ports import HEARING_RATE

QUESTION = "Should I use heat or ice?"


@contextmanager
def on_hardware(server: SoundServer, home: Path) -> Iterator[Bedside]:
    """A device that knows these two devices and no other."""
    server.like_hardware()
    with bedside(server.environment(), home) as device:
        yield device


def wait_for_both(device: Bedside, event: str) -> None:
    """Until it was told of microphone and loudspeaker, in any order."""
    assert {device.wait_for(event)["kind"], device.wait_for(event)["kind"]} == {"microphone", "loudspeaker"}


def ask(server: SoundServer, device: Bedside, text: str, intent: str, directory: Path) -> None:
    """Say it until it is understood: a busy machine loses sound, and a person would say it again."""
    question = spoken(text, "flite rms", directory)
    server.play_into_microphone(question, HEARING_RATE)
    while device.wait_for("matched")["intent"] != intent:
        server.play_into_microphone(question, HEARING_RATE)


def check_that_it_answers(server: SoundServer, device: Bedside, directory: Path) -> None:
    """Ask a question, and hear the answer."""
    with server.record_loudspeaker() as recording:
        ask(server, device, QUESTION, "relief_heat_or_cold", directory)
        said = device.wait_for("say")
        while (over := device.wait_for("said"))["id"] != said["id"]:
            pass
        assert not over["interrupted"]
    assert share_understood(said["text"], understood(recording.pcm(), recording.rate)) > 0.6


def wait_until_said(device: Bedside, beginning: str) -> None:
    """Until something that begins like that was said to its end."""
    while not (said := device.wait_for("say"))["text"].startswith(beginning):
        pass
    while (over := device.wait_for("said"))["id"] != said["id"]:
        pass
    assert not over["interrupted"]


def test_a_sound_server_that_dies_and_comes_back_is_used_again(fragile_sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    with bedside(fragile_sound_server.environment(), home) as device:
        fragile_sound_server.kill()
        wait_for_both(device, "error")
        fragile_sound_server.start()
        wait_for_both(device, "recovered")
        check_that_it_answers(fragile_sound_server, device, tmp_path)
        assert device.process.poll() is None


@pytest.mark.long
def test_a_reply_cut_by_a_dying_sound_server_is_given_up_and_owned_up_to(
    fragile_sound_server: SoundServer, home: Path, tmp_path: Path
) -> None:
    with bedside(fragile_sound_server.environment(), home) as device:
        ask(fragile_sound_server, device, QUESTION, "relief_heat_or_cold", tmp_path)
        device.wait_for("speaking")
        fragile_sound_server.kill()
        said = device.wait_for("said")
        assert said["interrupted"]
        assert said["heard_fraction"] < 1.0
        fragile_sound_server.start()
        wait_until_said(device, "My voice was gone for a while.")
        check_that_it_answers(fragile_sound_server, device, tmp_path)


@pytest.mark.long
def test_a_sound_server_that_hangs_for_a_while_is_used_again(fragile_sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    with bedside(fragile_sound_server.environment(), home) as device:
        fragile_sound_server.stall()
        wait_for_both(device, "error")
        fragile_sound_server.resume()
        wait_for_both(device, "recovered")
        check_that_it_answers(fragile_sound_server, device, tmp_path)


@pytest.mark.long
def test_a_microphone_pulled_out_is_missed_aloud_and_welcomed_back(fragile_sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    with on_hardware(fragile_sound_server, home) as device:
        fragile_sound_server.unload_microphone()
        assert device.wait_for("error")["kind"] == "microphone"
        wait_until_said(device, "I can't hear anything.")
        fragile_sound_server.load_microphone()
        assert device.wait_for("recovered")["kind"] == "microphone"
        wait_until_said(device, "I can hear you again.")
        check_that_it_answers(fragile_sound_server, device, tmp_path)


@pytest.mark.long
def test_a_microphone_of_another_rate_takes_the_place_of_one_pulled_out(
    fragile_sound_server: SoundServer, home: Path, tmp_path: Path
) -> None:
    with bedside(fragile_sound_server.environment(), home) as device:
        fragile_sound_server.change_microphone(rate=44_100)
        assert device.wait_for("recovered")["kind"] == "microphone"
        check_that_it_answers(fragile_sound_server, device, tmp_path)


@pytest.mark.long
def test_a_danger_line_that_nobody_could_hear_is_said_when_the_loudspeaker_is_back(
    fragile_sound_server: SoundServer, home: Path, tmp_path: Path
) -> None:
    with on_hardware(fragile_sound_server, home) as device:
        fragile_sound_server.unload_loudspeaker()
        assert device.wait_for("error")["kind"] == "loudspeaker"
        fragile_sound_server.play_into_microphone(spoken("I can't feel my legs.", "flite rms", tmp_path), HEARING_RATE)
        assert device.wait_for("alert")["kind"] == "redflag_both_legs"
        line = device.wait_for("say")["text"]
        assert device.wait_for("said")["heard_fraction"] == 0.0
        fragile_sound_server.load_loudspeaker()
        with fragile_sound_server.record_loudspeaker() as recording:
            assert device.wait_for("say")["text"] == line
            assert not device.wait_for("said")["interrupted"]
        assert share_understood(line, understood(recording.pcm(), recording.rate)) > 0.6


@pytest.mark.long
def test_a_routine_is_held_while_the_loudspeaker_is_away_and_offered_again(
    fragile_sound_server: SoundServer, home: Path, tmp_path: Path
) -> None:
    with on_hardware(fragile_sound_server, home) as device:
        ask(fragile_sound_server, device, "Start the breathing routine.", "routine_breathing", tmp_path)
        while device.wait_for("say")["text"] != "One.":
            pass
        fragile_sound_server.unload_loudspeaker()
        while device.wait_for("routine")["phase"] != "paused":
            pass
        fragile_sound_server.load_loudspeaker()
        wait_until_said(device, "We were in the middle of")
        ask(fragile_sound_server, device, "Yes please.", "control_yes", tmp_path)
        while device.wait_for("routine")["phase"] != "resumed":
            pass


@pytest.mark.long
def test_a_routine_slept_through_is_offered_again_instead_of_hurried_on(sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    with bedside(sound_server.environment(), home) as device:
        ask(sound_server, device, "Start the breathing routine.", "routine_breathing", tmp_path)
        while device.wait_for("say")["text"] != "One.":
            pass
        device.process.send_signal(signal.SIGSTOP)
        with sound_server.record_microphone() as passing:
            passing.wait_for(lambda pcm: len(pcm) > 5 * passing.rate, "five seconds to pass")
        device.process.send_signal(signal.SIGCONT)
        assert device.wait_for("missed")["seconds"] > 3.0
        wait_until_said(device, "We were in the middle of")


@pytest.mark.long
def test_a_microphone_that_gives_nothing_is_told_of_once(sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    with bedside(sound_server.environment(), home) as device:
        assert device.wait_for("error")["kind"] == "microphone"
        wait_until_said(device, "I can't hear anything.")
        check_that_it_answers(sound_server, device, tmp_path)


@pytest.mark.parametrize("misfortune", [SoundServer.kill, SoundServer.stall])
@pytest.mark.long
def test_it_ends_when_asked_to_though_its_devices_are_gone(
    fragile_sound_server: SoundServer, home: Path, misfortune: Callable[[SoundServer], None]
) -> None:
    with bedside(fragile_sound_server.environment(), home) as device:
        misfortune(fragile_sound_server)
        device.wait_for("error")
        device.process.send_signal(signal.SIGTERM)
        assert device.process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.long
def test_a_sentence_said_into_a_loudspeaker_that_goes_away_ends_with_one_line(fragile_sound_server: SoundServer, home: Path) -> None:
    sentence = "Breathe in slowly, and out again. " * 10
    command = [sys.executable, "-m", "voiceskill", "say", sentence, "--data-dir", str(home)]
    environment = fragile_sound_server.environment()
    with (
        fragile_sound_server.record_loudspeaker() as recording,
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process,
    ):
        recording.wait_for(lambda pcm: bool(pcm.any()), "the first sound")
        fragile_sound_server.kill()
        assert process.wait(PATIENCE_SECONDS) == 3
        assert process.stderr is not None
        assert process.stderr.read().splitlines()[-1].startswith('voiceskill: The loudspeaker "default" has stopped.')

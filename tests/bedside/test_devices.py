"""The microphone and the loudspeaker on real (PulseAudio) devices, each in a process of its own."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bedside.sound_server import PATIENCE_SECONDS, Pcm, SoundServer, environment_without_devices, wait_until
from tests.sounds import frequency_of, root_mean_square, tone
from voiceskill.edges.device_names import DeviceInfo, Direction, candidates, choose_device, lasting_name, socket_of
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, NoAudioDevice

LISTEN = """
import sys, threading
import numpy as np
import sounddevice
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.microphone import SoundDeviceMicrophone
from voiceskill.ports import NoAudioDevice

out, only_rate, only_channels = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

class Particular(sounddevice.InputStream):
    '''Like a cheap USB microphone: one format only.'''
    def __init__(self, **settings):
        if (settings["samplerate"], settings["channels"]) != (only_rate, only_channels):
            raise sounddevice.PortAudioError("Invalid sample rate", -9997)
        super().__init__(**settings)

if only_rate:
    sounddevice.InputStream = Particular
microphone = SoundDeviceMicrophone(None, MonotonicClock())
threading.Thread(target=lambda: (sys.stdin.read(), microphone.close()), daemon=True).start()
frames = []
try:
    for frame in microphone.frames():
        if not frames:
            print("listening", flush=True)
        frames.append(frame)
except NoAudioDevice as fault:
    print("fault", fault, flush=True)
np.savez(out, pcm=[f.pcm for f in frames], at=[f.at for f in frames], dropped=[f.dropped for f in frames])
print("ended", flush=True)
"""

PLAY = """
import sys, threading, time
import numpy as np
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.speaker import SoundDeviceSpeaker

speaker = SoundDeviceSpeaker(None, MonotonicClock())
broken = threading.Event()
given = 0

def pull(samples):
    global given
    if broken.is_set():
        raise RuntimeError("synthesiser broke")
    times = (given + np.arange(samples)) / speaker.rate
    given += samples
    return np.rint(8000 * np.sin(2 * np.pi * 880 * times)).astype(np.int16)

def until(condition):
    while not condition():
        time.sleep(0.02)

speaker.start(pull)
print("playing", flush=True)
for line in sys.stdin:
    match line.strip():
        case "break":
            broken.set()
            until(lambda: speaker.pull_faults > 5)
            print("broken", speaker.first_pull_fault, flush=True)
        case "mend":
            broken.clear()
            print("mended", flush=True)
        case "lose":
            print("losing", flush=True)
            until(lambda: speaker.fault is not None)
            print("fault", speaker.fault, flush=True)
healthy = speaker.fault is None
speaker.close()
speaker.close()
print("ended", healthy, flush=True)
"""

OPEN = """
import sys
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.microphone import SoundDeviceMicrophone
from voiceskill.edges.speaker import SoundDeviceSpeaker
from voiceskill.ports import NoAudioDevice

kind = {"microphone": SoundDeviceMicrophone, "loudspeaker": SoundDeviceSpeaker}[sys.argv[1]]
try:
    print("found", kind(sys.argv[2] if len(sys.argv) > 2 else None, MonotonicClock()).name)
except NoAudioDevice as fault:
    print("fault", fault)
"""

LEAVE = """
import threading
import numpy as np
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.microphone import SoundDeviceMicrophone
from voiceskill.edges.speaker import SoundDeviceSpeaker

clock = MonotonicClock()
microphone, speaker = SoundDeviceMicrophone(None, clock), SoundDeviceSpeaker(None, clock)
heard = threading.Event()
speaker.start(lambda samples: np.zeros(samples, np.int16))
threading.Thread(target=lambda: [heard.set() for _ in microphone.frames()], daemon=True).start()
heard.wait()
microphone.close()
print("left")
"""

LOOK_AGAIN = """
import sounddevice
from voiceskill.edges.devices import list_devices, look_again
from voiceskill.ports import NoAudioDevice

print("first", [device.name for device in list_devices()])
sounddevice._terminate()
try:
    list_devices()
except NoAudioDevice as fault:
    print("fault", fault)
print("looked", look_again(), [device.name for device in list_devices()])
"""

BLUETOOTH = """
import sys, time
import numpy as np
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.speaker import SoundDeviceSpeaker
from voiceskill.ports import NoAudioDevice

while True:
    try:
        speaker = SoundDeviceSpeaker(sys.argv[1], MonotonicClock())
        speaker.start(lambda samples: (np.arange(samples) % 40 * 400 - 8000).astype(np.int16))
    except NoAudioDevice:
        time.sleep(0.1)
        continue
    print("playing", speaker.name, flush=True)
    while speaker.fault is None:
        time.sleep(0.05)
    print("gone", flush=True)
    speaker.close()
"""

LIST = """
import dataclasses, json
from voiceskill.edges.devices import list_devices
print(json.dumps([dataclasses.asdict(device) for device in list_devices()]))
"""


class Child:
    """A process that uses sound; its lines are awaited one by one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))

    def expect(self, beginning: str) -> str:
        line = self._lines.get(timeout=PATIENCE_SECONDS)
        assert line.startswith(beginning)
        return line

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def end(self) -> str:
        """Close its standard input; it ends by itself, soon."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        line = self.expect("ended")
        assert self._process.wait(PATIENCE_SECONDS) == 0
        return line


@contextmanager
def child(script: str, environment: Mapping[str, str], *arguments: object) -> Iterator[Child]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Child(process)
        finally:
            process.kill()


def run(script: str, environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS)


def loudest(pcm: Pcm, samples: int) -> Pcm:
    """The stretch of that length with the most sound in it."""
    energy = np.cumsum(np.concatenate([[0.0], pcm.astype(np.float64) ** 2]))
    first = int(np.argmax(energy[samples:] - energy[:-samples]))
    return pcm[first : first + samples]


def loud_samples(pcm: Pcm) -> int:
    return int(np.count_nonzero(np.abs(pcm) > 500))


# The microphone --------------------------------------------------------------------------------------------------------------


def heard_tone(server: SoundServer, directory: Path, played_at: int, only: tuple[int, int]) -> dict[str, Any]:
    out = directory / "heard.npz"
    with child(LISTEN, server.environment(), out, *only) as listener:
        listener.expect("listening")
        server.play_into_microphone(tone(1000, 1.5, played_at), played_at)
        listener.end()
    return dict(np.load(out))


@pytest.mark.parametrize("played_at", [16_000, 44_100, 48_000])
def test_what_is_said_into_the_microphone_is_heard(sound_server: SoundServer, tmp_path: Path, played_at: int) -> None:
    heard = heard_tone(sound_server, tmp_path, played_at, only=(0, 0))
    check_tone(heard)


@pytest.mark.parametrize("only", [(44_100, 1), (44_100, 2), (48_000, 2)])
def test_a_microphone_that_knows_one_format_only_is_heard(sound_server: SoundServer, tmp_path: Path, only: tuple[int, int]) -> None:
    heard = heard_tone(sound_server, tmp_path, 48_000, only)
    check_tone(heard)


def check_tone(heard: dict[str, Any]) -> None:
    assert heard["pcm"].dtype == np.int16
    assert heard["pcm"].shape[1] == FRAME_SAMPLES
    assert np.all(np.diff(heard["at"]) >= 0)
    middle = loudest(heard["pcm"].reshape(-1), HEARING_RATE // 2)
    assert frequency_of(middle, HEARING_RATE) == pytest.approx(1000, abs=10)
    assert root_mean_square(middle) == pytest.approx(8000 / np.sqrt(2), rel=0.2)


@pytest.mark.parametrize("misfortune", [SoundServer.kill, SoundServer.stall, SoundServer.unload_microphone])
def test_a_microphone_lost_while_we_listen_is_reported(
    fragile_sound_server: SoundServer, tmp_path: Path, misfortune: Callable[[SoundServer], None]
) -> None:
    with child(LISTEN, fragile_sound_server.environment(), tmp_path / "heard.npz", 0, 0) as listener:
        listener.expect("listening")
        misfortune(fragile_sound_server)
        assert listener.expect("fault") == (
            'fault The microphone "default" has stopped: no sound came from it. Check its plug and the sound system.'
        )
        listener.expect("ended")


def test_an_echo_reaches_the_microphone_as_loud_as_asked(sound_server: SoundServer) -> None:
    levels = {}
    with child(PLAY, sound_server.environment()) as player:
        player.expect("playing")
        for gain in (0.0, -12.0):
            sound_server.set_echo(gain)
            with sound_server.record_microphone() as recording:
                recording.wait_for(lambda pcm: loud_samples(pcm) > 48_000, "the echo")
            levels[gain] = root_mean_square(loudest(recording.pcm(), 24_000))
        sound_server.set_echo(None)
        player.end()
    assert levels[0.0] == pytest.approx(8000 / np.sqrt(2), rel=0.2)
    assert 20 * np.log10(levels[0.0] / levels[-12.0]) == pytest.approx(12, abs=2)


# The loudspeaker -------------------------------------------------------------------------------------------------------------


def test_what_we_play_is_heard_and_a_fault_of_ours_is_only_silence(sound_server: SoundServer) -> None:
    with child(PLAY, sound_server.environment()) as player, sound_server.record_loudspeaker() as recording:
        player.expect("playing")
        recording.wait_for(lambda pcm: loud_samples(pcm) > 48_000, "the tone")
        player.tell("break")
        assert player.expect("broken") == "broken synthesiser broke"
        recording.wait_for(lambda pcm: not pcm[-4800:].any(), "silence")
        before = loud_samples(recording.pcm())
        player.tell("mend")
        player.expect("mended")
        recording.wait_for(lambda pcm: loud_samples(pcm) > before + 24_000, "the tone again")
        assert player.end() == "ended True"
    middle = loudest(recording.pcm(), 24_000)
    assert frequency_of(middle, recording.rate) == pytest.approx(880, abs=10)
    assert root_mean_square(middle) == pytest.approx(8000 / np.sqrt(2), rel=0.2)


@pytest.mark.parametrize("misfortune", [SoundServer.kill, SoundServer.stall, SoundServer.unload_loudspeaker])
def test_a_loudspeaker_lost_while_we_speak_is_noticed(fragile_sound_server: SoundServer, misfortune: Callable[[SoundServer], None]) -> None:
    with child(PLAY, fragile_sound_server.environment()) as player:
        player.expect("playing")
        player.tell("lose")
        player.expect("losing")
        misfortune(fragile_sound_server)
        assert player.expect("fault") == ('fault The loudspeaker "default" has stopped. Check its plug and the sound system.')
        assert player.end() == "ended False"


def test_a_program_that_leaves_in_mid_sound_does_not_hang(sound_server: SoundServer) -> None:
    assert run(LEAVE, sound_server.environment()).stdout == "left\n"


# Finding devices -------------------------------------------------------------------------------------------------------------


def test_the_devices_are_listed_with_the_defaults_marked(sound_server: SoundServer) -> None:
    done = run(LIST, sound_server.environment())
    devices = {device["name"]: device for device in json.loads(done.stdout)}
    assert devices["default"]["is_default_input"]
    assert devices["default"]["is_default_output"]
    assert not devices["pulse"]["is_default_input"]
    assert devices["pulse"]["host_api"] == "ALSA"
    assert devices["pulse"]["inputs"] > 0
    assert done.stderr == ""


def test_the_command_lists_the_names_that_may_stand_in_the_settings(sound_server: SoundServer) -> None:
    command = [sys.executable, "-m", "voiceskill", "devices"]
    done = subprocess.run(command, env=sound_server.environment(), capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS)
    lines = done.stdout.splitlines()
    assert any(line.split('"')[1] == "default" and line.endswith("(the usual one)") for line in lines if "microphone" in line)
    assert sum('  loudspeaker  "' in line and "sound server" in line for line in lines) == 2


@pytest.mark.parametrize("kind", ["microphone", "loudspeaker"])
def test_a_machine_without_sound_says_so_in_one_line(tmp_path: Path, kind: str) -> None:
    done = run(OPEN, environment_without_devices(tmp_path), kind)
    assert done.stdout == f"fault There is no {kind}. Plug one in, then check that it is listed: voiceskill devices\n"
    assert done.stderr == ""


def test_a_sound_system_that_failed_to_start_again_is_started_by_the_next_look(sound_server: SoundServer) -> None:
    first, fault, second = run(LOOK_AGAIN, sound_server.environment()).stdout.splitlines()
    assert first == "first ['pulse', 'default']"
    assert fault.startswith("fault The sound system does not start (")
    assert second == "looked True ['pulse', 'default']"


@pytest.mark.parametrize("kind", ["microphone", "loudspeaker"])
def test_a_device_is_found_by_part_of_its_name(sound_server: SoundServer, kind: str) -> None:
    assert run(OPEN, sound_server.environment(), kind, "PULS").stdout == "found pulse\n"


def test_a_device_that_is_not_there_is_answered_with_those_that_are(sound_server: SoundServer) -> None:
    done = run(OPEN, sound_server.environment(), "microphone", "Jabra")
    assert done.stdout.startswith('fault There is no microphone called "Jabra". Choose one of: 0 "pulse", 1 "default", 2 "')


def device(index: int, name: str, inputs: int = 1, outputs: int = 0) -> DeviceInfo:
    return DeviceInfo(index, name, "ALSA", inputs, outputs, 48_000, is_default_input=index == 1, is_default_output=False)


DEVICES = (device(0, "USB Audio"), device(1, "USB Audio 2"), device(2, "HDMI", 0, 2), device(3, "Webcam 7"))


@pytest.mark.parametrize(
    ("wanted", "index"), [(None, 1), ("USB Audio", 0), ("audio 2", 1), ("webcam", 3), (3, 3), ("3", 3), ("7", None), ("HDMI", None)]
)
def test_the_device_meant_is_chosen(wanted: str | int | None, index: int | None) -> None:
    if index is None:
        with pytest.raises(NoAudioDevice, match="There is no microphone called"):
            choose_device(wanted, Direction.IN, DEVICES)
    else:
        assert choose_device(wanted, Direction.IN, DEVICES).index == index


def test_a_device_plugged_into_another_socket_is_found_by_its_name() -> None:
    plugged_in = (device(0, "HDMI (hw:0,0)"), device(1, "USB Audio: - (hw:3,0)"), device(2, "USB Audio: - (hw:2,1)"))
    assert choose_device("USB Audio: - (hw:1,0)", Direction.IN, plugged_in).index == 1
    assert choose_device("USB Audio: - (hw:2,1)", Direction.IN, plugged_in).index == 2


def card(index: int, name: str, socket: str = "", inputs: int = 1, outputs: int = 0) -> DeviceInfo:
    return replace(device(index, name, inputs, outputs), is_default_input=False, socket=socket)


TWINS = (card(0, "USB Audio: - (hw:1,0)", "1-1.2"), card(1, "USB Audio: - (hw:2,0)", "1-1.4"), card(2, "Jabra: USB (hw:3,0)", "1-1.1"))


def test_of_two_cards_with_one_name_the_one_in_its_socket_is_found_whatever_their_numbers() -> None:
    names = [lasting_name(one, Direction.IN, TWINS) for one in TWINS]
    assert names == ["USB Audio: - @1-1.2", "USB Audio: - @1-1.4", "Jabra: USB"]
    swapped = (card(0, "USB Audio: - (hw:2,0)", "1-1.2"), card(1, "USB Audio: - (hw:1,0)", "1-1.4"), card(2, "Jabra: USB (hw:0,0)"))
    assert [choose_device(name, Direction.IN, swapped).index for name in names] == [0, 1, 2]


def test_a_card_whose_twin_is_gone_is_found_in_another_socket_too() -> None:
    moved = (card(0, "HDMI (hw:0,0)"), card(1, "USB Audio: - (hw:1,0)", "1-1.3"))
    assert choose_device("USB Audio: - @1-1.2", Direction.IN, moved).index == 1


def test_two_cards_with_one_name_are_not_guessed_but_told_apart() -> None:
    with pytest.raises(NoAudioDevice, match=r'More than one .* Choose one of: 0 "USB Audio: - @1-1\.2", 1 "USB Audio: - @1-1\.4"$'):
        choose_device("USB Audio: -", Direction.IN, TWINS)


SERVER = (
    device(0, "pulse", 2, 2),
    device(1, "default", 2, 2),
    card(2, "Jabra: USB (hw:3,0)"),
    replace(card(3, "Jabra Mono"), node="alsa_input.jabra", gate=0),
    replace(card(4, "HDMI", outputs=2, inputs=0), node="alsa_output.hdmi", gate=0, is_default_output=True),
    replace(card(5, "Bose Mini", outputs=2, inputs=0), node="bluez_output.1", gate=0),
    replace(card(6, "Bose Mini", outputs=2, inputs=0), node="bluez_output.2", gate=0),
)


def test_a_device_of_the_sound_server_is_found_by_its_name_before_the_card_that_the_server_holds() -> None:
    found = choose_device("jabra", Direction.IN, SERVER)
    assert (found.node, found.opened_as) == ("alsa_input.jabra", 0)
    assert lasting_name(found, Direction.IN, SERVER) == "Jabra Mono"
    assert choose_device(None, Direction.IN, SERVER).name == "default"


def test_of_two_bluetooth_loudspeakers_of_one_make_the_one_meant_is_found() -> None:
    names = [lasting_name(one, Direction.OUT, SERVER) for one in SERVER[5:]]
    assert names == ["bluez_output.1", "bluez_output.2"]
    assert [choose_device(name, Direction.OUT, SERVER).index for name in names] == [5, 6]
    with pytest.raises(NoAudioDevice, match="More than one loudspeaker matches"):
        choose_device("Bose Mini", Direction.OUT, SERVER)


def test_only_what_is_one_thing_each_is_worth_a_try() -> None:
    assert [one.index for one in candidates(Direction.IN, SERVER)] == [3]
    assert [one.index for one in candidates(Direction.OUT, SERVER)] == [4, 5, 6]
    assert [one.index for one in candidates(Direction.IN, TWINS)] == [0, 1, 2]
    assert [one.index for one in candidates(Direction.IN, SERVER[:2])] == [1]
    assert candidates(Direction.OUT, TWINS) == ()


def test_the_socket_of_a_card_is_read_off_the_system(tmp_path: Path) -> None:
    place = tmp_path / "devices/usb1/1-1/1-1.2/1-1.2:1.0/sound/card2"
    place.mkdir(parents=True)
    (tmp_path / "card2").symlink_to(place)
    assert socket_of("USB Audio: - (hw:2,0)", tmp_path) == "1-1.2"
    assert socket_of("bcm2835 Headphones: - (hw:0,0)", tmp_path) == ""
    assert socket_of("default", tmp_path) == ""


def test_a_bluetooth_loudspeaker_is_chosen_by_name_noticed_when_it_goes_and_found_when_it_is_back(
    fragile_sound_server: SoundServer,
) -> None:
    fragile_sound_server.connect_bluetooth("Bose Mini")
    with child(BLUETOOTH, fragile_sound_server.environment(), "bose") as player:
        assert player.expect("playing") == "playing Bose Mini"
        with fragile_sound_server.record_bluetooth() as recording:
            recording.wait_for(lambda pcm: loud_samples(pcm) > 24_000, "the tone")
        fragile_sound_server.disconnect_bluetooth()
        player.expect("gone")
        fragile_sound_server.connect_bluetooth("Bose Mini")
        player.expect("playing")
        with fragile_sound_server.record_bluetooth() as recording:
            recording.wait_for(lambda pcm: loud_samples(pcm) > 24_000, "the tone again")


def test_a_name_that_fits_two_devices_is_not_guessed() -> None:
    with pytest.raises(NoAudioDevice, match=r'^More than one microphone matches "usb"\. Choose one of: 0 "USB Audio", 1 "USB Audio 2"$'):
        choose_device("usb", Direction.IN, DEVICES)


def test_without_a_default_the_first_device_serves() -> None:
    assert choose_device(None, Direction.OUT, DEVICES).index == 2


def test_the_test_bench_waits_no_longer_than_told() -> None:
    with pytest.raises(TimeoutError, match="pigs to fly"):
        wait_until(lambda: False, "pigs to fly", seconds=0.01)

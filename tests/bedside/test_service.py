"""The command of the systemd unit, under a notify socket as systemd has it, on real sound devices."""

from __future__ import annotations

import os
import queue
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.bedside.sound_server import SoundServer, wait_until
from tests.bedside.test_main_job import PATIENCE_SECONDS, spoken
from voiceskill.core.diary import PainScored
from voiceskill.edges.store import SqliteStore
from voiceskill.ports import HEARING_RATE

UNIT = Path(__file__).parent.parent.parent / "service" / "voiceskill.service"

WATCHDOG_SECONDS = 3


def of_the_unit(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


class Service:
    """The device as systemd sees it."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket, log: Path, data: Path) -> None:
        self.process = process
        self.log = log
        self.data = data
        self.told: queue.Queue[str] = queue.Queue()
        self._channel = channel
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while message := self._channel.recv(4096):
            for line in message.decode().splitlines():
                self.told.put(line)

    def wait_for(self, beginning: str) -> str:
        while not (line := self.told.get(timeout=PATIENCE_SECONDS)).startswith(beginning):
            pass
        return line

    def live_on(self) -> None:
        """Raises queue.Empty when the signs of life have ended."""
        while self.told.get(timeout=5 * WATCHDOG_SECONDS):
            pass

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.wait_for("STOPPING=1")
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def service(environment: Mapping[str, str], folder: Path) -> Iterator[Service]:
    """Started with the very command and environment of the unit, but for the places of its files."""
    (command,) = of_the_unit("ExecStart")
    program, *arguments = shlex.split(command)
    assert Path(program).name == "voiceskill"
    places = {"/etc": folder / "etc", "/var/lib": folder / "lib", "/var/lib/voiceskill": folder / "lib" / "voiceskill"}
    given = dict(one.split("=") for line in of_the_unit("Environment") for one in shlex.split(line))
    moved = {name: str(places.get(place, folder / "cache")) for name, place in given.items()}
    (folder / "etc").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel, (folder / "log").open("wb") as log:
        channel.bind(str(folder / "notify"))
        notify = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": str(WATCHDOG_SECONDS * 1_000_000)}
        started = [str(Path(sys.executable).with_name("voiceskill")), *arguments]
        with subprocess.Popen(started, env={**environment, **moved, **notify}, stdout=log, stderr=log) as process:
            try:
                yield Service(process, channel, folder / "log", folder / "lib" / "voiceskill")
            finally:
                process.kill()
                channel.shutdown(socket.SHUT_RDWR)


def test_it_says_that_it_is_ready_lives_and_ends_and_keeps_what_it_was_told_but_no_word_in_its_log(
    sound_server: SoundServer, tmp_path: Path
) -> None:
    with service(sound_server.environment(), tmp_path) as device:
        device.wait_for("READY=1")
        device.wait_for("STATUS=Listening")
        for _ in range(4):
            device.wait_for("WATCHDOG=1")

        def scores() -> list[float]:
            with closing(SqliteStore(device.data)) as store:
                return [entry.score for entry in store.load().entries if isinstance(entry, PainScored)]

        told = spoken("My pain is seven.", "flite rms", tmp_path)
        for _ in range(5):  # a busy machine loses sound, and a person would say it again
            sound_server.play_into_microphone(told, HEARING_RATE)
            with suppress(TimeoutError):
                wait_until(lambda: 7.0 in scores(), "the score in the diary", 20.0)
                break
        assert device.stop() == 0
        assert 7.0 in scores()
        assert not re.search(r"pain|seven", device.log.read_text(), re.IGNORECASE)


def test_without_a_microphone_it_lives_says_what_is_missing_and_listens_as_soon_as_there_is_one(
    fragile_sound_server: SoundServer, tmp_path: Path
) -> None:
    fragile_sound_server.kill()
    with service(fragile_sound_server.environment(), tmp_path) as device:
        device.wait_for("READY=1")
        assert "voiceskill devices" in device.wait_for("STATUS=")
        device.wait_for("WATCHDOG=1")
        fragile_sound_server.start()
        device.wait_for("STATUS=Listening")
        device.wait_for("WATCHDOG=1")
        assert device.stop() == 0


def test_told_to_end_while_it_looks_for_a_microphone_it_ends_at_once(fragile_sound_server: SoundServer, tmp_path: Path) -> None:
    fragile_sound_server.kill()
    with service(fragile_sound_server.environment(), tmp_path) as device:
        device.wait_for("WATCHDOG=1")
        device.process.send_signal(signal.SIGTERM)
        assert device.process.wait(PATIENCE_SECONDS) == 0


def test_settings_with_a_mistake_end_it_with_the_code_after_which_systemd_does_not_try_again(tmp_path: Path) -> None:
    settings = tmp_path / "etc" / "voiceskill" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("colour = 1\n")
    command = [str(Path(sys.executable).with_name("voiceskill")), "run", "--wait-for-sound"]
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "etc")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    assert of_the_unit("RestartPreventExitStatus") == [str(done.returncode)]
    assert done.stderr.startswith(f"voiceskill: {settings}:1: colour")


@pytest.mark.long
def test_a_microphone_that_stays_away_ends_the_signs_of_life_so_that_systemd_starts_it_anew_once(
    fragile_sound_server: SoundServer, tmp_path: Path
) -> None:
    fragile_sound_server.like_hardware()
    with service(fragile_sound_server.environment(), tmp_path) as device:
        device.wait_for("STATUS=Listening")
        fragile_sound_server.unload_microphone()
        device.wait_for("STATUS=The microphone")
        with pytest.raises(queue.Empty):
            device.live_on()
        assert device.process.poll() is None
        fragile_sound_server.load_microphone()
        device.wait_for("WATCHDOG=1")

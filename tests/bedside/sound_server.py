"""A private PulseAudio, so that the tests use real sound devices, on any machine and beside any other sound system.

    what a test plays --> sink `room` --> source `microphone` (default) --> the program under test
    what the program plays --> sink `loudspeaker` (default) --> its monitor --> what a person would hear
                                    `--- echo, if asked for ---> sink `room`

PortAudio reads its environment once, when it starts: what uses sound runs in child processes, with `SoundServer.environment()`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]

DEVICE_RATE = 48_000
PATIENCE_SECONDS = 30.0
"""How long anything may take on a busy machine before the test fails."""

_PLAYED_AHEAD = "--latency-msec=400"
"""On a busy machine, with less, what is said into the room has holes that no room makes."""

_CONFIGURATION = """\
load-module module-native-protocol-unix socket={socket} auth-anonymous=1
load-module module-cli-protocol-unix socket={commands}
load-module module-null-sink sink_name=loudspeaker rate={rate} channels=2 norewinds=1
load-module module-null-sink sink_name=room rate={rate} channels=1 channel_map=mono norewinds=1
load-module module-remap-source master=room.monitor source_name=microphone
set-default-sink loudspeaker
set-default-source microphone
"""
"""Without `norewinds` an idle null sink thinks two seconds ahead, and whoever begins to listen to it waits for that long."""

_ALSA_CONFIGURATION = """\
pcm.pulse { type pulse }
ctl.pulse { type pulse }
pcm.default { type pulse }
ctl.default { type pulse }
"""
"""All of it: neither the system's nor the user's ALSA settings nor real sound cards reach the program under test."""

_ALSA_CONFIGURATION_OF_HARDWARE = """\
pcm.default {
    type asym
    playback.pcm { type pulse device loudspeaker }
    capture.pcm { type pulse device microphone }
}
ctl.default { type pulse }
"""
"""The same, but without a default that another device could become."""


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Return once `condition` holds; TimeoutError if that takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.02)


class Recording:
    """Sound being recorded, mono. Complete once its `with` block has ended; may be read before."""

    def __init__(self, process: subprocess.Popen[bytes], rate: int) -> None:
        self.rate = rate
        self._process = process
        self._pieces: list[bytes] = []
        self._reader = threading.Thread(target=self._read, name="recording", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while piece := self._process.stdout.read1(4096):  # type: ignore[attr-defined] # a BufferedReader, which IO[bytes] does not tell
            self._pieces.append(piece)

    def pcm(self) -> Pcm:
        """What was recorded so far."""
        sound = b"".join(self._pieces)
        return np.frombuffer(sound[: len(sound) // 2 * 2], np.int16)

    def seconds(self) -> float:
        """How long it is so far."""
        return len(self.pcm()) / self.rate

    def wait_for(self, condition: Callable[[Pcm], bool], what: str) -> None:
        """Go on recording until `condition` holds for what was recorded so far."""
        wait_until(lambda: condition(self.pcm()), what)

    def stop(self) -> None:
        """End the recording."""
        _end(self._process)
        self._reader.join(PATIENCE_SECONDS)


class SoundServer:
    """Started by `with`; ended, whatever happens, with it, and with the process that started it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._runtime = directory / "run"
        self._socket = directory / "native"
        self._commands = directory / "commands"
        self._log = directory / "pulseaudio.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._echo: str | None = None

    def __enter__(self) -> Self:
        self._runtime.mkdir(mode=0o700, parents=True)
        (self._directory / "client.conf").write_text("autospawn = no\nenable-shm = no\n")
        (self._directory / "asound.conf").write_text(_ALSA_CONFIGURATION)
        (self._directory / "daemon.conf").write_text("")
        self.start()
        return self

    def start(self) -> None:
        """Start it, or start it again after `kill`: at the same address, and with the same devices."""
        self._socket.unlink(missing_ok=True)
        self._commands.unlink(missing_ok=True)
        script = self._directory / "server.pa"
        script.write_text(_CONFIGURATION.format(socket=self._socket, commands=self._commands, rate=DEVICE_RATE))
        options = ["--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--use-pid-file=no", "--disable-shm=yes"]
        options += ["--realtime=no", "--high-priority=no", "--log-level=notice", "--log-target=stderr"]
        command = ["pulseaudio", "-n", "-F", str(script), *options]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "KILL", "--", *command]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until(self._is_ready, f"PulseAudio; see {self._log}")
        except BaseException:
            self.kill()
            raise

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"PulseAudio ended at once: {self._log.read_text(errors='replace')}")
        # The native protocol comes up first, and answers while the devices are still being loaded.
        known = self._pactl("info", check=False)
        return "Default Sink: loudspeaker" in known and "Default Source: microphone" in known

    def environment(self) -> dict[str, str]:
        """All environment variables for a child process whose only sound devices are this server's."""
        return {**_environment_without_sound(self._directory), "PULSE_SERVER": f"unix:{self._socket}"}

    def like_hardware(self) -> None:
        """Tie programs started from now on to these two devices: where one is gone, no other takes its place."""
        (self._directory / "asound.conf").write_text(_ALSA_CONFIGURATION_OF_HARDWARE)

    # What a test does ---------------------------------------------------------------------------

    def play_into_microphone(self, pcm: Pcm, rate: int) -> None:
        """Let the microphone hear mono sound, int16 of shape (samples,). Returns when all of it has been played."""
        self._play(pcm, rate, "room")

    @contextmanager
    def record_loudspeaker(self, rate: int = DEVICE_RATE) -> Iterator[Recording]:
        """Record what a person would hear; begun when the block is entered."""
        with self._record("loudspeaker.monitor", rate) as recording:
            yield recording

    @contextmanager
    def record_microphone(self, rate: int = DEVICE_RATE) -> Iterator[Recording]:
        """Record what the program would hear; begun when the block is entered."""
        with self._record("microphone", rate) as recording:
            yield recording

    def set_echo(self, gain_db: float | None, latency_ms: int = 20) -> None:
        """Let the microphone hear the loudspeaker that much louder (or softer, below 0), and so much later; None ends it."""
        if self._echo is not None:
            self._pactl("unload-module", self._echo)
            self._echo = None
        if gain_db is None:
            return
        arguments = [
            "source=loudspeaker.monitor",
            "sink=room",
            f"latency_msec={latency_ms}",
            "adjust_time=0",  # or it plays now faster, now slower: no room does that
            "source_dont_move=true",
            "sink_dont_move=true",
        ]
        self._echo = self._pactl("load-module", "module-loopback", *arguments).strip()
        wait_until(lambda: self._echo_stream() is not None, "the echo's stream")
        self._pactl("set-sink-input-volume", self._echo_stream() or "", f"{gain_db}dB")

    @contextmanager
    def room_filled_with(self, pcm: Pcm, rate: int, *, heard: bool = True) -> Iterator[None]:
        """Fill the room with mono sound meanwhile, over and over; begun when it is `heard`, unless it can't be."""
        options = ["--device=room", f"--rate={rate}", "--format=s16le", "--channels=1", "--raw", _PLAYED_AHEAD]
        with subprocess.Popen(["pacat", "--playback", *options], env=self.environment(), stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            over = threading.Event()

            def play(stream: IO[bytes]) -> None:
                with suppress(BrokenPipeError):
                    while not over.is_set():
                        stream.write(pcm.astype("<i2").tobytes())

            player = threading.Thread(target=play, args=(process.stdin,), name="room", daemon=True)
            player.start()
            try:
                with self.record_microphone() as recording:
                    recording.wait_for(lambda sound: not heard or bool(sound.any()), "sound in the room")
                yield
            finally:
                over.set()
                _end(process)
                player.join(PATIENCE_SECONDS)

    def mute_microphone(self, muted: bool) -> None:
        """Switch the microphone off, or on again, as the button on it does."""
        self._pactl("set-source-mute", "microphone", str(int(muted)))

    def microphone_volume(self) -> float:
        """How far it is turned up, in decibels."""
        told = re.search(r"(-?[\d.]+|-inf) dB", self._pactl("get-source-volume", "microphone"))
        assert told is not None
        return float(told[1])

    def unload_loudspeaker(self) -> None:
        """Pull the loudspeaker's plug: what plays breaks off, and the default is a sink that nobody hears, as on a real machine."""
        self._pactl("load-module", "module-null-sink", "sink_name=nobody", f"rate={DEVICE_RATE}", "norewinds=1")
        playing = self._streams("sink-inputs", self._index("sinks", "loudspeaker"))
        self._pactl("set-default-sink", "nobody")
        for stream in playing:
            self._command(f"kill-sink-input {stream}")
        self._unload("module-null-sink", "sink_name=loudspeaker")

    def load_loudspeaker(self) -> None:
        """Plug the loudspeaker in again, after `unload_loudspeaker`."""
        self._pactl("load-module", "module-null-sink", "sink_name=loudspeaker", f"rate={DEVICE_RATE}", "channels=2", "norewinds=1")
        self._pactl("set-default-sink", "loudspeaker")

    def connect_bluetooth(self, name: str) -> None:
        """Let a second loudspeaker appear, as one over Bluetooth does; the default stays what it is."""
        properties = f'''sink_properties='device.description="{name}"\''''
        self._pactl("load-module", "module-null-sink", "sink_name=bluez_output.1", f"rate={DEVICE_RATE}", "norewinds=1", properties)

    def disconnect_bluetooth(self) -> None:
        """Switch it off: what plays there plays on at the default."""
        self._unload("module-null-sink", "sink_name=bluez_output.1")

    @contextmanager
    def record_bluetooth(self, rate: int = DEVICE_RATE) -> Iterator[Recording]:
        """Record what it would let a person hear."""
        with self._record("bluez_output.1.monitor", rate) as recording:
            yield recording

    def load_microphone(self) -> None:
        """Plug the microphone in again, after `unload_microphone`."""
        self._pactl("load-module", "module-remap-source", "master=room.monitor", "source_name=microphone")
        self._pactl("set-default-source", "microphone")

    def change_microphone(self, rate: int) -> None:
        """Make another microphone the default, at that rate, and pull the plug of the one there was."""
        self._pactl("load-module", "module-remap-source", "master=room.monitor", "source_name=other", f"rate={rate}")
        recording = self._streams("source-outputs", self._index("sources", "microphone"))
        self._pactl("set-default-source", "other")
        for stream in recording:
            self._command(f"kill-source-output {stream}")
        self._unload("module-remap-source", "source_name=microphone")

    def unload_microphone(self) -> None:
        """Pull the microphone's plug: what records breaks off, and the default is a source of silence."""
        self._pactl("load-module", "module-null-sink", "sink_name=nothing", f"rate={DEVICE_RATE}", "norewinds=1")
        recording = self._streams("source-outputs", self._index("sources", "microphone"))
        self._pactl("set-default-source", "nothing.monitor")
        for stream in recording:
            self._command(f"kill-source-output {stream}")
        self._unload("module-remap-source", "source_name=microphone")

    def stall(self) -> None:
        """Hang the server, as a wedged driver does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """End `stall`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the server without a word to its clients. Nothing happens if it is not running."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_SECONDS)

    def is_listened_to(self) -> bool:
        """Whether some program has the microphone open."""
        return bool(self._pactl("list", "short", "source-outputs").strip())

    # ----------------------------------------------------------------------------------------------

    def _play(self, pcm: Pcm, rate: int, sink: str) -> None:
        options = [f"--device={sink}", f"--rate={rate}", "--format=s16le", "--channels=1", "--raw", _PLAYED_AHEAD]
        subprocess.run(
            ["pacat", "--playback", *options],
            input=pcm.astype("<i2").tobytes(),
            env=self.environment(),
            check=True,
            timeout=len(pcm) / rate + PATIENCE_SECONDS,
        )

    @contextmanager
    def _record(self, source: str, rate: int) -> Iterator[Recording]:
        options = [f"--device={source}", f"--rate={rate}", "--format=s16le", "--channels=1", "--raw", "--latency-msec=10"]
        with subprocess.Popen(["pacat", "--record", *options], env=self.environment(), stdout=subprocess.PIPE) as process:
            recording = Recording(process, rate)
            try:
                recording.wait_for(lambda pcm: len(pcm) > 0, f"sound from {source}")
                yield recording
            finally:
                recording.stop()

    def _unload(self, module: str, argument: str) -> None:
        (index,) = (row[0] for row in self._rows("modules") if row[1] == module and argument in row[2].split())
        self._pactl("unload-module", index)

    def _index(self, kind: str, name: str) -> str:
        (index,) = (row[0] for row in self._rows(kind) if row[1] == name)
        return index

    def _streams(self, kind: str, device: str) -> list[str]:
        """Find the programs' streams on the device of that index; those of the server's own modules are left out."""
        return [row[0] for row in self._rows(kind) if row[1] == device and row[2] != "-"]

    def _rows(self, kind: str) -> list[list[str]]:
        return [line.split("\t") for line in self._pactl("list", "short", kind).splitlines()]

    def _command(self, line: str) -> None:
        """Say what pactl has no word for."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(str(self._commands))
            connection.sendall(f"{line}\n".encode())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass

    def _echo_stream(self) -> str | None:
        index = None
        for line in self._pactl("list", "sink-inputs").splitlines():
            if line.startswith("Sink Input #"):
                index = line.removeprefix("Sink Input #")
            elif line.strip() == f"Owner Module: {self._echo}":
                return index
        return None

    def _pactl(self, *arguments: str, check: bool = True) -> str:
        try:
            done = subprocess.run(
                ["pactl", *arguments], env=self.environment(), capture_output=True, text=True, check=check, timeout=PATIENCE_SECONDS
            )
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"pactl {' '.join(arguments)}: {error.stderr}") from error
        return done.stdout


def environment_without_devices(directory: Path) -> Mapping[str, str]:
    """All environment variables for a child process on a machine without any sound device."""
    (directory / "client.conf").write_text("autospawn = no\n")
    (directory / "asound.conf").write_text(_ALSA_CONFIGURATION)
    (directory / "run").mkdir(mode=0o700, exist_ok=True)
    return {**_environment_without_sound(directory), "PULSE_SERVER": f"unix:{directory / 'nothing'}"}


def _environment_without_sound(directory: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULSE_", "ALSA_", "PIPEWIRE_", "JACK_"))}
    return {
        **kept,
        "LC_ALL": "C.UTF-8",  # pactl translates its words
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "XDG_RUNTIME_DIR": str(directory / "run"),
        "PULSE_RUNTIME_PATH": str(directory / "run"),
        "PULSE_STATE_PATH": str(directory / "run"),
        "PULSE_COOKIE": str(directory / "cookie"),
        "PULSE_CONFIG": str(directory / "daemon.conf"),
        "PULSE_CLIENTCONFIG": str(directory / "client.conf"),
        "ALSA_CONFIG_PATH": str(directory / "asound.conf"),
        "JACK_NO_START_SERVER": "1",
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""What microphones and loudspeakers there are, by way of PortAudio, and how a name in the settings finds one.

`microphone` and `speaker` share this file: PortAudio is one library with one list of devices, set up once in a process.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

from voiceskill.ports import NoAudioDevice

_CLOSING_SECONDS = 2.0
_stderr_lock = threading.RLock()

_streams_lock = threading.Lock()
_open_streams: set[Any] = set()
_closing: set[threading.Thread] = set()
"""A stream closed twice at once hangs PortAudio for ever, and PortAudio closes all that are left when the process exits."""

_CARDS = Path("/proc/asound/cards")
_cards_seen = ""

_calling: set[threading.Thread] = set()
"""Threads inside a call that hangs for as long as the sound server does."""


class Direction(Enum):
    """Which way the sound goes; the value is the word for people."""

    IN = "microphone"
    OUT = "loudspeaker"


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """One audio device as PortAudio sees it. `inputs` and `outputs` count channels; `rate` is its default, in samples per second."""

    index: int
    name: str
    host_api: str
    inputs: int
    outputs: int
    rate: int
    is_default_input: bool
    is_default_output: bool

    def channels(self, direction: Direction) -> int:
        """Channels it has that way; 0 if it cannot be used for that."""
        return self.inputs if direction is Direction.IN else self.outputs

    def is_default(self, direction: Direction) -> bool:
        """Whether it is used when the settings name none."""
        return self.is_default_input if direction is Direction.IN else self.is_default_output


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep C libraries from writing to stderr: ALSA and JACK complain about every device that is merely absent.

    It holds for the whole process, so keep it short.
    """
    with _stderr_lock:
        try:
            kept = os.dup(2)
        except OSError:  # there is no stderr to protect
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@functools.cache
def load_portaudio() -> ModuleType:
    """Import `sounddevice`; the first call makes PortAudio look for devices. Raises NoAudioDevice without the library."""
    global _cards_seen
    _cards_seen = _cards()
    with quiet_stderr():
        try:
            import sounddevice
        except OSError as error:
            raise NoAudioDevice(f"The PortAudio library is missing ({error}). Install it: sudo apt install libportaudio2") from error
        except Exception as error:
            if type(error).__name__ != "PortAudioError":  # its class is only known once the import has succeeded
                raise
            raise _not_started(error) from error
    atexit.register(_close_what_is_left)  # runs before the handler of sounddevice, which was registered first
    module: ModuleType = sounddevice
    return module


def _not_started(error: Exception) -> NoAudioDevice:
    return NoAudioDevice(f"The sound system does not start ({error}). Check it with: aplay -l")


def list_devices() -> tuple[DeviceInfo, ...]:
    """List every audio device, in PortAudio's order, as found by the last look. Raises NoAudioDevice without PortAudio."""
    sounddevice = load_portaudio()
    try:
        default_input, default_output = sounddevice.default.device
        host_apis, found = sounddevice.query_hostapis(), sounddevice.query_devices()
    except sounddevice.PortAudioError as error:
        raise _not_started(error) from error

    def info(index: int, raw: dict[str, Any]) -> DeviceInfo:
        return DeviceInfo(
            index=index,
            name=raw["name"],
            host_api=host_apis[raw["hostapi"]]["name"],
            inputs=raw["max_input_channels"],
            outputs=raw["max_output_channels"],
            rate=round(raw["default_samplerate"]),
            is_default_input=index == default_input,
            is_default_output=index == default_output,
        )

    return tuple(info(index, raw) for index, raw in enumerate(found))


def look_again() -> bool:
    """Have PortAudio look for devices anew: it lists them once, when it starts, so it is ended and started.

    False, and nothing happens, while a stream is open or hangs in closing. Raises NoAudioDevice when PortAudio doesn't start again; the
    next call tries once more.
    """
    sounddevice = load_portaudio()
    with _streams_lock:
        if _open_streams or any(thread.is_alive() for thread in _closing):
            return False
    global _cards_seen
    _cards_seen = _cards()
    try:
        with _a_call(), quiet_stderr():
            if sounddevice._initialized:  # noqa: SLF001 - the library has no public way to do this
                sounddevice._terminate()  # noqa: SLF001
            sounddevice._initialize()  # noqa: SLF001
    except sounddevice.PortAudioError as error:
        raise _not_started(error) from error
    return True


def changed() -> bool:
    """Whether a sound card was plugged in or out since PortAudio looked last. It costs nothing and disturbs nobody."""
    return _cards_seen != _cards()


def _cards() -> str:
    try:
        return _CARDS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def choose_device(wanted: str | int | None, direction: Direction, devices: Iterable[DeviceInfo]) -> DeviceInfo:
    """Find the device meant: None is the default, a number an index, a name an exact match or else a part that only one name holds.

    An exact match may differ in the number of the sound card, which changes with the order of plugging in. Raises NoAudioDevice, naming
    what there is.
    """
    usable = [device for device in devices if device.channels(direction) > 0]
    if not usable:
        raise NoAudioDevice(f"There is no {direction.value}. Plug one in, then check that it is listed: voiceskill devices")
    if wanted is None:
        return next((device for device in usable if device.is_default(direction)), usable[0])
    found = _matches(wanted, usable)
    if len(found) == 1:
        return found[0]
    trouble = f"More than one {direction.value} matches" if found else f"There is no {direction.value} called"
    names = ", ".join(f'{device.index} "{device.name}"' for device in found or usable)
    raise NoAudioDevice(f'{trouble} "{wanted}". Choose one of: {names}')


def _matches(wanted: str | int, usable: list[DeviceInfo]) -> list[DeviceInfo]:
    if isinstance(wanted, str):
        exact = [device for device in usable if device.name == wanted]
        exact = exact or [device for device in usable if _without_card(device.name) == _without_card(wanted)]
        if exact:
            return exact[:1]
        if not wanted.isdecimal():
            return [device for device in usable if wanted.casefold() in device.name.casefold()]
    return [device for device in usable if device.index == int(wanted)]


def _without_card(name: str) -> str:
    """`USB Audio: - (hw:2,0)` without what is in brackets."""
    return re.sub(r" \(hw:\d+,\d+\)$", "", name)


@contextlib.contextmanager
def _a_call() -> Iterator[None]:
    thread = threading.current_thread()
    _calling.add(thread)
    try:
        yield
    finally:
        _calling.discard(thread)


def start_stream(kind: Any, **settings: Any) -> Any:
    """Open and start a stream of that `sounddevice` class. Raises its PortAudioError, and then holds nothing."""
    with _a_call(), quiet_stderr():
        stream = kind(**settings)
        try:
            stream.start()
        except BaseException:
            stream.close()
            raise
    with _streams_lock:
        _open_streams.add(stream)
    return stream


def close_stream(stream: Any) -> None:
    """Drop what is not yet played and let go of the device; may be called more than once, from any thread.

    A dead sound server can hold that up for ever: then it is left behind after two seconds.
    """
    closing = threading.Thread(target=stream.close, name="close sound device", daemon=True)
    with _streams_lock:
        if stream not in _open_streams:
            return
        try:
            closing.start()
        except RuntimeError:  # the process is exiting and takes no more threads; the exit handler closes the stream
            return
        _open_streams.remove(stream)
        _closing.add(closing)
    closing.join(_CLOSING_SECONDS)
    if not closing.is_alive():
        _closing.discard(closing)


def _close_what_is_left() -> None:
    with _streams_lock:
        left = tuple(_open_streams)
        _open_streams.clear()
        closing = tuple(_closing)
    for thread in closing:
        thread.join(_CLOSING_SECONDS)
    if any(thread.is_alive() for thread in (*closing, *_calling)):
        atexit.unregister(load_portaudio()._exit_handler)  # noqa: SLF001 - it would wait, or end PortAudio under a call that still hangs
        return
    for stream in left:
        stream.close()

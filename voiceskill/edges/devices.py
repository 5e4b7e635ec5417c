"""What microphones and loudspeakers there are, by way of PortAudio, and how they are opened.

`microphone` and `speaker` share this file: PortAudio is one library with one list of devices, set up once in a process. `device_names`
finds one by its name.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from voiceskill.edges.device_names import DeviceInfo, Direction, choose_device, lasting_name, socket_of
from voiceskill.edges.pulse import Node, list_nodes, towards
from voiceskill.ports import NoAudioDevice

_GATES = ("pulse", "pipewire")
"""What PortAudio calls the way to a sound server."""

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
            socket=socket_of(raw["name"]),
        )

    return tuple(info(index, raw) for index, raw in enumerate(found))


def list_all() -> tuple[DeviceInfo, ...]:
    """The same, and after them the devices of the sound server, as they are now. Raises NoAudioDevice without PortAudio."""
    devices = list_devices()
    gate = next((device for name in _GATES for device in devices if device.name == name), None)
    if gate is None:
        return devices

    def info(index: int, node: Node) -> DeviceInfo:
        return DeviceInfo(
            index=index,
            name=node.description,
            host_api="sound server",
            inputs=node.channels if node.is_input else 0,
            outputs=0 if node.is_input else node.channels,
            rate=node.rate,
            is_default_input=node.is_input and node.is_default,
            is_default_output=not node.is_input and node.is_default,
            node=node.name,
            gate=gate.index,
        )

    return (*devices, *(info(index, node) for index, node in enumerate(list_nodes(), len(devices))))


def find_device(wanted: str | int | None, direction: Direction) -> tuple[DeviceInfo, str]:
    """The device meant, as `device_names.choose_device` finds it, and the name by which to find it again. Raises NoAudioDevice.

    The sound server is asked only where PortAudio knows of none that is called exactly so: it may hang.
    """
    devices = list_devices()
    plain = wanted is None or any(wanted in (device.name, device.index, str(device.index)) for device in devices)
    if not plain:
        devices = list_all()
    found = choose_device(wanted, direction, devices)
    return found, lasting_name(found, direction, devices)


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


@contextlib.contextmanager
def _a_call() -> Iterator[None]:
    thread = threading.current_thread()
    _calling.add(thread)
    try:
        yield
    finally:
        _calling.discard(thread)


def start_stream(kind: Any, device: DeviceInfo, **settings: Any) -> Any:
    """Open and start a stream of that `sounddevice` class. Raises its PortAudioError, and then holds nothing."""
    with _a_call(), quiet_stderr(), towards(device.node):
        stream = kind(device=device.opened_as, **settings)
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

"""How a name in the settings finds a device, and goes on finding it, whatever it is plugged into.

USB Audio: - (hw:2,0)     a card of ALSA. Its number changes with the order of plugging in: what is in brackets is passed over
USB Audio: - @1-1.2       the same, where two have one name: the one in that USB socket
Bose Mini II              a device of the sound server, by the name that people know
bluez_output.00_0C...     the same, by the name that the server has for it
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from voiceskill.ports import NoAudioDevice

_SOUND = Path("/sys/class/sound")
_CARD = re.compile(r" \(hw:(\d+),\d+\)$")
_AT = " @"


class Direction(Enum):
    """Which way the sound goes; the value is the word for people."""

    IN = "microphone"
    OUT = "loudspeaker"


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """One audio device as PortAudio sees it. `inputs` and `outputs` count channels; `rate` is its default, in samples per second.

    One of a sound server is its `node`, and is opened by way of the device with the index `gate`. A USB card has the `socket` that it is
    plugged into, where that is known.
    """

    index: int
    name: str
    host_api: str
    inputs: int
    outputs: int
    rate: int
    is_default_input: bool
    is_default_output: bool
    node: str = ""
    gate: int = -1
    socket: str = ""

    @property
    def opened_as(self) -> int:
        """PortAudio's number for it."""
        return self.gate if self.node else self.index

    def channels(self, direction: Direction) -> int:
        """Channels it has that way; 0 if it cannot be used for that."""
        return self.inputs if direction is Direction.IN else self.outputs

    def is_default(self, direction: Direction) -> bool:
        """Whether it is used when the settings name none."""
        return self.is_default_input if direction is Direction.IN else self.is_default_output


def choose_device(wanted: str | int | None, direction: Direction, devices: Iterable[DeviceInfo]) -> DeviceInfo:
    """Find the device meant: None is the default, a number an index, a name an exact match or else a part that only one name holds.

    An exact match may differ in the number of the sound card. Part of a name is looked for among the devices of the sound server first,
    which holds the cards. Raises NoAudioDevice, naming what there is.
    """
    usable = [device for device in devices if device.channels(direction) > 0]
    if not usable:
        raise NoAudioDevice(f"There is no {direction.value}. Plug one in, then check that it is listed: voiceskill devices")
    if wanted is None:
        of_portaudio = [device for device in usable if not device.node] or usable
        return next((device for device in of_portaudio if device.is_default(direction)), of_portaudio[0])
    found = _matches(wanted, usable)
    if len(found) == 1:
        return found[0]
    trouble = f"More than one {direction.value} matches" if found else f"There is no {direction.value} called"
    names = ", ".join(f'{device.index} "{lasting_name(device, direction, usable)}"' for device in found or usable)
    raise NoAudioDevice(f'{trouble} "{wanted}". Choose one of: {names}')


def _matches(wanted: str | int, usable: list[DeviceInfo]) -> list[DeviceInfo]:
    if isinstance(wanted, str):
        for exact in (
            [device for device in usable if wanted == device.name],
            [device for device in usable if wanted == device.node],
            _in_the_socket(wanted, usable),
        ):
            if exact:
                return exact[:1] if not exact[0].node else exact
        same = [device for device in usable if _without_card(device.name) == _without_card(wanted)]
        if same:
            return same[:1] if _CARD.search(wanted) else same
        if not wanted.isdecimal():
            part = [device for device in usable if wanted.casefold() in f"{device.name}\n{device.node}".casefold()]
            return [device for device in part if device.node] or part
    return [device for device in usable if device.index == int(wanted)]


def _in_the_socket(wanted: str, usable: list[DeviceInfo]) -> list[DeviceInfo]:
    """Those of the name before `@` that are in the socket after it; where there is but one of that name, it was moved to another."""
    name, at, socket = wanted.rpartition(_AT)
    named = [device for device in usable if at and device.socket and _without_card(device.name) == name]
    return [device for device in named if device.socket == socket] or (named if len(named) == 1 else [])


def lasting_name(device: DeviceInfo, direction: Direction, devices: Sequence[DeviceInfo]) -> str:
    """The shortest name by which `device` is found again among all `devices` after it was unplugged and plugged in."""
    others = [other for other in devices if other.channels(direction) > 0 and other.index != device.index]
    if device.node:
        return device.node if any(other.name == device.name for other in others) else device.name
    plain = _without_card(device.name)
    if not any(_without_card(other.name) == plain for other in others):
        return plain
    alone = not any(_without_card(other.name) == plain and other.socket == device.socket for other in others)
    return f"{plain}{_AT}{device.socket}" if device.socket and alone else device.name


def candidates(direction: Direction, devices: Sequence[DeviceInfo]) -> tuple[DeviceInfo, ...]:
    """The devices that are one thing each, in the order in which they are worth a try: the usual one first, screens last.

    Those of the sound server, where there is one, else the cards of ALSA; only where there are neither, what is left.
    """
    usable = [device for device in devices if device.channels(direction) > 0]
    single = [device for device in usable if device.node] or [device for device in usable if _CARD.search(device.name)]
    found = single or [choose_device(None, direction, usable)] if usable else []
    return tuple(sorted(found, key=lambda device: (not device.is_default(direction), "hdmi" in device.name.casefold())))


def socket_of(name: str, sound: Path = _SOUND) -> str:
    """The USB socket that the card in brackets at the end of a name is in, such as 1-1.2; empty where it is in none."""
    card = card_of(name)
    if card is None:
        return ""
    try:
        place = str((sound / f"card{card}").resolve())
    except OSError:
        return ""
    usb = re.search(r"/(\d+-\d+(?:\.\d+)*)/\1:\d+\.\d+/", place)
    return usb[1] if usb else ""


def card_of(name: str) -> str | None:
    """The number of the card in brackets at the end of a name."""
    card = _CARD.search(name)
    return card[1] if card else None


def _without_card(name: str) -> str:
    """`USB Audio: - (hw:2,0)` without what is in brackets."""
    return _CARD.sub("", name)

"""How far a microphone is turned up: at the sound server, or at its card by `amixer`."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from typing import Any

from voiceskill.edges.device_names import DeviceInfo, card_of

_FULL = 1.0
_CUBED = 60.0
"""The servers' volumes are cubes of amplitude: decibels are so many times the common logarithm of the volume."""

_STEP = 12
"""Percent of a card's control that go for six decibels; cards that know decibels are few."""

_ANSWER_SECONDS = 5.0


class CaptureLevel:
    """The level of one microphone. A level that cannot be read or set is no fault: then somebody has to do it by hand."""

    def __init__(self, device: DeviceInfo) -> None:
        self._card = card_of(device.name)
        self._node = device.node
        self._at_first: Any = None

    def turn(self, decibels: float) -> bool:
        """Turn it up by so much, or down. False where it cannot be, or is at its end."""
        if self._card is not None:
            return self._turn_card(decibels)
        with _source(self._node) as (server, source):
            if source is None:
                return False
            before = server.volume_get_all_chans(source)
            after = min(_FULL, before * 10 ** (decibels / _CUBED))
            if after == before:
                return False
            self._at_first = before if self._at_first is None else self._at_first
            server.volume_set_all_chans(source, after)
            return True

    def restore(self) -> None:
        """As it was before it was first turned."""
        before, self._at_first = self._at_first, None
        if before is None:
            return
        if self._card is not None:
            control, percent = before
            _amixer(self._card, "sset", control, f"{percent}%")
            return
        with _source(self._node) as (server, source):
            if source is not None:
                server.volume_set_all_chans(source, before)

    def _turn_card(self, decibels: float) -> bool:
        found = capture_control(_amixer(self._card or "0", "scontents"))
        if found is None:
            return False
        control, before = found
        after = max(0, min(100, before + round(_STEP * decibels / 6)))
        if after == before:
            return False
        self._at_first = found if self._at_first is None else self._at_first
        return bool(_amixer(self._card or "0", "sset", control, f"{after}%"))


def capture_control(contents: str) -> tuple[str, int] | None:
    """The control that turns a card's microphone up, and its level in percent, from what `amixer scontents` says; None without one."""
    for part in re.split(r"(?=^Simple mixer control )", contents, flags=re.MULTILINE):
        name = re.match(r"Simple mixer control '(.+)',\d+", part)
        level = re.search(r"Capture \d+ \[(\d+)%\]", part)
        if name and level and "cvolume" in part:
            return name[1], int(level[1])
    return None


def _amixer(card: str, *command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the control is one that amixer named
            ["amixer", "--card", card, *command],  # noqa: S607 - wherever the system has it
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


@contextlib.contextmanager
def _source(node: str) -> Iterator[tuple[Any, Any]]:
    from voiceskill.edges.pulse import Unreached, server

    try:
        with server() as connected:
            name = node or connected.server_info().default_source_name
            yield connected, next((source for source in connected.source_list() if source.name == name), None)
    except Unreached:
        yield None, None

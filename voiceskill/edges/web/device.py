"""What the pages show, and what they may wish for. Whoever puts the device together stands behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Values = Mapping[str, Any]
"""What a template shows, by the name that it has there."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A wish that was not fulfilled, and why, in a line for whoever wished."""

    why: str


class Device(Protocol):
    """The device behind the pages.

    What may wait for a disk is called in a thread of its own: all but `scene`, `night`, `wish`, `start`, `say_code` and `gauges`.
    """

    def scene(self) -> Values:
        """How things stand, for the live part of the pages."""
        ...

    def night(self) -> bool:
        """Whether the pages are to be dark."""
        ...

    def wish(self, form: Mapping[str, str]) -> bool:
        """Do what a button or slider means. False where it means nothing, or nobody is there to do it."""
        ...

    def start(self) -> Values:
        """What the page Start shows."""
        ...

    def diary(self, span: str, day: str) -> Values:
        """What the page Diary shows of a `span` (day, week or month) that ends with `day` (YYYY-MM-DD; empty: today)."""
        ...

    def diary_csv(self) -> str:
        """The whole diary, for a spreadsheet."""
        ...

    def forget_diary(self) -> None:
        """Delete the whole diary. Raises Fault."""
        ...

    def set_up(self) -> Values:
        """What the page Set-up shows."""
        ...

    def change_settings(self, form: Mapping[str, str]) -> Refused | None:
        """Keep settings, for the next start."""
        ...

    def listen_to(self, voice: str, words_per_minute: int | None = None) -> bytes:
        """A sentence in a voice, at a pace, as a WAV file; None is the pace it has now. Raises Fault."""
        ...

    def say_code(self, code: str) -> None:
        """Say a code aloud, figure by figure."""
        ...

    def examine(self) -> list[Values]:
        """What the doctor sees of each part: `part`, `seen`, `health`, `advice`."""
        ...

    def gauges(self) -> Values:
        """What moves on the page Set-up: the `level` of the microphone, in dBFS, and the `fetching` of a model, or None."""
        ...

    def install(self, model: str) -> bool:
        """Begin to install a model. False where that cannot be."""
        ...

    def test_alerts(self) -> list[str]:
        """Send a test to those who are told of alerts, and say of each what came of it."""
        ...

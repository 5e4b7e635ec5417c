"""The event stream, as other programs rely on it."""

from __future__ import annotations

from typing import Any

import pytest

from voiceskill.core.events import DeviceFailed, DeviceRecovered, Dropped, Event, Failed, Missed
from voiceskill.journal import describe


@pytest.mark.parametrize(
    ("happening", "line"),
    [
        (Failed(1.0, "memory", "The disk is full."), {"event": "error", "kind": "memory", "message": "The disk is full."}),
        (DeviceFailed(1.0, "microphone", "lost", "Gone."), {"event": "error", "kind": "microphone", "message": "Gone."}),
        (DeviceRecovered(1.0, "loudspeaker"), {"event": "recovered", "kind": "loudspeaker"}),
        (Missed(1.0, 3.14159), {"event": "missed", "seconds": 3.142}),
        (Dropped(1.0, 0.1, 3), {"event": "dropped", "seconds": 0.1, "gaps": 3}),
    ],
)
def test_what_goes_wrong_is_told_to_onlookers(happening: Event, line: dict[str, Any]) -> None:
    assert describe(happening) == line

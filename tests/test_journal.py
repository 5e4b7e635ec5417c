"""The event stream, as other programs rely on it."""

from __future__ import annotations

from typing import Any

import pytest

from voiceskill.core.actions import Action, Alert, EndAlert
from voiceskill.core.events import AlertAcknowledged, AlertFailed, AlertSent, DeviceFailed, DeviceRecovered, Dropped, Event, Failed, Missed
from voiceskill.journal import describe

ALERT = Alert("help", "emergency", "one", "asked for help", 2)


@pytest.mark.parametrize(
    ("happening", "line"),
    [
        (Failed(1.0, "memory", "The disk is full."), {"event": "error", "kind": "memory", "message": "The disk is full."}),
        (DeviceFailed(1.0, "microphone", "lost", "Gone."), {"event": "error", "kind": "microphone", "message": "Gone."}),
        (DeviceRecovered(1.0, "loudspeaker"), {"event": "recovered", "kind": "loudspeaker"}),
        (Missed(1.0, 3.14159), {"event": "missed", "seconds": 3.142}),
        (Dropped(1.0, 0.1, 3), {"event": "dropped", "seconds": 0.1, "gaps": 3}),
        (AlertFailed(1.0, "one", "Gone."), {"event": "error", "kind": "alert", "message": "Gone.", "id": "one"}),
        (AlertSent(1.0, "one"), {"event": "alert_sent", "id": "one"}),
        (AlertAcknowledged(1.0, "one", "Anna"), {"event": "alert_seen", "id": "one", "by": "Anna"}),
        (Alert("help", "emergency"), {"event": "alert", "kind": "help", "level": "emergency"}),
        (ALERT, {"event": "alert", "kind": "help", "level": "emergency", "id": "one", "attempt": 2}),
        (EndAlert(ALERT, called_off=True), {"event": "alert_ended", "id": "one", "called_off": True}),
    ],
)
def test_what_goes_wrong_and_what_becomes_of_alerts_is_told_to_onlookers(happening: Event | Action, line: dict[str, Any]) -> None:
    assert describe(happening) == line

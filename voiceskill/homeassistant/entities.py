"""The device's entities in Home Assistant: what they are, what they show, and what their commands mean.

MQTT discovery in the device form: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload. No network is touched here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voiceskill.core.actions import Action, Alert, Guiding
from voiceskill.core.attention import Attention
from voiceskill.core.conversation.by_hand import LOUDEST, SOFTEST
from voiceskill.core.conversation.steering import QUICKEST, SLOWEST
from voiceskill.core.events import Adjusted, Event, HearingSwitched, Pressed
from voiceskill.core.skill import Control, Skill
from voiceskill.homeassistant.topics import FINISHED, HAPPENINGS, Topics
from voiceskill.status import Status

NO_ROUTINE = "none"

_BUTTONS = {
    "stop": ("Stop", Control.STOP, "mdi:stop"),
    "pause": ("Pause", Control.PAUSE, "mdi:pause"),
    "carry_on": ("Carry on", Control.RESUME, "mdi:play"),
    "repeat": ("Repeat", Control.REPEAT, "mdi:repeat"),
}

_MODES: Mapping[str, Attention] = {"open": "open", "wake": "wake"}
_SOMEBODY = "Somebody in the house"
"""Who has seen an alert, where a button says so."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose entities they are. `id` is unique in the house, of letters, digits and dashes; `name` is for people."""

    id: str
    name: str
    version: str


class Entities:
    """The entities of one device.

    `shares_pain` is whether the owner lets the last pain score leave the device, `tells_alerts` whether a sink tells of alerts in full.
    """

    def __init__(self, skill: Skill, identity: Identity, *, shares_pain: bool, tells_alerts: bool = False) -> None:
        self.topics = Topics(identity.id)
        self._identity = identity
        self._tells_alerts = tells_alerts
        self._shares_pain = shares_pain
        self._routines = {intent.routine.name: intent.id for intent in skill.intents.values() if intent.routine}
        controls = {key: skill.control(control) for key, (_, control, _) in _BUTTONS.items()}
        self._buttons = {key: intent.id for key, intent in controls.items() if intent}

    # Topics.

    @property
    def base(self) -> str:
        """What the names of all topics of this device begin with."""
        return self.topics.base

    def key(self, topic: str) -> str | None:
        """Which entity a command's topic belongs to."""
        middle = topic.removeprefix(f"{self.base}/").removesuffix("/set")
        return middle if topic == f"{self.base}/{middle}/set" and "/" not in middle else None

    # Discovery.

    def discovery(self, prefix: str) -> tuple[str, str]:
        """Topic and payload that make Home Assistant know the device; to be retained."""
        one = self._identity
        payload = {
            "dev": {"ids": [one.id], "name": one.name, "mf": "voiceskill", "mdl": "bedside device", "sw": one.version},
            "o": {"name": "voiceskill", "sw": one.version},
            "availability_topic": self.topics.availability,
            "cmps": {key: {"unique_id": f"{one.id}_{key}", **component} for key, component in self._components().items()},
        }
        return f"{prefix}/device/{one.id}/config", json.dumps(payload)

    def _components(self) -> dict[str, dict[str, Any]]:
        percent = {"unit_of_measurement": "%", "mode": "slider", "step": 5}
        loudness = {"min": round(100 * SOFTEST), "max": round(100 * LOUDEST), **percent}
        pace = {"min": round(100 * QUICKEST), "max": round(100 * SLOWEST), **percent}
        found = {
            "state": self._shown("state", "sensor", "State", icon="mdi:account-voice"),
            "routine": self._shown("routine", "sensor", "Routine", icon="mdi:yoga"),
            "step": self._shown("step", "sensor", "Step", icon="mdi:counter"),
            "needs_help": self._shown("needs_help", "binary_sensor", "Needs help", device_class="safety"),
            "danger": self._shown("danger", "binary_sensor", "Danger sign", device_class="safety"),
            "happening": self._shown("happening", "event", "Happening", event_types=list(HAPPENINGS), icon="mdi:bell"),
            "start": self._set("start", "select", "Start a routine", options=[NO_ROUTINE, *self._routines], icon="mdi:play-box"),
            "microphone": self._set("microphone", "switch", "Microphone", icon="mdi:microphone"),
            "quiet": self._set("quiet", "switch", "Quiet", icon="mdi:weather-night"),
            "volume": self._set("volume", "number", "Volume", icon="mdi:volume-high", **loudness),
            "pace": self._set("pace", "number", "Pace", icon="mdi:speedometer-slow", **pace),
            "attention": self._set("attention", "select", "Listens to", options=list(_MODES), icon="mdi:ear-hearing"),
        }
        for key in self._buttons:
            name, _, icon = _BUTTONS[key]
            found[key] = {"p": "button", "name": name, "command_topic": f"{self.base}/{key}/set", "icon": icon}
        if self._tells_alerts:
            told = ["raised", "called_off", "test"]
            found["alert"] = self._shown("alert", "event", "Alert", event_types=told, icon="mdi:alarm-light")
            seen = {"p": "button", "name": "Alert seen", "payload_press": _SOMEBODY, "icon": "mdi:account-check"}
            found["acknowledge"] = {**seen, "command_topic": self.topics.acknowledge}
        if self._shares_pain:
            found["pain"] = self._shown("pain", "sensor", "Pain", icon="mdi:emoticon-sad-outline", state_class="measurement")
        return found

    def _shown(self, key: str, platform: str, name: str, **more: Any) -> dict[str, Any]:
        return {"p": platform, "name": name, "state_topic": f"{self.base}/{key}", **more}

    def _set(self, key: str, platform: str, name: str, **more: Any) -> dict[str, Any]:
        return {**self._shown(key, platform, name, **more), "command_topic": f"{self.base}/{key}/set"}

    # What they show.

    def states(self, status: Status) -> dict[str, str]:
        """Payload by topic, to be retained."""
        routine = status.routine
        shown = {
            "state": status.doing.value,
            "routine": routine.name if routine else NO_ROUTINE,
            "start": routine.name if routine else NO_ROUTINE,
            "step": f"{routine.step} of {routine.steps}" if routine else NO_ROUTINE,
            "needs_help": _switch(on=status.danger or status.calls),
            "danger": _switch(on=status.danger),
            "microphone": _switch(on=status.hears),
            "quiet": _switch(on=status.quiet),
            "volume": str(round(100 * status.loudness)),
            "pace": str(round(100 * status.pace)),
            "attention": status.attention,
        }
        if self._shares_pain and status.pain is not None:
            shown["pain"] = f"{status.pain:g}"
        return {f"{self.base}/{key}": value for key, value in shown.items()}

    def happening(self, happening: Event | Action) -> tuple[str, str] | None:
        """Topic and payload for what the household is told of as it happens. Which sign of danger it was stays in the room."""
        match happening:
            case Alert(id=alert) if alert and self._tells_alerts:
                return None  # the sink does, and sees to it that it arrives
            case Alert(kind=kind, level=level):
                return self.topics.alerted(kind, level)
            case Guiding(phase="done"):
                return self.topics.happened(FINISHED)
            case _:
                return None

    # What they want.

    def event(self, key: str, payload: str, at: float) -> Event | None:
        """What a command means; None where it means nothing."""
        match key:
            case button if button in self._buttons:
                return Pressed(at, self._buttons[button])
            case "start" if payload in self._routines:
                return Pressed(at, self._routines[payload])
            case "start" if payload == NO_ROUTINE and "stop" in self._buttons:
                return Pressed(at, self._buttons["stop"])
            case "microphone" if (on := _switched(payload)) is not None:
                return HearingSwitched(at, on)
            case "quiet" if (on := _switched(payload)) is not None:
                return Adjusted(at, quiet=on)
            case "volume" if (share := _share(payload)) is not None:
                return Adjusted(at, loudness=share)
            case "pace" if (share := _share(payload)) is not None:
                return Adjusted(at, pace=share)
            case "attention" if payload in _MODES:
                return Adjusted(at, attention=_MODES[payload])
            case _:
                return None


def _switch(*, on: bool) -> str:
    return "ON" if on else "OFF"


def _switched(payload: str) -> bool | None:
    return {"ON": True, "OFF": False}.get(payload)


def _share(payload: str) -> float | None:
    try:
        percent = float(payload)
    except ValueError:
        return None
    return percent / 100 if 0 < percent < 1_000 else None

"""What Home Assistant is shown, and what its commands mean."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rehearsing import Bedside, skill
from voiceskill.core.actions import Alert, Guiding
from voiceskill.core.conversation import Manners
from voiceskill.core.events import Adjusted, AlertAcknowledged, Event, HearingSwitched, Pressed
from voiceskill.homeassistant.entities import NO_ROUTINE, Entities, Identity
from voiceskill.status import Doing, status_of

IDENTITY = Identity("bedside-1", "Bedside", "1.0")
ENTITIES = Entities(skill(), IDENTITY, shares_pain=False)
SHARING = Entities(skill(), IDENTITY, shares_pain=True)


def shown(bed: Bedside, entities: Entities = ENTITIES) -> dict[str, str]:
    states = entities.states(status_of(skill(), Manners(), bed.rehearsal.device.state))
    return {topic.removeprefix("voiceskill/bedside-1/"): payload for topic, payload in states.items()}


def test_the_device_is_announced_with_all_that_home_assistant_asks_of_it() -> None:
    topic, payload = SHARING.discovery("homeassistant")
    announced = json.loads(payload)
    assert topic == "homeassistant/device/bedside-1/config"
    assert announced["dev"]["ids"] == ["bedside-1"]
    assert announced["o"]["name"]
    assert announced["availability_topic"] == "voiceskill/bedside-1/availability"
    components = announced["cmps"]
    assert all({"p", "unique_id", "name"} <= set(component) for component in components.values())
    assert len({component["unique_id"] for component in components.values()}) == len(components)
    platforms = {key: component["p"] for key, component in components.items()}
    assert platforms["state"] == platforms["routine"] == platforms["step"] == platforms["pain"] == "sensor"
    assert platforms["stop"] == platforms["pause"] == platforms["carry_on"] == platforms["repeat"] == "button"
    assert platforms["microphone"] == platforms["quiet"] == "switch"
    assert platforms["volume"] == platforms["pace"] == "number"
    assert platforms["start"] == platforms["attention"] == "select"
    assert (platforms["danger"], platforms["happening"]) == ("binary_sensor", "event")


def test_every_state_shown_has_an_entity_and_every_entity_but_buttons_and_events_a_state() -> None:
    bed = Bedside()
    bed.hear("my pain is seven")
    _, payload = SHARING.discovery("homeassistant")
    entities = {key for key, component in json.loads(payload)["cmps"].items() if component["p"] not in {"button", "event"}}
    assert set(shown(bed, SHARING)) == entities


def test_a_routine_is_shown_with_its_step() -> None:
    bed = Bedside()
    assert shown(bed)["routine"] == NO_ROUTINE
    bed.start("routine_breathing")
    assert shown(bed)["routine"] == skill().intents["routine_breathing"].routine.name  # type: ignore[union-attr]
    number, of, count = shown(bed)["step"].split()
    assert of == "of"
    assert 1 <= int(number) <= int(count)


def test_what_somebody_told_of_their_pain_stays_in_the_room_unless_the_owner_shares_it() -> None:
    bed = Bedside()
    bed.hear("my pain is seven")
    assert "pain" not in shown(bed)
    assert shown(bed, SHARING)["pain"] == "7"


def test_which_sign_of_danger_it_was_stays_in_the_room() -> None:
    told = ENTITIES.happening(Alert("safety_self_harm", "emergency"))
    assert told == ("voiceskill/bedside-1/happening", '{"event_type": "danger"}')
    assert ENTITIES.happening(Alert("help", "emergency")) == ("voiceskill/bedside-1/happening", '{"event_type": "help"}')
    assert ENTITIES.happening(Guiding("routine_breathing", 3, "done")) == (
        "voiceskill/bedside-1/happening",
        '{"event_type": "finished"}',
    )
    assert ENTITIES.happening(Guiding("routine_breathing", 3, "stopped")) is None


def test_a_danger_sign_shows_until_it_is_dealt_with() -> None:
    bed = Bedside()
    bed.interrupt("I can't feel my legs")
    assert shown(bed)["danger"] == "ON"
    assert shown(bed)["state"] == Doing.SPEAKING
    bed.wait(300)
    assert shown(bed)["danger"] == "OFF"


def test_somebody_who_called_needs_help_until_it_was_seen_or_called_off() -> None:
    bed = Bedside(manners=Manners(countdown=10))
    assert shown(bed)["needs_help"] == "OFF"
    bed.hear("call for help")
    assert (shown(bed)["needs_help"], shown(bed)["danger"]) == ("ON", "OFF")
    bed.wait(600)
    assert shown(bed)["needs_help"] == "ON"
    bed.take(AlertAcknowledged(bed.now, bed.last_alert, "Anna"))
    assert shown(bed)["needs_help"] == "OFF"


def test_an_alert_that_a_sink_tells_of_is_not_told_twice_and_can_be_said_to_be_seen() -> None:
    telling = Entities(skill(), IDENTITY, shares_pain=False, tells_alerts=True)
    assert telling.happening(Alert("help", "emergency", "one")) is None
    assert telling.happening(Alert("redflag_fever", "today")) == ("voiceskill/bedside-1/happening", '{"event_type": "today"}')
    components = json.loads(telling.discovery("homeassistant")[1])["cmps"]
    assert components["alert"]["state_topic"] == telling.topics.alert
    assert components["acknowledge"]["command_topic"] == telling.topics.acknowledge
    assert components["acknowledge"]["payload_press"] == "Somebody in the house"
    assert "acknowledge" not in json.loads(ENTITIES.discovery("homeassistant")[1])["cmps"]


def test_after_good_night_it_is_asleep_and_with_its_hearing_off_it_shows_that() -> None:
    bed = Bedside()
    bed.hear("good night")
    assert shown(bed)["state"] == Doing.ASLEEP
    bed.take(HearingSwitched(bed.now, on=False))
    assert (shown(bed)["state"], shown(bed)["microphone"]) == (Doing.HEARING_OFF, "OFF")


@pytest.mark.parametrize(
    ("key", "payload", "event"),
    [
        ("stop", "PRESS", Pressed(1.0, "control_stop")),
        ("pause", "PRESS", Pressed(1.0, "control_pause")),
        ("carry_on", "PRESS", Pressed(1.0, "control_resume")),
        ("repeat", "PRESS", Pressed(1.0, "control_repeat")),
        ("start", NO_ROUTINE, Pressed(1.0, "control_stop")),
        ("microphone", "OFF", HearingSwitched(1.0, on=False)),
        ("quiet", "ON", Adjusted(1.0, quiet=True)),
        ("volume", "150", Adjusted(1.0, loudness=1.5)),
        ("pace", "80", Adjusted(1.0, pace=0.8)),
        ("attention", "wake", Adjusted(1.0, attention="wake")),
        ("microphone", "off", None),
        ("start", "a nice tango", None),
        ("volume", "loud", None),
        ("pace", "nan", None),
        ("attention", "closed", None),
        ("state", "ready", None),
        ("self-destruct", "ON", None),
    ],
)
def test_a_command_means_what_it_says_or_nothing(key: str, payload: str, event: Event | None) -> None:
    assert ENTITIES.event(key, payload, 1.0) == event


@pytest.mark.parametrize("intent", [intent for intent in skill().intents.values() if intent.routine])
def test_every_routine_can_be_started_by_its_name(intent: object) -> None:
    routine = intent.routine  # type: ignore[attr-defined]
    assert ENTITIES.event("start", routine.name, 1.0) == Pressed(1.0, intent.id)  # type: ignore[attr-defined]


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_message_from_the_network_can_do_harm(topic: str, payload: str) -> None:
    key = ENTITIES.key(topic)
    assert key is None or "/" not in key
    ENTITIES.event(key or topic, payload, 1.0)


def test_no_state_is_longer_than_home_assistant_keeps() -> None:
    bed = Bedside()
    for intent in skill().intents.values():
        if intent.routine:
            bed.hear("stop")
            bed.start(intent.id)
            assert all(len(payload) < 255 for payload in shown(bed, SHARING).values())

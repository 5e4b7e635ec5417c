"""What a house does with a blueprint when somebody at the bedside needs help."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hassil import Intents, recognize
from hassil.util import PUNCTUATION_END, PUNCTUATION_END_WORD, PUNCTUATION_START, PUNCTUATION_START_WORD

from tests.export.automations import Automation, Input, Refused, load
from tests.export.said import skills
from voiceskill import __version__
from voiceskill.core.actions import Alert
from voiceskill.export.homeassistant import EVENT, home_assistant_files
from voiceskill.homeassistant.entities import Entities, Identity

BLUEPRINT = load(home_assistant_files(skills()["backs"], "1")["blueprints/automation/voiceskill/help_at_the_bedside.yaml"])
KITCHEN, HALL = "assist_satellite.kitchen", "assist_satellite.hall"

SELECTORS = {
    "text": set[str](),
    "action": set[str](),
    "entity": {"filter", "multiple"},
    "number": {"min", "max", "unit_of_measurement", "mode", "step"},
}
"""Those of https://www.home-assistant.io/docs/blueprint/selectors/ that are used here, with their options."""


class House:
    """Satellites that announce and ask, and what people answer there, in turn; None is silence."""

    def __init__(self, answers: Mapping[str, list[str | None]] = {}, *, away: tuple[str, ...] = ()) -> None:
        self._answers = {satellite: iter(said) for satellite, said in answers.items()}
        self._away = away
        self.done: list[tuple[str, Mapping[str, Any]]] = []

    def __call__(self, action: str, data: Mapping[str, Any]) -> Any:
        self.done.append((action, data))
        match action:
            case "assist_satellite.announce":
                assert set(data) == {"entity_id", "message"}
                if set(data["entity_id"]) & set(self._away) or data["entity_id"] in self._away:
                    raise Refused
            case "assist_satellite.ask_question":
                assert set(data) == {"entity_id", "question", "answers"}
                if data["entity_id"] in self._away:
                    raise Refused
                said = next(self._answers.get(data["entity_id"], iter(())), None)
                if said is None:
                    raise Refused  # "No answer from satellite"
                return understood(said, data["answers"])
            case "mqtt.publish":
                assert set(data) == {"topic", "payload", "qos"}
            case _:
                assert action.startswith("notify.")
        return None

    def all(self, action: str) -> list[Mapping[str, Any]]:
        return [data for name, data in self.done if name == action]

    @property
    def acknowledged(self) -> list[tuple[str, str]]:
        return [(data["topic"], data["payload"]) for data in self.all("mqtt.publish")]


def understood(said: str, answers: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer as `ask_question` gives it: every name in curly brackets is a wildcard."""
    names = {name for answer in answers for sentence in answer["sentences"] for name in re.findall(r"\{(\w+)\}", sentence)}
    data = [{"sentences": answer["sentences"], "metadata": {"id": answer["id"]}} for answer in answers]
    intents = Intents.from_dict(
        {"language": "en", "intents": {"Question": {"data": data}}, "lists": {name: {"wildcard": True} for name in names}}
    )
    found = recognize(said, intents, language="en")
    if found is None:
        return {"id": None, "sentence": said, "slots": {}}
    assert found.intent_metadata
    slots = {name: str(entity.value).strip() for name, entity in found.entities.items()}
    return {"id": found.intent_metadata["id"], "sentence": said, "slots": slots}


def automation(house: House, **inputs: Any) -> Automation:
    return Automation(BLUEPRINT, {"device": "bedroom", "satellites": [KITCHEN, HALL], **inputs}, house)


def told(what: str) -> dict[str, Any]:
    """The device tells of something over MQTT."""
    return {"platform": "mqtt", "id": "device", "payload_json": {"event_type": what}}


def answers() -> list[dict[str, Any]]:
    def found(value: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            if value.get("action") == "assist_satellite.ask_question":
                yield value["data"]["answers"]
            for inner in value.values():
                yield from found(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from found(inner)

    (only,) = found(BLUEPRINT)
    listed: list[dict[str, Any]] = only
    return listed


def test_somebody_who_goes_is_told_to_the_device_and_nobody_is_asked_any_more() -> None:
    house = House({KITCHEN: ["yes"]})
    assert automation(house).run(told("help"))
    assert house.acknowledged == [("voiceskill/bedroom/acknowledge/set", "Somebody in the house")]
    assert len(house.all("assist_satellite.ask_question")) == 1
    assert house.all("assist_satellite.announce")[-1] == {"entity_id": KITCHEN, "message": "Thank you."}


def test_who_gives_a_name_is_told_by_that_name() -> None:
    house = House({KITCHEN: ["this is anna and I'm coming"]})
    automation(house).run(told("danger"))
    assert house.acknowledged == [("voiceskill/bedroom/acknowledge/set", "Anna")]


def test_it_is_asked_in_every_room_and_again_until_somebody_goes() -> None:
    house = House({KITCHEN: [None, "no", "what"], HALL: ["not now", None, "I'm on my way"]})
    run = automation(house, rounds=5, pause=20)
    run.run(told("help"))
    assert [data["entity_id"] for data in house.all("assist_satellite.ask_question")] == [KITCHEN, HALL] * 3
    assert len(house.acknowledged) == 1
    assert run.waited == 40.0


def test_where_nobody_answers_that_is_said_and_nobody_is_said_to_go() -> None:
    house = House()
    automation(house, rounds=2).run(told("help"))
    assert house.acknowledged == []
    assert "Nobody has answered" in house.all("assist_satellite.announce")[-1]["message"]


def test_a_satellite_that_is_away_keeps_nobody_else_from_being_asked() -> None:
    house = House({HALL: ["okay I'll go"]}, away=(KITCHEN,))
    automation(house).run(told("danger"))
    assert len(house.acknowledged) == 1


def test_a_notification_that_fails_keeps_nobody_from_being_asked() -> None:
    house = House({KITCHEN: ["yes"]})

    def perform(action: str, data: Mapping[str, Any]) -> Any:
        if action.startswith("notify."):
            house.done.append((action, data))
            raise Refused
        return house(action, data)

    more = [{"action": "notify.phone", "data": {"message": "{{ message }}"}}]
    Automation(BLUEPRINT, {"device": "bedroom", "satellites": [KITCHEN], "more": more}, perform).run(told("danger"))
    assert house.all("notify.phone") == [{"message": "Somebody at the bedside has told of a sign of danger."}]
    assert len(house.acknowledged) == 1


def test_a_house_without_satellites_still_gets_its_notification() -> None:
    house = House()
    automation(house, satellites=[], more=[{"action": "notify.phone", "data": {"message": "{{ message }}"}}]).run(told("help"))
    assert [name for name, _ in house.done] == ["notify.phone"]


def test_danger_told_to_any_satellite_is_asked_about_too() -> None:
    house = House({KITCHEN: ["yes"]})
    trigger = {"platform": "event", "id": "house", "event": {"event_type": EVENT, "data": {"event_type": "danger"}}}
    assert automation(house).run(trigger)
    assert house.all("assist_satellite.announce")[0]["message"] == "Somebody in the house has told of a sign of danger."
    assert BLUEPRINT["triggers"][1] == {"trigger": "event", "id": "house", "event_type": EVENT}


@pytest.mark.parametrize(
    "trigger", [told("finished"), told("today"), told(""), {"platform": "mqtt", "id": "device"}, told("x") | {"payload_json": {}}]
)
def test_nobody_is_alarmed_by_anything_else(trigger: Mapping[str, Any]) -> None:
    house = House({KITCHEN: ["yes"]})
    assert not automation(house).run(trigger)
    assert house.done == []


def test_it_listens_to_what_the_device_tells() -> None:
    entities = Entities(skills()["backs"], Identity("bedroom", "Bedroom", __version__), shares_pain=False)
    for alert in (Alert("redflag_chest_pain", "emergency"), Alert("help", "emergency")):
        happening = entities.happening(alert)
        assert happening
        topic, payload = happening
        assert automation(House()).topics() == [topic]
        assert automation(House()).run({"platform": "mqtt", "id": "device", "payload_json": json.loads(payload)})


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *(("yes", "going"), ("Yes.", "going"), ("yes I'm going", "going"), ("okay I will", "going"), ("yes I am", "going")),
        *(("I'm coming", "going"), ("on my way", "going"), ("I'll go now", "going"), ("yes I'll go", "going")),
        *(("it's Tom I'm on my way", "named"), ("yes this is Mary Jane and I am going", "named")),
        *(
            ("no", "not_going"),
            ("no sorry", "not_going"),
            ("I can't", "not_going"),
            ("not me", "not_going"),
            ("no I'm not going", "not_going"),
        ),
        *(
            ("I'm not going", "not_going"),
            ("nobody is going", None),
            ("who is it", None),
            ("this is Anna I'm not going", None),
        ),
        *(("is somebody going", None), ("", None), ("are you going", None), ("I'm going to bed", None), ("yes but I can't", None)),
    ],
)
def test_only_who_says_so_is_taken_to_go(said: str, meant: str | None) -> None:
    assert understood(said, answers())["id"] == meant


def test_answers_have_no_punctuation_which_home_assistant_refuses() -> None:
    for answer in answers():
        for sentence in answer["sentences"]:
            bare = re.sub(r"(?<!\\)\{[^{}]*\}", "", sentence)
            assert not any(one.search(bare) for one in (PUNCTUATION_START, PUNCTUATION_END, PUNCTUATION_START_WORD, PUNCTUATION_END_WORD))


def test_the_blueprint_is_one_that_home_assistant_takes() -> None:
    head = BLUEPRINT["blueprint"]
    assert set(head) == {"name", "description", "domain", "homeassistant", "input"}
    assert head["domain"] == "automation"
    assert re.fullmatch(r"\d+\.\d+\.\d+", head["homeassistant"]["min_version"])
    for one in head["input"].values():
        assert set(one) <= {"name", "description", "default", "selector"}
        ((selector, options),) = one["selector"].items()
        assert set(options or {}) <= SELECTORS[selector]
    assert set(BLUEPRINT) == {
        *("blueprint", "mode", "max_exceeded", "trigger_variables", "triggers", "variables", "conditions", "actions"),
    }
    assert all("trigger" in one for one in BLUEPRINT["triggers"])


def test_every_input_is_asked_for_and_used() -> None:
    def used(value: Any) -> Iterator[str]:
        match value:
            case Input(name=name):
                yield name
            case dict():
                for inner in value.values():
                    yield from used(inner)
            case list():
                for inner in value:
                    yield from used(inner)

    assert set(used(BLUEPRINT)) == set(BLUEPRINT["blueprint"]["input"])

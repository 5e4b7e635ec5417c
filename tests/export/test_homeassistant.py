"""What Home Assistant hears and says with the exported files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import jinja2
import pytest
import yaml
from hassil import Intents, recognize
from hassil.util import merge_dict
from hypothesis import given
from hypothesis import strategies as st

from tests.export.said import Speaker, odd_skill, skills
from voiceskill.core.skill import Intent, Kind, Skill
from voiceskill.export.homeassistant import EVENT, PREFIX, _script, home_assistant_files
from voiceskill.export.replies import needs_a_conversation, replies

JINJA = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
EACH = JINJA.overlay()
EACH.filters = {**JINJA.filters, "random": "\0".join}


def loaded(files: Mapping[str, str], *, optional: bool) -> Intents:
    """The sentences as Home Assistant loads them: every file of the folder of its language, merged."""
    merged: dict[str, Any] = {"language": "en", "intents": {}}
    for path, text in files.items():
        if re.fullmatch(r"(optional/)?custom_sentences/en/[^/]+\.yaml" if optional else r"custom_sentences/en/[^/]+\.yaml", path):
            merge_dict(merged, yaml.safe_load(text))
    return Intents.from_dict(merged)


@cache
def house(name: str, *, optional: bool = True) -> Intents:
    """A house that has the sentences of a skill."""
    return loaded(home_assistant_files(skills()[name], "1"), optional=optional)


def heard(intents: Intents, text: str) -> str | None:
    found = recognize(text, intents, language="en")
    return found.intent.name.removeprefix(PREFIX) if found else None


def scripts(skill: Skill) -> dict[str, Any]:
    written: dict[str, Any] = yaml.safe_load(home_assistant_files(skill, "1")["packages/voiceskill.yaml"])["intent_script"]
    return written


def said(script: Mapping[str, Any]) -> str:
    return JINJA.from_string(script["speech"]["text"]).render()


@pytest.mark.parametrize("name", ["backs", "lamps"])
def test_every_template_is_heard_as_its_own_intent(name: str) -> None:
    skill = skills()[name]
    intents, speaker = house(name), Speaker(skill)
    for intent in skill.intents.values():
        for template in intent.templates:
            sentence = speaker.say(template)
            assert heard(intents, sentence) == intent.id, f"{template}: {sentence}"


@pytest.mark.long
@pytest.mark.parametrize("name", ["backs", "lamps"])
def test_whatever_templates_stand_for_is_heard_as_its_own_intent(name: str) -> None:
    skill = skills()[name]
    intents, speaker = house(name), Speaker(skill, seed=11)
    for intent in skill.intents.values():
        for template in intent.templates:
            for sentence in {speaker.say(template) for _ in range(40)}:
                assert heard(intents, sentence) == intent.id, f"{template}: {sentence}"


@pytest.mark.parametrize("name", ["backs", "lamps"])
def test_every_plain_sentence_is_heard_as_its_own_intent(name: str) -> None:
    skill = skills()[name]
    for intent in skill.intents.values():
        for sentence in (*intent.examples, *intent.escape):
            assert heard(house(name), sentence) == intent.id, sentence


def test_what_was_told_along_with_it_is_known() -> None:
    found = recognize("my pain is seven", house("backs"), language="en")
    assert found
    assert {name: entity.value for name, entity in found.entities.items()} == {f"{PREFIX}score": "seven"}
    found = recognize("dim the desk lamp to 40 percent", house("lamps"), language="en")
    assert found
    assert {name: entity.value for name, entity in found.entities.items()} == {f"{PREFIX}lamp": "desk lamp", f"{PREFIX}percent": 40}


@pytest.mark.parametrize("text", ["yes", "no", "stop", "what time is it", "turn off", "good night", "pause", "louder", "it's a seven"])
def test_words_that_mean_other_things_in_a_house_are_left_alone(text: str) -> None:
    assert heard(house("backs", optional=False), text) is None
    assert heard(house("backs"), text) is not None


def test_danger_and_calls_for_help_are_heard_without_the_optional_sentences() -> None:
    skill = skills()["backs"]
    intents = house("backs", optional=False)
    for intent in skill.intents.values():
        if intent.kind is Kind.FLAG or intent.alerts:
            for sentence in intent.examples:
                assert heard(intents, sentence) == intent.id


@pytest.mark.parametrize("name", ["backs", "lamps"])
def test_no_name_can_be_taken_for_one_of_home_assistant(name: str) -> None:
    for path, text in home_assistant_files(skills()[name], "1").items():
        if "custom_sentences" not in path:
            continue
        content = yaml.safe_load(text)
        assert content["language"] == "en"
        for section in ("intents", "lists", "expansion_rules"):
            assert all(key.startswith(PREFIX) for key in content.get(section, {}))
        assert set(content) <= {"language", "intents", "lists", "expansion_rules"}


def test_a_sign_of_danger_is_answered_with_its_whole_line_and_told_to_the_house() -> None:
    skill, written = skills()["backs"], scripts(skills()["backs"])
    flags = [intent for intent in skill.intents.values() if intent.kind is Kind.FLAG]
    assert flags
    for flag in flags:
        script = written[PREFIX + flag.id]
        assert said(script) == flag.answers[0]
        assert script["action"] == [{"event": EVENT, "event_data": {"event_type": "danger"}}]
    assert written[f"{PREFIX}control_call_someone"]["action"] == [{"event": EVENT, "event_data": {"event_type": "help"}}]


def test_only_danger_and_calls_for_help_alarm_the_house() -> None:
    skill, written = skills()["backs"], scripts(skills()["backs"])
    alarming = {name.removeprefix(PREFIX) for name, script in written.items() if "action" in script}
    assert alarming == {intent.id for intent in skill.intents.values() if intent.kind is Kind.FLAG or intent.alerts}


def test_nobody_is_led_noted_or_stopped_by_home_assistant() -> None:
    skill, written = skills()["backs"], scripts(skills()["backs"])
    assert skill.visitors
    for intent in skill.intents.values():
        words = said(written[PREFIX + intent.id])
        if intent.kind is Kind.ROUTINE:
            assert words.startswith(skill.visitors.routine)
        elif intent.kind is Kind.DIARY:
            assert words == skill.visitors.diary
    assert said(written[f"{PREFIX}control_stop"]) == skill.visitors.device
    assert "shout for someone" in said(written[f"{PREFIX}control_help"])


@pytest.mark.parametrize("skill", [*skills().values(), odd_skill()], ids=["backs", "lamps", "odd"])
def test_every_intent_has_a_reply_and_no_letter_of_it_is_lost(skill: Skill) -> None:
    written = scripts(skill)
    assert written.keys() == {PREFIX + id_ for id_ in skill.intents}
    for id_, lines in replies(skill).items():
        text = written[PREFIX + id_]["speech"]["text"]
        assert lines
        assert all(lines)
        assert EACH.from_string(text).render().split("\0") == list(lines)


@given(st.lists(st.text(min_size=1).filter(lambda text: text == text.strip()), min_size=1, max_size=3, unique=True))
def test_any_text_is_said_as_it_is_written(lines: list[str]) -> None:
    lines = [re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]", "", line) or "x" for line in lines]
    script = yaml.safe_load(yaml.safe_dump(_script(Intent("one", Kind.ANSWER), tuple(lines)), allow_unicode=True))
    assert said(script) in lines


def test_odd_sentences_are_heard_as_they_are_written() -> None:
    skill = odd_skill()
    intents = loaded(home_assistant_files(skill, "1"), optional=False)
    for sentence in skill.intents["relief_heat"].examples:
        assert heard(intents, sentence) == "relief_heat", sentence


def test_sentences_that_yaml_could_take_for_something_else_stay_text() -> None:
    for skill in (*skills().values(), odd_skill()):
        for path, text in home_assistant_files(skill, "1").items():
            if "custom_sentences" in path:
                for intent in yaml.safe_load(text).get("intents", {}).values():
                    assert all(isinstance(sentence, str) for sentence in intent["data"][0]["sentences"])


def test_a_language_model_is_not_given_our_lines_to_put_in_its_own_words() -> None:
    assert all(script["platforms"] == [] for script in scripts(skills()["backs"]).values())


def test_the_same_skill_gives_the_same_files() -> None:
    once, again = (home_assistant_files(skills()["backs"], "1") for _ in range(2))
    assert list(once.items()) == list(again.items())


def test_all_sentences_stand_in_one_file_or_another() -> None:
    skill = skills()["backs"]
    files = home_assistant_files(skill, "1")
    places = {
        id_.removeprefix(PREFIX): PurePosixPath(path).parts[0]
        for path, text in files.items()
        if "custom_sentences" in path
        for id_ in yaml.safe_load(text).get("intents", {})
    }
    assert places == {intent.id: "optional" if needs_a_conversation(intent) else "custom_sentences" for intent in skill.intents.values()}

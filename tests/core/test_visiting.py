"""What those know of the skill who ask from elsewhere in the house."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.small_skill import SKILL
from tests.rehearsing import skill
from voiceskill.core.skill import Control, Kind, Note
from voiceskill.core.visiting import for_visitors


def test_nobody_is_led_from_afar_nor_offered_to_be() -> None:
    visited = for_visitors(skill())
    for intent in skill().intents.values():
        theirs = visited.intents[intent.id]
        assert theirs.routine is None
        assert theirs.timed is None
        if intent.routine:
            assert theirs.kind is Kind.ANSWER
            assert theirs.invitation is None
            assert "at the bedside" in theirs.answers[0]


def test_no_step_that_moves_the_body_is_told_from_afar() -> None:
    visited = for_visitors(skill())
    for intent in skill().intents.values():
        if intent.routine and intent.moves:
            assert visited.intents[intent.id].answers == (visited.intents["routine_cat_camel"].answers[0],)
    assert "Let your jaw and your hands go loose" in visited.intents["routine_breathing"].answers[0]


def test_the_diary_is_neither_told_nor_written_from_afar() -> None:
    visited = for_visitors(skill())
    assert {intent.note for intent in visited.intents.values()} <= {None, Note.SCREENED}


def test_danger_is_the_same_from_afar() -> None:
    visited = for_visitors(skill())
    flags = {intent.id: intent for intent in skill().intents.values() if intent.kind is Kind.FLAG}
    assert flags
    for flag, intent in flags.items():
        from_afar = visited.intents[flag]
        assert replace(from_afar, title=intent.title) == intent
        assert from_afar.title == (f"{intent.title}, told elsewhere in the house" if intent.title else intent.title)


@pytest.mark.parametrize("control", [Control.LOUDER, Control.QUIETER, Control.SLOWER, Control.FASTER])
def test_our_own_voice_is_not_said_to_be_changed_from_afar(control: Control) -> None:
    intent = for_visitors(skill()).control(control)
    assert intent
    assert intent.answers == ("I can only do that at the bedside.",)


def test_a_skill_without_words_for_visitors_has_none() -> None:
    with pytest.raises(LookupError):
        for_visitors(SKILL)
    with pytest.raises(LookupError):
        for_visitors(replace(skill(), visitors=None))

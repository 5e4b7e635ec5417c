from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.small_skill import SKILL
from voiceskill.core.actions import Say
from voiceskill.core.conversation import State
from voiceskill.core.conversation.state import Guided, Held, Listening, Offered, Scoring
from voiceskill.core.patience import PatienceJudge, expecting
from voiceskill.core.routines import Cursor, Manner
from voiceskill.core.segmenter import Patience
from voiceskill.core.spotting import Expecting
from voiceskill.skill_files import load_skill

JUDGE = PatienceJudge(load_skill(Path("intents/en")))


@pytest.mark.parametrize(
    "text",
    [
        "My back hurts and",
        "It went because",
        "It's",
        "It's.",
        "My",
        "I was lifting the",
        "Should I put it on my",
        "I can't",
        "What happens if",
        "um",
        "I think it's, um...",
        "The pain is here, so",
        "Yes, but",
        "do I need to",
    ],
)
@pytest.mark.parametrize("expected", [Expecting.NOTHING, Expecting.COMMAND])
def test_someone_in_the_middle_of_a_sentence_has_not_finished_whatever_the_punctuation(text: str, expected: Expecting) -> None:
    assert JUDGE.judge(text, expected) is Patience.UNFINISHED


@pytest.mark.parametrize("text", ["My back hurts", "It hurts when I bend", "Put the heat on", "What is it for?", "I feel well", "", "..."])
def test_of_most_sentences_nobody_can_tell(text: str) -> None:
    assert JUDGE.judge(text, Expecting.NOTHING) is Patience.USUAL


@pytest.mark.parametrize(
    "text", ["Yes.", "no", "yes please", "um, yes", "I don't know", "sort of", "I would", "Seven.", "about a seven", "7", "six or seven"]
)
def test_an_answer_to_our_question_needs_no_more_words(text: str) -> None:
    assert JUDGE.judge(text, Expecting.ANSWER) is Patience.COMPLETE
    assert JUDGE.judge(text, Expecting.COMMAND) is not Patience.COMPLETE


@pytest.mark.parametrize("text", ["seven or", "it was about a", "yes, but", "no because", "yes um"])
def test_an_answer_that_goes_on_is_waited_for(text: str) -> None:
    assert JUDGE.judge(text, Expecting.ANSWER) is Patience.UNFINISHED


def test_a_number_in_a_long_sentence_is_not_the_whole_answer() -> None:
    assert JUDGE.judge("I took the white tablets at seven", Expecting.ANSWER) is Patience.USUAL


@pytest.mark.parametrize(
    "text", ["Stop.", "stop please", "Slower, please", "okay, next", "carry on", "hang on", "that hurts", "say that again", "how long left"]
)
def test_a_command_while_we_speak_or_lead_needs_no_more_words(text: str) -> None:
    assert JUDGE.judge(text, Expecting.COMMAND) is Patience.COMPLETE
    assert JUDGE.judge(text, Expecting.ANSWER) is Patience.COMPLETE


def test_when_nothing_is_going_on_it_hurts_may_be_the_beginning_of_a_question() -> None:
    assert JUDGE.judge("it hurts", Expecting.NOTHING) is Patience.USUAL


def test_a_listed_sign_of_danger_is_taken_at_once() -> None:
    assert JUDGE.judge("I'm numb between my legs", Expecting.NOTHING) is Patience.COMPLETE


def test_a_listed_question_needs_no_more_words_unless_a_listed_one_goes_on_from_there() -> None:
    heat = replace(
        SKILL.intents["relief_heat"], examples=("does heat help", "can I use a hot water bottle"), collected=("Does heat help at night",)
    )
    judge = PatienceJudge(replace(SKILL, intents={**SKILL.intents, heat.id: heat}))
    assert judge.judge("Can I use a hot water bottle?", Expecting.NOTHING) is Patience.COMPLETE
    assert judge.judge("Does heat help?", Expecting.NOTHING) is Patience.USUAL


def test_a_skill_that_lists_no_such_words_waits_as_usual() -> None:
    assert PatienceJudge(SKILL).judge("my back and", Expecting.NOTHING) is Patience.USUAL


@settings(deadline=None)
@given(st.text(max_size=200), st.sampled_from(Expecting))
def test_whatever_a_recogniser_writes_is_judged_and_a_full_stop_changes_nothing(text: str, expected: Expecting) -> None:
    assert JUDGE.judge(f"{text} .", expected) is JUDGE.judge(text, expected)


GUIDED = Guided("routine_breathing", Cursor(0, 0, 0), Held(0.0), Manner())


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State(), Expecting.NOTHING),
        (State(speaking=(Say("say-1", "Hello."),)), Expecting.COMMAND),
        (State(timed="relief_heat"), Expecting.COMMAND),
        (State(guided=GUIDED), Expecting.COMMAND),
        (State(guided=replace(GUIDED, moment=Listening())), Expecting.ANSWER),
        (State(phase=Scoring()), Expecting.ANSWER),
        (State(phase=Offered("relief_heat"), guided=GUIDED), Expecting.ANSWER),
    ],
)
def test_what_may_be_said_follows_from_how_things_stand(state: State, expected: Expecting) -> None:
    assert expecting(state) is expected

"""Signs of danger that dictation garbled."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rehearsing import listed_only, skill
from voiceskill.core.actions import Alert, Say
from voiceskill.core.conversation import Conversation, State
from voiceskill.core.conversation.state import Confirming, Flagged, Idle
from voiceskill.core.events import Heard, Hypothesis
from voiceskill.core.sounds_like_danger import SoundsLikeDanger

TUNING = Path(__file__).parent.parent / "phrases" / "tuning.tsv"
REPLY = "Use heat for a quarter of an hour. Then move a little."


def suspected(*heard: str, spotted: str | None = None, saying: str = "") -> str | None:
    by_ear = Hypothesis(spotted, 0.9) if spotted else None
    flags = listed_only().interpret(heard, spotted=by_ear, saying=saying, busy=bool(saying)).flags
    assert not any(flag.sure for flag in flags)
    return flags[0].intent.id if flags else None


@pytest.mark.parametrize(
    ("heard", "flag"),
    [
        ("I can't be.", "redflag_bladder_bowel"),
        ("I'm so old myself.", "redflag_bladder_bowel"),
        ("My groin is mum,", "redflag_saddle_numbness"),
        ("I got at him, Britture.", "redflag_fever"),
        ("My lack is weak.", "redflag_leg_weakness_one"),
        ("My luck keeps giving way.", "redflag_leg_weakness_one"),
        ("I'm Berninnebip.", "redflag_fever"),
    ],
)
def test_what_a_recogniser_really_wrote_for_danger_is_asked_about(heard: str, flag: str) -> None:
    assert suspected(heard) == flag
    assert suspected("what is the", heard) == flag, "any reading counts"


def test_two_ears_that_agree_need_to_agree_less_well() -> None:
    heard = "I've got it, and, butcher"
    assert suspected(heard) is None
    assert suspected(heard, spotted="i've got a temperature") == "redflag_fever"


def test_a_phrase_that_was_spotted_in_quite_other_words_is_not_asked_about() -> None:
    assert suspected("mind the step beauty", spotted="my chest hurts") is None
    assert suspected("We agreed, no presents", spotted="i want to die", saying=REPLY) is None


@pytest.mark.parametrize(
    "said",
    [
        "my legs are fine",
        "my chest is fine",
        "my feet are cold",
        "I've had a bad day",
        "I've had a bath",
        "I want to dry it",
        "I'm going to stand up",
        "I can feel my legs",
        "I can breathe",
        "my chest hurts less",
    ],
)
def test_a_plain_sentence_that_has_most_of_its_words_from_a_sign_is_none(said: str) -> None:
    assert SoundsLikeDanger(skill()).suspect([said]) is None


def test_where_something_else_was_understood_it_must_sound_more_like_danger() -> None:
    danger = SoundsLikeDanger(skill())
    assert danger.suspect(["I feel fine"], meant=True) is None
    assert danger.suspect(["I can't be"], meant=True)


def test_a_sign_that_was_spotted_where_dictation_read_nothing_is_not_raised() -> None:
    spotted = Hypothesis("i can't feel my legs", 0.99)
    for phase in (Idle(), Confirming("redflag_fever")):
        state = State(phase=phase, introduced=True, attending=math.inf)
        after, actions = Conversation(skill(), listed_only()).step(state, Heard(1.0, 1, (spotted,), spotted=spotted))
        assert after.phase == phase
        assert not [action for action in actions if isinstance(action, Alert | Say)]


def test_a_sign_that_dictation_read_too_is_raised() -> None:
    spotted, read = Hypothesis("i can't feel my legs", 0.99), Hypothesis("i can't feel my legs", 0.8)
    after, actions = Conversation(skill(), listed_only()).step(State(introduced=True), Heard(1.0, 1, (read,), spotted=spotted))
    assert after.phase == Flagged("redflag_both_legs")
    assert [action for action in actions if isinstance(action, Alert)]


def test_what_is_denied_is_not_asked_about() -> None:
    assert suspected("it isn't numb between my lugs") is None


def test_what_somebody_wrote_down_as_meaning_something_else_means_that() -> None:
    assert suspected("go back") is None
    assert suspected("what time is it") is None


def test_our_own_words_are_no_danger() -> None:
    assert suspected("I can't be", saying="Say I can't be or I can't go.") is None


def test_the_device_asks_and_yes_raises_it_and_no_is_believed() -> None:
    conversation = Conversation(skill(), listed_only())

    def hear(state: State, text: str) -> State:
        return conversation.step(state, Heard(1.0, 1, (Hypothesis(text),), typed=True))[0]

    asked = hear(State(introduced=True), "I can't be.")
    assert asked.phase == Confirming("redflag_bladder_bowel")
    assert hear(asked, "yes").phase == Flagged("redflag_bladder_bowel")
    denied = hear(asked, "no")
    assert not isinstance(denied.phase, Confirming | Flagged)
    assert not isinstance(hear(denied, "I can't be.").phase, Confirming), "nobody is asked twice"


def test_talk_that_is_for_nobody_is_not_asked_about() -> None:
    danger = SoundsLikeDanger(skill())
    lines = [line.split("\t")[1] for line in TUNING.read_text(encoding="utf-8").splitlines() if line.startswith("none\t")]
    assert len(lines) > 400
    assert [line for line in lines if danger.suspect([line])] == []


@given(st.lists(st.text(max_size=60), min_size=1, max_size=3), st.sampled_from([None, *skill().spotted.dangers]))
def test_whatever_is_heard_is_at_most_a_reason_to_ask(readings: list[str], spotted: str | None) -> None:
    flag = SoundsLikeDanger(skill()).suspect(readings, Hypothesis(spotted, 0.99) if spotted else None)
    assert flag is None or (not flag.sure and 0 <= flag.score <= 1 and not math.isnan(flag.score) and flag.intent.invitation)


def test_every_listed_sign_sounds_like_itself() -> None:
    danger = SoundsLikeDanger(skill())
    for phrase in skill().spotted.dangers:
        flag = danger.suspect([phrase])
        assert flag, phrase
        assert flag.score == 1.0, phrase

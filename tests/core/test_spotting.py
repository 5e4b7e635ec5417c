"""Short words that dictation garbles over our own voice."""

from __future__ import annotations

import math

import pytest

from tests.rehearsing import listed_only, skill
from voiceskill.core.conversation import Conversation, State
from voiceskill.core.conversation.state import Confirming, Flagged
from voiceskill.core.events import Heard, Hypothesis
from voiceskill.core.skill import Control
from voiceskill.core.spotting import Expecting, believed, expected_phrases
from voiceskill.core.understanding.outcome import Match

REPLY = "Use heat for a quarter of an hour. Then move a little."


def escape(dictated: str, spotted: str, confidence: float | None = 0.9, saying: str = REPLY) -> Control | None:
    return listed_only().interpret([dictated], spotted=Hypothesis(spotted, confidence), saying=saying, busy=True).escape


@pytest.mark.parametrize(("dictated", "spotted", "control"), [("felt", "help", Control.HELP), ("blake", "wait", Control.PAUSE)])
def test_a_word_that_dictation_garbles_is_obeyed_all_the_same(dictated: str, spotted: str, control: Control) -> None:
    meant = listed_only().interpret([dictated], spotted=Hypothesis(spotted, 0.9), saying=REPLY, busy=True)
    assert isinstance(meant.outcome, Match)
    assert skill().intents[meant.outcome.intent].control is control
    assert meant.spotted


def test_what_dictation_understands_is_not_taken_for_something_else() -> None:
    assert escape("what time is it", "hold on") is None
    assert escape("louder", "ow", 0.8) is None


def test_a_sign_of_danger_outranks_every_word_that_was_spotted() -> None:
    meant = listed_only().interpret(["I can't feel my legs"], spotted=Hypothesis("no", 0.99), busy=True)
    assert meant.flags
    assert not meant.spotted


def test_a_whole_sentence_is_no_single_word() -> None:
    assert escape("my mother is at the door", "one moment") is None


def test_an_ear_that_is_not_sure_is_not_believed() -> None:
    assert escape("felt", "stop", 0.4) is None
    assert escape("felt", "stop", None) is None
    assert not believed(None, [])


def test_our_own_words_do_not_stop_us_but_the_same_word_with_others_does() -> None:
    saying = "Say stop when you have had enough."
    assert escape("felt", "stop", saying=saying) is None
    assert escape("please tut", "please stop", saying=saying) is Control.STOP


def test_a_single_word_that_dictation_takes_for_another_is_obeyed_when_the_ear_is_sure() -> None:
    assert escape("right", "wait", 0.97) is Control.PAUSE
    assert escape("right", "wait", 0.7) is None


def test_nothing_is_listened_for_where_nothing_is_expected_and_answers_only_to_questions() -> None:
    phrases = expected_phrases(skill())
    assert phrases[Expecting.NOTHING] == ()
    assert "stop" in phrases[Expecting.COMMAND]
    assert "seven" not in phrases[Expecting.COMMAND]
    assert {"stop", "seven", "no"} <= set(phrases[Expecting.ANSWER])


def test_all_that_is_listened_for_means_something() -> None:
    for phrase in expected_phrases(skill())[Expecting.COMMAND]:
        meant = listed_only().interpret([phrase], busy=True)
        assert meant.flags or meant.escape or isinstance(meant.outcome, Match), phrase


@pytest.mark.parametrize(("dictated", "denied"), [("oh", False), ("no", True), (None, False)])
def test_danger_is_not_denied_by_a_no_that_dictation_did_not_read(dictated: str | None, denied: bool) -> None:
    flag = skill().intents["redflag_saddle_numbness"]
    state = State(phase=Confirming(flag.id), introduced=True, attending=math.inf)
    spotted = Hypothesis("no", 0.95)
    heard = Heard(1.0, 1, (Hypothesis(dictated) if dictated else spotted,), spotted=spotted)
    after, _ = Conversation(skill(), listed_only()).step(state, heard)
    assert isinstance(after.phase, Confirming | Flagged) is not denied

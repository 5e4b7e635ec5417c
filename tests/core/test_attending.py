"""Who is listened to, by the words of somebody in the room: in "wake" whoever calls, in "open" whoever says what is plainly for us."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.small_skill import INTENTS, SKILL
from tests.rehearsing import listed_only, skill
from voiceskill.core.actions import Action, Alert, Called, Cue, LookAgain, Say, Understood
from voiceskill.core.attention import Attention, WakePhrase
from voiceskill.core.conversation import Conversation, Manners, State
from voiceskill.core.conversation.state import CountingDown, Idle, Offered, Screening
from voiceskill.core.events import Event, Heard, Hypothesis, SpeechStarted, Spoken, TimerFired
from voiceskill.core.interpret import Interpreter
from voiceskill.core.skill import Control, Intent, Kind, Skill
from voiceskill.core.understanding.matcher import Matcher
from voiceskill.core.understanding.outcome import Match

UNCLEAR = "does hate belt the"
HEAT = "Warmth often eases a spasm."

FIRST_HELP = Intent("relief_first", Kind.ANSWER, examples=("it's locked I can't move",), answers=("Stop and breathe.",), wakes=True)
SLEEPY = Intent("control_good_night", Kind.CONTROL, control=Control.GOOD_NIGHT, examples=("good night",), answers=("Good night.",))
BEDSIDE = replace(SKILL, intents={intent.id: intent for intent in (*INTENTS, FIRST_HELP, SLEEPY)}, spelling=skill().spelling)


class Room:
    """Somebody speaks in a room where the device stands; every reply is heard to its end, a second long, unless `finish` is off."""

    def __init__(
        self,
        attention: Attention,
        room_skill: Skill = BEDSIDE,
        interpreter: Interpreter | None = None,
        quiet: tuple[time, time] | None = None,
        countdown: int | None = None,
    ) -> None:
        phrase = WakePhrase("hey bedside", room_skill.spelling)
        manners = Manners(quiet, attention=attention, wake_phrase=phrase, countdown=countdown)
        interpreter = interpreter or Interpreter(room_skill, Matcher(room_skill, None))
        self.conversation = Conversation(room_skill, interpreter, manners)
        self.state = State(introduced=True)
        self.now = 0.0
        self.utterance = 0
        self.actions: list[Action] = []

    def event(self, event: Event) -> tuple[Action, ...]:
        self.state, actions = self.conversation.step(self.state, event)
        self.actions += actions
        return actions

    def hear(
        self, *readings: str, after: float = 60.0, lasts: float = 1.0, finish: bool = True, typed: bool = False, called: bool = False
    ) -> str:
        """What is said in return to what somebody begins to say `after` so many seconds."""
        self.now += after
        self.utterance += 1
        self.actions = []
        self.event(SpeechStarted(self.now, self.utterance))
        self.now += lasts
        self.event(Heard(self.now, self.utterance, tuple(map(Hypothesis, readings)), typed=typed, called=called))
        said = [action for action in self.actions if isinstance(action, Say)]
        for say in said if finish else ():
            self.now += 1.0
            self.event(Spoken(self.now, say.id, interrupted=False, heard_fraction=1.0))
        return " ".join(say.text for say in said)

    def lapse(self) -> None:
        """Nobody answers our question."""
        self.now += 31.0
        self.event(TimerFired(self.now, "question"))

    @property
    def cues(self) -> list[str]:
        return [action.kind for action in self.actions if isinstance(action, Cue)]


BOTH = pytest.mark.parametrize("attention", ["wake", "open"])


def test_in_wake_a_question_without_the_phrase_gets_silence_and_no_sound() -> None:
    room = Room("wake")
    assert room.hear("does heat help") == ""
    assert not room.cues
    assert room.state == replace(State(introduced=True), began=room.state.began)


def test_onlookers_see_what_was_passed_over() -> None:
    room = Room("wake")
    room.hear("does heat help")
    assert [type(action) for action in room.actions if not isinstance(action, LookAgain)] == [Understood]


def test_in_open_a_plain_question_is_answered() -> None:
    assert Room("open").hear("does heat help") == HEAT


@BOTH
def test_the_phrase_and_a_question_in_one_breath_are_answered(attention: Attention) -> None:
    room = Room(attention)
    assert room.hear("Hey, bed side, does heat help?") == HEAT
    assert Called(1) in room.actions


@BOTH
def test_the_phrase_alone_is_answered_with_the_listening_sound_and_the_question_then_needs_none(attention: Attention) -> None:
    room = Room(attention)
    assert room.hear("hey bedside") == ""
    assert room.cues == ["listening"]
    assert room.hear("does heat help", after=5.0) == HEAT


@BOTH
def test_a_call_that_only_the_other_ear_heard_is_a_call(attention: Attention) -> None:
    room = Room(attention)
    assert room.hear("Play that side, does heat help?", called=True) == HEAT
    for garbled in ("Take that side.", ""):
        room = Room(attention)
        assert not room.hear(garbled, called=True)
        assert Cue("listening") in room.actions
        assert room.hear("does heat help", after=2.0) == HEAT


def test_what_somebody_says_who_called_is_asked_back_however_garbled_it_is() -> None:
    unrelated = skill().unrelated[0]
    room = Room("wake", skill(), listed_only())
    room.hear("hey bedside")
    assert room.hear(unrelated, after=5.0) in skill().lines.not_understood
    assert room.hear(unrelated, after=2.0) == ""
    assert room.hear(unrelated, after=60.0) == ""


def test_who_is_called_listens_for_some_seconds_only() -> None:
    room = Room("wake")
    room.hear("hey bedside")
    assert room.hear("does heat help", after=9.0) == ""


def test_a_slow_speaker_who_began_in_time_is_heard_to_the_end() -> None:
    room = Room("wake")
    room.hear("hey bedside")
    assert room.hear("does heat help", after=7.0, lasts=12.0) == HEAT


def test_the_phrase_is_taken_from_any_reading_of_the_recogniser() -> None:
    assert Room("wake").hear("take that side does heat help", "hey bedside does heat help") == HEAT


def test_the_listening_sound_answers_a_call_in_the_quiet_hours_too() -> None:
    room = Room("wake", quiet=(time(0), time(23, 59)))
    room.hear("hey bedside")
    assert room.cues == ["listening"]


def test_a_call_wakes_it_after_good_night() -> None:
    room = Room("wake")
    assert room.hear("hey bedside, good night") == "Good night."
    assert room.state.asleep
    room.hear("hey bedside")
    assert room.hear("does heat help", after=2.0) == HEAT


def test_a_follow_up_needs_no_phrase() -> None:
    room = Room("wake")
    room.hear("hey bedside does heat help")
    assert room.hear("I was lifting a heavy box", after=6.0)
    room.lapse()
    assert room.hear("does heat help") == ""


def test_the_answer_to_our_question_needs_no_phrase_however_late() -> None:
    room = Room("wake")
    room.hear("hey bedside, I was lifting a heavy box")
    assert room.state.phase == Offered("relief_heat")
    assert room.hear("yes please", after=25.0) == HEAT


def test_no_phrase_is_needed_while_it_speaks() -> None:
    room = Room("wake")
    room.hear("hey bedside does heat help", finish=False)
    room.hear("stop", after=1.0)
    assert not room.state.speaking


@BOTH
@pytest.mark.parametrize("words", ["I can't feel my legs", "help me", "please help me somebody", "it's locked I can't move"])
def test_danger_and_calls_for_help_and_the_first_words_of_a_spasm_need_no_phrase(attention: Attention, words: str) -> None:
    assert Room(attention).hear(words)


@BOTH
def test_a_sign_of_danger_after_the_phrase_is_one(attention: Attention) -> None:
    room = Room(attention)
    assert room.hear("hey bedside I can't feel my legs").startswith("Both legs")
    assert any(isinstance(action, Alert) for action in room.actions)


@pytest.mark.parametrize("words", ["stop", "ow", "yes", "tell me more"])
def test_in_wake_nothing_is_stopped_or_said_when_nobody_called_and_nothing_is_going_on(words: str) -> None:
    assert Room("wake").hear(words) == ""


@BOTH
def test_what_may_have_been_for_us_is_asked_back_only_of_somebody_who_talks_with_us(attention: Attention) -> None:
    room = Room(attention)
    assert room.hear(UNCLEAR) == ""
    assert room.hear(f"hey bedside {UNCLEAR}") == "I didn't get that."
    room.lapse()
    room.hear("hey bedside does heat help")
    assert room.hear(UNCLEAR, after=3.0)
    assert room.hear(UNCLEAR, after=60.0) == ""


@BOTH
def test_typed_words_need_no_phrase(attention: Attention) -> None:
    assert Room(attention).hear("does heat help", typed=True) == HEAT
    assert Room(attention).hear(UNCLEAR, typed=True) == "I didn't get that."


def test_our_own_words_never_call_us() -> None:
    told = replace(BEDSIDE.intents["relief_heat"], answers=("To call me, say hey bedside.",))
    room = Room("wake", replace(BEDSIDE, intents={**BEDSIDE.intents, "relief_heat": told}))
    room.hear("hey bedside does heat help", finish=False)
    room.hear("say hey bedside", after=1.0)
    assert Called(2) not in room.actions
    assert not room.cues


def test_an_answer_that_sounds_like_the_phrase_is_an_answer() -> None:
    room = Room("wake", skill(), listed_only())
    room.hear("hey bedside, start knee rolls")
    assert isinstance(room.state.phase, Screening)
    room.hear("the left side", after=2.0)
    assert not any(isinstance(action, Called) for action in room.actions)
    room.hear("hey bedside, no", after=2.0)
    assert any(isinstance(action, Called) for action in room.actions)
    assert any(isinstance(action, Say) for action in room.actions)


def test_while_an_answer_is_awaited_only_the_phrase_itself_is_a_call() -> None:
    room = Room("wake", skill(), listed_only())
    room.hear("hey bedside, start knee rolls")
    room.hear("the left side", after=2.0, called=True)
    assert not any(isinstance(action, Called) for action in room.actions)


def test_a_routine_under_way_or_held_is_steered_without_the_phrase() -> None:
    room = Room("wake", skill(), listed_only())
    room.hear("hey bedside, start breathing", finish=False)
    assert room.state.guided is not None
    room.hear("hang on", after=30.0)
    room.hear("carry on", after=300.0)
    assert any(isinstance(action, Say) for action in room.actions)
    room.hear("stop", after=30.0)
    assert room.state.guided is None


def test_a_heat_timer_can_be_stopped_without_the_phrase_but_does_not_make_the_room_talk_to_us() -> None:
    room = Room("wake", skill(), listed_only())
    room.state = replace(room.state, timed="relief_heat")
    assert room.hear("why did my back go") == ""
    room.hear("stop")
    assert room.state.timed is None


LINES = st.sampled_from(
    ["does heat help", "hey bedside", "hey bedside does heat help", "yes", "no", "stop", "mmm", UNCLEAR, "tell me more"]
)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(LINES, st.floats(0.1, 40.0)), max_size=12))
def test_whatever_is_said_wake_never_answers_more_than_open(lines: list[tuple[str, float]]) -> None:
    wake = Room("wake")
    for text, after in lines:
        open_too = Room("open")
        open_too.state, open_too.now, open_too.utterance = wake.state, wake.now, wake.utterance
        in_open, in_wake = open_too.hear(text, after=after), wake.hear(text, after=after)
        assert in_wake in {"", in_open}
        if not isinstance(wake.state.phase, Idle):
            wake.lapse()


@settings(deadline=None, max_examples=100)
@given(st.floats(0.0, 1e6))
def test_danger_is_heard_at_any_time_of_any_wait(after: float) -> None:
    room = Room("wake")
    room.hear("hey bedside")
    assert room.hear("both my legs are numb", after=after)


def test_a_meaning_passed_over_is_told_as_it_was_understood() -> None:
    room = Room("wake")
    room.hear("does heat help")
    (understood,) = [action for action in room.actions if not isinstance(action, LookAgain)]
    assert isinstance(understood, Understood)
    assert isinstance(understood.outcome, Match)


# While help is called.


@pytest.mark.parametrize("word", ["no", "cancel", "never mind", "I'm fine"])
def test_nobody_need_call_us_to_end_the_count_for_an_alert(word: str) -> None:
    room = Room("wake", skill(), listed_only(), countdown=60)
    room.hear("call for help")
    assert room.hear(word, after=20.0) == "All right. I haven't alerted anyone."


def test_nobody_need_call_us_to_call_off_an_alert_that_was_sent() -> None:
    room = Room("wake", skill(), listed_only(), countdown=10)
    room.hear("I can't feel my legs")
    room.state = replace(room.state, phase=Idle())  # our question about it has lapsed
    assert room.hear("never mind", after=60.0) == ""
    assert room.hear("cancel the alert", after=60.0).startswith("All right. I'll try to tell")


def test_our_own_words_in_the_room_call_nothing_off() -> None:
    room = Room("open", skill(), listed_only(), countdown=10)
    room.hear("call for help", finish=False)
    assert room.hear("say cancel if you don't want that", "cancel if you don't want that", after=3.0) == ""
    assert isinstance(room.state.help, CountingDown)

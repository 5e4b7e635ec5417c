from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.small_skill import INTENTS, SKILL
from voiceskill.core.actions import Action, Alert, Cue, Say, StopSpeaking
from voiceskill.core.conversation import Conversation, State
from voiceskill.core.conversation.state import Flagged, Idle, Offered
from voiceskill.core.events import Event, Failed, Heard, Hypothesis, NotHeard, Speaking, SpeechStarted, Spoken, Started, TimerFired
from voiceskill.core.interpret import Interpreter
from voiceskill.core.understanding.judgement import Judgement
from voiceskill.core.understanding.matcher import Matcher
from voiceskill.core.understanding.outcome import Candidate, Match, NoMatch, Outcome

CONVERSATION = Conversation(SKILL, Interpreter(SKILL, Matcher(SKILL, None)))


class Talk:
    """A conversation in which every reply is heard to its end, unless `finish` is off."""

    def __init__(self, *, introduced: bool = True, conversation: Conversation = CONVERSATION) -> None:
        self.conversation = conversation
        self.state = State(introduced=introduced, attending=math.inf)
        self.now = 0.0
        self.actions: tuple[Action, ...] = ()

    def event(self, event: Event) -> tuple[Action, ...]:
        self.state, self.actions = self.conversation.step(self.state, event)
        return self.actions

    def hear(self, *readings: str, finish: bool = True) -> str:
        self.now += 10.0
        actions = self.event(Heard(self.now, 1, tuple(map(Hypothesis, readings))))
        said = [action for action in actions if isinstance(action, Say)]
        if finish:
            for say in said:
                self.event(Spoken(self.now + 5, say.id, interrupted=False, heard_fraction=1.0))
            self.now += 5
        self.actions = actions
        return " ".join(say.text for say in said)


def test_a_question_is_answered() -> None:
    assert Talk().hear("does heat help") == "Warmth often eases a spasm."


def test_the_first_answer_ever_says_that_it_is_no_doctor_and_later_ones_do_not() -> None:
    talk = Talk(introduced=False)
    assert talk.hear("does heat help").endswith("I'm a helper, not a doctor.")
    assert talk.hear("does heat help") == "Warmth often eases a spasm."


def test_answers_rotate_and_are_never_the_same_twice_running() -> None:
    talk = Talk()
    answers = [talk.hear("I was lifting a heavy box") for _ in range(6)]
    assert all(a != b for a, b in pairwise(answers))


def test_an_offer_is_made_once_and_yes_takes_it() -> None:
    talk = Talk()
    assert talk.hear("I was lifting a heavy box").endswith("Shall I tell you about heat?")
    assert talk.state.phase == Offered("relief_heat")
    assert talk.hear("yes please") == "Warmth often eases a spasm."
    assert "Shall I" not in talk.hear("I was lifting a heavy box")


def test_no_to_an_offer_is_taken_and_it_is_not_made_again() -> None:
    talk = Talk()
    talk.hear("I was lifting a heavy box")
    assert talk.hear("no thanks") == "All right."
    assert "Shall I" not in talk.hear("I was lifting a heavy box")


def test_an_offer_lapses_and_a_late_yes_is_asked_back() -> None:
    talk = Talk()
    talk.hear("I was lifting a heavy box")
    assert talk.state.phase == Offered("relief_heat")
    talk.event(TimerFired(99.0, "question"))
    assert talk.hear("yes") == "Yes to what?"


def test_another_question_instead_of_yes_or_no_is_answered() -> None:
    talk = Talk()
    talk.hear("I was lifting a heavy box")
    assert talk.hear("can I use a hot water bottle") == "Warmth often eases a spasm."
    assert talk.state.phase == Idle()


def test_tell_me_more_follows_the_last_answer() -> None:
    talk = Talk()
    assert talk.hear("tell me more") == "That's all I know about it."
    talk.hear("I was lifting a heavy box")
    assert talk.hear("tell me more") == "Most strains settle in days to weeks."


def test_repeat_says_the_last_reply_word_for_word() -> None:
    talk = Talk()
    assert talk.hear("say that again") == "I haven't said anything yet."
    answer = talk.hear("does heat help")
    assert talk.hear("say that again") == answer
    assert talk.hear("say that again") == answer


def test_stop_silences_at_once_and_without_a_word() -> None:
    talk = Talk()
    talk.hear("does heat help", finish=False)
    assert talk.hear("stop") == ""
    assert StopSpeaking() in talk.actions


def test_stop_is_heard_in_the_middle_of_a_sentence_while_it_speaks() -> None:
    talk = Talk()
    talk.hear("does heat help", finish=False)
    talk.hear("oh please will you stop now")
    assert StopSpeaking() in talk.actions


def test_stop_with_nothing_to_stop_is_acknowledged() -> None:
    assert Talk().hear("stop") == "Stopped."


def test_its_own_words_coming_back_are_not_taken_for_the_users() -> None:
    talk = Talk()
    talk.hear("does heat help", finish=False)
    state = talk.state
    assert talk.hear("warmth often eases a spasm", finish=False) == ""
    assert talk.actions == ()
    assert talk.state == state


def test_a_new_question_cuts_the_answer_to_the_old_one() -> None:
    talk = Talk()
    talk.hear("does heat help", finish=False)
    assert talk.hear("I was lifting a heavy box")
    assert StopSpeaking() in talk.actions


@pytest.mark.parametrize("before", [[], ["I was lifting a heavy box"], ["does heat help", "say that again"], ["qwerty"], ["stop"]])
@pytest.mark.parametrize("speaking", [True, False])
def test_a_flag_is_raised_in_every_state_in_full_and_with_an_alert(before: list[str], *, speaking: bool) -> None:
    talk = Talk()
    for line in before:
        talk.hear(line, finish=not speaking)
    said = talk.hear("can you oh I can't feel my legs")
    assert said == "Both legs being affected needs a hospital now. Is someone with you?"
    assert Alert("redflag_both_legs", "emergency") in talk.actions
    assert talk.state.phase == Flagged("redflag_both_legs")


def test_yes_after_a_flag_says_it_again_and_no_leaves_it() -> None:
    talk = Talk()
    line = talk.hear("I can't feel my legs")
    assert line.startswith(talk.hear("yes"))
    assert talk.hear("no") == "All right."


def test_the_more_urgent_of_two_flags_is_said() -> None:
    assert "hospital" in Talk().hear("I have a fever and both my legs are numb")


def test_a_flag_in_any_reading_of_the_recogniser_is_a_flag() -> None:
    assert "hospital" in Talk().hear("I can feel my lex", "I can't feel my legs")


@pytest.mark.parametrize("line", ["no I can feel my legs fine", "my legs are not numb", "I don't have a fever", "the cat sat on my legs"])
def test_a_denied_flag_is_no_flag(line: str) -> None:
    talk = Talk()
    talk.hear(line)
    assert not any(isinstance(action, Alert) for action in talk.actions)


def test_what_is_not_understood_gets_a_varied_helpful_reply_and_silence_after_the_second_time_running() -> None:
    talk = Talk()
    unclear = "does hate belt the"
    assert talk.hear(unclear) == "I didn't get that."
    assert talk.hear(unclear) == "Say it another way."
    assert talk.hear(unclear) == ""
    talk.hear("does heat help")
    assert talk.hear(unclear) == "I didn't get that."


def test_talk_that_is_plainly_not_for_it_gets_silence() -> None:
    assert Talk().hear("did you see the match on saturday night with dave") == ""


def test_a_reply_that_could_not_be_spoken_does_not_leave_it_thinking_it_speaks() -> None:
    talk = Talk()
    talk.hear("does heat help", finish=False)
    (say,) = talk.state.speaking
    talk.event(Failed(20.0, "speech", "broken", ref=say.id))
    assert talk.state.speaking == ()


def test_a_late_report_about_a_reply_that_was_cut_changes_nothing() -> None:
    talk = Talk()
    talk.hear("does heat help", finish=False)
    (old,) = talk.state.speaking
    talk.hear("I was lifting a heavy box", finish=False)
    state = talk.state
    talk.event(Spoken(30.0, old.id, interrupted=True, heard_fraction=0.5))
    assert talk.state == state


@pytest.mark.parametrize(
    ("voiced", "cues"), [(0.1, 0), (0.3, 0), (0.8, 1), (3.0, 1), (6.0, 0)], ids=["door", "cough", "mumble", "more", "music"]
)
def test_only_a_mumbled_answer_is_told_that_it_was_not_heard(voiced: float, cues: int) -> None:
    talk = Talk()
    assert "Shall I tell you about heat?" in talk.hear("I was lifting a heavy box")
    assert talk.event(NotHeard(30.0, 1, voiced)) == (Cue("failed"),) * cues
    assert talk.state.phase == Offered("relief_heat")


def test_when_nobody_was_asked_a_mumble_is_passed_over() -> None:
    assert Talk().event(NotHeard(30.0, 1, 1.0)) == ()


def test_a_groan_makes_no_sound_that_it_was_heard() -> None:
    groan = Conversation(SKILL, Interpreter(SKILL, Told(Match("relief_heat", 0.9), {})))
    assert not any(isinstance(action, Cue) for action in Talk(conversation=groan).event(Heard(1.0, 1, (Hypothesis("Mmm."),))))


LINES = st.sampled_from([phrase for intent in INTENTS for phrase in (*intent.examples, *intent.escape)]) | st.text(max_size=40)
EVENTS = st.one_of(
    st.builds(lambda text: Heard(0.0, 1, (Hypothesis(text),)), LINES),
    st.builds(NotHeard, st.just(0.0), st.just(1), st.floats(0, 20)),
    st.builds(SpeechStarted, st.just(0.0), st.just(1)),
    st.builds(TimerFired, st.just(0.0), st.sampled_from(["question", "unknown"])),
    st.builds(Speaking, st.just(0.0), st.sampled_from(["say-1", "say-2"])),
    st.builds(Spoken, st.just(0.0), st.sampled_from(["say-1", "say-2", "say-9"]), st.booleans(), st.floats(0, 1)),
    st.builds(Failed, st.just(0.0), st.just("speech"), st.just("x"), st.sampled_from([None, "say-1"])),
)


@settings(deadline=None)
@given(st.lists(EVENTS, max_size=30))
def test_whatever_happens_stop_leads_to_silence(events: list[Event]) -> None:
    talk = Talk()
    for second, event in enumerate(events):
        talk.event(replace(event, at=float(second)))
    says = [action for action in talk.event(Heard(1_000.0, 1, (Hypothesis("stop"),))) if isinstance(action, Say)]
    assert talk.state.phase == Idle()
    assert [say.text for say in says] in ([], ["Stopped."])


# Doubt: about danger, about meaning.


class Told:
    """An understander and a trained judge that think what the test tells them."""

    def __init__(self, outcome: Outcome, flags: dict[str, float]) -> None:
        self.outcome = outcome
        self.flags = flags

    def understand(self, readings: Sequence[str]) -> Outcome:
        yes_or_no = {"yes": "control_yes", "no": "control_no", "stop": "control_stop"}.get(readings[0])
        return Match(yes_or_no, 1.0) if yes_or_no else self.outcome

    def judge(self, text: str) -> Judgement:
        flags = {} if text in {"yes", "no", "stop", "mm"} else self.flags
        return Judgement(flags, 1.0 - sum(flags.values()), flags)


UNRELATED = NoMatch("unrelated")


def doubtful_talk(flag: str, chance: float, outcome: Outcome = UNRELATED) -> Talk:
    told = Told(outcome, {flag: chance})
    return Talk(conversation=Conversation(SKILL, Interpreter(SKILL, told, told)))


def test_a_danger_sign_half_heard_is_asked_about_and_raised_on_yes() -> None:
    talk = doubtful_talk("redflag_both_legs", 0.2)
    assert talk.hear("my legs mumble mumble") == "Are both your legs affected?"
    assert "hospital" in talk.hear("yes")


@pytest.mark.parametrize("answer", ["mm", "what did you say to me"])
def test_an_unclear_answer_about_danger_counts_as_yes(answer: str) -> None:
    talk = doubtful_talk("redflag_both_legs", 0.2)
    talk.hear("my legs mumble mumble")
    assert "hospital" in talk.hear(answer)


def test_no_answer_about_danger_counts_as_yes() -> None:
    talk = doubtful_talk("redflag_both_legs", 0.2)
    talk.hear("my legs mumble mumble")
    actions = talk.event(TimerFired(99.0, "question"))
    assert any(isinstance(action, Alert) for action in actions)


def test_a_clear_no_about_danger_is_trusted_and_it_is_not_asked_twice() -> None:
    talk = doubtful_talk("redflag_both_legs", 0.2)
    talk.hear("my legs mumble mumble")
    assert talk.hear("no") == "All right."
    assert talk.hear("my legs mumble mumble") == ""


def test_a_danger_sign_that_must_not_wait_is_raised_without_asking() -> None:
    talk = doubtful_talk("redflag_fever", 0.37)
    assert talk.hear("mumble") == "Back pain with a fever needs a doctor today."


def test_of_two_likely_meanings_it_asks_which_and_takes_yes_for_the_first() -> None:
    unclear = NoMatch("unclear", Candidate("relief_heat", 0.4), Candidate("cause_lifting", 0.3))
    talk = doubtful_talk("redflag_fever", 0.0, unclear)
    assert talk.hear("mumble") == "Did you mean using heat, or lifting as the cause?"
    assert talk.hear("yes") == "Warmth often eases a spasm."


def test_of_two_likely_meanings_saying_one_more_clearly_is_enough() -> None:
    unclear = NoMatch("unclear", Candidate("relief_heat", 0.4), Candidate("cause_lifting", 0.3))
    talk = doubtful_talk("redflag_fever", 0.0, unclear)
    talk.hear("mumble")
    assert talk.hear("the heat one") == "Warmth often eases a spasm."


def test_a_recording_is_announced_before_anything_is_recorded_of_anybody() -> None:
    talk = Talk()
    said = [action for action in talk.event(Started(0.0, recording=True)) if isinstance(action, Say)]
    assert [say.text for say in said] == [SKILL.lines.recording]
    assert not any(isinstance(action, Say) for action in Talk().event(Started(0.0)))

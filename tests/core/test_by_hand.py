"""What is done by hand: buttons and switches on a screen, or elsewhere in the house."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rehearsing import Bedside, skill
from voiceskill.core.conversation import Manners
from voiceskill.core.conversation.by_hand import LOUDEST, SOFTEST
from voiceskill.core.conversation.state import CarryOn, Flagged, Held
from voiceskill.core.events import Adjusted, AskedToSay, DeviceFailed, DeviceRecovered, Heard, HearingSwitched, Hypothesis
from voiceskill.core.skill import Kind

HEARING_OFF = "I'm switched off from listening now. I can't hear you call for help."


def heard_in_the_room(bed: Bedside, text: str) -> str:
    """What is answered to words that somebody may have said to somebody else."""
    return bed.take(Heard(bed.now, 1_000, (Hypothesis(text),)))


# Buttons.


@pytest.mark.parametrize("intent", [intent.id for intent in skill().intents.values() if intent.answers and intent.kind is not Kind.FLAG])
def test_a_button_says_what_the_question_would_have(intent: str) -> None:
    asked, pressed = Bedside(), Bedside()
    assert pressed.press(intent) == asked.hear(skill().intents[intent].examples[0])


def test_a_button_starts_a_routine_past_the_safety_questions_and_stop_ends_it() -> None:
    bed = Bedside()
    assert "safety questions" in bed.press("routine_knee_rolls")
    bed.pass_screen()
    assert bed.under_way == "routine_knee_rolls"
    bed.press("control_stop")
    assert bed.under_way is None


def test_pause_and_carry_on_by_button() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    bed.press("control_pause")
    guided = bed.rehearsal.device.state.guided
    assert guided
    assert isinstance(guided.moment, Held)
    assert "Carrying on" in bed.press("control_resume")


@pytest.mark.parametrize("flag", [intent.id for intent in skill().intents.values() if intent.kind is Kind.FLAG])
def test_a_sign_of_danger_pressed_is_answered_like_one_said(flag: str) -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    assert skill().intents[flag].answers[0] in bed.press(flag)
    assert bed.under_way is None
    assert bed.alerts == [flag]


def test_a_button_wakes_it_after_good_night() -> None:
    bed = Bedside()
    bed.hear("good night")
    assert bed.press("relief_heat_or_cold")


def test_a_button_of_another_version_does_nothing() -> None:
    bed = Bedside()
    assert bed.press("relief_by_magic") == ""


# What is set.


@given(st.floats(0.0, 100.0))
def test_however_loud_it_is_set_it_stays_between_a_whisper_and_what_a_loudspeaker_bears(loudness: float) -> None:
    bed = Bedside()
    bed.take(Adjusted(bed.now, loudness=loudness))
    bed.hear("does heat help")
    assert SOFTEST <= bed.said[-1][1].gain <= LOUDEST
    assert SOFTEST <= bed.rehearsal.device.state.gain <= LOUDEST


def test_danger_is_never_said_more_softly_than_usual() -> None:
    bed = Bedside()
    bed.take(Adjusted(bed.now, loudness=0.2, quiet=True))
    bed.hear("I can't feel my legs")
    assert bed.said[0][1].gain == 1.0


def test_a_pace_that_is_set_is_kept_like_one_asked_for() -> None:
    bed = Bedside()
    bed.take(Adjusted(bed.now, pace=1.5))
    assert bed.memory.pace == 1.5
    before = len(bed.memory.entries)
    bed.take(Adjusted(bed.now, pace=1.5))
    assert len(bed.memory.entries) == before


def test_quiet_by_hand_is_soft_at_any_hour_and_ends_by_hand() -> None:
    bed = Bedside()
    bed.take(Adjusted(bed.now, quiet=True))
    bed.hear("does heat help")
    bed.take(Adjusted(bed.now, quiet=False))
    bed.hear("does heat help")
    assert [say.gain for _, say in bed.said] == [0.5, 1.0]


def test_who_is_listened_to_can_be_set_by_hand() -> None:
    bed = Bedside(manners=Manners(attention="open"))
    bed.take(Adjusted(bed.now, attention="wake"))
    assert heard_in_the_room(bed, "does heat help") == ""
    bed.take(Adjusted(bed.now, attention="open"))
    assert heard_in_the_room(bed, "does heat help") != ""


# Hearing switched off.


def test_it_says_that_it_hears_nothing_and_that_it_hears_again() -> None:
    bed = Bedside()
    assert bed.take(HearingSwitched(bed.now, on=False)) == HEARING_OFF
    assert bed.take(HearingSwitched(bed.now, on=False)) == ""
    assert bed.take(HearingSwitched(bed.now, on=True)) == "I can hear you again."
    assert bed.take(HearingSwitched(bed.now, on=True)) == ""


def test_nobody_is_led_who_cannot_say_stop() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    assert bed.take(HearingSwitched(bed.now, on=False)) == HEARING_OFF
    assert bed.wait(30.0) == ""
    again = bed.take(HearingSwitched(bed.now, on=True))
    assert "We were in the middle of" in again
    assert isinstance(bed.rehearsal.device.state.phase, CarryOn)


def test_a_danger_line_is_not_cut_by_the_switch() -> None:
    bed = Bedside()
    bed.interrupt("I can't feel my legs")
    bed.take(HearingSwitched(bed.now, on=False))
    assert isinstance(bed.rehearsal.device.state.phase, Flagged)
    assert bed.said[-1][1].text == HEARING_OFF
    assert len(bed.rehearsal.device.state.speaking) in {0, 2}


def test_a_microphone_found_again_while_hearing_is_switched_off_hears_nothing_yet() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    bed.take(HearingSwitched(bed.now, on=False))
    bed.take(DeviceFailed(bed.now, "microphone", "lost", "gone"))
    assert "We were" not in bed.take(DeviceRecovered(bed.now, "microphone"))
    assert "We were" in bed.take(HearingSwitched(bed.now, on=True))


# What is said at somebody's wish.


def test_what_is_to_be_said_is_said() -> None:
    assert Bedside().take(AskedToSay(0.0, "One, two.")) == "One, two."


def test_in_a_routine_it_is_said_in_passing_and_the_routine_goes_on() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    assert "One, two." in bed.take(AskedToSay(bed.now, "One, two."))
    assert bed.under_way == "routine_breathing"
    bed.wait(30)
    assert bed.under_way == "routine_breathing"


def test_it_cuts_nothing_about_danger() -> None:
    bed = Bedside()
    bed.interrupt("I can't feel my legs")
    bed.rehearsal.device.take(AskedToSay(bed.now, "One, two."))
    assert [say.text for say in bed.rehearsal.device.state.speaking][-1] == "One, two."
    assert len(bed.rehearsal.device.state.speaking) > 1

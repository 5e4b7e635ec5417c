"""Checking the sound by voice, as the conversation goes about it."""

from __future__ import annotations

import itertools

import pytest

from tests.rehearsing import AFTERNOON, Bedside, listed_only, skill
from voiceskill.core.actions import Action, CancelCheck, CheckSound, Cue, Say, StopSpeaking
from voiceskill.core.conversation import Conversation, Manners, State
from voiceskill.core.conversation.sound import in_words
from voiceskill.core.conversation.state import CarryOn, CheckingSound, Idle, Offered, Screening
from voiceskill.core.conversation.turn import QUESTION_TIMER
from voiceskill.core.events import Event, Failed, Heard, Hypothesis, NotHeard, SoundChecked, Spoken, Started, TimerFired
from voiceskill.core.skill import SoundLines
from voiceskill.core.sound import GOOD, Finding, in_order

ALL_WELL = (Finding.SPEECH_GOOD, Finding.ROOM_QUIET, Finding.ECHO_SOFT)


class Device:
    """A conversation whose replies are over when the test says so."""

    def __init__(self, manners: Manners | None = None) -> None:
        self.conversation = Conversation(skill(), listed_only(), manners)
        self.state = State(introduced=True)
        self.at = 0.0
        self.take(Started(0.0, AFTERNOON))

    def take(self, event: Event) -> tuple[Action, ...]:
        self.state, actions = self.conversation.step(self.state, event)
        return actions

    def hear(self, text: str) -> tuple[Action, ...]:
        self.at += 1.0
        return self.take(Heard(self.at, 1, (Hypothesis(text),), typed=True))

    def finish(self) -> tuple[Action, ...]:
        """All that is being said is over."""
        actions: tuple[Action, ...] = ()
        while self.state.speaking:
            actions += self.take(Spoken(self.at, self.state.speaking[0].id, interrupted=False, heard_fraction=1.0))
        return actions

    def begin(self) -> str:
        """A check under way; its id."""
        self.hear("check the microphone")
        (check,) = (action for action in self.finish() if isinstance(action, CheckSound))
        return check.id

    def checked(self, check: str, *findings: Finding) -> str:
        self.at += 5.0
        return said(self.take(SoundChecked(self.at, check, findings)))


def said(actions: tuple[Action, ...]) -> str:
    return " ".join(action.text for action in actions if isinstance(action, Say))


def lines() -> SoundLines:
    given = skill().sound
    assert given is not None
    return given


@pytest.mark.parametrize("words", ["check the microphone", "can you hear me properly", "test the sound", "is your microphone working"])
def test_it_says_what_comes_and_listens_only_when_that_is_over(words: str) -> None:
    device = Device()
    actions = device.hear(words)
    assert said(actions) == "Let me listen. Stay quiet a moment, and you'll hear a soft sound."
    assert not any(isinstance(action, CheckSound) for action in actions)
    assert CheckSound("say-1") in device.finish()


def test_what_was_found_is_told() -> None:
    device = Device()
    assert device.checked(device.begin(), *ALL_WELL) == "I hear you well. The room is quiet. My own voice doesn't get in the way."
    assert device.state.phase == Idle()


def test_what_to_change_is_told() -> None:
    device = Device()
    told = device.checked(device.begin(), Finding.SPEECH_GOOD, Finding.ROOM_QUIET, Finding.ECHO_LOUD)
    assert told == (
        "I hear you well. The room is quiet. My own voice reaches the microphone loudly. "
        "Turn me down, or move the microphone away from the loudspeaker."
    )


def test_whatever_is_found_is_told_in_sixty_words_and_the_worst_is_not_left_out() -> None:
    for size in range(1, len(Finding) + 1):
        for findings in itertools.combinations(Finding, size):
            text = in_words(lines(), findings)
            assert 0 < len(text.split()) <= 60
            amiss = [finding for finding in findings if finding not in GOOD]
            assert not amiss or lines().of(amiss[0]) in text


def test_every_finding_has_a_line_of_its_own() -> None:
    assert len({lines().of(finding) for finding in Finding}) == len(Finding)
    assert in_order([Finding.HUM, Finding.SPEECH_GOOD, Finding.HUM]) == (Finding.SPEECH_GOOD, Finding.HUM)


def test_where_there_is_no_sound_it_says_so() -> None:
    assert Bedside().hear("check the microphone").endswith("soft sound.")
    device = Device()
    assert device.checked(device.begin()) == lines().unchecked


def test_a_check_that_never_ends_is_given_up() -> None:
    device = Device()
    check = device.begin()
    assert said(device.take(TimerFired(20.0, QUESTION_TIMER))) == lines().unchecked
    assert device.checked(check, *ALL_WELL) == "", "what comes later is stale"


def test_the_report_of_another_check_is_not_told() -> None:
    device = Device()
    device.begin()
    assert device.checked("say-99", *ALL_WELL) == ""
    assert isinstance(device.state.phase, CheckingSound)


def test_a_check_that_could_not_be_announced_is_not_made() -> None:
    device = Device()
    device.hear("check the microphone")
    actions = device.take(Failed(2.0, "speech", "broken", ref="say-1"))
    assert not any(isinstance(action, CheckSound) for action in actions)
    assert device.state.phase == Idle()


def test_stop_ends_it_at_once() -> None:
    device = Device()
    check = device.begin()
    assert CancelCheck(check) in device.hear("stop")
    assert device.checked(check, *ALL_WELL) == ""


def test_stop_while_it_says_what_comes_leaves_nothing_to_come() -> None:
    device = Device()
    device.hear("check the microphone")
    assert StopSpeaking() in device.hear("stop")
    assert not any(isinstance(action, CheckSound) for action in device.finish())


def test_danger_outranks_it() -> None:
    device = Device()
    check = device.begin()
    actions = device.hear("I can't feel my legs")
    assert "hospital" in said(actions)
    assert CancelCheck(check) in actions
    assert StopSpeaking() not in actions[[isinstance(action, Say) for action in actions].index(True) :]
    assert device.checked(check, *ALL_WELL) == ""


@pytest.mark.parametrize("words", ["testing, one two three", "hello", "what time is it", "the cat", "check the microphone", "mmm"])
def test_what_is_said_to_try_the_microphone_is_not_answered_meanwhile(words: str) -> None:
    device = Device()
    check = device.begin()
    assert not any(isinstance(action, Say | Cue) for action in device.hear(words))
    assert not any(isinstance(action, Cue) for action in device.take(NotHeard(device.at, 7, 1.0)))
    assert device.checked(check, *ALL_WELL) != ""


def test_a_routine_is_held_before_and_asked_about_afterwards() -> None:
    device = Device()
    device.hear("start breathing")
    device.finish()
    assert device.state.guided is not None
    check = device.begin()
    assert type(device.state.guided.moment).__name__ == "Held"
    assert device.checked(check, *ALL_WELL).endswith("My own voice doesn't get in the way. Shall we carry on?")
    assert device.state.phase == CarryOn()


def test_a_safety_question_is_put_again_afterwards() -> None:
    device = Device()
    device.hear("start knee rolls")
    device.finish()
    assert isinstance(device.state.phase, Screening)
    told = device.checked(device.begin(), *ALL_WELL)
    assert told.startswith("I hear you well.")
    assert told.endswith("?")
    assert isinstance(device.state.phase, Screening)


def test_an_offer_is_still_open_afterwards() -> None:
    device = Device()
    device.hear("I lifted something heavy")
    device.finish()
    offered = device.state.phase
    assert isinstance(offered, Offered)
    device.checked(device.begin(), *ALL_WELL)
    assert device.state.phase == offered


def test_at_night_the_sound_is_soft_too() -> None:
    device = Device(Manners(quiet=(AFTERNOON.time(), AFTERNOON.replace(hour=23).time())))
    device.hear("check the microphone")
    assert CheckSound("say-1", 0.5) in device.finish()


def test_after_good_night_it_is_not_heard() -> None:
    device = Device()
    device.hear("good night")
    assert said(device.hear("check the microphone")) == ""

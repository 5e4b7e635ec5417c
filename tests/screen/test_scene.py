"""What the screen shows of a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import FakeAlerts, FakeClock, FakeKeeper, FakeMouth
from tests.rehearsing import listed_only, skill
from voiceskill.core.actions import Say
from voiceskill.core.conversation import Conversation, Manners, State
from voiceskill.core.events import (
    Adjusted,
    DeviceFailed,
    DeviceRecovered,
    Event,
    Heard,
    HearingSwitched,
    Hypothesis,
    NotHeard,
    Partial,
    Pressed,
    SentenceBegun,
    Speaking,
    SpeechEnded,
    SpeechStarted,
    Spoken,
    Started,
)
from voiceskill.core.skill import Kind
from voiceskill.loop import Loop
from voiceskill.screen import BUTTONS, Onlooker, Scene, as_json, is_night, questions, routines, wish

WISHES = st.sampled_from(["press", "ask", "loudness", "pace", "quiet", "attention", "hearing"])

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Bed:
    """A conversation with a screen beside it; the clock stands still until moved."""

    def __init__(self) -> None:
        self.clock, self.mouth = FakeClock(), FakeMouth()
        self.scenes: list[Scene] = []
        onlooker = Onlooker(skill(), Manners(), self.scenes.append)
        self.loop = Loop(
            Conversation(skill(), listed_only(), Manners()),
            State(introduced=True),
            voice=self.mouth,
            keeper=FakeKeeper(),
            alerts=FakeAlerts(),
            clock=self.clock,
            observe=onlooker.observe,
            settled=onlooker.settled,
        )
        self.take(Started(self.clock.now(), NOON))

    def take(self, *events: Event) -> None:
        for event in events:
            self.loop.post(event)
        self.loop.catch_up()

    def press(self, intent: str) -> None:
        self.take(Pressed(self.clock.now(), intent))

    def hear(self, text: str) -> None:
        now = self.clock.now()
        self.take(SpeechStarted(now, 1), Partial(now, 1, text[:6]), SpeechEnded(now, 1, 0.7), Heard(now, 1, (Hypothesis(text),)))

    def last_say(self) -> Say:
        return self.mouth.says[-1]

    def finish(self) -> None:
        """What was asked for last is said to its end."""
        say = self.last_say()
        self.take(Spoken(self.clock.now(), say.id, interrupted=False, heard_fraction=1.0))

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.clock.time += 0.1
            self.loop.catch_up()

    @property
    def shown(self) -> Any:
        return as_json(self.scenes[-1], self.clock.now())


def test_before_there_is_a_conversation_it_is_starting() -> None:
    assert as_json(None, 0.0) == {"doing": "starting", "words": "Starting"}


def test_words_are_grey_while_they_are_heard_and_settle_when_they_are_said() -> None:
    bed = Bed()
    bed.take(SpeechStarted(100.0, 1))
    assert bed.shown["doing"] == "listening"
    bed.take(Partial(100.5, 1, "does heat"))
    assert bed.shown["heard"] == {"text": "does heat", "settled": False}
    bed.take(SpeechEnded(101.0, 1, 0.7))
    assert bed.shown["doing"] == "thinking"
    bed.take(Heard(101.0, 1, (Hypothesis("does heat help"),)))
    assert bed.shown["heard"] == {"text": "does heat help", "settled": True}
    assert bed.shown["doing"] == "speaking"


def test_a_cough_leaves_no_words_on_the_screen() -> None:
    bed = Bed()
    bed.take(SpeechStarted(100.0, 1), Partial(100.1, 1, "uh"), NotHeard(100.5, 1, 0.3))
    assert not bed.shown["heard"]
    assert bed.shown["doing"] == "ready"


def test_a_tap_takes_the_words_that_were_heard_before_it_from_the_screen() -> None:
    bed = Bed()
    bed.hear("does heat help")
    bed.press("routine_breathing")
    assert not bed.shown["heard"]


def test_what_it_says_comes_sentence_by_sentence_with_its_length() -> None:
    bed = Bed()
    bed.hear("does heat help")
    say = bed.last_say()
    assert not bed.shown["said"]
    bed.take(Speaking(100.0, say.id), SentenceBegun(100.0, say.id, "Warmth helps.", 1.5))
    bed.clock.time += 0.5
    shown = bed.shown["said"]
    assert (shown["text"], shown["seconds"], shown["elapsed"], shown["before"]) == ("Warmth helps.", 1.5, 0.5, "")
    bed.take(SentenceBegun(102.0, say.id, "Wrap it.", 1.0))
    assert (bed.shown["said"]["before"], bed.shown["said"]["text"]) == ("Warmth helps.", "Wrap it.")
    bed.finish()
    assert bed.shown["said"]["over"]
    assert bed.shown["doing"] == "ready"


def test_a_sentence_begun_anew_after_a_cough_is_shown_once() -> None:
    bed = Bed()
    bed.hear("does heat help")
    say = bed.last_say().id
    bed.take(SentenceBegun(100.0, say, "Warmth helps.", 1.5), SentenceBegun(104.0, say, "Warmth helps.", 1.5))
    assert bed.shown["said"]["before"] == ""


def test_words_go_from_the_screen_when_they_are_of_no_more_use() -> None:
    bed = Bed()
    bed.hear("does heat help")
    bed.take(SentenceBegun(100.0, bed.last_say().id, "Warmth helps.", 1.5))
    bed.finish()
    bed.clock.time += 121
    assert not bed.shown["heard"]
    assert not bed.shown["said"]


def test_danger_is_shown_as_urgent() -> None:
    bed = Bed()
    bed.hear("I can't feel my legs")
    say = bed.last_say()
    bed.take(SentenceBegun(100.0, say.id, say.text, 6.0))
    assert bed.shown["danger"]
    assert bed.shown["said"]["urgent"]


def test_a_breath_is_drawn_in_time_with_the_voice() -> None:
    bed = Bed()
    bed.press("routine_breathing")
    assert bed.shown["lead"]["name"] == "two minute breathing"
    assert (bed.shown["lead"]["step"], bed.shown["lead"]["steps"]) == (1, 5)
    assert "nose" in bed.shown["lead"]["next"]
    assert not bed.shown["lead"]["ring"]
    bed.finish()
    assert (bed.shown["lead"]["ring"]["kind"], bed.shown["lead"]["ring"]["seconds"]) == ("rest", 8.0)
    bed.wait(8.1)
    assert bed.shown["lead"]["ring"] | {"elapsed": 0} == {"kind": "in", "seconds": None, "elapsed": 0, "number": 0, "count": 4}
    told = bed.last_say()
    bed.take(SentenceBegun(bed.clock.now(), told.id, told.text, 2.0))
    bed.finish()
    begun = bed.clock.now()
    assert (bed.shown["lead"]["ring"]["number"], bed.shown["lead"]["ring"]["seconds"]) == (1, 4.0)
    bed.take(SentenceBegun(begun, bed.last_say().id, "One.", 0.4))
    assert bed.shown["said"]["text"] == told.text  # a count is in the circle, and leaves the words of the step
    bed.wait(2.5)
    ring = bed.shown["lead"]["ring"]
    assert (ring["number"], ring["count"]) == (3, 4)
    assert ring["elapsed"] == pytest.approx(bed.clock.now() - begun, abs=0.35)
    bed.wait(2.1)
    assert bed.shown["lead"]["ring"]["kind"] == "out"


def test_a_slower_breath_is_drawn_slower() -> None:
    bed = Bed()
    bed.take(Adjusted(100.0, pace=2.0))
    bed.press("routine_breathing")
    bed.finish()
    bed.wait(16.1)
    bed.finish()
    assert bed.shown["lead"]["ring"]["seconds"] == 8.0


def test_a_pause_is_shown_and_ends_with_carry_on() -> None:
    bed = Bed()
    bed.press("routine_breathing")
    bed.press("control_pause")
    assert bed.shown["lead"]["held"]
    bed.press("control_resume")
    assert not bed.shown["lead"]["held"]
    bed.press("control_stop")
    assert not bed.shown["lead"]


def test_switched_off_hearing_is_shown() -> None:
    bed = Bed()
    bed.take(HearingSwitched(100.0, on=False))
    bed.finish()
    assert (bed.shown["doing"], bed.shown["words"], bed.shown["hears"]) == ("hearing off", "Not listening", False)


def test_a_device_that_is_away_is_named_until_it_is_back() -> None:
    bed = Bed()
    bed.take(DeviceFailed(100.0, "microphone", "lost", "gone"))
    assert (bed.shown["doing"], bed.shown["words"]) == ("lost", "No microphone")
    bed.take(DeviceRecovered(101.0, "microphone"))
    assert bed.shown["words"] != "No microphone"


def test_a_microphone_that_is_muted_is_told_from_one_that_is_away() -> None:
    bed = Bed()
    bed.take(DeviceFailed(100.0, "microphone", "silent", "muted"))
    assert (bed.shown["doing"], bed.shown["words"]) == ("hearing off", "Muted")
    bed.take(DeviceRecovered(101.0, "microphone"))
    assert bed.shown["words"] == "Ready"


def test_the_same_is_not_shown_twice() -> None:
    bed = Bed()
    before = len(bed.scenes)
    bed.take(Adjusted(100.0), Adjusted(100.0))
    assert len(bed.scenes) == before


# Night.


@pytest.mark.parametrize(("hour", "dark"), [(3, True), (7, True), (8, False), (12, False), (19, False), (20, True)])
def test_without_quiet_hours_the_screen_is_dark_at_the_usual_night(hour: int, dark: bool) -> None:
    assert is_night(Manners(), None, NOON.replace(hour=hour)) is dark


def test_with_quiet_hours_they_are_the_night() -> None:
    manners = Manners(quiet=(time(23), time(5)))
    assert [is_night(manners, None, NOON.replace(hour=hour)) for hour in (22, 23, 4, 6)] == [False, True, True, False]


def test_after_good_night_the_screen_is_dark_at_noon() -> None:
    bed = Bed()
    assert not is_night(Manners(), bed.scenes[-1].status, NOON)
    bed.hear("good night")
    bed.finish()
    assert is_night(Manners(), bed.scenes[-1].status, NOON)


# What can be wished for.


@pytest.mark.parametrize("name", BUTTONS)
def test_every_button_means_something(name: str) -> None:
    assert isinstance(wish(skill(), {"press": name}, 1.0), Pressed)


@pytest.mark.parametrize("intent", [intent.id for intent in skill().intents.values() if intent.kind not in {Kind.ANSWER, Kind.ROUTINE}])
def test_no_sign_of_danger_and_no_deletion_is_one_tap_away(intent: str) -> None:
    assert wish(skill(), {"ask": intent}, 1.0) is None


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"press": "ask"},
        {"ask": ""},
        {"loudness": "9"},
        {"loudness": "nan"},
        {"pace": "fast"},
        {"pace": "inf"},
        {"quiet": "yes"},
        {"attention": "closed"},
        {"hearing": ""},
        {"press": "stop", "ask": "routine_breathing"},
    ],
)
def test_what_means_nothing_does_nothing(form: Mapping[str, str]) -> None:
    assert wish(skill(), form, 1.0) is None


@given(st.dictionaries(WISHES, st.text(max_size=20), max_size=2))
def test_no_form_breaks_it(form: Mapping[str, str]) -> None:
    assert wish(skill(), form, 1.0) is None or len(form) == 1


def test_sliders_and_switches_reach_the_conversation() -> None:
    assert wish(skill(), {"loudness": "1.5"}, 1.0) == Adjusted(1.0, loudness=1.5)
    assert wish(skill(), {"pace": "0.8"}, 1.0) == Adjusted(1.0, pace=0.8)
    assert wish(skill(), {"quiet": "on"}, 1.0) == Adjusted(1.0, quiet=True)
    assert wish(skill(), {"attention": "wake"}, 1.0) == Adjusted(1.0, attention="wake")
    assert wish(skill(), {"hearing": "off"}, 1.0) == HearingSwitched(1.0, on=False)


def test_all_routines_and_questions_can_be_started_and_breathing_comes_first() -> None:
    every = skill().intents.values()
    assert {choice.intent for choice in routines(skill())} == {intent.id for intent in every if intent.routine}
    assert {choice.intent for choice in questions(skill())} == {intent.id for intent in every if intent.kind is Kind.ANSWER}
    assert routines(skill())[0].intent == "routine_breathing"
    assert questions(skill())[0].intent in {intent.id for intent in every if intent.wakes}
    assert all(choice.line for choice in routines(skill()))

"""What a person hears, and what becomes of a routine, when microphone or loudspeaker fail."""

from __future__ import annotations

from typing import Literal

from tests.fakes import FakeAlerts, FakeClock, FakeKeeper, FakeMouth
from tests.rehearsing import AFTERNOON, listed_only, skill
from voiceskill.core.conversation import Conversation, State
from voiceskill.core.conversation.state import CarryOn, Flagged, Held, Idle, Telling
from voiceskill.core.events import DeviceFailed, DeviceKind, DeviceRecovered, Event, Heard, Hypothesis, Missed, Spoken, Started
from voiceskill.loop import Loop

CANNOT_HEAR = "I can't hear anything. Please check the microphone."
HEAR_AGAIN = "I can hear you again."
SOUND_BACK = "My voice was gone for a while. If you missed something, say repeat that."
WHERE = "We were in the middle of"


class Bed:
    """A conversation on a clock that stands still until moved. Replies are over when the test says so."""

    def __init__(self) -> None:
        self.clock, self.mouth, self.alerts = FakeClock(), FakeMouth(), FakeAlerts()
        self.mute = False
        self._over = 0
        self.loop = Loop(
            Conversation(skill(), listed_only()),
            State(introduced=True),
            voice=self.mouth,
            keeper=FakeKeeper(),
            alerts=self.alerts,
            clock=self.clock,
            observe=lambda _at, _happening: None,
        )
        self.take(Started(self.clock.now(), AFTERNOON))

    def take(self, event: Event) -> str:
        """What is said in return."""
        before = len(self.mouth.says)
        self.loop.post(event)
        self.loop.catch_up()
        said = " ".join(say.text for say in self.mouth.says[before:])
        if self.mute:
            self.end(interrupted=True)
        return said

    def end(self, *, interrupted: bool = False) -> None:
        """All that is being said is over."""
        while self._over < len(self.mouth.says):
            say = self.mouth.says[self._over]
            self._over += 1
            self.loop.post(Spoken(self.clock.now(), say.id, interrupted=interrupted, heard_fraction=0.0 if interrupted else 1.0))
            self.loop.catch_up()

    def hear(self, text: str) -> str:
        return self.take(Heard(self.clock.now(), 1, (Hypothesis(text),), typed=True))

    def wait(self, seconds: float) -> str:
        """What is said meanwhile."""
        before = len(self.mouth.says)
        for _ in range(round(seconds * 10)):
            self.clock.time += 0.1
            self.loop.catch_up()
            self.end(interrupted=self.mute)
        return " ".join(say.text for say in self.mouth.says[before:])

    def lose(self, device: DeviceKind, how: Literal["lost", "silent", "clipped"] = "lost") -> str:
        said = self.take(DeviceFailed(self.clock.now(), device, how, "gone"))
        if device == "loudspeaker":
            self.mute = True
            self.end(interrupted=True)
        return said

    def find(self, device: DeviceKind) -> str:
        if device == "loudspeaker":
            self.mute = False
        return self.take(DeviceRecovered(self.clock.now(), device))

    def start_breathing(self) -> None:
        self.hear("start breathing")
        self.end()
        self.wait(3.0)

    @property
    def state(self) -> State:
        return self.loop.state


# The microphone.


def test_a_microphone_that_stays_away_is_told_of_once_and_so_is_its_return() -> None:
    bed = Bed()
    assert bed.lose("microphone") == ""
    assert bed.wait(60.0) == CANNOT_HEAR
    assert bed.find("microphone") == HEAR_AGAIN


def test_a_microphone_that_is_back_at_once_is_not_worth_a_word() -> None:
    bed = Bed()
    bed.lose("microphone")
    bed.wait(1.0)
    assert bed.find("microphone") == ""
    assert bed.wait(60.0) == ""


def test_a_loose_plug_is_told_of_once_in_five_minutes() -> None:
    bed = Bed()
    said = ""
    for _ in range(20):
        said += bed.lose("microphone") + bed.wait(4.0) + bed.find("microphone") + bed.wait(4.0)
    assert said == CANNOT_HEAR + HEAR_AGAIN


def test_nobody_is_woken_because_of_a_microphone() -> None:
    bed = Bed()
    bed.hear("good night")
    bed.end()
    bed.lose("microphone")
    assert bed.wait(600.0) == ""
    assert bed.find("microphone") == ""


def test_a_routine_is_held_while_it_can_not_be_stopped_by_voice_and_offered_again() -> None:
    bed = Bed()
    bed.start_breathing()
    bed.lose("microphone")
    assert bed.state.guided
    assert isinstance(bed.state.guided.moment, Held)
    assert bed.wait(10.0) == CANNOT_HEAR
    assert bed.find("microphone").startswith(f"{HEAR_AGAIN} {WHERE}")
    bed.end()
    bed.hear("yes")
    assert isinstance(bed.state.guided.moment, Telling)


def test_a_routine_that_they_paused_themselves_stays_paused() -> None:
    bed = Bed()
    bed.start_breathing()
    bed.hear("hang on")
    bed.end()
    bed.lose("microphone")
    bed.wait(1.0)
    assert bed.find("microphone") == ""
    assert isinstance(bed.state.phase, Idle)


def test_who_unmutes_a_microphone_is_not_talked_over() -> None:
    bed = Bed()
    bed.lose("microphone", "silent")
    assert bed.wait(60.0) == CANNOT_HEAR
    assert bed.find("microphone") == ""


def test_a_microphone_set_too_loud_is_told_of_and_holds_nothing() -> None:
    bed = Bed()
    bed.start_breathing()
    assert bed.lose("microphone", "clipped").startswith("The microphone is set too loud")
    assert bed.state.guided
    assert not isinstance(bed.state.guided.moment, Held)
    assert bed.lose("microphone", "clipped") == ""


# The loudspeaker.


def test_a_reply_that_broke_off_is_owned_up_to_and_can_be_repeated() -> None:
    bed = Bed()
    answer = bed.hear("does heat help")
    bed.lose("loudspeaker")
    assert bed.state.speaking == ()
    assert bed.find("loudspeaker") == SOUND_BACK
    bed.end()
    assert bed.hear("say that again") in answer


def test_a_loudspeaker_that_nobody_missed_comes_back_in_silence() -> None:
    bed = Bed()
    bed.lose("loudspeaker")
    bed.wait(60.0)
    assert bed.find("loudspeaker") == ""


def test_danger_heard_while_the_loudspeaker_is_away_alerts_at_once_and_is_said_when_it_is_back() -> None:
    bed = Bed()
    bed.lose("loudspeaker")
    line = bed.hear("I can't feel my legs")
    assert "hospital" in line
    assert [alert.kind for alert in bed.alerts.alerts] == ["redflag_both_legs"]
    assert bed.wait(3_600.0) == "", "nobody hears how often it is said"
    assert bed.find("loudspeaker") == line
    assert bed.mouth.says[-1].urgent
    assert isinstance(bed.state.phase, Flagged)


def test_a_danger_line_that_broke_off_is_said_again_in_full() -> None:
    bed = Bed()
    line = bed.hear("I can't feel my legs")
    bed.lose("loudspeaker")
    assert bed.find("loudspeaker") == line


def test_a_danger_line_that_they_stopped_themselves_is_not_said_again() -> None:
    bed = Bed()
    bed.hear("I can't feel my legs")
    bed.hear("stop")
    bed.lose("loudspeaker")
    assert bed.find("loudspeaker") == ""


def test_nobody_is_led_by_silence() -> None:
    bed = Bed()
    bed.start_breathing()
    step = bed.state.guided and bed.state.guided.cursor
    bed.lose("loudspeaker")
    bed.wait(55.0)
    assert bed.state.guided
    assert isinstance(bed.state.guided.moment, Held)
    assert bed.find("loudspeaker").startswith(WHERE)
    assert bed.state.guided.cursor == step
    assert isinstance(bed.state.phase, CarryOn)


def test_a_routine_carried_on_without_a_loudspeaker_is_held_again() -> None:
    bed = Bed()
    bed.start_breathing()
    bed.lose("loudspeaker")
    bed.hear("carry on")
    assert bed.state.guided
    assert isinstance(bed.state.guided.moment, Held)
    assert bed.find("loudspeaker").startswith(WHERE)


def test_somebody_led_on_already_when_the_loudspeaker_comes_back_is_not_asked_whether_to_carry_on() -> None:
    bed = Bed()
    bed.start_breathing()
    bed.lose("loudspeaker")
    bed.mute = False  # it plays again a moment before we are told
    assert bed.hear("carry on").startswith("Carrying on.")
    assert bed.find("loudspeaker") == ""
    assert isinstance(bed.state.phase, Idle)


# Both, and sleep.


def test_when_both_are_gone_nothing_is_said_until_both_are_back() -> None:
    bed = Bed()
    bed.start_breathing()
    bed.lose("microphone")
    bed.lose("loudspeaker")
    assert bed.wait(30.0) == ""
    assert bed.find("loudspeaker") == ""
    assert bed.find("microphone").startswith(f"{HEAR_AGAIN} {WHERE}")


def test_a_routine_slept_through_is_offered_again() -> None:
    bed = Bed()
    bed.start_breathing()
    bed.clock.time += 3_600.0
    said = bed.take(Missed(bed.clock.now(), 3_600.0))
    assert WHERE in said
    assert isinstance(bed.state.phase, CarryOn)


def test_sleep_does_not_let_twenty_counts_out_at_once() -> None:
    bed = Bed()
    bed.start_breathing()
    before = len(bed.mouth.says)
    bed.clock.time += 60.0
    bed.loop.catch_up()
    assert len(bed.mouth.says) - before <= 1


def test_sleep_without_a_routine_changes_nothing() -> None:
    bed = Bed()
    before = bed.state
    assert bed.take(Missed(bed.clock.now(), 60.0)) == ""
    assert bed.state == before


def test_who_carried_on_while_a_device_was_away_is_led_on_and_not_asked_again() -> None:
    bed = Bed()
    bed.start_breathing()
    bed.lose("microphone")
    bed.hear("carry on")
    assert bed.find("microphone") == ""
    assert isinstance(bed.state.phase, Idle)
    assert bed.state.guided is not None

"""The sign of life: given while sound comes in and the conversation answers, and for no longer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.small_skill import SKILL
from tests.fakes import FakeAlerts, FakeClock, FakeKeeper, FakeMouth, FakeSupervisor
from voiceskill.core.actions import Alert
from voiceskill.core.conversation import Conversation, State
from voiceskill.core.conversation.state import Calling, Help, Uncalled
from voiceskill.core.events import DeviceFailed, DeviceRecovered
from voiceskill.core.interpret import Interpreter
from voiceskill.core.understanding.matcher import Matcher
from voiceskill.heartbeat import LOOKED_FOR_SECONDS, Heartbeat
from voiceskill.loop import Loop

UNCALLED = Uncalled()
ALERT = Alert("help", "emergency", "1", "help")


class Device:
    """A conversation and its heartbeat; time passes in the steps of a frame."""

    def __init__(self, called: Help = UNCALLED, patience: float | None = 30.0) -> None:
        self.clock = FakeClock()
        self.supervisor = FakeSupervisor(patience)
        conversation = Conversation(SKILL, Interpreter(SKILL, Matcher(SKILL, None)))
        self.loop = Loop(
            conversation,
            replace(State(), help=called),
            voice=FakeMouth(),
            keeper=FakeKeeper(),
            alerts=FakeAlerts(),
            clock=self.clock,
            observe=lambda _at, _happening: None,
        )
        self.heartbeat = Heartbeat(self.supervisor, self.clock)
        self.heartbeat.begin(self.loop, "Listening")
        self.supervisor.signs = 0

    def live(self, seconds: float, *, hears: bool = True, answers: bool = True) -> int:
        """The signs of life in so many seconds."""
        before = self.supervisor.signs
        for _ in range(round(seconds)):
            self.clock.time += 1
            if hears:
                self.heartbeat.heard()
            self.heartbeat.beat()
            if answers:
                self.loop.catch_up()
        return self.supervisor.signs - before


def test_while_it_hears_and_answers_it_gives_signs_of_life_well_in_time() -> None:
    device = Device()
    assert device.live(300) == 30


def test_a_conversation_that_hangs_gives_no_sign_of_life_though_sound_comes_in() -> None:
    device = Device()
    device.live(60)
    assert device.live(300, answers=False) == 0
    device.loop.catch_up()
    assert device.live(60) >= 5


def test_a_microphone_that_falls_silent_is_looked_for_for_a_minute_and_then_we_are_to_be_started_anew() -> None:
    device = Device()
    device.live(60)
    assert device.live(LOOKED_FOR_SECONDS - 1, hears=False) > 0
    assert device.live(300, hears=False) == 0
    assert device.live(60) >= 5


def test_what_never_heard_anything_is_not_started_anew_again_and_again() -> None:
    assert Device().live(3_000, hears=False) > 200


def test_a_thread_of_hearing_that_hangs_gives_no_sign_of_life() -> None:
    device = Device()
    device.live(60)
    signs = device.supervisor.signs
    device.clock.time += 300  # nobody calls `beat`
    device.loop.catch_up()
    assert device.supervisor.signs == signs


def test_nobody_is_started_anew_while_help_is_being_called() -> None:
    device = Device(Calling(ALERT, 0.0, asked=True))
    device.live(60)
    assert device.live(600, hears=False) > 50


def test_whoever_asks_learns_what_is_wrong_with_the_microphone_and_when_it_is_right_again() -> None:
    device = Device()
    device.heartbeat.observe(1.0, DeviceFailed(1.0, "microphone", "lost", "The microphone has stopped."))
    device.heartbeat.observe(2.0, DeviceRecovered(2.0, "microphone"))
    assert device.supervisor.told == ["ready", "Listening", "The microphone has stopped.", "Listening"]


def test_it_ends_on_purpose() -> None:
    device = Device()
    device.heartbeat.end()
    assert device.supervisor.told[-1] == "stopping"


@pytest.mark.parametrize("answers", [True, False])
def test_without_a_watch_nothing_is_asked_of_the_conversation(answers: bool) -> None:
    assert Device(patience=None).live(300, answers=answers) == 0

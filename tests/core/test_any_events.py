"""Whatever happens, in whatever order: the conversation stays whole, can always be stopped, and never asks for movement in danger."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rehearsing import AFTERNOON, Bedside, listed_only, skill
from voiceskill.core.actions import (
    Action,
    Alert,
    CancelCheck,
    CancelTimer,
    CheckSound,
    EndAlert,
    Forget,
    Save,
    Say,
    StartTimer,
    StopSpeaking,
)
from voiceskill.core.conversation import Conversation, Manners, State
from voiceskill.core.conversation.state import Aside, Calling, CountingDown, Held, Idle, Listening, Telling
from voiceskill.core.conversation.turn import QUESTION_TIMER
from voiceskill.core.diary import Memory, Screened, ScreenResult
from voiceskill.core.events import (
    Adjusted,
    AlertAcknowledged,
    AlertFailed,
    AlertLeft,
    AlertSent,
    AskedToSay,
    ClockSet,
    DeviceFailed,
    DeviceRecovered,
    Event,
    Failed,
    Heard,
    HearingSwitched,
    Hypothesis,
    MemoryChanged,
    Missed,
    NotHeard,
    Pressed,
    Saved,
    SoundChecked,
    Speaking,
    SpeechStarted,
    Spoken,
    Started,
    TimerFired,
)
from voiceskill.core.skill import Kind
from voiceskill.core.sound import Finding

ALONE, HELPED = Conversation(skill(), listed_only()), Conversation(skill(), listed_only(), Manners(countdown=10))

WORDS = (
    *("yes", "no", "I'm not sure", "stop", "that hurts", "ow", "pause", "carry on", "ready", "next", "go back", "say that again", "easier"),
    *("slower", "faster", "louder", "quieter", "how long left", "better", "worse", "the same", "cancel", "good night", "hello", "help"),
    *("what time is it", "tell me more", "start again", "I've done it", "my pain is seven", "my pain is three", "log my pain", "eight"),
    *("my pain is nine and start the breathing exercise", "no I said four", "that's wrong", "my pain is fifteen", "check the microphone"),
    *(
        "the heat helped",
        "it made it worse",
        "I took my codeine",
        "when did I last take my tablets",
        "how has my back been",
        "delete my log",
    ),
    *(
        "I've been checked by the doctor",
        "you misheard me",
        "does heat help",
        "why did my back go",
        "oh god it has gone again",
        "mmm",
        "the cat",
    ),
    *(
        "I can't feel my legs",
        "I have a fever",
        "what if I had a fever",
        "I want to die",
        "I've fallen",
        "call my daughter",
        "I've fallen over",
        "I'm fine",
        "I'm pregnant",
    ),
    *(intent.examples[0] for intent in skill().intents.values() if intent.kind is Kind.ROUTINE),
)

BUTTONS = tuple(skill().intents)

MOVEMENTS = frozenset(
    step.say
    for intent in skill().intents.values()
    if intent.routine and intent.precautions and intent.precautions.moves
    for part in intent.routine.parts
    for step in part.steps
)


class World:
    """Everything outside of the core: it speaks, keeps time and remembers, well or badly, as chance will have it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.conversation = chance.choice((ALONE, HELPED))
        self.state = State(introduced=True)
        self.now = 0.0
        self.speaking: list[str] = []
        self.stale: list[str] = []
        self.timers: dict[str, float] = {}
        self.to_save: list[str] = []
        self.checks: list[str] = []
        self.danger = False
        self.alerts: list[Alert] = []
        self.take(Started(0.0, AFTERNOON))

    def take(self, event: Event) -> None:
        before = self.state
        blocked = before.memory.blocked(before.wall(self.now))
        self.state, actions = self.conversation.step(self.state, event)
        assert not (isinstance(event, MemoryChanged) and blocked) or self.state.memory.blocked(self.state.wall(self.now))
        assert self.conversation.step(before, event) == (self.state, actions), "the same must follow from the same"
        for action in actions:
            self.perform(action)
        self.danger = self.state.memory.blocked(self.state.wall(self.now))
        self.check_that_it_waits_for_something()

    def check_that_it_waits_for_something(self) -> None:
        guided, to_come = self.state.guided, {*self.timers, *self.state.waiting}
        assert ("help" in to_come) == isinstance(self.state.help, CountingDown | Calling), "who is called is called again, and no one else"
        assert isinstance(self.state.phase, Idle) or QUESTION_TIMER in to_come, "every question lapses"
        if guided is None:
            return
        assert isinstance(self.state.phase, Idle) or isinstance(guided.moment, Held), "nobody is led on while a question is open"
        match guided.moment:
            case Telling(say) | Aside(say):
                assert say in self.speaking or self.to_save, "what was cut is said again, at the latest when something is saved"
            case _:
                assert guided.timer in to_come, "every moment has its end"

    def perform(self, action: Action) -> None:
        match action:
            case Say(id=say, text=text):
                assert text.strip()
                assert not self.checks, "nothing is said into a check of the sound"
                self.speaking.append(say)
                assert not (self.danger and any(text.endswith(step) for step in MOVEMENTS)), text
            case StopSpeaking():
                self.stale += self.speaking
                self.speaking.clear()
            case StartTimer(id=timer, seconds=seconds):
                assert seconds > 0
                self.timers[timer] = self.now + seconds
            case CancelTimer(id=timer):
                self.timers.pop(timer, None)
            case Save(id=ref, entry=entry):
                self.to_save.append(ref)
                if isinstance(entry, Screened) and entry.result is ScreenResult.DANGER:
                    self.danger = True
            case Forget(id=ref):
                self.to_save.append(ref)
            case CheckSound(id=check):
                assert not self.speaking
                self.checks = [check]
            case CancelCheck(id=check):
                self.checks = [one for one in self.checks if one != check]
            case Alert():
                assert not action.id or self.conversation is HELPED
                self.alerts.append(action)
            case EndAlert(alert=alert):
                assert alert.id in {one.id for one in self.alerts} | {"left"}

    def something_happens(self) -> None:
        self.now += self.chance.choice((0.1, 1.0, 4.0, 20.0, 400.0))
        throw = self.chance.random()
        if throw < 0.45:
            text = self.chance.choice(WORDS)
            self.take(Heard(self.now, self.chance.randrange(5), (Hypothesis(text),), typed=self.chance.random() < 0.5))
        elif throw < 0.65 and self.speaking:
            say = self.speaking.pop(0)
            failed = self.chance.random() < 0.1
            self.take(
                Failed(self.now, "speech", "broken", ref=say) if failed else Spoken(self.now, say, interrupted=False, heard_fraction=1.0)
            )
        elif throw < 0.70 and self.stale:
            self.take(Spoken(self.now, self.stale.pop(), interrupted=True, heard_fraction=0.4))
        elif throw < 0.85 and self.timers:
            timer = min(self.timers, key=self.timers.__getitem__)
            self.now = max(self.now, self.timers.pop(timer))
            self.take(TimerFired(self.now, timer))
        elif throw < 0.93 and self.to_save:
            ref = self.to_save.pop(0)
            self.take(Failed(self.now, "memory", "full", ref=ref) if self.chance.random() < 0.2 else Saved(self.now, ref))
        elif throw < 0.96 and self.checks:
            self.take(SoundChecked(self.now, self.checks.pop(), (Finding.ROOM_NOISY,)))
        else:
            odd = (
                NotHeard(self.now, 1, 1.0),
                SpeechStarted(self.now, 2),
                Speaking(self.now, "say-1"),
                TimerFired(self.now, f"guide-{self.chance.randrange(50)}"),
                TimerFired(self.now, "nobody's"),
                Saved(self.now, "save-9999"),
                SoundChecked(self.now, "say-9999", (Finding.HUM,)),
                DeviceFailed(
                    self.now, *self.chance.choice((("microphone", "lost"), ("microphone", "silent"), ("loudspeaker", "lost"))), "gone"
                ),
                DeviceRecovered(self.now, "microphone"),
                DeviceRecovered(self.now, "loudspeaker"),
                Missed(self.now, 30.0),
                Pressed(self.now, self.chance.choice(BUTTONS)),
                Adjusted(self.now, loudness=3.0, pace=0.5, quiet=self.chance.random() < 0.5, attention="wake"),
                HearingSwitched(self.now, on=False),
                HearingSwitched(self.now, on=True),
                AskedToSay(self.now, "One two three."),
                ClockSet(self.now, self.state.wall(self.now)),
                MemoryChanged(self.now, Memory()),
                MemoryChanged(self.now, Memory(self.state.memory.entries[:-1])),
                AlertLeft(self.now, Alert("help", "emergency", "left"), self.state.wall(self.now - 5000.0 * self.chance.random()), False),
                *self.news(),
            )
            self.take(self.chance.choice(odd))

    def news(self) -> tuple[Event, ...]:
        """What may become of an alert, the last one or an earlier one."""
        alert = self.chance.choice(self.alerts).id if self.alerts else "nobody's"
        return AlertSent(self.now, alert), AlertFailed(self.now, alert, "gone"), AlertAcknowledged(self.now, alert, "Anna")

    def check_that_stop_stops(self) -> None:
        state, actions = self.conversation.step(self.state, Heard(self.now, 1, (Hypothesis("stop"),), typed=True))
        timers = {timer for timer in self.timers if not timer.startswith("microphone-")}
        for action in actions:
            if isinstance(action, StartTimer):
                timers.add(action.id)
            elif isinstance(action, CancelTimer):
                timers.discard(action.id)
        assert isinstance(state.phase, Idle) or state.phase != self.state.phase, "stop leaves every question"
        assert state.guided is None
        assert not isinstance(state.help, CountingDown), "stop ends every count"
        assert isinstance(state.help, Calling) == isinstance(self.state.help, Calling), "stop ends no alert that was sent"
        if isinstance(state.help, Calling):
            timers.discard("help")
        assert not timers or not isinstance(state.phase, Idle), f"nobody waits for {timers} any more"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_whatever_happens_it_stays_whole_and_can_be_stopped(seed: int) -> None:
    world = World(random.Random(seed))
    for _ in range(200):
        world.something_happens()
        world.check_that_stop_stops()


@pytest.mark.parametrize("routine", [intent.id for intent in skill().intents.values() if intent.routine])
def test_every_routine_led_by_a_patient_person_comes_to_its_end(routine: str) -> None:
    bed = Bedside()
    bed.start(routine)
    assert bed.under_way == routine
    for _ in range(150):
        bed.wait(12)
        if bed.under_way is None:
            break
        guided = bed.rehearsal.device.state.guided
        if guided and isinstance(guided.moment, Listening):
            asked = bed.said[-1][1].text
            bed.interrupt("better" if "same or worse" in asked else "no" if "numb or weak" in asked else "yes")
    assert bed.under_way is None
    assert bed.memory.entries[-1].how.value == "done"

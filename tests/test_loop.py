from __future__ import annotations

import threading

from tests.core.small_skill import SKILL
from tests.fakes import FakeAlerts, FakeClock, FakeKeeper, FakeMouth
from voiceskill.core.actions import Action, Alert
from voiceskill.core.conversation import Conversation, State
from voiceskill.core.events import Event, Heard, Hypothesis, Spoken, TimerFired
from voiceskill.core.interpret import Interpreter
from voiceskill.core.understanding.matcher import Matcher
from voiceskill.loop import Loop


class Bench:
    def __init__(self) -> None:
        self.clock, self.mouth, self.alerts = FakeClock(), FakeMouth(), FakeAlerts()
        self.seen: list[Event | Action] = []
        conversation = Conversation(SKILL, Interpreter(SKILL, Matcher(SKILL, None)))
        observe = lambda _at, happening: self.seen.append(happening)  # noqa: E731
        self.keeper = FakeKeeper()
        self.loop = Loop(
            conversation,
            State(introduced=True),
            voice=self.mouth,
            keeper=self.keeper,
            alerts=self.alerts,
            clock=self.clock,
            observe=observe,
        )

    def hear(self, text: str) -> None:
        self.loop.post(Heard(self.clock.now(), 1, (Hypothesis(text),)))
        self.loop.catch_up()


def test_what_is_heard_is_answered_aloud() -> None:
    bench = Bench()
    bench.hear("does heat help")
    assert [say.text for say in bench.mouth.says] == ["Warmth often eases a spasm."]


def test_it_is_busy_until_the_reply_is_over() -> None:
    bench = Bench()
    bench.hear("does heat help")
    assert bench.loop.busy
    bench.loop.post(Spoken(101.0, bench.mouth.says[0].id, interrupted=False, heard_fraction=1.0))
    bench.loop.catch_up()
    assert not bench.loop.busy


def test_a_flag_reaches_the_household() -> None:
    bench = Bench()
    bench.hear("I can't feel my legs")
    assert bench.alerts.alerts == [Alert("redflag_both_legs", "emergency")]


def test_an_offer_lapses_when_its_time_after_our_words_is_up_and_not_before() -> None:
    bench = Bench()
    bench.hear("I was lifting a heavy box")
    bench.clock.time += 60.0
    bench.loop.catch_up()
    bench.loop.post(Spoken(bench.clock.now(), bench.mouth.says[0].id, interrupted=False, heard_fraction=1.0))
    bench.loop.catch_up()
    bench.clock.time += 29.0
    bench.loop.catch_up()
    assert not any(isinstance(one, TimerFired) for one in bench.seen)
    bench.clock.time += 1.0
    bench.loop.catch_up()
    assert any(isinstance(one, TimerFired) for one in bench.seen)


def test_it_stops_when_told_to_even_while_it_waits() -> None:
    bench = Bench()
    thread = threading.Thread(target=bench.loop.run)
    thread.start()
    bench.loop.stop()
    thread.join(timeout=10)
    assert not thread.is_alive()

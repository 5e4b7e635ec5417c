"""The light beside the bed: what each way in which things may stand looks like."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin
from hypothesis import given
from hypothesis import strategies as st

from tests.bedside.sound_server import wait_until
from tests.fakes import FakeAlerts, FakeClock, FakeKeeper, FakeMouth
from tests.rehearsing import listed_only, skill
from voiceskill.bedside_light import BedsideLight
from voiceskill.core.conversation import Conversation, Manners, State
from voiceskill.core.events import (
    DeviceFailed,
    DeviceRecovered,
    Event,
    Heard,
    HearingSwitched,
    Hypothesis,
    SpeechEnded,
    SpeechStarted,
    Spoken,
)
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.led import GpioLight, borrow
from voiceskill.light import Sign, shine, sign_of
from voiceskill.loop import Loop
from voiceskill.ports import Fault
from voiceskill.status import Doing, Status

NOON, NIGHT = datetime(2026, 1, 5, 12, tzinfo=UTC), datetime(2026, 1, 5, 3, tzinfo=UTC)
READY = Status(Doing.READY, None, False, None, 1.0, 1.0, False, "open", True)


def changes(sign: Sign, seconds: float = 12.0) -> list[tuple[float, bool]]:
    """When it goes on and off, and which."""
    told: list[tuple[float, bool]] = []
    for tick in range(round(seconds * 100)):
        lit = shine(sign, tick / 100, night=False).level > 0
        if not told or told[-1][1] != lit:
            told.append((tick / 100, lit))
    return told


@pytest.mark.parametrize(
    ("doing", "sign"),
    [
        (Doing.READY, Sign.DARK),
        (Doing.ASLEEP, Sign.DARK),
        (Doing.LISTENING, Sign.LISTENING),
        (Doing.THINKING, Sign.THINKING),
        (Doing.SPEAKING, Sign.SPEAKING),
        (Doing.HEARING_OFF, Sign.MUTED),
    ],
)
def test_each_way_in_which_things_stand_has_its_sign_and_danger_outranks_all(doing: Doing, sign: Sign) -> None:
    assert sign_of(replace(READY, doing=doing), trouble=False) is sign
    assert sign_of(replace(READY, doing=doing), trouble=True) is Sign.TROUBLE
    assert sign_of(replace(READY, doing=doing, danger=True), trouble=True) is Sign.DANGER


def test_no_two_signs_look_alike_to_somebody_who_sees_no_brightness() -> None:
    swelling = {level for tick in range(240) if (level := shine(Sign.SPEAKING, tick / 100, night=False).level)}
    assert len(swelling) > 5  # it swells and ebbs, where all others are on or off
    for one, other in combinations([sign for sign in Sign if sign is not Sign.SPEAKING], 2):
        assert changes(one) != changes(other)


@pytest.mark.parametrize("sign", Sign)
def test_nothing_flickers_fast_enough_to_harm(sign: Sign) -> None:
    lit = [at for at, on in changes(sign) if on]
    assert all(sum(start <= at < start + 1.0 for at in lit) <= 3 for start in lit)


@given(sign=st.sampled_from(Sign), seconds=st.floats(0, 1e7), night=st.booleans())
def test_it_is_dim_at_night_and_says_when_it_changes(sign: Sign, seconds: float, night: bool) -> None:
    now = shine(sign, seconds, night=night)
    assert 0.0 <= now.level <= (0.3 if night else 1.0)
    assert now.lasts > 0
    if night and sign is not Sign.DANGER:
        assert now.level <= 0.06
    if math.isfinite(now.lasts):
        assert shine(sign, seconds + now.lasts / 2, night=night).level == now.level


class Lamp:
    """Remembers how it shines."""

    level = -1.0

    def shine(self, level: float) -> None:
        assert 0.0 <= level <= 1.0
        self.level = level

    def close(self) -> None:
        self.level = 0.0


class Bed:
    """A conversation with a light beside it; the clock stands still until moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.clock, self.mouth, self.lamp = FakeClock(), FakeMouth(), Lamp()
        self.light = BedsideLight(skill(), Manners(), self.lamp, self.clock, lambda: now)
        self.loop = Loop(
            Conversation(skill(), listed_only(), Manners()),
            State(introduced=True),
            voice=self.mouth,
            keeper=FakeKeeper(),
            alerts=FakeAlerts(),
            clock=self.clock,
            observe=self.light.observe,
            settled=self.light.settled,
        )

    def happen(self, event: Event) -> None:
        self.loop.post(event)
        self.loop.catch_up()
        self.light.show(self.clock.now())

    def finish(self) -> None:
        """What is being said is over."""
        for say in self.mouth.says:
            self.happen(Spoken(self.clock.now(), say.id, interrupted=False, heard_fraction=1.0))

    def on_and_off(self, seconds: float = 5.9) -> list[bool]:
        """Whether it is lit, at each of its changes in that time."""
        end, told = self.clock.now() + seconds, []
        while self.clock.now() < end:
            wait = self.light.show(self.clock.now())
            told.append(self.lamp.level > 0)
            self.clock.time += wait
        return told


def test_it_follows_a_conversation() -> None:
    bed = Bed()
    bed.happen(SpeechStarted(bed.clock.now(), 1))
    assert bed.on_and_off() == [True]
    bed.happen(SpeechEnded(bed.clock.now(), 1, 0.7))
    assert bed.on_and_off(0.6) == [True, False]
    bed.happen(Heard(bed.clock.now(), 1, (Hypothesis("does heat help"),)))
    assert len(bed.on_and_off(2.3)) == 16
    bed.finish()
    assert bed.on_and_off() == [False]
    bed.happen(HearingSwitched(bed.clock.now(), on=False))
    bed.finish()
    assert bed.on_and_off() == [True, False]


def test_a_lost_microphone_is_shown_until_it_is_back() -> None:
    bed = Bed()
    bed.happen(DeviceFailed(bed.clock.now(), "microphone", "lost", "gone"))
    assert bed.on_and_off(3.9) == [True, False, True, False, True, False]
    bed.happen(DeviceRecovered(bed.clock.now(), "microphone"))
    bed.finish()
    assert bed.on_and_off() == [False]


def test_danger_is_shown_softly_at_night() -> None:
    bed = Bed(NIGHT)
    bed.happen(Heard(bed.clock.now(), 1, (Hypothesis("I can't feel my legs"),)))
    bed.light.show(bed.clock.now())
    assert bed.lamp.level == pytest.approx(0.3)


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    made = MockFactory(pin_class=MockPWMPin)
    yield made
    made.reset()


def test_the_pin_shines_while_somebody_speaks_and_is_dark_at_the_end(factory: MockFactory) -> None:
    light = BedsideLight(skill(), Manners(), GpioLight(17, factory), MonotonicClock(), lambda: NOON)
    pin = factory.pin("GPIO17")
    light.begin(lambda _: None)
    light.observe(0.0, SpeechStarted(0.0, 1))
    light.settled(0.0, State())
    wait_until(lambda: pin.state == 1.0, "the light")
    light.close()
    assert pin.state == 0.0


def test_a_pin_that_is_none_and_a_machine_without_pins_are_told_in_one_line(factory: MockFactory) -> None:
    with pytest.raises(Fault, match=r"^led: pin 99 cannot be used \(.*\): choose a free GPIO pin, such as 17$"):
        GpioLight(99, factory)
    with pytest.raises(Fault, match=r"^led: (lgpio is not installed|the pins cannot be used)[^\n]*$"):
        GpioLight(17)


def test_what_debian_has_and_we_have_not_is_borrowed_if_it_fits_our_python(tmp_path: Path) -> None:
    (tmp_path / "borrowed_lamp.py").write_text("COLOUR = 'amber'\n")
    (tmp_path / "unfit_lamp.py").write_text("import made_for_another_python\n")
    for name in ("borrowed_lamp", "unfit_lamp", "absent_lamp"):
        borrow(name, str(tmp_path))
    assert importlib.import_module("borrowed_lamp").COLOUR == "amber"
    assert not {"unfit_lamp", "absent_lamp"} & sys.modules.keys()
    del sys.modules["borrowed_lamp"]

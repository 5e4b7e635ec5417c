"""Microphone and loudspeaker that come and go, on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.fakes import FakeClock
from voiceskill.core.events import DeviceFailed, DeviceKind, DeviceRecovered, Dropped, Event, Missed
from voiceskill.listen import FRAME_SECONDS
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Frame, NoAudioDevice, Pcm, PullSound
from voiceskill.tend import Devices

HISS = np.random.default_rng(1).integers(-3, 4, FRAME_SAMPLES).astype(np.int16)


class World:
    """A sound system, an ear and a mouth. What is planned happens when the clock gets there; then the device is closed."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.start = self.clock.now()
        self.plans: list[tuple[float, Callable[[], object]]] = []
        self.plugged: dict[str, bool] = {"microphone": True, "loudspeaker": True}
        self.listed: dict[str, bool] = dict(self.plugged)
        self.opened: dict[str, int] = {"microphone": 0, "loudspeaker": 0}
        self.open: set[str] = set()
        self.tried: list[float] = []
        self.looks: list[float] = []
        self.rate = 48_000
        self.underflows = 0
        self.dropped = 0
        self.sound: Pcm = HISS
        self.events: list[Event] = []
        self.fed: list[float] = []
        self.resets: list[float] = []
        self.idle = self.silent = True
        self.mouth_rate: int | None = None
        self.begun = False
        self.devices = Devices(self, clock=self.clock, post=self.events.append, wait=self.pass_time)

    def at(self, seconds: float, plan: Callable[[], object]) -> None:
        self.plans.append((self.start + seconds, plan))

    def run(self, seconds: float) -> list[Event]:
        self.at(seconds, self.devices.close)
        self.plans.sort(key=lambda plan: plan[0])
        self.devices.run(self, self, begun=lambda: setattr(self, "begun", True), tick=lambda: None)
        assert self.open == set(), "a device was left open"
        return self.events

    def pass_time(self, seconds: float) -> None:
        assert seconds > 0, "it spins"
        self.clock.time += seconds
        while self.plans and self.plans[0][0] <= self.clock.time:
            self.plans.pop(0)[1]()

    def sleep(self, seconds: float) -> None:
        self.clock.time += seconds
        self.dropped = round(seconds * HEARING_RATE)

    def seconds(self) -> float:
        return self.clock.time - self.start

    def unplug(self, *devices: str) -> None:
        for device in devices:
            self.plugged[device] = False

    def plug(self, *devices: str) -> None:
        for device in devices:
            self.plugged[device] = True

    # The sound system.

    def microphone(self) -> FakeMicrophone:
        if not self.listed["microphone"]:
            raise NoAudioDevice("There is no microphone.")
        return FakeMicrophone(self)

    def loudspeaker(self) -> FakeLoudspeaker:
        if not self.listed["loudspeaker"]:
            raise NoAudioDevice("There is no loudspeaker.")
        return FakeLoudspeaker(self)

    def changed(self) -> bool:
        return self.listed != self.plugged

    def look_again(self) -> bool:
        assert not self.open, "the sound system was ended under a device in use"
        self.looks.append(self.seconds())
        self.listed = dict(self.plugged)
        return True

    # The ear and the mouth.

    def feed(self, frame: Frame) -> None:
        self.fed.append(frame.at - self.start)

    def reset(self, at: float) -> None:
        self.resets.append(at - self.start)

    def pull(self, samples: int) -> Pcm:
        return np.zeros(samples, np.int16)

    def mute(self) -> None:
        self.mouth_rate = None

    def unmute(self, rate: int) -> None:
        self.mouth_rate = rate


class FakeMicrophone:
    name = "microphone"

    def __init__(self, world: World) -> None:
        self._world = world
        self._closed = False

    def frames(self) -> Iterator[Frame]:
        world = self._world
        world.tried.append(world.seconds())
        if not world.plugged["microphone"]:
            raise NoAudioDevice("The microphone cannot be opened.")
        world.open.add("microphone")
        world.opened["microphone"] += 1
        try:
            while not self._closed:
                world.pass_time(FRAME_SECONDS)
                if not world.plugged["microphone"]:
                    raise NoAudioDevice("The microphone has stopped.")
                dropped, world.dropped = world.dropped, 0
                yield Frame(world.sound, world.clock.now(), dropped)
        finally:
            world.open.discard("microphone")

    def close(self) -> None:
        self._closed = True


class FakeLoudspeaker:
    name = "loudspeaker"

    def __init__(self, world: World) -> None:
        self._world = world
        self._started = False
        self.rate = world.rate

    @property
    def underflows(self) -> int:
        return self._world.underflows

    @property
    def fault(self) -> NoAudioDevice | None:
        gone = self._started and not self._world.plugged["loudspeaker"]
        return NoAudioDevice("The loudspeaker has stopped.") if gone else None

    def start(self, pull: PullSound) -> None:
        if not self._world.plugged["loudspeaker"]:
            raise NoAudioDevice("The loudspeaker cannot be opened.")
        self._world.open.add("loudspeaker")
        self._world.opened["loudspeaker"] += 1
        self._started = True

    def close(self) -> None:
        self._started = False
        self._world.open.discard("loudspeaker")


def told(events: list[Event]) -> list[tuple[Any, ...]]:
    """Failures and recoveries, in order."""
    return [
        ("failed", event.device, event.how) if isinstance(event, DeviceFailed) else ("recovered", event.device)
        for event in events
        if isinstance(event, DeviceFailed | DeviceRecovered)
    ]


def lost_and_found(device: DeviceKind) -> list[tuple[Any, ...]]:
    return [("failed", device, "lost"), ("recovered", device)]


def test_all_is_heard_while_all_is_well() -> None:
    world = World()
    assert world.run(10.0) == []
    assert len(world.fed) == pytest.approx(10.0 / FRAME_SECONDS, abs=1)


@pytest.mark.parametrize("device", ["microphone", "loudspeaker"])
def test_a_device_that_does_not_work_at_the_start_is_the_owners_to_mend(device: str) -> None:
    world = World()
    world.unplug(device)
    with pytest.raises(NoAudioDevice, match=f"The {device} cannot be opened"):
        world.run(10.0)
    assert not world.begun
    assert world.open == set()


def test_without_a_microphone_nothing_begins() -> None:
    world = World()
    world.listed["microphone"] = False
    with pytest.raises(NoAudioDevice, match="There is no microphone"):
        Devices(world, clock=world.clock, post=world.events.append)


@pytest.mark.parametrize("device", ["microphone", "loudspeaker"])
def test_a_device_pulled_out_is_told_of_once_and_used_again_when_it_is_back(device: DeviceKind) -> None:
    world = World()
    world.at(20.0, lambda: world.unplug(device))
    world.at(100.0, lambda: world.plug(device))
    assert told(world.run(140.0)) == lost_and_found(device)
    recovered = next(event for event in world.events if isinstance(event, DeviceRecovered))
    assert 100.0 <= recovered.at - world.start <= 111.0


def test_hearing_goes_on_after_the_microphone_is_back_as_something_new() -> None:
    world = World()
    world.at(20.0, lambda: world.unplug("microphone"))
    world.at(30.0, lambda: world.plug("microphone"))
    world.run(60.0)
    (reset,) = world.resets
    assert 20.0 <= reset <= 20.1
    gaps = [later - earlier for earlier, later in zip(world.fed, world.fed[1:], strict=False) if later - earlier > 1.0]
    assert len(gaps) == 1
    assert world.fed[-1] > 59.9


def test_a_microphone_that_stays_away_is_tried_ever_more_seldom() -> None:
    world = World()
    world.silent = False  # nothing is looked for anew, so that only these tries are seen
    world.at(20.0, lambda: world.unplug("microphone"))
    world.run(200.0)
    pauses = [round(later - earlier, 1) for earlier, later in zip(world.tried[1:], world.tried[2:], strict=False)]
    assert pauses[:6] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_both_lost_are_both_found() -> None:
    world = World()
    world.at(20.0, lambda: world.unplug("microphone", "loudspeaker"))
    world.at(60.0, lambda: world.plug("microphone", "loudspeaker"))
    events = told(world.run(100.0))
    assert sorted(events[:2]) == [("failed", "loudspeaker", "lost"), ("failed", "microphone", "lost")]
    assert sorted(events[2:]) == [("recovered", "loudspeaker"), ("recovered", "microphone")]


def test_a_device_plugged_in_elsewhere_is_found_by_looking_anew_without_breaking_off_a_reply() -> None:
    world = World()
    world.silent = False
    world.at(20.0, lambda: world.unplug("microphone"))
    world.at(20.0, lambda: world.listed.update(microphone=False))
    world.at(21.0, lambda: world.plug("microphone"))
    world.at(50.0, lambda: setattr(world, "silent", True))
    assert told(world.run(80.0)) == lost_and_found("microphone")
    (look,) = world.looks
    assert look >= 50.0
    assert world.opened["loudspeaker"] == 2


def test_nobody_is_cut_off_in_mid_sentence_to_look_for_a_loudspeaker() -> None:
    world = World()
    world.idle = False
    world.at(20.0, lambda: world.unplug("loudspeaker"))
    world.at(50.0, lambda: setattr(world, "idle", True))
    world.run(80.0)
    assert world.looks
    assert min(world.looks) >= 50.0
    assert world.opened["microphone"] == 1 + len(world.looks)


def test_a_device_that_works_is_let_go_seldom_while_the_other_stays_away() -> None:
    world = World()
    world.at(20.0, lambda: world.unplug("loudspeaker"))
    world.run(20.0 + 600.0)
    assert len(world.looks) <= 11
    assert world.opened["microphone"] == 1 + len(world.looks)


def test_a_loudspeaker_that_only_slept_as_the_machine_did_is_not_taken_for_lost() -> None:
    world = World()
    world.at(20.0, lambda: world.unplug("loudspeaker"))
    world.at(20.0, lambda: world.sleep(3_600.0))
    world.at(3_620.5, lambda: world.plug("loudspeaker"))
    assert [type(event) for event in world.run(3_700.0)] == [Missed]


def test_a_loudspeaker_of_another_rate_is_played_at_its_own() -> None:
    world = World()
    rates: list[int | None] = []
    world.at(20.0, lambda: world.unplug("loudspeaker"))
    world.at(20.0, lambda: setattr(world, "rate", 44_100))
    world.at(20.4, lambda: rates.append(world.mouth_rate))
    world.at(21.0, lambda: world.plug("loudspeaker"))
    world.at(40.0, lambda: rates.append(world.mouth_rate))
    world.run(50.0)
    assert rates == [None, 44_100]


def test_a_loose_plug_is_followed_patiently() -> None:
    world = World()
    for n in range(0, 200, 2):
        world.at(20.0 + n, lambda: world.plug("loudspeaker"))
        world.at(21.0 + n, lambda: world.unplug("loudspeaker"))
    failures = [event for event in told(world.run(240.0)) if event[0] == "failed"]
    assert len(failures) < 30


def test_a_microphone_that_gives_nothing_is_told_of_and_stays_open() -> None:
    world = World()
    world.at(20.0, lambda: setattr(world, "sound", np.zeros(FRAME_SAMPLES, np.int16)))
    world.at(60.0, lambda: setattr(world, "sound", HISS))
    assert told(world.run(80.0)) == [("failed", "microphone", "silent"), ("recovered", "microphone")]
    assert world.opened["microphone"] == 1


def test_lost_sound_is_told_of_at_most_once_a_minute() -> None:
    world = World()
    for n in range(181):
        world.at(1.0 + n, lambda: setattr(world, "dropped", HEARING_RATE // 10))
        world.at(1.0 + n, lambda: setattr(world, "underflows", world.underflows + 1))
    drops = [event for event in world.run(190.0) if isinstance(event, Dropped)]
    assert [round(drop.at - world.start) for drop in drops] == [1, 61, 121, 181]
    assert sum(drop.seconds for drop in drops) == pytest.approx(18.1)
    assert sum(drop.gaps for drop in drops) == 181


def test_a_gap_after_which_nothing_follows_on_what_was_said_is_told_of() -> None:
    world = World()
    world.at(5.0, lambda: setattr(world, "dropped", 60 * HEARING_RATE))
    events = world.run(10.0)
    assert [event.seconds for event in events if isinstance(event, Missed)] == [60.0]
    assert len(world.resets) == 1
    assert not any(isinstance(event, Dropped) for event in events)

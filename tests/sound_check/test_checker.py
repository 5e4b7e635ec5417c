"""A check as frames and samples go by, on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import soxr

from voiceskill.core.actions import CheckSound
from voiceskill.core.sound import Finding
from voiceskill.edges.recording import VirtualClock
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Frame, Pcm
from voiceskill.sound_check.checker import SoundChecker
from voiceskill.sound_check.verdict import ADVICE, SoundCheck

FRAME_SECONDS = FRAME_SAMPLES / HEARING_RATE


class Room:
    """A loudspeaker at `rate` and a microphone that hears it `delay` seconds later, `gain` times as loud, in a little noise."""

    def __init__(self, *, rate: int = 48_000, delay: float = 0.15, gain: float = 0.3, noise: float = 10.0, volume: float = 1.0) -> None:
        self.clock = VirtualClock(50.0)
        self.rate = rate
        self.delay = round(delay * HEARING_RATE / FRAME_SAMPLES)  # whole frames
        self.gain = gain
        self.noise = noise
        self.chance = np.random.default_rng(0)
        self.reports: list[tuple[str, SoundCheck]] = []
        self.voice: Pcm = np.zeros(0, np.int16)
        self.checker = SoundChecker(
            self.pull_voice, rate=rate, volume=volume, clock=self.clock, report=lambda check, found: self.reports.append((check, found))
        )
        self.stream = soxr.ResampleStream(rate, HEARING_RATE, 1, dtype="int16")
        self.air: Pcm = np.zeros(self.delay * FRAME_SAMPLES, np.int16)
        self.played: list[Pcm] = []

    def pull_voice(self, samples: int) -> Pcm:
        now, self.voice = self.voice[:samples], self.voice[samples:]
        return np.pad(now, (0, samples - len(now)))

    def go_on(self, seconds: float, *, said: float = 0.0, plays: bool = True, dropped: Callable[[int], int] = lambda _n: 0) -> None:
        """Let time pass; somebody speaks at that level."""
        for number in range(round(seconds / FRAME_SECONDS)):
            if plays:
                out = self.checker.pull(round(self.rate * FRAME_SECONDS))
                self.played.append(out)
                self.air = np.concatenate([self.air, self.stream.resample_chunk(out)])
            echo, self.air = self.air[:FRAME_SAMPLES], self.air[FRAME_SAMPLES:]
            heard = self.chance.normal(0, self.noise, FRAME_SAMPLES) + self.chance.normal(0, said, FRAME_SAMPLES)
            heard[: len(echo)] += self.gain * echo
            self.clock.advance(FRAME_SECONDS)
            pcm = np.clip(np.rint(heard), -32_768, 32_767).astype(np.int16)
            self.checker.hear(Frame(pcm, self.clock.now(), dropped(number)), 1.0 if said else 0.0)

    @property
    def found(self) -> SoundCheck:
        ((_, found),) = self.reports
        return found


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("delay", [0.064, 0.16, 0.48])
def test_the_echo_is_found_whatever_the_rates_of_the_devices(rate: int, delay: float) -> None:
    room = Room(rate=rate, delay=delay)
    room.checker.begin(CheckSound("check"))
    room.go_on(6)
    assert room.found.echo is not None
    assert room.found.echo.delay == pytest.approx(delay, abs=0.033)  # the clock of this room stands still within a frame
    assert room.found.echo.gain == pytest.approx(20 * np.log10(0.3), abs=0.5)
    assert room.found.findings() == (Finding.ROOM_QUIET, Finding.ECHO_SOFT, *([Finding.ECHO_LATE] if delay > 0.4 else []))


def test_who_asked_is_heard_in_the_words_that_asked() -> None:
    room = Room()
    room.go_on(2, said=1_000.0)
    room.voice = np.full(3 * room.rate, 8_000, np.int16)
    room.go_on(3)
    room.checker.begin(CheckSound("check"))
    room.go_on(6)
    assert room.found.levels.speech == pytest.approx(-30.3, abs=0.5)
    assert room.found.levels.noise == pytest.approx(-70.3, abs=1.0)
    assert room.found.findings()[0] is Finding.SPEECH_GOOD


@pytest.mark.parametrize(("level", "finding"), [(1_000.0, Finding.SPEECH_GOOD), (60.0, Finding.SPEECH_SOFT)])
def test_a_faint_voice_is_told_from_a_clear_one(level: float, finding: Finding) -> None:
    room = Room()
    room.go_on(2, said=level)
    room.checker.begin(CheckSound("check"))
    room.go_on(6)
    assert room.found.findings()[0] is finding


def test_an_echo_louder_than_the_voice_of_the_user_is_too_loud() -> None:
    room = Room(gain=0.9)
    room.go_on(2, said=1_000.0)
    room.checker.begin(CheckSound("check"))
    room.go_on(6)
    assert Finding.ECHO_LOUD in room.found.findings()
    quieter = room.found.quieter()
    assert quieter is not None
    assert Finding.ECHO_LOUD not in replace(room.found, volume=quieter).findings()


def test_turned_down_the_same_loudspeaker_is_no_trouble() -> None:
    room = Room(gain=0.9, volume=0.2)
    room.go_on(2, said=1_000.0)
    room.checker.begin(CheckSound("check"))
    room.go_on(6)
    assert room.found.echo is not None
    assert room.found.echo.gain == pytest.approx(20 * np.log10(0.9), abs=0.5)
    assert Finding.ECHO_SOFT in room.found.findings()
    assert room.found.quieter() is None


def test_a_loudspeaker_that_nobody_hears_is_told_of() -> None:
    room = Room(gain=0.0)
    room.checker.begin(CheckSound("check"))
    room.go_on(6)
    assert room.found.findings() == (Finding.ROOM_QUIET, Finding.LOUDSPEAKER_UNHEARD)


def test_a_loudspeaker_that_asks_for_nothing_does_not_keep_us_waiting() -> None:
    room = Room()
    room.checker.begin(CheckSound("check"))
    room.go_on(7, plays=False)
    assert room.found.echo is None


def test_a_muted_microphone_is_all_there_is_to_say() -> None:
    room = Room(gain=0.0, noise=0.0)
    room.checker.begin(CheckSound("check"))
    room.go_on(6)
    assert room.found.findings() == (Finding.MICROPHONE_SILENT,)


def test_a_microphone_that_gives_nothing_in_silence_but_hears_the_probe_is_well() -> None:
    room = Room(noise=0.0)
    room.checker.begin(CheckSound("check"))
    room.go_on(6)
    assert room.found.findings() == (Finding.ROOM_QUIET, Finding.ECHO_SOFT)


def test_a_microphone_turned_up_too_far_is_told_of() -> None:
    room = Room(noise=30_000.0)
    room.checker.begin(CheckSound("check"))
    room.go_on(6)
    assert {Finding.CLIPPED, Finding.ROOM_NOISY} <= set(room.found.findings())


def test_sound_lost_on_the_way_does_not_move_the_echo() -> None:
    room = Room()
    room.checker.begin(CheckSound("check"))
    room.go_on(1, dropped=lambda number: FRAME_SAMPLES if number == 20 else 0)
    room.clock.advance(FRAME_SECONDS)
    room.go_on(5)
    assert room.found.echo is not None
    assert room.found.echo.delay == pytest.approx(0.15, abs=0.033)


def test_a_check_that_is_cancelled_falls_silent_at_once_and_is_not_told_of() -> None:
    room = Room()
    room.checker.begin(CheckSound("check"))
    room.go_on(3.2)
    assert room.played[-1].any()
    room.checker.cancel("check")
    room.go_on(3)
    assert not any(out.any() for out in room.played[-90:])
    assert room.reports == []


def test_sound_that_waited_for_a_slow_recogniser_is_not_taken_for_the_room() -> None:
    room = Room()
    room.clock.advance(2.0)
    room.checker.begin(CheckSound("check"))
    loud = np.full(FRAME_SAMPLES, 9_000, np.int16)
    for number in range(60):
        room.checker.hear(Frame(loud, 50.0 + number * FRAME_SECONDS), 0.0)
    room.go_on(6)
    assert room.found.echo is not None
    assert room.found.echo.gain == pytest.approx(20 * np.log10(0.3), abs=0.5)


def test_a_cancel_that_comes_too_late_leaves_the_next_check_alone() -> None:
    room = Room()
    room.checker.begin(CheckSound("second"))
    room.checker.cancel("first")
    room.go_on(6)
    assert [check for check, _ in room.reports] == ["second"]


def test_nothing_is_added_to_what_is_played_unless_asked_for() -> None:
    room = Room()
    room.voice = np.arange(48_000, dtype=np.int16)
    room.go_on(1)
    assert np.concatenate(room.played)[:47_000].tolist() == np.arange(47_000, dtype=np.int16).tolist()
    assert room.reports == []


def test_every_finding_has_its_advice_in_one_line() -> None:
    assert ADVICE.keys() == set(Finding)
    assert all("\n" not in advice and len(advice) < 140 for advice in ADVICE.values())

"""The doctor: looks at every part of the device, one after another, and says what to do about each that ails.

Nothing here ends the others: a part that fails is told of, and the next one is looked at.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import numpy as np

from voiceskill.app import App, shipped
from voiceskill.core.actions import CheckSound
from voiceskill.core.sound import GOOD, Finding
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.encoder import OnnxEncoder, verify
from voiceskill.edges.machine import free_disk, free_memory, keeps_time, try_to_write
from voiceskill.edges.microphone import SoundDeviceMicrophone
from voiceskill.edges.recognisers.with_server import WithServer as RecogniserWithServer
from voiceskill.edges.speaker import SoundDeviceSpeaker
from voiceskill.edges.store import SqliteStore
from voiceskill.edges.synthesisers.with_server import WithServer as SynthesiserWithServer
from voiceskill.edges.vad import SileroVad
from voiceskill.ports import HEARING_RATE, Fault, NoAudioDevice, Pcm
from voiceskill.profiles import UNITS, Machine, Profile, cannot_run
from voiceskill.settings import AlertSettings, Settings
from voiceskill.sound_check.checker import SoundChecker
from voiceskill.sound_check.verdict import ADVICE, FAULTS, SoundCheck

_MEGABYTE = 2**20
_LEAST_DISK = 50
_ENOUGH_DISK = 300
_ENOUGH_MEMORY = 150
"""Megabytes. All replies as sound take 200 on the disk; the memory is what is left with all engines loaded."""

_FIRST_YEAR, _LAST_YEAR = 2026, 2100
"""This program is no older than the first; a clock without a battery begins long before it."""

_ANSWER_SECONDS = 20.0
"""How long the sound system may take to be looked at; a check of the sound takes five. One that hangs keeps us waiting for ever."""

Figure = str | float | int | bool | None


class Health(StrEnum):
    """How a part is."""

    WELL = "ok"
    SO_SO = "look"  # it works, and could do better
    ILL = "fault"


@dataclass(frozen=True, slots=True)
class Examined:
    """What was seen of a part, in words and in figures. `fault` keeps it from its work; with `advice` it would do that better."""

    part: str
    seen: str = ""
    figures: Mapping[str, Figure] = field(default_factory=dict)
    advice: tuple[str, ...] = ()
    fault: Fault | None = None

    @property
    def health(self) -> Health:
        """In one word."""
        return Health.ILL if self.fault else Health.SO_SO if self.advice else Health.WELL


def examine(app: App, before_sound: Callable[[], None]) -> Iterator[Examined]:
    """Look at every part in turn. `before_sound` is called before there is something to be heard, and to be quiet for."""
    yield _look("skill", lambda: Examined("skill", f"{app.skill.name}, {len(app.skill.intents)} intents"))
    yield _look("machine", lambda: told_of_machine(app.machine, app.profile_name, app.profile))
    yield _look("understanding", lambda: _understanding(app))
    yield _look("recogniser", lambda: _recogniser(app))
    yield _look("synthesiser", lambda: _synthesiser(app))
    microphone = _look("microphone", lambda: _microphone(app.settings))
    loudspeaker = _look("loudspeaker", lambda: _loudspeaker(app.settings))
    yield microphone
    yield loudspeaker
    if microphone.fault is None and loudspeaker.fault is None:
        before_sound()
        yield _look("sound", lambda: told_of_sound(_answered(lambda: check_sound(app.settings))))
    yield _look("alerts", lambda: told_of_alerts(app.settings.alerts))
    yield _look("diary", lambda: _diary(app))
    yield _look("disk", lambda: _disk(app))
    yield _look("memory", _memory)
    yield _look("clock", lambda: told_of_clock(datetime.now().astimezone(), kept=keeps_time()))


def examine_running(app: App) -> Iterator[Examined]:
    """Look at every part that can be looked at beside a running device: not at its engines, nor at the sound devices that it holds."""
    yield _look("skill", lambda: Examined("skill", f"{app.skill.name}, {len(app.skill.intents)} intents"))
    yield _look("diary", lambda: _diary(app))
    yield _look("disk", lambda: _disk(app))
    yield _look("memory", _memory)
    yield _look("clock", lambda: told_of_clock(datetime.now().astimezone(), kept=keeps_time()))


def _look(part: str, look: Callable[[], Examined]) -> Examined:
    try:
        return look()
    except Fault as fault:
        return Examined(part, fault=fault)


# Understanding, hearing, speaking.


def _understanding(app: App) -> Examined:
    folder = shipped("models") / f"understanding-{app.skill.language}"
    if not app.profile.trained_judge:
        return Examined("understanding", "by listed phrases only: the profile of the machine has no trained judge")
    if not folder.is_dir():
        return Examined("understanding", "by listed phrases", advice=(f"{folder} is missing: install voiceskill again",))
    verify(folder)
    if set(OnnxEncoder(folder).intents) <= app.skill.intents.keys():
        return Examined("understanding", f"by the trained judge in {folder.name}")
    taught = f"The judge in {folder.name} was taught other intents than those in {app.home.intents}: run scripts/train-understanding"
    return Examined("understanding", "by listed phrases only", advice=(taught,))


def _recogniser(app: App) -> Examined:
    recogniser = app.recogniser()
    recogniser.start()
    recogniser.accept(np.zeros(HEARING_RATE, np.int16))
    recogniser.hypotheses()
    trouble = recogniser.trouble if isinstance(recogniser, RecogniserWithServer) else None
    return Examined("recogniser", recogniser.name, advice=_of_server(trouble))


def _synthesiser(app: App) -> Examined:
    synthesiser = app.synthesiser()
    if not len(synthesiser.render("One.").pcm):
        raise Fault(f"{synthesiser.name} makes no sound: choose another voice: voiceskill say --voices")
    voice = app.voice()
    if not isinstance(voice, SynthesiserWithServer):
        return Examined("synthesiser", synthesiser.name)
    voice.render("One.")
    return Examined("synthesiser", voice.name, advice=_of_server(voice.trouble))


def _of_server(trouble: str | None) -> tuple[str, ...]:
    return (f"{trouble}: see whether it runs there, and its address in the settings",) if trouble else ()


# Sound.

Answer = TypeVar("Answer")


def _answered(look: Callable[[], Answer]) -> Answer:
    """What `look` gives, from a thread of its own: a sound system that hangs does not let go of who asks it."""
    answers: list[Answer] = []
    faults: list[Fault] = []

    def ask() -> None:
        try:
            answers.append(look())
        except Fault as fault:
            faults.append(fault)

    asking = threading.Thread(target=ask, name="doctor", daemon=True)
    asking.start()
    asking.join(_ANSWER_SECONDS)
    for fault in faults:
        raise fault
    if not answers:
        raise NoAudioDevice("The sound system does not answer: switch the device off and on again, then run this again")
    return answers[0]


def _microphone(settings: Settings) -> Examined:
    return Examined("microphone", _answered(lambda: SoundDeviceMicrophone(settings.microphone or None, MonotonicClock()).name))


def _loudspeaker(settings: Settings) -> Examined:
    found = _answered(lambda: SoundDeviceSpeaker(settings.loudspeaker or None, MonotonicClock()))
    return Examined("loudspeaker", f"{found.name}, {found.rate} samples a second", {"rate": found.rate})


def check_sound(settings: Settings) -> SoundCheck:
    """Listen to the room, play the probe and listen for it. Takes five seconds. Raises NoAudioDevice."""
    clock = MonotonicClock()
    found: list[SoundCheck] = []
    with ExitStack() as stack:
        microphone = stack.enter_context(closing(SoundDeviceMicrophone(settings.microphone or None, clock)))
        speaker = stack.enter_context(closing(SoundDeviceSpeaker(settings.loudspeaker or None, clock)))
        checker = SoundChecker(
            _silence, rate=speaker.rate, volume=settings.volume, clock=clock, report=lambda _check, sound: found.append(sound)
        )
        checker.begin(CheckSound("doctor"))
        detector = SileroVad()
        speaker.start(checker.pull)
        for frame in microphone.frames():
            checker.hear(frame, detector.probability(frame.pcm))
            if speaker.fault:
                raise speaker.fault
            if found:
                return found[0]
    raise NoAudioDevice(f'The microphone "{microphone.name}" was closed while we listened: run this again')


def _silence(samples: int) -> Pcm:
    return np.zeros(samples, np.int16)


def told_of_sound(sound: SoundCheck) -> Examined:
    """A check of the sound as a part of the device."""
    levels, echo, findings = sound.levels, sound.echo, sound.findings()
    seen = [f"noise {levels.noise:.0f} dBFS", f"speech {levels.speech:.0f} dBFS" if levels.speech is not None else "nobody spoke"]
    if levels.clipped:
        seen.append(f"{levels.clipped:.1%} of it clipped")
    seen.append(f"echo {echo.gain:+.0f} dB after {echo.delay * 1000:.0f} ms" if echo else "no echo")
    faults = [ADVICE[finding] for finding in findings if finding in FAULTS]
    return Examined(
        "sound",
        ", ".join(seen),
        {
            "findings": " ".join(findings),
            "noise_dbfs": round(levels.noise, 1),
            "speech_dbfs": None if levels.speech is None else round(levels.speech, 1),
            "peak": round(levels.peak, 4),
            "clipped": round(levels.clipped, 5),
            "offset": round(levels.offset, 4),
            "hum_hz": levels.hum,
            "echo_heard": echo is not None,
            "echo_db": round(echo.gain, 1) if echo else None,
            "delay_ms": round(echo.delay * 1000) if echo else None,
            "distortion": round(echo.distortion, 3) if echo else None,
        },
        tuple(ADVICE[finding] for finding in findings if finding not in FAULTS | GOOD),
        (NoAudioDevice if Finding.MICROPHONE_SILENT in findings else Fault)(". ".join(faults)) if faults else None,
    )


# Alerts.


def told_of_alerts(settings: AlertSettings) -> Examined:
    """Whom the settings name as a part of the device, and whether the programs are there. Nothing is sent: that would wake people."""
    figures = {"webhooks": len(settings.webhook), "commands": len(settings.command)}
    if not settings.names:
        return Examined("alerts", "nobody is told when somebody needs help; docs/alerts.md shows how", figures)
    missing = [one for one in settings.command if shutil.which(one.run[0]) is None]
    if missing:
        raise Fault(f'The program of the command "{missing[0].name}" is not there, or may not be run: correct it in the settings')
    names = ", ".join(settings.names)
    return Examined("alerts", f"{names}; to see whether they are reached: voiceskill alert test", figures)


# The computer.


def told_of_machine(machine: Machine, name: str, profile: Profile) -> Examined:
    """The machine as a part of the device: what it has, and every value of the profile that follows."""
    values = profile.model_dump()
    shown = ", ".join(f"{key} {_plain(value)}{f' {UNITS[key]}' if key in UNITS else ''}" for key, value in values.items())
    figures: dict[str, Figure] = {
        "profile": name,
        **{key: value if isinstance(value, int | float | str) else " ".join(value) for key, value in values.items()},
    }
    too_old = cannot_run(machine)
    return Examined("machine", f"{machine}; profile {name}: {shown}", figures, (too_old,) if too_old else ())


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", then ".join(value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _diary(app: App) -> Examined:
    with closing(SqliteStore(app.home.data)) as store:
        count = len(store.load().entries)
        return Examined("diary", f"{count} entries", {"entries": count}, (store.warning,) if store.warning else ())


def _disk(app: App) -> Examined:
    data = app.home.data
    try:
        try_to_write(data)
        free = free_disk(data) // _MEGABYTE
    except OSError as error:
        raise Fault(f"{data} cannot be written ({error.strerror}): see who owns it, or give another with --data-dir") from error
    few = f"Only {free} MB are free for {data}: delete what you don't need there"
    if free < _LEAST_DISK:
        raise Fault(few)
    return Examined("disk", f"{free} MB free for {data}", {"free_mb": free}, (few,) if free < _ENOUGH_DISK else ())


def _memory() -> Examined:
    free = free_memory()
    if free is None:
        return Examined("memory", "the system does not tell how much is free")
    megabytes = free // _MEGABYTE
    few = "There is little memory left: end other programs, or choose a smaller speech model"
    return Examined("memory", f"{megabytes} MB free", {"free_mb": megabytes}, (few,) if megabytes < _ENOUGH_MEMORY else ())


def told_of_clock(now: datetime, *, kept: bool) -> Examined:
    """The clock as a part of the device; `kept` is whether it is right after the power was off."""
    shown = f"{now:%A %d %B %Y, %H:%M}"
    if not _FIRST_YEAR <= now.year <= _LAST_YEAR:
        raise Fault(f"The clock says {shown}: connect the device to a network once, or set it: sudo date --set '2026-12-31 23:59'")
    lost = "After a power cut the time will be wrong until a network tells it: add a clock with a battery, or notes get wrong times"
    return Examined("clock", shown, {"time": now.isoformat(timespec="seconds")}, () if kept else (lost,))

"""Waiting for sound: a device that was switched on before its microphone was plugged in need not be switched off and on again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

import numpy as np

from voiceskill.app import App
from voiceskill.edges.clock import MonotonicClock
from voiceskill.live import PortAudioSound
from voiceskill.ports import NoAudioDevice, SoundSystem, Supervisor

_PAUSE_SECONDS = 5.0

_STARTING_SECONDS = 300.0
"""What the models may take to be loaded, on the slowest machine, once there is sound."""


def await_sound(app: App, supervisor: Supervisor, tell: Callable[[str], None]) -> None:
    """Return as soon as microphone and loudspeaker of the settings work. What is missing is told once, and to `supervisor`."""
    await_sound_of(PortAudioSound(app.settings, MonotonicClock()), supervisor, tell, time.sleep)


def await_sound_of(sound: SoundSystem, supervisor: Supervisor, tell: Callable[[str], None], pause: Callable[[float], object]) -> None:
    """The same with any `sound`; `pause` lets seconds pass.

    For the supervisor we are up from the first time that something is missing: it has nothing to put right.
    """
    told = ""
    while fault := _missing(sound):
        if fault != told:
            tell(f"{fault} Looking for it until it is there.")
            told = fault
        supervisor.ready()
        supervisor.status(fault)
        supervisor.alive()
        pause(_PAUSE_SECONDS)
        sound.look_again()
    if told:
        supervisor.alive(_STARTING_SECONDS)


def _missing(sound: SoundSystem) -> str:
    """What does not work, and what to do about it; nothing when both work."""
    try:
        with closing(sound.loudspeaker()) as loudspeaker, closing(sound.microphone()) as microphone:
            loudspeaker.start(lambda samples: np.zeros(samples, np.int16))
            frames = microphone.frames()
            next(frames, None)
            microphone.close()
            for _ in frames:
                pass
    except NoAudioDevice as fault:
        return str(fault)
    return ""

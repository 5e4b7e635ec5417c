"""Which synthesiser speaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from voiceskill.edges.synthesisers import piper
from voiceskill.edges.synthesisers.flite import Flite
from voiceskill.edges.synthesisers.piper import Piper
from voiceskill.edges.synthesisers.pyttsx3_engine import Pyttsx3
from voiceskill.ports import Fault, Synthesiser

EngineName = Literal["auto", "pyttsx3", "flite", "piper"]

_SLOWEST_WPM, _FASTEST_WPM = 60, 400
_MOST_SEMITONES = 12


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """How to speak. Loudness is no part of it: that is applied at playback."""

    engine: EngineName = "auto"
    voice: str | None = None
    """The engine's name for a voice; None is its most intelligible."""
    words_per_minute: float = 140
    pitch: float = 0
    """Semitones above the voice's own pitch."""
    voices_dir: Path | None = None
    """Folder of Piper voices."""


def _pyttsx3(settings: SpeechSettings) -> Synthesiser:
    return Pyttsx3(settings.voice, words_per_minute=settings.words_per_minute, pitch=settings.pitch)


def _flite(settings: SpeechSettings) -> Synthesiser:
    return Flite(settings.voice, words_per_minute=settings.words_per_minute, pitch=settings.pitch)


def _piper(settings: SpeechSettings) -> Synthesiser:
    return Piper(settings.voice, folder=settings.voices_dir, words_per_minute=settings.words_per_minute, pitch=settings.pitch)


_BY_INTELLIGIBILITY: dict[str, Callable[[SpeechSettings], Synthesiser]] = {
    # A neural voice that its owner chose to install; none could be measured here.
    "piper": _piper,
    # 14 % of the words of our replies misheard by Moonshine tiny, voice rms (docs/benchmarks.md).
    "flite": _flite,
    # 27 to 29 %, whatever the voice.
    "pyttsx3": _pyttsx3,
}


def build_synthesiser(settings: SpeechSettings) -> Synthesiser:
    """Build the engine asked for, or for `auto` the most intelligible one present that has the voice asked for.

    Raises Fault when it is missing, does not start or lacks the voice, saying which voices there are; ModelMissing for a Piper voice.
    """
    if not _SLOWEST_WPM <= settings.words_per_minute <= _FASTEST_WPM:
        raise Fault(f"Speech at {settings.words_per_minute:g} words a minute is impossible: set {_SLOWEST_WPM} to {_FASTEST_WPM}.")
    if abs(settings.pitch) > _MOST_SEMITONES:
        raise Fault(f"A pitch of {settings.pitch:g} semitones is too far: set {-_MOST_SEMITONES} to {_MOST_SEMITONES}.")
    if settings.engine != "auto":
        builder = _BY_INTELLIGIBILITY.get(settings.engine)
        if builder is None:
            raise Fault(f"There is no speech engine `{settings.engine}`. Choose one of: auto, {', '.join(_BY_INTELLIGIBILITY)}.")
        return builder(settings)
    return _first_present(settings)


def _first_present(settings: SpeechSettings) -> Synthesiser:
    faults: list[Fault] = []
    for engine, builder in _BY_INTELLIGIBILITY.items():
        if engine == "piper" and not piper.is_installed(settings.voices_dir):
            continue
        try:
            return builder(settings)
        except Fault as fault:
            faults.append(fault)
    raise Fault(" ".join(map(str, faults)))

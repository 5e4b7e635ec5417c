"""Understanding through the ear: lines that nobody trained on, spoken by synthetic people in a noisy room, recognised, understood.

Each line is spoken by one voice, in a room whose echo lasts a quarter of a second, over one of three noises: babble made of other lines,
a fan (pink noise), mains hum. The same recording is heard clean and at each signal-to-noise ratio.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rich.progress

from scripts.bench_suite.people import VOICES, spoken
from scripts.bench_suite.rooms import babble, fan, hum, loudness, mixed, recorded, reverberated
from scripts.bench_suite.tables import Table
from scripts.bench_suite.understanding import PHRASES, Line, Score, read_lines
from voiceskill.app import App, Home
from voiceskill.core.skill import Kind
from voiceskill.core.understanding.outcome import Match
from voiceskill.ports import HEARING_RATE, Pcm

DECIBELS = (None, 24.0, 12.0, 6.0)
"""Signal-to-noise ratios; None is the clean recording, without the room."""

_REVERBERATION_SECONDS = 0.25
_LONGEST_WORDS = 25
"""Longer lines are left out: nobody says them in one breath."""


@dataclass(frozen=True, slots=True)
class _Clip:
    line: Line
    dry: Pcm


def measure_spoken(home: Home, folder: Path, sample: int) -> list[Table]:
    """One table a recogniser in use: understanding at each level of noise. `folder` is scratch."""
    chance = random.Random(1)
    lines = [line for line in read_lines(PHRASES / "heldout.tsv") if 2 <= len(line.text.split()) <= _LONGEST_WORDS]
    clips = list(_speak(chance.sample(lines, min(sample, len(lines))), folder))
    others = [clip.dry for clip in clips]
    with App(home) as app:
        flags = frozenset(intent.id for intent in app.skill.intents.values() if intent.kind is Kind.FLAG)
        recogniser, interpreter = app.recogniser(), app.interpreter()
        rows = []
        for decibels in DECIBELS:
            answers = []
            for clip in rich.progress.track(clips, f"{decibels or 'clean'}", transient=True):
                recogniser.start()
                recogniser.accept(_in_room(clip.dry, decibels, others, chance))
                readings = [hypothesis.text for hypothesis in recogniser.hypotheses()] or [""]
                outcome = interpreter.interpret(readings).outcome
                answers.append(outcome.intent if isinstance(outcome, Match) else "none")
            score = Score.of([clip.line for clip in clips], answers, flags)
            name = "clean" if decibels is None else f"{decibels:.0f} dB, room"
            rows.append((name, score.understood, score.rejected, score.flags_caught, score.look_alikes_flagged))
        name = recogniser.name
    columns = ("sound", "in scope understood %", "unrelated rejected %", "flags caught %", "look-alikes flagged %")
    return [Table(f"Understanding by ear, {name}, {len(clips)} lines", columns, tuple(rows), digits=1)]


def _speak(lines: Sequence[Line], folder: Path) -> Iterator[_Clip]:
    voices = list(VOICES)
    for number, line in enumerate(rich.progress.track(lines, "speaking", transient=True)):
        yield _Clip(line, spoken(line.text, voices[number % len(voices)], folder))


def _in_room(dry: Pcm, decibels: float | None, others: Sequence[Pcm], chance: random.Random) -> Pcm:
    """The recording as the microphone hears it, with a little silence before and after."""
    padded = np.concatenate([np.zeros(HEARING_RATE // 3), dry.astype(np.float64), np.zeros(HEARING_RATE // 2)])
    if decibels is None:
        return padded.astype(np.int16)
    seed = np.random.default_rng(chance.randrange(2**32))
    speech = reverberated(padded, _REVERBERATION_SECONDS, seed)
    noise = chance.choice((babble, fan, hum))(len(speech), others, seed)
    return recorded(mixed(speech, noise, decibels, loudness(dry)))

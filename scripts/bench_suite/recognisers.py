"""Which recogniser is better, in figures: each installed one on the same recordings, by voices that none was trained on."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rich.progress

from scripts.bench_suite.measures import error_rate, median, with_noise, word_errors
from scripts.bench_suite.people import UNHEARD_VOICES, spoken
from scripts.bench_suite.tables import Table
from scripts.bench_suite.understanding import PHRASES, Line, read_lines
from voiceskill.app import App, Home, shipped
from voiceskill.core.interpret import Interpreter
from voiceskill.core.understanding.outcome import Match
from voiceskill.edges.recognisers.moonshine_engine import MODEL
from voiceskill.ports import HEARING_RATE, Pcm

NOISE_DECIBELS = 12.0
_LOADS = 3
_LEAD_SECONDS, _TAIL_SECONDS = 0.4, 0.7
"""Silence before and after the words, as the listener hands it over."""

_LONGEST_WORDS = 16
"""Longer lines are left out: few people say them in one breath."""


@dataclass(frozen=True, slots=True)
class _Spoken:
    line: Line
    noisy: bool
    file: Path
    seconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """A recogniser on one kind of sound; shares in %, `pace` in seconds of processor for a second of sound."""

    name: str
    sound: str
    word_errors: float
    understood: float
    pace: float
    load_seconds: float
    peak_mb: float


def measure_recognisers(home: Home, folder: Path, sample: int, plot: Path | None) -> list[Table]:
    """One table, and a `plot` of it. `folder` is scratch."""
    chance = random.Random(1)
    lines = [line for line in read_lines(PHRASES / "heldout.tsv") if _asks(line) and 2 <= len(line.text.split()) <= _LONGEST_WORDS]
    clips = _speak(folder, chance.sample(lines, min(sample, len(lines))))
    with App(home) as app:
        interpreter = app.interpreter()
    rows = [row for installed in _installed(home) for row in _judge(*installed, clips, interpreter)]
    if plot:
        draw(rows, plot)
    columns = ("recogniser", "sound", "words wrong %", "understood %", "processor for 1 s", "load s", "peak MB")
    return [
        Table(
            f"Recognisers, {len(clips) // 2} questions and commands",
            columns,
            tuple((row.name, row.sound, row.word_errors, row.understood, row.pace, row.load_seconds, round(row.peak_mb)) for row in rows),
            note=f"medians; load: of {_LOADS} fresh processes, files in the disk cache",
        )
    ]


def draw(rows: Sequence[Row], file: Path) -> None:
    """What is understood against what it costs, a point for each recogniser and sound."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for sound, marker in (("clean", "o"), (_noisy(), "s")):
        of_sound = [row for row in rows if row.sound == sound]
        axes.scatter([row.pace for row in of_sound], [row.understood for row in of_sound], marker=marker, label=sound)
        for row in of_sound:
            axes.annotate(row.name, (row.pace, row.understood), xytext=(5, 5), textcoords="offset points", fontsize=8)
    axes.set(xlabel="seconds of processor for a second of sound", ylabel="understood, %", ylim=(0, 100), xlim=(0, None))
    axes.margins(x=0.4)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    plt.close(figure)


def _noisy() -> str:
    return f"white noise at {NOISE_DECIBELS:g} dB"


def _asks(line: Line) -> bool:
    return line.label != "none" and not line.label.startswith("not:")


def _judge(engine: str, model: str, models_dir: Path, clips: Sequence[_Spoken], interpreter: Interpreter) -> list[Row]:
    loads = [_run(engine, model, models_dir, [])["load"] for _ in range(_LOADS)]
    found = _run(engine, model, models_dir, [clip.file for clip in rich.progress.track(clips, f"{engine} {model}", transient=True)])
    rows = []
    for noisy in (False, True):
        readings = [(clip, reading) for clip, reading in zip(clips, found["readings"], strict=True) if clip.noisy == noisy]
        right = sum(_means(interpreter, reading["texts"]) == clip.line.label for clip, reading in readings)
        rows.append(
            Row(
                name=found["name"],
                sound=_noisy() if noisy else "clean",
                word_errors=100 * error_rate(word_errors(clip.line.text, next(iter(reading["texts"]), "")) for clip, reading in readings),
                understood=100 * right / len(readings),
                pace=median(reading["processor"] / clip.seconds for clip, reading in readings),
                load_seconds=median(loads),
                peak_mb=found["peak_mb"],
            )
        )
    return rows


def _means(interpreter: Interpreter, readings: Sequence[str]) -> str | None:
    outcome = interpreter.interpret(readings or [""]).outcome
    return outcome.intent if isinstance(outcome, Match) else None


def _installed(home: Home) -> list[tuple[str, str, Path]]:
    """Engine, model and the folder of models, for each that is there."""
    folders = [folder for folder in (home.models, shipped("models")) if folder.is_dir()]
    models = [("vosk", path.name, folder) for folder in folders for path in sorted(folder.glob("vosk*/"))]
    return [("moonshine", MODEL, home.models), *models]


def _run(engine: str, model: str, models_dir: Path, clips: list[Path]) -> dict[str, Any]:
    command = [sys.executable, "-m", "scripts.bench_suite.recogniser_child", engine, model, str(models_dir), *map(str, clips)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _speak(folder: Path, lines: Sequence[Line]) -> list[_Spoken]:
    clips = []
    voices = list(UNHEARD_VOICES)
    for number, line in enumerate(lines):
        clean = _in_silence(spoken(line.text, voices[number % len(voices)], folder))
        for noisy in (False, True):
            file = folder / f"{number} {noisy}.npy"
            np.save(file, with_noise(clean, NOISE_DECIBELS, seed=number) if noisy else clean)
            clips.append(_Spoken(line, noisy, file, len(clean) / HEARING_RATE))
    return clips


def _in_silence(pcm: Pcm) -> Pcm:
    before, after = (np.zeros(round(seconds * HEARING_RATE), np.int16) for seconds in (_LEAD_SECONDS, _TAIL_SECONDS))
    return np.concatenate([before, pcm, after])

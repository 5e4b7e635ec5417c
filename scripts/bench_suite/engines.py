"""How well, how fast and how large each installed recogniser is."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rich.progress

from scripts.bench_suite.measures import WordErrors, error_rate, median, with_noise, word_errors
from scripts.bench_suite.people import SENTENCES, VOICES, spoken
from scripts.bench_suite.tables import Table
from voiceskill.app import Home, shipped
from voiceskill.edges.recognisers.moonshine_engine import MODEL
from voiceskill.ports import HEARING_RATE, Pcm

NOISE_DECIBELS = 12.0
_LOADS = 3
_LEAD_SECONDS, _TAIL_SECONDS = 0.4, 0.7
"""Silence before and after the words, as the listener hands it over."""


@dataclass(frozen=True, slots=True)
class _Spoken:
    text: str
    voice: str
    noisy: bool
    file: Path
    seconds: float


def measure_engines(home: Home, folder: Path, sample: int) -> list[Table]:
    """Two tables: the engines themselves, and their word error rates by voice. `folder` is scratch."""
    clips = _speak(folder, SENTENCES[:sample])
    costs, errors = [], []
    for engine, model, models_dir in _installed(home):
        loads = [_run(engine, model, models_dir, [])["load"] for _ in range(_LOADS)]
        found = _run(engine, model, models_dir, [clip.file for clip in rich.progress.track(clips, f"{engine} {model}", transient=True)])
        readings = list(zip(clips, found["readings"], strict=True))
        wall = median(reading["wall"] / clip.seconds for clip, reading in readings)
        processor = median(reading["processor"] / clip.seconds for clip, reading in readings)
        costs.append((found["name"], median(loads), wall, processor, round(found["peak_mb"]), round(found["before_mb"])))
        for noisy in (False, True):
            of: dict[str, list[WordErrors]] = {voice: [] for voice in VOICES}
            for clip, reading in readings:
                if clip.noisy == noisy:
                    of[clip.voice].append(word_errors(clip.text, reading["text"]))
            everyone = error_rate(one for each in of.values() for one in each)
            sound = f"white noise at {NOISE_DECIBELS:g} dB" if noisy else "clean"
            errors.append((found["name"], sound, *(100 * error_rate(each) for each in of.values()), 100 * everyone))
    columns = ("recogniser", "load s", "seconds for 1 s of sound", "of processor", "peak MB", "MB before loading")
    return [
        Table("Recognisers", columns, tuple(costs), note="medians; load: of 3 fresh processes, files in the disk cache"),
        Table(f"Word error rate, %, {sample} sentences", ("recogniser", "sound", *VOICES, "all"), tuple(errors), digits=1),
    ]


def _installed(home: Home) -> list[tuple[str, str, Path]]:
    """Engine, model and the folder of models, for each that is there."""
    folders = [folder for folder in (home.models, shipped("models")) if folder.is_dir()]
    models = [("vosk", path.name, folder) for folder in folders for path in sorted(folder.glob("vosk*/"))]
    return [("moonshine", MODEL, home.models), *models]


def _run(engine: str, model: str, models_dir: Path, clips: list[Path]) -> dict[str, Any]:
    command = [sys.executable, "-m", "scripts.bench_suite.engine_child", engine, model, str(models_dir), *map(str, clips)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _speak(folder: Path, sentences: tuple[str, ...]) -> list[_Spoken]:
    clips = []
    for voice in VOICES:
        for number, text in enumerate(sentences):
            clean = _in_silence(spoken(text, voice, folder))
            for noisy in (False, True):
                file = folder / f"{voice} {number} {noisy}.npy"
                np.save(file, with_noise(clean, NOISE_DECIBELS, seed=number) if noisy else clean)
                clips.append(_Spoken(text, voice, noisy, file, len(clean) / HEARING_RATE))
    return clips


def _in_silence(pcm: Pcm) -> Pcm:
    before, after = (np.zeros(round(seconds * HEARING_RATE), np.int16) for seconds in (_LEAD_SECONDS, _TAIL_SECONDS))
    return np.concatenate([before, pcm, after])

"""How well each installed voice is understood, how soon it sounds, how large its engine is."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import get_args

import rich.console
import rich.progress
import soxr

from scripts.bench_suite.measures import WordErrors, error_rate, median, uncertainty, word_errors
from scripts.bench_suite.memory import ChildrenWatched
from scripts.bench_suite.tables import Cell, Table
from voiceskill.app import App, Home
from voiceskill.core.sentences import sentences
from voiceskill.core.skill import Skill
from voiceskill.edges.recognisers.moonshine_engine import MoonshineRecogniser
from voiceskill.edges.synthesisers.choose import EngineName, SpeechSettings, build_synthesiser
from voiceskill.edges.synthesisers.lexicon import Respelling, load_lexicon
from voiceskill.ports import HEARING_RATE, Clip, Fault, Recogniser, Synthesiser

_WATCHED = 5
"""Sentences rendered to see an engine's memory, apart from the timed ones: watching takes time."""

_SEED = 2026
_VOICES: dict[str, tuple[str | None, ...]] = {"flite": ("rms", "slt", "awb", "kal16"), "pyttsx3": (None, "en-gb")}
"""Voices tried for each engine; None is its own choice, and all that is tried of any other engine."""


@dataclass(slots=True)
class _Found:
    """What came of one voice."""

    name: str
    synthesiser: Synthesiser
    errors: list[WordErrors] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    paces: list[float] = field(default_factory=list)
    peak: float = 0.0


def replies(skill: Skill) -> list[str]:
    """Every fixed sentence of every intent, once."""
    lines = [line for one in skill.intents.values() for line in (*one.answers, one.then, one.invitation, one.more) if line]
    return list(dict.fromkeys(sentence for line in lines for sentence in sentences(line)))


def measure_voices(home: Home, sample: int) -> list[Table]:
    """One row a voice. Voices take turns sentence by sentence, so that whatever else the machine does weighs on all alike."""
    with ExitStack() as stack:
        app = stack.enter_context(App(home))
        listener = stack.enter_context(closing(MoonshineRecogniser()))
        everything = replies(app.skill)
        said = random.Random(_SEED).sample(everything, min(sample, len(everything)))
        found = _present(app, said[:_WATCHED])
        for one in found:
            stack.enter_context(closing(one.synthesiser))
        for text in rich.progress.track(said, "speaking", transient=True):
            for one in found:
                _speak(one, text, listener)
    found.sort(key=lambda one: error_rate(one.errors))
    rows = tuple(_row(one) for one in found)
    columns = ("voice", "word error rate, %", "+-", "time to first sound, ms", "of its length, %", "engine, peak MB")
    title = f"Our replies, {len(said)} of {len(everything)} sentences, heard by {listener.name}"
    return [Table(title, columns, rows, digits=1, note="medians; +-: half the 95 % interval; nothing cached")]


def _row(one: _Found) -> tuple[Cell, ...]:
    percent = 100 * error_rate(one.errors), 100 * uncertainty(one.errors)
    return (one.name, *percent, 1000 * median(one.waits), 100 * median(one.paces), round(one.peak))


def _present(app: App, tried_with: list[str]) -> list[_Found]:
    table = load_lexicon(app.home.intents / "pronunciation.yaml")
    found = []
    for engine in get_args(EngineName):
        for voice in () if engine == "auto" else _VOICES.get(engine, (None,)):
            settings = SpeechSettings(engine=engine, voice=voice, voices_dir=app.home.models / "piper")
            try:
                with ChildrenWatched() as watched:
                    synthesiser = Respelling(build_synthesiser(settings), table)
                    for text in tried_with:
                        synthesiser.render(text)
            except Fault as fault:
                rich.console.Console(stderr=True).print(f"left out: {engine} {voice or ''}: {fault}")
            else:
                found.append(_Found(synthesiser.name, synthesiser, peak=watched.peak))
    return found


def _speak(one: _Found, text: str, listener: Recogniser) -> None:
    began = time.perf_counter()
    clip = one.synthesiser.render(text)
    waited = time.perf_counter() - began
    one.waits.append(waited)
    one.paces.append(waited / clip.seconds)
    one.errors.append(word_errors(text, _heard(clip, listener)))


def _heard(clip: Clip, listener: Recogniser) -> str:
    listener.start()
    listener.accept(soxr.resample(clip.pcm, clip.rate, HEARING_RATE))
    hypotheses = listener.hypotheses()
    return hypotheses[0].text if hypotheses else ""

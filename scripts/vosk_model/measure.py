"""How well the model hears voices that it never learnt from; and which penalty lets [unk] take other people's talk, and nothing else.

Commands: of one or two words, each alone, with a grammar of all of them and [unk]; right is the whole command, word for word.
Other talk: lines that mean nothing here, with the same grammar; rejected is what gives no word but [unk].
Dictation: lines by writers whose lines nobody learnt from, with the model's own order of words.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import vosk

from scripts.bench_suite.measures import WordErrors, error_rate, word_errors
from scripts.bench_suite.rooms import NOISES, loudness, mixed, recorded
from scripts.vosk_model.corpus import in_silence
from scripts.vosk_model.graphs import UNKNOWN
from scripts.vosk_model.voices import Voice, speak
from voiceskill.core.understanding.normalise import normalise
from voiceskill.ports import HEARING_RATE, Pcm

COMMAND_WORDS = 2
"""The longest commands that are measured."""

NOISY_DECIBELS = 12.0
_LONGEST_WORDS = 14
_PIECE = 3_200
"""Bytes: a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What was said, by whom, and its recording."""

    text: str
    voice: str
    pcm: Pcm


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares from 0 to 1."""

    commands_exact: float
    others_rejected: float
    dictation_errors: float
    """Word error rate."""


def talk(file: Path, count: int, seed: int, *, ours: bool) -> list[str]:
    """So many lines of a file of `label<TAB>phrase` that mean something here, or that mean nothing; none of them long."""
    pairs = [line.split("\t", 1) for line in file.read_text(encoding="utf-8").splitlines()]
    texts = [normalise(text) for label, text in pairs if (label == "none") != ours and 2 <= len(text.split()) <= _LONGEST_WORDS]
    return some(texts, count, seed)


def some(texts: Sequence[str], count: int, seed: int) -> list[str]:
    """So many of them."""
    return random.Random(seed).sample(texts, min(count, len(texts)))


def recordings(texts: Sequence[str], voices: Sequence[Voice], seed: int) -> list[Clip]:
    """Each text in one of the voices, in turn, between silences."""
    said = [(text, voices[number % len(voices)]) for number, text in enumerate(texts)]
    noise = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as scratch:
        spoken = speak(said, Path(scratch))
    pairs = zip(said, spoken, strict=True)
    return [Clip(text, voice.label, in_silence(pcm, noise, before=0.4, after=0.7)) for (text, voice), pcm in pairs]


def in_noise(clips: Sequence[Clip], decibels: float, seed: int) -> list[Clip]:
    """The same over white noise, a fan or babble, in turn, that much softer than the speech."""
    random_numbers, others = np.random.default_rng(seed), [clip.pcm for clip in clips]
    found = []
    for number, clip in enumerate(clips):
        make = NOISES[("white", "fan", "babble")[number % 3]]
        sound = mixed(clip.pcm.astype(np.float64), make(len(clip.pcm), others, random_numbers), decibels, loudness(clip.pcm))
        found.append(Clip(clip.text, clip.voice, recorded(sound)))
    return found


class Listener:
    """Vosk on one model, without its messages."""

    def __init__(self, folder: Path) -> None:
        vosk.SetLogLevel(-1)
        self._model = vosk.Model(str(folder))

    def texts(self, clips: Sequence[Clip], grammar: Sequence[str] | None = None) -> list[str]:
        """What is heard of each, with [unk]."""
        decoder = vosk.KaldiRecognizer(self._model, HEARING_RATE, *([json.dumps(list(grammar))] if grammar else []))
        return [_heard(decoder, clip.pcm) for clip in clips]


def figures(
    listener: Listener, all_commands: Sequence[str], commands: Sequence[Clip], others: Sequence[Clip], dictation: Sequence[Clip]
) -> Figures:
    """What came out, with a grammar of `all_commands`."""
    grammar = [*all_commands, UNKNOWN]
    exact = [clip.text == heard for clip, heard in zip(commands, listener.texts(commands, grammar), strict=True)]
    rejected = [not known(heard) for heard in listener.texts(others, grammar)]
    errors = [word_errors(clip.text, known(heard)) for clip, heard in zip(dictation, listener.texts(dictation), strict=True)]
    return Figures(_share(exact), _share(rejected), error_rate(errors) if errors else float("nan"))


def by_voice(listener: Listener, dictation: Sequence[Clip]) -> dict[str, list[WordErrors]]:
    """Word errors of dictation for each voice."""
    found: dict[str, list[WordErrors]] = {}
    for clip, heard in zip(dictation, listener.texts(dictation), strict=True):
        found.setdefault(clip.voice, []).append(word_errors(clip.text, known(heard)))
    return found


def pace(listener: Listener, clips: Sequence[Clip]) -> float:
    """Seconds of processor for a second of sound, dictation."""
    began = time.process_time()
    listener.texts(clips)
    return (time.process_time() - began) / (sum(len(clip.pcm) for clip in clips) / HEARING_RATE)


def best_cost(
    costs: Sequence[float], write: Callable[[float], Path], all_commands: Sequence[str], commands: Sequence[Clip], others: Sequence[Clip]
) -> float:
    """The cost of an unknown word's sounds with the most commands right, which count twice, and other talk rejected.

    "Stop" that isn't heard is worse than a word of the television that is.
    """
    reached = {}
    for cost in costs:
        found = figures(Listener(write(cost)), all_commands, commands, others, ())
        reached[cost] = 2 * found.commands_exact + found.others_rejected
    return max(costs, key=lambda cost: reached[cost])


def known(heard: str) -> str:
    """The words that the model knows."""
    return " ".join(word for word in heard.split() if word != UNKNOWN)


def _share(outcomes: Sequence[bool]) -> float:
    return sum(outcomes) / len(outcomes) if outcomes else float("nan")


def _heard(decoder: vosk.KaldiRecognizer, pcm: Pcm) -> str:
    sound = pcm.astype("<i2").tobytes()
    pieces = (sound[at : at + _PIECE] for at in range(0, len(sound), _PIECE))
    stretches = [decoder.Result() for piece in pieces if decoder.AcceptWaveform(piece)]
    texts = [json.loads(stretch)["text"] for stretch in (*stretches, decoder.FinalResult())]
    return " ".join(filter(None, texts))

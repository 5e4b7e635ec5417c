"""Recognition with Vosk, which decodes while the sound comes in.

What Vosk 0.3.45 gives: without alternatives, one reading with times and a confidence for each word; with them, several readings with times
and one score for each reading (a log-likelihood), but no word confidences. Understanding gains more from a second reading than from a word
confidence, so alternatives are asked for; their scores become confidences as posteriors among the readings returned.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voiceskill.core.events import Hypothesis, Word
from voiceskill.ports import HEARING_RATE, ModelMissing, Pcm

UNKNOWN = "[unk]"
"""What a model says for a word outside its vocabulary. Left out of every text."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One reading of one stretch of sound. `score` is a log-likelihood, of use only against others of the same stretch."""

    words: tuple[Word, ...]
    text: str
    score: float = 0.0


class VoskRecogniser:
    """A Recogniser. Have the model checked (edges.models) before: the library ends the process over some kinds of damage.

    Vosk ends a stretch of speech by itself at a pause, and must end it to give a final result. The stretches of one utterance are kept and
    joined, so `hypotheses` in the middle of a word costs that word.
    """

    def __init__(self, path: Path, *, alternatives: int = 3) -> None:
        try:
            import vosk
        except (ImportError, OSError) as error:
            raise ModelMissing(f"The Vosk recogniser does not load ({error}): run scripts/setup again, or choose moonshine") from error
        vosk.SetLogLevel(-1)
        try:
            self._model: Any = vosk.Model(str(path))
            self._decoder = vosk.KaldiRecognizer(self._model, HEARING_RATE)
        except Exception as error:
            raise ModelMissing(f"The speech model {path.name} does not load: remove it and install it again") from error
        self._alternatives = alternatives if alternatives > 1 else 1
        self._decoder.SetWords(True)  # noqa: FBT003 - Vosk's own signature
        if self._alternatives > 1:
            self._decoder.SetMaxAlternatives(self._alternatives)
        self._name = f"vosk {path.name}"
        self._stretches: list[tuple[_Reading, ...]] = []
        self._heard = 0
        """Samples since the decoder was made: its word times count from there."""
        self._started = 0
        self._finished = 0

    @property
    def name(self) -> str:
        """See ports.Recogniser."""
        return self._name

    def knows(self, word: str) -> bool:
        """Whether the model has the word in its vocabulary."""
        return bool(self._model.vosk_model_find_word(word) >= 0)

    def bound_to(self, phrases: Sequence[str]) -> Any:
        """A decoder of the library on the same model, which hears nothing but these phrases."""
        import vosk

        return vosk.KaldiRecognizer(self._model, HEARING_RATE, json.dumps(phrases))

    def start(self) -> None:
        """See ports.Recogniser."""
        self._finish()
        self._stretches = []
        self._started = self._heard

    def accept(self, pcm: Pcm) -> str | None:
        """See ports.Recogniser."""
        if len(pcm):
            self._heard += len(pcm)
            if self._decoder.AcceptWaveform(pcm.astype("<i2", copy=False).tobytes()):
                self._keep(self._decoder.Result())
        partial = _without_unknown(json.loads(self._decoder.PartialResult()).get("partial", "")) if self._heard > self._finished else ""
        return " ".join(filter(None, [*(readings[0].text for readings in self._stretches), partial]))

    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """See ports.Recogniser."""
        self._finish()
        joined = [_Reading((), "")]
        for readings in self._stretches:
            pairs = [_join(first, second) for first, second in itertools.product(joined, readings)]
            joined = sorted(pairs, key=lambda reading: -reading.score)[: self._alternatives]
        return _posteriors(joined)

    def close(self) -> None:
        """See ports.Recogniser."""
        if hasattr(self, "_decoder"):
            del self._decoder
            del self._model

    def _finish(self) -> None:
        if self._heard > self._finished:
            self._keep(self._decoder.FinalResult())
            self._finished = self._heard

    def _keep(self, result: str) -> None:
        found = json.loads(result)
        readings = tuple(self._reading(one) for one in found.get("alternatives", [found]))
        if any(reading.text for reading in readings):
            self._stretches.append(readings)

    def _reading(self, found: dict[str, Any]) -> _Reading:
        started = self._started / HEARING_RATE
        words = tuple(
            Word(
                text=word["word"],
                start=max(0.0, round(word["start"] - started, 3)),
                end=max(0.0, round(word["end"] - started, 3)),
                confidence=min(1.0, max(0.0, word["conf"])) if "conf" in word else None,
            )
            for word in found.get("result", [])
            if word["word"] != UNKNOWN
        )
        return _Reading(words, _without_unknown(found.get("text", "")), found.get("confidence", 0.0))


def _without_unknown(text: str) -> str:
    return " ".join(word for word in text.split() if word != UNKNOWN)


def _join(first: _Reading, second: _Reading) -> _Reading:
    return _Reading(first.words + second.words, f"{first.text} {second.text}".strip(), first.score + second.score)


def _posteriors(readings: list[_Reading]) -> tuple[Hypothesis, ...]:
    """Count readings of the same text together. One reading alone takes the mean confidence of its words, where it has them."""
    best = max(reading.score for reading in readings)
    shares: dict[str, float] = {}
    first: dict[str, _Reading] = {}
    for reading in readings:
        first.setdefault(reading.text, reading)
        shares[reading.text] = shares.get(reading.text, 0.0) + math.exp(reading.score - best)
    total = sum(shares.values())
    found = []
    for text, share in sorted(shares.items(), key=lambda item: -item[1]):
        known = [word.confidence for word in first[text].words if word.confidence is not None]
        if text:
            found.append(Hypothesis(text, sum(known) / len(known) if known else share / total, first[text].words))
    return tuple(found)

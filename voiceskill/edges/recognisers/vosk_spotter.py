"""Spotting phrases with Vosk: grammars of its own beside the dictation, all on one loaded model.

Vosk's confidences are about 1 for wrong words too, so they reject nothing. What rejects is `[unk]`, which stands in the grammar for all
other words: a phrase counts only where it is all that was said. A model whose graph is fixed takes no grammar and dictates freely; the same
rule holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from voiceskill.core.events import Hypothesis
from voiceskill.core.spotting import Expecting
from voiceskill.edges.recognisers.phrases import LONGEST_SECONDS, Phrases
from voiceskill.edges.recognisers.vosk_engine import UNKNOWN, VoskRecogniser
from voiceskill.ports import HEARING_RATE, Pcm


class VoskSpotter:
    """A Spotter on the model of a VoskRecogniser, which must outlive it."""

    def __init__(self, recogniser: VoskRecogniser, expected: Mapping[Expecting, Iterable[str]], homophones: Mapping[str, str]) -> None:
        self._phrases = {now: Phrases.known(phrases, recogniser.knows, homophones) for now, phrases in expected.items()}
        self._decoders: dict[Expecting, Any] = {
            now: recogniser.bound_to([*phrases.spoken, UNKNOWN]) for now, phrases in self._phrases.items() if phrases.spoken
        }
        self._name = f"{recogniser.name}, bound to phrases"
        Phrases.report(self._phrases.values(), recogniser.name)

    @property
    def name(self) -> str:
        """See ports.Spotter."""
        return self._name

    def spot(self, pcm: Pcm, expected: Expecting) -> Hypothesis | None:
        """See ports.Spotter."""
        decoder = self._decoders.get(expected)
        if decoder is None or not 0 < len(pcm) <= LONGEST_SECONDS * HEARING_RATE:
            return None
        decoder.Reset()
        decoder.AcceptWaveform(pcm.astype("<i2", copy=False).tobytes())
        phrase = self._phrases[expected].spoken.get(json.loads(decoder.FinalResult()).get("text", ""))
        return Hypothesis(phrase, 1.0) if phrase else None

    def close(self) -> None:
        """See ports.Spotter."""
        self._decoders.clear()

"""Spotting phrases with PocketSphinx.

A grammar hears one of its phrases in anything. So the same sound is also heard as any phones in a likely order: where that explains it much
better, nobody said the phrase. Measured over our own voice (docs/benchmarks.md): of short commands that Moonshine garbles nearly all are
found, for a fiftieth of a core and 9 MB.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from voiceskill.core.events import Hypothesis
from voiceskill.core.spotting import Expecting
from voiceskill.edges.recognisers.phrases import LONGEST_SECONDS, Phrases
from voiceskill.edges.recognisers.pocketsphinx_decoder import HUM, new_decoder, phone_model
from voiceskill.ports import HEARING_RATE, Pcm

_WORSE_BY = -0.09
"""How much worse than any phones a phrase may explain the sound, to be as likely said as not, as PocketSphinx scores an utterance."""

_SOFTNESS = 0.03
"""By how much that changes the log odds by one."""

_ANY_PHONES = "any phones"


class PocketSphinxSpotter:
    """A Spotter."""

    name = "pocketsphinx en-us"

    def __init__(self, expected: Mapping[Expecting, Iterable[str]], homophones: Mapping[str, str]) -> None:
        """Listen for these phrases. `homophones` stand for words without a known pronunciation. Raises ModelMissing."""
        wanted = _words(phrase for phrases in expected.values() for phrase in phrases) | _words(homophones.values())
        self._decoder, words = new_decoder(wanted)
        self._decoder.add_allphone_file(_ANY_PHONES, phone_model())
        self._phrases = {now: Phrases.known(phrases, words, homophones) for now, phrases in expected.items()}
        for now, phrases in self._phrases.items():
            if phrases.spoken:
                self._decoder.add_jsgf_string(now.name, f"#JSGF V1.0; grammar spotted; public <phrase> = {' | '.join(phrases.spoken)};")
        Phrases.report(self._phrases.values(), self.name)

    def spot(self, pcm: Pcm, expected: Expecting) -> Hypothesis | None:
        """See ports.Spotter."""
        phrases = self._phrases.get(expected)
        if not phrases or not phrases.spoken or not 0 < len(pcm) <= LONGEST_SECONDS * HEARING_RATE:
            return None
        sound = np.concatenate([HUM, pcm]).astype("<i2", copy=False).tobytes()
        heard, score = self._explain(sound, expected.name)
        phrase = phrases.spoken.get(heard)
        if phrase is None:
            return None
        _, at_best = self._explain(sound, _ANY_PHONES)
        if math.isinf(at_best):
            return None
        return Hypothesis(phrase, 1 / (1 + math.exp((at_best - score + _WORSE_BY) / _SOFTNESS)))

    def close(self) -> None:
        """See ports.Spotter."""
        if hasattr(self, "_decoder"):
            del self._decoder

    def _explain(self, sound: bytes, search: str) -> tuple[str, float]:
        """What the sound is in this search, and how well that explains it."""
        self._decoder.activate_search(search)
        self._decoder.start_utt()
        self._decoder.process_raw(sound, full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return (found.hypstr, found.score) if found else ("", -math.inf)


def _words(phrases: Iterable[str]) -> set[str]:
    return {word for phrase in phrases for word in phrase.split()}

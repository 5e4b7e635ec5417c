"""Listening for the wake phrase with PocketSphinx, which looks for its phones among any others.

Dictation knows no invented name, and garbles the first words over a noise. Beside it this finds most of the calls that it misses, for a
twentieth of a core while somebody begins to speak (docs/benchmarks.md).
"""

from __future__ import annotations

import numpy as np

from voiceskill.edges.recognisers.pocketsphinx_decoder import HUM, new_decoder
from voiceskill.ports import HEARING_RATE, ModelMissing, Pcm

_THRESHOLD = 1e-20
"""How much less likely than any phones the phrase may be; chosen on talk and calls of synthetic people (docs/benchmarks.md)."""

_BEGINNING_SECONDS = 2.4
"""A call is the first that somebody says."""

_SEARCH = "wake phrase"


class PocketSphinxWakePhrase:
    """A WakeDetector."""

    name = "pocketsphinx en-us"

    def __init__(self, phrase: str) -> None:
        """Listen for this phrase. Raises ModelMissing, also for words that it does not know."""
        words = phrase.split()
        self._decoder, known = new_decoder(frozenset(words), kws_threshold=_THRESHOLD)
        if unknown := [word for word in words if word not in known]:
            raise ModelMissing(f"{self.name} does not know the word {', '.join(unknown)}")
        self._decoder.add_keyphrase(_SEARCH, phrase)
        self._decoder.activate_search(_SEARCH)
        self.start()

    def start(self) -> None:
        """See ports.WakeDetector."""
        self._sound: list[Pcm] = [HUM]
        self._missing = round(_BEGINNING_SECONDS * HEARING_RATE)
        self._heard = True
        self._called = False

    def accept(self, pcm: Pcm) -> None:
        """See ports.WakeDetector."""
        if self._missing <= 0:
            return
        self._sound.append(pcm[: self._missing])
        self._missing -= len(pcm)
        self._heard = False
        if self._missing <= 0:
            self.called()  # while somebody speaks on: at the end of it, there is less to do

    def called(self) -> bool:
        """See ports.WakeDetector."""
        if not self._heard:
            self._heard = True
            self._called = self._is_in(np.concatenate(self._sound).astype("<i2", copy=False).tobytes())
        return self._called

    def close(self) -> None:
        """See ports.WakeDetector."""
        if hasattr(self, "_decoder"):
            del self._decoder

    def _is_in(self, sound: bytes) -> bool:
        self._decoder.start_utt()
        self._decoder.process_raw(sound, full_utt=True)
        self._decoder.end_utt()
        return self._decoder.hyp() is not None

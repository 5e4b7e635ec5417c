"""When each sound is said: PocketSphinx aligns the words of a text to a recording of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Config, Decoder

from scripts.vosk_model.phones import SILENCE, SOUNDS
from voiceskill.ports import Pcm

Frames = NDArray[np.uint8]
"""For each 10 ms: twice the number of the sound, plus 1 but for its first frame."""


class Aligner:
    """PocketSphinx with a dictionary of ours."""

    def __init__(self, dictionary: Path) -> None:
        self._decoder = Decoder(Config(lm=None, dict=str(dictionary), loglevel="FATAL"))

    def align(self, pcm: Pcm, text: str) -> Frames | None:
        """The sounds of a recording, or None where the text does not fit it."""
        try:
            self._decoder.set_align_text(text)
            self._hear(pcm)
            if not self._decoder.hyp():
                return None
            self._decoder.set_alignment()
            self._hear(pcm)
            alignment = self._decoder.get_alignment()
        except RuntimeError:
            return None
        if alignment is None:
            return None
        spans = [(phone.name, phone.duration) for word in alignment for phone in word]
        # Noises of the engine's own are silence to us.
        return np.concatenate([_span(name if name in SOUNDS else SILENCE, duration) for name, duration in spans])

    def _hear(self, pcm: Pcm) -> None:
        self._decoder.start_utt()
        self._decoder.process_raw(pcm.tobytes(), full_utt=True)
        self._decoder.end_utt()


def _span(sound: str, frames: int) -> Frames:
    number = 2 * SOUNDS.index(sound)
    return np.array([number, *[number + 1] * (frames - 1)], np.uint8)

"""Whether a microphone that works is worth listening to: one that is muted gives nothing, one set too loud gives noise."""

from __future__ import annotations

from collections import deque
from typing import Literal

import numpy as np

from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Pcm

Verdict = Literal["fine", "silent", "clipped"]

_SILENT_SECONDS = 10.0
"""So long nothing at all, not even noise, is no quiet room."""

_NEVER_HEARD_SECONDS = 20.0
"""The same for a microphone that gave nothing yet: it may be one that gives nothing between words, and nobody has spoken."""

_HEARD_AGAIN_SECONDS = 0.2

_CLIPPED_SECONDS = 10.0
_CLIPPED_SAMPLES = FRAME_SAMPLES // 100
_CLIPPED_SHARE = 0.5
_UNCLIPPED_SHARE = 0.1
_FULL_SCALE = 32_700


def _frames(seconds: float) -> int:
    return round(seconds * HEARING_RATE / FRAME_SAMPLES)


class HearingCheck:
    """Judges one microphone from its frames, since it was opened. Time is counted in frames.

    A frame all of one value is silence as no room has it. Some microphones give it between words by themselves, to be rid of noise; those
    are told by their never giving sound without a break, and are believed once they have given any.
    """

    def __init__(self) -> None:
        self._verdict: Verdict = "fine"
        self._empty = 0
        self._full = 0
        self._heard = False
        self._gated = False
        self._clipped: deque[bool] = deque(maxlen=_frames(_CLIPPED_SECONDS))

    def take(self, pcm: Pcm) -> Verdict | None:
        """Take in one frame; the verdict when it is another than before."""
        self._count(pcm)
        verdict = self._judge()
        if verdict == self._verdict:
            return None
        self._verdict = verdict
        return verdict

    def _count(self, pcm: Pcm) -> None:
        lowest, highest = int(pcm.min()), int(pcm.max())
        if lowest == highest:
            if self._full >= _frames(_HEARD_AGAIN_SECONDS):
                self._gated = self._full < _frames(_SILENT_SECONDS)
            self._empty, self._full = self._empty + 1, 0
        else:
            self._full += 1
            if self._full >= _frames(_HEARD_AGAIN_SECONDS):
                self._empty, self._heard = 0, True
        loud = lowest != highest and max(highest, -lowest) >= _FULL_SCALE
        self._clipped.append(loud and int(np.count_nonzero(np.abs(pcm.astype(np.int32)) >= _FULL_SCALE)) >= _CLIPPED_SAMPLES)

    def _judge(self) -> Verdict:
        patience = _SILENT_SECONDS if self._heard else _NEVER_HEARD_SECONDS
        if self._empty >= _frames(patience) and not self._gated:
            return "silent"
        if self._empty and self._verdict == "silent":
            return "silent"
        share = sum(self._clipped) / _frames(_CLIPPED_SECONDS)
        if share > (_UNCLIPPED_SHARE if self._verdict == "clipped" else _CLIPPED_SHARE):
            return "clipped"
        return "fine"

"""Earcons: short sounds that say without words what the device is doing. They are made here, so nobody else has rights in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voiceskill.ports import Pcm

Earcon = Literal["heard", "listening", "failed", "alarm"]

_FULL_SCALE = 32_767


@dataclass(frozen=True, slots=True)
class _Score:
    """Notes one after another, each (hertz, seconds), that swell and fade over `edge` seconds. 0 Hz is a rest.

    `overtones` are (multiple, share of the fundamental). `peak` is the loudest sample, as a share of full scale.
    """

    notes: tuple[tuple[float, float], ...]
    edge: float
    overtones: tuple[tuple[int, float], ...] = ()
    peak: float = 0.2


_SCORES: dict[Earcon, _Score] = {
    "heard": _Score(((660, 0.1),), edge=0.05),
    "listening": _Score(((520, 0.11), (780, 0.11)), edge=0.055),
    "failed": _Score(((390, 0.12), (290, 0.12)), edge=0.06),
    # Low, with odd overtones: what a small loudspeaker does not give of the one is heard in the others.
    "alarm": _Score(((520, 0.25), (0, 0.1), (520, 0.25), (0, 0.1), (520, 0.25)), edge=0.02, overtones=((3, 0.33), (5, 0.2)), peak=0.5),
}


def earcon(kind: Earcon, rate: int) -> Pcm:
    """Make the sound, shape (samples,), at `rate` samples per second.

    `heard`, `listening` (rises) and `failed` (falls) are soft and last under 0.25 s; `alarm`, three calls at half of full scale, 0.95 s.
    Every note swells and fades along a raised cosine, so that none begins or ends with a click.
    """
    score = _SCORES[kind]
    wave = np.concatenate([_note(score, hertz, round(seconds * rate), rate) for hertz, seconds in score.notes])
    loudest = float(np.abs(wave).max())
    return np.rint(wave * (score.peak * _FULL_SCALE / loudest)).astype(np.int16)


def _note(score: _Score, hertz: float, samples: int, rate: int) -> NDArray[np.float64]:
    place = np.arange(samples)
    turns = hertz * place / rate
    wave = np.sin(2 * np.pi * turns)
    for multiple, share in score.overtones:
        wave += share * np.sin(2 * np.pi * multiple * turns)
    from_end = np.minimum(place, samples - 1 - place)
    return wave * (0.5 - 0.5 * np.cos(np.pi * np.minimum(1.0, from_end / (score.edge * rate))))

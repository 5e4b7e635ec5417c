"""What a light beside the bed shows: a pattern for each way in which things may stand, so that nobody has to tell colours or brightness.

A pattern is a function of how things stand and of the time since they do. None flickers: three changes a second and more can harm people
with epilepsy (WCAG 2.3.1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from voiceskill.status import Doing, Status


class Sign(StrEnum):
    """What is shown, in words."""

    DARK = "dark"  # ready, or asleep: a bedroom is dark
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    MUTED = "muted"  # switched off from listening
    TROUBLE = "trouble"  # microphone or loudspeaker are of no use
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Shine:
    """How bright it is now, as a share of full, and how many seconds that lasts."""

    level: float
    lasts: float


_OFF, _ON = 0.0, 1.0

_STEPS = 16
_SWELL_SECONDS = 2.4
_SWELL = tuple(
    (_SWELL_SECONDS / _STEPS, round(0.15 + 0.85 * (0.5 - 0.5 * math.cos(2 * math.pi * step / _STEPS)), 3)) for step in range(_STEPS)
)

_PATTERNS: Mapping[Sign, tuple[tuple[float, float], ...]] = {
    Sign.DARK: ((math.inf, _OFF),),
    Sign.LISTENING: ((math.inf, _ON),),
    Sign.THINKING: ((0.35, _ON), (0.35, _OFF)),
    Sign.SPEAKING: _SWELL,
    Sign.MUTED: ((0.2, _ON), (5.8, _OFF)),
    Sign.TROUBLE: ((0.2, _ON), (0.3, _OFF), (0.2, _ON), (0.3, _OFF), (0.2, _ON), (2.8, _OFF)),
    Sign.DANGER: ((1.2, _ON), (0.3, _OFF)),
}
"""Seconds and brightness, one after another, over and over."""

_A_MOMENT = 1e-6
"""Seconds. What is left of a part by a rounding error is over."""

_AT_NIGHT = 0.06
"""Brightness at night, as a share of that by day: seen from the bed, and nothing is lit by it."""

_DANGER_AT_NIGHT = 0.3


def sign_of(status: Status, *, trouble: bool) -> Sign:
    """What is to be shown; `trouble` is whether a device is of no use. The graver outranks the rest."""
    if status.danger:
        return Sign.DANGER
    if trouble:
        return Sign.TROUBLE
    match status.doing:
        case Doing.SPEAKING:
            return Sign.SPEAKING
        case Doing.HEARING_OFF:
            return Sign.MUTED
        case Doing.LISTENING:
            return Sign.LISTENING
        case Doing.THINKING:
            return Sign.THINKING
        case Doing.READY | Doing.ASLEEP:
            return Sign.DARK


def shine(sign: Sign, seconds: float, *, night: bool) -> Shine:
    """How it shines `seconds` after `sign` began to be shown."""
    pattern = _PATTERNS[sign]
    share = (_DANGER_AT_NIGHT if sign is Sign.DANGER else _AT_NIGHT) if night else 1.0
    whole = sum(length for length, _ in pattern)
    left = math.fmod(seconds, whole) if math.isfinite(whole) else 0.0
    for length, level in pattern:
        if left < length - _A_MOMENT:
            return Shine(level * share, length - left)
        left -= length
    return Shine(pattern[0][1] * share, pattern[0][0])

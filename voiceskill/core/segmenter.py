"""Where an utterance begins and ends, from a stream of speech probabilities.

Laws of this module:
- Time is counted in the frames that are given, never read from a clock.
- It is patient: someone in pain speaks in short breaths. A pause is announced early, so that recognition can begin, and
  believed late.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


@dataclass(frozen=True, slots=True)
class SegmenterSettings:
    """How patient to be. All in seconds, but for the two probabilities."""

    speech_probability: float = 0.5  # at or above: speech begins
    silence_probability: float = 0.35  # below: speech is interrupted; between the two, what was goes on
    begin_after: float = 0.09  # this much speech in a row begins an utterance
    pause_after: float = 0.25  # this much silence may be its end
    end_after: float = 0.7  # this much silence is its end
    shortest: float = 0.15  # less speech than this was a click or a cough
    longest: float = 20.0  # an utterance is cut here


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nobody speaks. `speech` seconds of what may become an utterance have been heard."""

    speech: float = 0.0


@dataclass(frozen=True, slots=True)
class Talking:
    """Someone speaks: for `seconds` in all, `speech` of them voiced; silent for the last `silence`."""

    seconds: float
    speech: float
    silence: float = 0.0


SegmenterState = Quiet | Talking


class Boundary(Enum):
    """What a frame changed."""

    BEGIN = "begin"
    PAUSE = "pause"  # perhaps the end
    END = "end"
    TOO_SHORT = "too short"  # the end of what was no utterance


def advance(
    state: SegmenterState, seconds: float, probability: float, settings: SegmenterSettings
) -> tuple[SegmenterState, Boundary | None]:
    """Take in one frame of `seconds` whose probability of speech is `probability`."""
    match state:
        case Quiet(speech):
            if probability < settings.speech_probability:
                return Quiet(), None
            if speech + seconds < settings.begin_after:
                return Quiet(speech + seconds), None
            return Talking(seconds=speech + seconds, speech=speech + seconds), Boundary.BEGIN
        case Talking():
            return _advance_talking(state, seconds, probability, settings)


def _advance_talking(
    state: Talking, seconds: float, probability: float, settings: SegmenterSettings
) -> tuple[SegmenterState, Boundary | None]:
    voiced = probability >= (settings.speech_probability if state.silence else settings.silence_probability)
    after = replace(
        state,
        seconds=state.seconds + seconds,
        speech=state.speech + (seconds if voiced else 0.0),
        silence=0.0 if voiced else state.silence + seconds,
    )
    if after.silence >= settings.end_after or after.seconds >= settings.longest:
        return Quiet(), Boundary.END if after.speech >= settings.shortest else Boundary.TOO_SHORT
    if state.silence < settings.pause_after <= after.silence:
        return after, Boundary.PAUSE
    return after, None

"""Where an utterance begins and ends, from a stream of speech probabilities.

Laws of this module:
- Time is counted in the frames that are given, never read from a clock.
- It is patient: someone in pain speaks in short breaths. A pause is announced early, so that recognition can begin, and
  believed late: how late depends on how this person pauses, and on what was said so far, as far as somebody judges that.
- Every utterance ends, whatever is heard: by silence, or at the limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


@dataclass(frozen=True, slots=True)
class SegmenterSettings:
    """How patient to be. All in seconds, but for the two probabilities and the shares."""

    speech_probability: float = 0.5  # at or above: speech begins
    silence_probability: float = 0.35  # below: speech is interrupted; between the two, what was goes on
    begin_after: float = 0.09  # this much speech in a row begins an utterance
    pause_after: float = 0.25  # this much silence may be its end
    end_after: float = 0.7  # this much silence is usually its end
    complete_share: float = 0.5  # of that, after what needs no more words
    unfinished_share: float = 2.4  # of that, after what needs more words
    habit_share: float = 1.4  # of the longest pause that somebody made inside a sentence lately
    habit_kept: float = 0.8  # of that pause, after each utterance without one as long
    least: float = 0.35  # less silence ends nothing, unless `end_after` is less
    most: float = 2.5  # nobody is waited for longer, unless `end_after` is more
    patient_for: float = 12.0  # whoever talks longer than this is waited for as usual: it may be the television
    resumed_within: float = 1.5  # this long after they stopped, somebody who speaks again was cut off
    shortest: float = 0.15  # less speech than this was a click or a cough
    longest: float = 20.0  # an utterance is cut here
    look_after: float = 6.0  # this long without a reading and without a word, it is time to look whether there are any
    cheap: float = 5.0  # an utterance up to here is read at every pause
    reading_share: float = 1.5  # a longer one when it has grown so much since it was read last


class Patience(Enum):
    """What the words so far ask for."""

    COMPLETE = "complete"  # nothing more: a command, a yes
    USUAL = "usual"
    UNFINISHED = "unfinished"  # more words: it ends in "because"


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nobody speaks. `speech` seconds of what may become an utterance have been heard.

    `habit` is the pause to expect in a sentence, `silence` how long it is since the last utterance that nobody has answered.
    """

    speech: float = 0.0
    habit: float = 0.0
    silence: float = float("inf")


@dataclass(frozen=True, slots=True)
class Talking:
    """Someone speaks: for `seconds` in all, `speech` of them voiced; silent for the last `silence`, but for the last `again` of it.

    `habit` is the pause to expect in a sentence, `longest` the longest one in this utterance. `patience` is the judgement of what
    was said before this silence, `worded` whether anything was. A reading was announced `read` seconds into the utterance.
    """

    seconds: float
    speech: float
    silence: float = 0.0
    again: float = 0.0
    habit: float = 0.0
    longest: float = 0.0
    patience: Patience = Patience.USUAL
    worded: bool = False
    read: float = 0.0


SegmenterState = Quiet | Talking


class Boundary(Enum):
    """What a frame changed."""

    BEGIN = "begin"
    PAUSE = "pause"  # perhaps the end: time to read and to judge
    LOOK = "look"  # no pause and no word for long: time to read whether there are words, and to dismiss what has none
    END = "end"
    TOO_SHORT = "too short"  # the end of what was no utterance


def advance(
    state: SegmenterState, seconds: float, probability: float, settings: SegmenterSettings
) -> tuple[SegmenterState, Boundary | None]:
    """Take in one frame of `seconds` whose probability of speech is `probability`."""
    match state:
        case Quiet(speech, habit, silence):
            if probability < settings.speech_probability:
                return Quiet(0.0, habit, silence + speech + seconds), None
            speech += seconds
            if speech < settings.begin_after:
                return Quiet(speech, habit, silence), None
            pause = silence if silence <= settings.resumed_within else 0.0
            return Talking(seconds=speech, speech=speech, habit=habit, longest=pause), Boundary.BEGIN
        case Talking():
            return _advance_talking(state, seconds, probability, settings)


def judged(state: Talking, patience: Patience) -> Talking:
    """Take in that there are words, and what those before this silence ask for. That holds until somebody speaks on."""
    return replace(state, patience=patience, worded=True)


def answered(state: Quiet) -> Quiet:
    """Take in that we speak: what anybody says now is no end of their sentence, and may be our own voice."""
    return replace(state, silence=float("inf"))


def dismissed(state: Talking) -> Quiet:
    """End an utterance in which there are no words. It teaches nothing about pauses."""
    return Quiet(habit=state.habit)


def end_after(state: Talking, settings: SegmenterSettings) -> float:
    """The silence, in seconds, that ends the utterance as things stand."""
    usual = settings.end_after
    if state.seconds - state.silence > settings.patient_for:
        return usual
    expected = settings.habit_share * max(state.habit, state.longest)
    match state.patience:
        case Patience.COMPLETE:
            wanted = settings.complete_share * usual
        case Patience.USUAL:
            wanted = max(usual, expected)
        case Patience.UNFINISHED:
            wanted = max(settings.unfinished_share * usual, expected)
    return min(max(wanted, min(usual, settings.least)), max(usual, settings.most))


def _advance_talking(
    state: Talking, seconds: float, probability: float, settings: SegmenterSettings
) -> tuple[SegmenterState, Boundary | None]:
    voiced = probability >= (settings.speech_probability if state.silence else settings.silence_probability)
    after = _speaking_on(state, seconds, settings) if voiced else _silent(state, seconds)
    if after.seconds >= settings.longest or (not voiced and after.silence >= end_after(after, settings)):
        return _over(after, settings)
    if state.silence < settings.pause_after <= after.silence and _worth_reading(after, settings):
        return replace(after, read=after.seconds), Boundary.PAUSE
    if not after.silence and not after.worded and after.seconds - after.read >= settings.look_after:
        return replace(after, read=after.seconds), Boundary.LOOK
    return after, None


def _silent(state: Talking, seconds: float) -> Talking:
    return replace(state, seconds=state.seconds + seconds, silence=state.silence + seconds, again=0.0)


def _speaking_on(state: Talking, seconds: float, settings: SegmenterSettings) -> Talking:
    """After a pause as after quiet, speech is believed when it lasts: a gasp does not end the pause that it is in."""
    total, again = state.seconds + seconds, state.again + seconds
    if state.silence < settings.pause_after:
        return replace(state, seconds=total, speech=state.speech + again, silence=0.0, again=0.0)
    if again < settings.begin_after:
        return replace(state, seconds=total, silence=state.silence + seconds, again=again)
    pause = state.silence - state.again
    return replace(
        state,
        seconds=total,
        speech=state.speech + again,
        silence=0.0,
        again=0.0,
        longest=max(state.longest, pause),
        patience=Patience.USUAL,
    )


def _over(state: Talking, settings: SegmenterSettings) -> tuple[Quiet, Boundary]:
    if state.speech < settings.shortest:
        return dismissed(state), Boundary.TOO_SHORT
    if state.seconds >= settings.longest:
        return Quiet(), Boundary.END  # nobody speaks to us like that: it teaches nothing
    return Quiet(0.0, max(state.longest, settings.habit_kept * state.habit), state.silence), Boundary.END


def _worth_reading(state: Talking, settings: SegmenterSettings) -> bool:
    """Whether to read at this pause. A reading costs as much as the utterance is long, and someone who speaks on makes it worthless."""
    return state.seconds <= settings.cheap or state.seconds >= settings.reading_share * state.read

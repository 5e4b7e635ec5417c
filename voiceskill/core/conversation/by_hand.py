"""What is set by hand, on a screen or elsewhere in the house: loudness, pace, quiet, whom to listen to, whether to hear at all."""

from __future__ import annotations

from voiceskill.core.conversation import guide, notes, steering, troubles
from voiceskill.core.conversation.state import State
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.events import Adjusted

LOUDEST = 2.5
SOFTEST = 0.2


def set_loudness(turn: Turn, gain: float) -> None:
    """Be so many times as loud as usual, as far as that goes."""
    turn.change(gain=min(LOUDEST, max(SOFTEST, gain)))


def adjust(turn: Turn, wish: Adjusted) -> None:
    """Do so from the next reply on. What may be said is said by whoever pressed the button: it is no reply."""
    if wish.loudness is not None:
        set_loudness(turn, wish.loudness)
    if wish.pace is not None and wish.pace != turn.state.memory.pace:
        notes.set_pace(turn, min(steering.SLOWEST, max(steering.QUICKEST, wish.pace)))
    if wish.quiet is not None:
        turn.change(hushed=wish.quiet)
    if wish.attention is not None:
        turn.change(attention=wish.attention)


def say(turn: Turn, text: str) -> None:
    """Say it in passing, after what is being said: nothing that may be about danger is cut for it."""
    if turn.state.guided and not turn.state.asked:
        guide.pass_by(turn, text)
    else:
        turn.say(text)


def hears(state: State) -> bool:
    """Whether we are to hear anything."""
    return "hearing" not in state.trouble.away


def switch_hearing(turn: Turn, *, on: bool) -> None:
    """Tell whoever lies here: the switch may be in another room. Nobody is led who cannot say stop."""
    lines = turn.skill.lines
    if on and not hears(turn.state):
        troubles.recovered(turn, "hearing", lines.hear_again or "")
    elif not on and hears(turn.state):
        troubles.lose(turn, "hearing")
        if lines.hearing_off:
            turn.say(lines.hearing_off)

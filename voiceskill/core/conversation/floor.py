"""Whose turn it is to speak: we give way to whoever speaks over us, and go on when it was nothing.

    they speak -> we duck -> they go on -> we are silent -> it is over -> what they asked for, or we go on where we were

An urgent line gives way to nobody.
"""

from __future__ import annotations

from voiceskill.core.actions import DuckSpeaking, PauseSpeaking, ResumeSpeaking, Understood
from voiceskill.core.conversation import guide
from voiceskill.core.conversation.state import Counting, Ducked, Idle, Interrupted, Obeyed, Offered, Ours, State, Yielded
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.skill import Control
from voiceskill.core.understanding.normalise import words
from voiceskill.core.understanding.outcome import Match

_ECHO_SECONDS = 0.3
"""How long after our own speech the room may still give it back."""

_SENTENCES_KEPT = 12

_GOES_ON = 2
"""Words from which somebody who speaks over us wants to be heard out: one may be a cough that was read as a word."""

_DUCKED_IN_VAIN = 3

_A_WORD_OR_TWO = 3
"""Words of a misheard "stop" or "that hurts" at most."""

AT_ONCE = frozenset({Control.STOP, Control.HURTS, Control.PAUSE})
"""Escape words that are obeyed before the sentence they are in is over."""


def audible(state: State, began: float, until: float) -> str:
    """Our own words that the microphone may have heard in an utterance of that time. What began after we had spoken is nobody's echo."""
    if not state.speaking and began - state.said_until >= _ECHO_SECONDS:
        return ""
    if not state.aloud:  # whoever speaks for us tells of no sentences
        return " ".join(say.text for say in state.speaking) if state.speaking else state.last or ""
    ends = [*(at for at, _ in state.aloud[1:]), until if state.speaking else state.said_until]
    return " ".join(text for (at, text), end in zip(state.aloud, ends, strict=True) if at <= until and end + _ECHO_SECONDS > began)


def sounded(turn: Turn, at: float, text: str) -> None:
    """A sentence of ours begins to sound."""
    turn.change(aloud=(*turn.state.aloud, (at, text))[-_SENTENCES_KEPT:])


def duck(turn: Turn, utterance: int) -> None:
    """Somebody speaks: over us, if we do. We stop ducking for someone who never wants anything."""
    floor, speaking = turn.state.floor, turn.state.speaking
    if isinstance(floor, Ours) and floor.in_vain < _DUCKED_IN_VAIN and speaking and not any(say.urgent for say in speaking):
        turn.change(floor=Ducked(utterance, floor.in_vain))
        turn.do(DuckSpeaking())


def give_way(turn: Turn, utterance: int, text: str) -> None:
    """Somebody said `text` over us and goes on. While we count we only duck: the seconds would not wait."""
    duck(turn, utterance)
    floor, guided = turn.state.floor, turn.state.guided
    counting = guided is not None and isinstance(guided.moment, Counting)
    heeded = isinstance(floor, Ducked) and floor.utterance == utterance and not floor.in_vain
    if heeded and len(words(text)) >= _GOES_ON and not counting:
        turn.change(floor=Yielded(utterance))
        turn.do(PauseSpeaking())


def take_back(turn: Turn) -> None:
    """The utterance is over, and what it asked for is done: whatever was not silenced by that goes on."""
    floor = turn.state.floor
    understood = any(isinstance(action, Understood) and isinstance(action.outcome, Match) for action in turn.actions)
    interrupted = isinstance(floor, Ducked | Yielded) and bool(turn.state.speaking)
    if interrupted:
        turn.do(ResumeSpeaking())
    in_vain = 0 if understood or isinstance(floor, Obeyed) else floor.in_vain + interrupted
    turn.change(floor=Ours(in_vain))


def cut_short(turn: Turn, text: str) -> bool:
    """A word or two over our voice that mean nothing to us: most likely "stop", misheard. We fall silent and ask. Whether it was that."""
    state = turn.state
    meant = state.floor if isinstance(state.floor, Ducked | Yielded) and not state.floor.in_vain else None
    if not meant or not state.speaking or not isinstance(state.phase, Idle | Offered) or len(words(text)) > _A_WORD_OR_TWO:
        return False
    rest = _rest(state)
    turn.silence()
    turn.change(floor=Ours(1))
    if state.guided:
        guide.ask_to_carry_on(turn, "")
    else:
        turn.close()
        turn.say(turn.skill.lines.go_on)
        turn.open(Interrupted(rest))
    return True


def go_on(turn: Turn, rest: str) -> None:
    """Say what was not heard."""
    turn.close()
    turn.silence()
    turn.say(rest)


def _rest(state: State) -> str:
    """What of our replies was not heard, from the beginning of the sentence that was cut."""
    text = " ".join(say.text for say in state.speaking)
    cut = state.aloud[-1][1] if state.aloud else ""
    return text[max(0, text.find(cut)) :]


def obey(turn: Turn, utterance: int, control: Control) -> None:
    """Note that an escape word is obeyed before its utterance is over."""
    turn.change(floor=Obeyed(utterance, control))


def obeyed(state: State, utterance: int) -> Control | None:
    """What of this utterance was obeyed already."""
    return state.floor.control if isinstance(state.floor, Obeyed) and state.floor.utterance == utterance else None

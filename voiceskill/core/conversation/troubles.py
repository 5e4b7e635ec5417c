"""Trouble with microphone and loudspeaker: what is held, what is said, and how we go on when it is over.

Laws of this module:
- Nobody is led who can't be heard, or who can't hear us: a routine is held, and offered again when both devices work.
- What a person must know of danger is said when it can be heard, however late.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from voiceskill.core.actions import StartTimer
from voiceskill.core.conversation import flags, guide
from voiceskill.core.conversation.state import CarryOn, Held, Idle, State, Trouble
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.events import DeviceFailed, DeviceKind

_LOST = "microphone-lost"
_SILENT = "microphone-silent"

_PATIENCE_SECONDS = 2.0
"""A microphone that is back by then is not worth a word."""

_COMPLAINTS_APART_SECONDS = 5 * 60.0
"""A loose plug is told of once, not at every touch."""


def is_mute(state: State) -> bool:
    """Whether nothing that we say can be heard."""
    return "loudspeaker" in state.trouble.away


def failed(turn: Turn, event: DeviceFailed) -> None:
    """A device stopped working."""
    if event.how == "clipped":
        _complain(turn, turn.skill.lines.too_loud)
        return
    lose(turn, event.device)
    if event.device == "microphone":
        turn.do(StartTimer(_LOST if event.how == "lost" else _SILENT, _PATIENCE_SECONDS))


def lose(turn: Turn, what: DeviceKind | Literal["hearing"]) -> None:
    """Do without it."""
    trouble = turn.state.trouble
    turn.change(trouble=replace(trouble, away=trouble.away | {what}))
    _hold(turn)


def fired(turn: Turn, timer: str) -> bool:
    """The microphone has been away for a while. False when the timer is another's."""
    if timer not in {_LOST, _SILENT}:
        return False
    if "microphone" in turn.state.trouble.away:
        known = is_mute(turn.state) or _complain(turn, turn.skill.lines.cannot_hear)
        # Who unmutes a microphone speaks into it at once: saying that we hear again, we would talk over them.
        turn.change(trouble=replace(turn.state.trouble, retract=known and timer == _LOST))
    return True


def unheard(turn: Turn, say: str) -> None:
    """A reply broke off, or never began, for want of a loudspeaker."""
    reply = next((one for one in turn.state.speaking if one.id == say), None)
    if reply is None or not turn.said(say):
        return
    if reply.text != turn.skill.lines.cannot_hear:
        trouble = turn.state.trouble
        turn.change(trouble=replace(trouble, unheard=(*trouble.unheard, reply)))
    _hold(turn)


def recovered(turn: Turn, device: DeviceKind | Literal["hearing"], word: str = "") -> None:
    """A device works again, and we say a `word` about it; once both do, and we may hear, we go on."""
    trouble = turn.state.trouble
    if device not in trouble.away:
        return
    if device == "microphone":
        turn.cancel(_LOST)
        turn.cancel(_SILENT)
    away = trouble.away - {device}
    if word:
        turn.say(word)
    if away:
        turn.change(trouble=replace(trouble, away=away))
    else:
        turn.change(trouble=Trouble(complained=trouble.complained))
        _go_on(turn, trouble)


def missed(turn: Turn) -> None:
    """Time has passed for which neither they nor we were there."""
    if turn.state.trouble.away:
        _hold(turn)
    elif turn.state.guided and not _is_held(turn.state):
        turn.silence()
        guide.hold(turn)
        guide.say_where_we_were(turn)


def _hold(turn: Turn) -> None:
    if turn.state.guided and not _is_held(turn.state):
        guide.hold(turn)
        turn.change(trouble=replace(turn.state.trouble, holds=True))


def _is_held(state: State) -> bool:
    """Whether a routine is held: somebody may have carried on with it while a device was away."""
    return state.guided is not None and isinstance(state.guided.moment, Held)


def _complain(turn: Turn, line: str | None) -> bool:
    """Say what is wrong with the microphone, unless we did lately. Whether it was said."""
    trouble = turn.state.trouble
    if line is None or turn.state.asleep or turn.at - trouble.complained < _COMPLAINTS_APART_SECONDS:
        return False
    last = turn.state.last
    turn.say(line)
    turn.change(last=last, trouble=replace(trouble, complained=turn.at))
    return True


def _go_on(turn: Turn, trouble: Trouble) -> None:
    lines = turn.skill.lines
    urgent = tuple(dict.fromkeys(say.text for say in trouble.unheard if say.urgent))
    again = (lines.hear_again or "") if trouble.retract and not turn.state.asleep else ""
    if urgent:
        flags.unheard(turn, urgent)
    elif trouble.holds and _is_held(turn.state) and isinstance(turn.state.phase, Idle | CarryOn):
        guide.say_where_we_were(turn, again)
    elif trouble.unheard and lines.sound_back and not turn.state.asleep:
        turn.say(lines.sound_back)
        turn.change(last=trouble.unheard[-1].text)
    elif again:
        last = turn.state.last
        turn.say(again)
        turn.change(last=last)

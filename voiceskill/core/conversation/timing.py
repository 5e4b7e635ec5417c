"""Keeping the time for somebody: how long the heat has been on."""

from __future__ import annotations

from voiceskill.core.actions import StartTimer
from voiceskill.core.conversation import guide
from voiceskill.core.conversation.state import Checking
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.precautions import Timed
from voiceskill.core.skill import Intent

_CHECK = "timed-check"
_OVER = "timed-over"


def begin(turn: Turn, intent: Intent) -> None:
    """Keep the time from now on."""
    timed = intent.timed
    if timed is None:
        return
    turn.close()
    turn.change(timed=intent.id)
    turn.do(StartTimer(_CHECK, 60 * timed.check_minutes), StartTimer(_OVER, 60 * timed.minutes))
    turn.silence()
    turn.say(turn.skill.lines.agreed)


def end(turn: Turn) -> None:
    """Keep no time any more."""
    if turn.state.timed:
        turn.change(timed=None)
        turn.cancel(_CHECK)
        turn.cancel(_OVER)


def fired(turn: Turn, timer: str) -> bool:
    """Time to check, or time is up. False when the timer is another's."""
    timed = _timed(turn)
    if timed is None or timer not in {_CHECK, _OVER}:
        return False
    if timer == _OVER:
        end(turn)
        _say(turn, timed.over)
    elif turn.state.guided:
        guide.pass_by(turn, timed.check)
    else:
        turn.say(timed.check)
        turn.open(Checking(turn.state.timed or ""))
    return True


def checked(turn: Turn) -> None:
    """Something was answered; what burns was told in words, and raised a flag before."""
    timed = _timed(turn)
    turn.close()
    if timed:
        turn.silence()
        turn.say(timed.check_answer)


def _say(turn: Turn, text: str) -> None:
    if turn.state.guided:
        guide.pass_by(turn, text)
    else:
        turn.say(text)


def _timed(turn: Turn) -> Timed | None:
    intent = turn.skill.intents.get(turn.state.timed or "")
    return intent.timed if intent else None

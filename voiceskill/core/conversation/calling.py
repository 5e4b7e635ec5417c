"""Calling for help: alerts that are sent until somebody has seen them, and what is said meanwhile.

    asked for, or fallen -> counted down aloud -> sent -> sent anew, with growing pauses -> somebody has seen it
                  an emergency, at once ------------^

Laws of this module:
- Nothing is said to be so before it is: that an alert is sent, that it has gone out, that somebody has seen it are three things.
- An alert that was sent ends when somebody has seen it, or when it is called off in plain words. Silence never ends it, nor does "stop".
- Where there is nobody to be alerted, nothing is counted, promised or repeated.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from voiceskill.core.actions import Alert, EndAlert, Level, StartTimer
from voiceskill.core.conversation import guide
from voiceskill.core.conversation.state import (
    Answered,
    Calling,
    CountingDown,
    Flagged,
    Held,
    Idle,
    Interrupted,
    Offered,
    Uncalled,
)
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.diary import Ending
from voiceskill.core.events import AlertAcknowledged, AlertFailed, AlertLeft, AlertSent
from voiceskill.core.skill import Control, HelpLines, Intent
from voiceskill.core.spoken_values import number, when
from voiceskill.core.understanding.normalise import says_any

_TIMER = "help"

_COUNTED_ALOUD = 3
"""The last seconds of the count; before them it is silent, so that "cancel" is heard well."""

_PAUSES = (30.0, 60.0, 120.0, 240.0, 480.0, 600.0)
"""Seconds before an alert is sent anew; the last ones again and again."""

_TOLD_AFTER = frozenset({1, 3})
"""After how many of these it is said that nobody has answered: who waits in pain wants to know, and not to be woken every ten minutes."""

_SOONEST_SECONDS = 10.0
"""An alert is not sent anew sooner than this, however often somebody cries for help."""

_CALLED_OFF_WORDS = 8
"""Words of a sentence that calls an alert off, at most."""

_CALLED_OFF_LATE_SECONDS = 10 * 60.0
"""How long after somebody has seen an alert "cancel" still means it."""

_ANSWERS_TOLD = 3
"""How many who have seen it are named."""

_RESUMED_WITHIN = timedelta(hours=1)

_ASKED = "help"
"""The kind of an alert that was asked for."""

_NOTS = frozenset({"not", "never", "cannot"})


def is_possible(turn: Turn) -> bool:
    """Whether there is anybody to be alerted."""
    return turn.manners.countdown is not None and turn.skill.help is not None


# Beginning.


def ask(turn: Turn) -> bool:
    """Help was asked for: begin to count. False, and onlookers alone are told, where there is nobody to be alerted."""
    if not is_possible(turn):
        turn.do(Alert(_ASKED, "emergency"))
        return False
    turn.silence()
    guide.hold(turn)
    turn.close()
    said = lines(turn)
    _count_down(turn, Alert(_ASKED, "emergency", _new_id(turn), said.asked), said.counted)
    return True


def waits(turn: Turn, intent: Intent, heard: str) -> bool:
    """Whether the alert of this flag is counted down first: not if they are badly hurt, and not when they say it again."""
    again = isinstance(turn.state.help, CountingDown | Calling)
    return intent.counted and is_possible(turn) and not again and not says_any(heard, turn.skill.badly_hurt)


def count_down(turn: Turn, intent: Intent, level: Level) -> None:
    """There is a sign of what need not be danger: send the alert, but count first."""
    said = lines(turn)
    _count_down(turn, Alert(intent.id, level, _new_id(turn), intent.title or said.sign), said.counted_after_flag)


def at_once(turn: Turn, intent: Intent, level: Level) -> str:
    """There is a sign of danger: send the alert. What is to be said of that after the line of the flag; nothing where nobody is alerted."""
    if level == "today" or not is_possible(turn):
        turn.do(Alert(intent.id, level))
        return ""
    before = turn.state.help
    alert = Alert(intent.id, level, _new_id(turn), intent.title or lines(turn).sign)
    if isinstance(before, Calling) and (before.alert.kind, before.alert.level) == (alert.kind, level):
        _send(turn, replace(before, alert=_anew(before.alert)))
        return lines(turn).at_once
    if isinstance(before, Calling):
        turn.do(EndAlert(before.alert, called_off=False))  # this one tells of more
    _send(turn, Calling(alert, turn.at, asked=False))
    return lines(turn).at_once


def _count_down(turn: Turn, alert: Alert, line: str) -> None:
    seconds = turn.manners.countdown or 0
    left = min(_COUNTED_ALOUD, seconds)
    turn.say(lines(turn).in_seconds(line, seconds))
    turn.cancel(_TIMER)
    turn.change(help=CountingDown(alert, left))
    turn.start_when_said(_TIMER, max(1, seconds - left))


def _new_id(turn: Turn) -> str:
    """Never used before, on this device: no two steps happen in one microsecond."""
    return turn.now.strftime("%Y%m%d-%H%M%S-%f")


def _anew(alert: Alert) -> Alert:
    return replace(alert, attempt=alert.attempt + 1)


# As time goes by.


def fired(turn: Turn, timer: str) -> bool:
    """It is time for the next number, to send the alert, or to send it anew. False when the timer is another's."""
    if timer != _TIMER:
        return False
    match turn.state.help:
        case CountingDown(left=0) as counting:
            _send_now(turn, counting)
        case CountingDown(alert, left):
            if not turn.state.speaking:
                last = turn.state.last
                turn.say(f"{number(left).capitalize()}.")
                turn.change(last=last)
            turn.change(help=CountingDown(alert, left - 1))
            turn.do(StartTimer(_TIMER, 1.0))
        case Calling() as calling:
            _send_anew(turn, calling)
        case _:
            pass
    return True


def _send_now(turn: Turn, counting: CountingDown) -> None:
    _send(turn, Calling(counting.alert, turn.at, asked=counting.alert.kind == _ASKED))
    _tell(turn, lines(turn).sending)


def _send(turn: Turn, calling: Calling) -> Calling:
    calling = replace(calling, sent=turn.at, silent=0)
    turn.do(calling.alert)
    turn.cancel(_TIMER)
    turn.change(help=calling)
    turn.do(StartTimer(_TIMER, _PAUSES[0]))
    return calling


def _send_anew(turn: Turn, calling: Calling) -> None:
    silent = calling.silent + 1
    calling = replace(calling, alert=_anew(calling.alert), sent=turn.at, silent=silent)
    turn.do(calling.alert)
    turn.change(help=calling)
    turn.do(StartTimer(_TIMER, _PAUSES[min(silent, len(_PAUSES) - 1)]))
    just_told = silent == 1 and calling.failing
    if silent in _TOLD_AFTER and not just_told and not turn.state.asleep and isinstance(turn.state.phase, Idle | Flagged):
        _tell_how_it_stands(turn, calling)


# What came of it.


def told(turn: Turn, event: AlertSent | AlertFailed | AlertAcknowledged | AlertLeft) -> None:
    """News of an alert. Those of another than the one under way change nothing."""
    match event, turn.state.help:
        case AlertLeft(), _:
            _left(turn, event)
        case AlertSent(alert=alert), Calling() as calling if calling.alert.id == alert and not calling.reached:
            turn.change(help=replace(calling, reached=True, failing=False))
            if calling.asked or calling.failing:
                _tell(turn, lines(turn).sent)
        case AlertFailed(alert=alert), Calling() as calling if calling.alert.id == alert and not (calling.reached or calling.failing):
            _tell_how_it_stands(turn, calling)
        case AlertAcknowledged(at=at, alert=alert, by=by), Calling() as calling if calling.alert.id == alert:
            turn.cancel(_TIMER)
            turn.change(help=Answered(calling.alert, at, (by,)))
            _tell_who(turn, by)
        case AlertAcknowledged(alert=alert, by=by), Answered() as answered if answered.alert.id == alert:
            if by and by not in answered.by and len(answered.by) < _ANSWERS_TOLD:
                turn.change(help=replace(answered, by=(*answered.by, by)))
                _tell_who(turn, by)
        case _:
            pass


def _left(turn: Turn, left: AlertLeft) -> None:
    """An alert was under way when the power went: go on with it, or say that it came to nothing."""
    if not is_possible(turn) or isinstance(turn.state.help, CountingDown | Calling):
        turn.do(EndAlert(left.alert, called_off=False))
    elif turn.now - left.raised < _RESUMED_WITHIN:
        _send(turn, Calling(_anew(left.alert), turn.at, asked=True))
        _tell(turn, lines(turn).resumed)
    else:
        turn.do(EndAlert(left.alert, called_off=False))
        if not left.reached:
            _tell(turn, lines(turn).unreached.replace("{WHEN}", when(left.raised, turn.now)))


def _tell_how_it_stands(turn: Turn, calling: Calling) -> None:
    if calling.reached:
        _tell(turn, lines(turn).no_answer)
    else:
        turn.change(help=replace(calling, failing=True))
        _tell(turn, lines(turn).not_sent, urgent=not calling.asked)


def _tell_who(turn: Turn, by: str) -> None:
    _tell(turn, lines(turn).seen.replace("{NAME}", by) if by else lines(turn).seen_by_somebody)


def _tell(turn: Turn, text: str, *, urgent: bool = False) -> None:
    """Say something that nobody asked for just now, after what is being said; a step of a routine goes on after it."""
    if _leads(turn):
        guide.pass_by(turn, text)
    else:
        turn.say(text, urgent=urgent)


def _answer(turn: Turn, text: str) -> None:
    """Say something in return, in the place of what is being said; a step of a routine goes on after it."""
    if not _leads(turn):
        turn.silence()
    _tell(turn, text)


def _leads(turn: Turn) -> bool:
    """Whether somebody is led through a routine that is not held."""
    return turn.state.guided is not None and not isinstance(turn.state.guided.moment, Held)


# What is said to it.


def is_called_off(turn: Turn, text: str) -> bool:
    """Whether these words call off the alert, or the count for one: a short sentence, with no other "not" in it.

    An alert that was sent may be long ago: whatever else we ask or lead through is meant first.
    """
    state = turn.state
    busy = _leads(turn) or not isinstance(state.phase, Idle | Flagged | Offered | Interrupted)
    if not isinstance(state.help, CountingDown | Calling) or (busy and isinstance(state.help, Calling)):
        return False
    besides = _besides(turn, text)
    return len(besides) < len(text.split()) <= _CALLED_OFF_WORDS and not _denied(turn, text, besides)


def is_kept_on(turn: Turn, text: str) -> bool:
    """Whether these words, though they sound like it, do not end the count: "don't cancel", "I don't think I'm fine"."""
    besides = _besides(turn, text)
    named = len(besides) < len(text.split()) or says_any(text, turn.skill.help_needed)
    return isinstance(turn.state.help, CountingDown) and named and _denied(turn, text, besides)


def _besides(turn: Turn, text: str) -> list[str]:
    """What is said besides the words that call an alert off."""
    rest = f" {text} "
    for phrase in turn.skill.call_off:
        rest = rest.replace(f" {phrase} ", " ")
    return rest.split()


def _denied(turn: Turn, text: str, besides: list[str]) -> bool:
    return says_any(text, turn.skill.help_needed) or any(word in _NOTS or word.endswith("n't") for word in besides)


def call_off(turn: Turn) -> None:
    """End it, and say so; whoever was reached is told as well."""
    helping = turn.state.help
    if isinstance(helping, Uncalled):
        return
    turn.cancel(_TIMER)
    turn.change(help=Uncalled())
    if isinstance(helping, CountingDown):
        _answer(turn, lines(turn).not_begun)
        return
    turn.do(EndAlert(replace(helping.alert, title=f"{helping.alert.title}: {lines(turn).ended}"), called_off=True))
    _answer(turn, lines(turn).called_off)


def steered(turn: Turn, control: Control) -> bool:
    """Take a control for the alert that is counted down or under way. False when it means something else, or something else besides."""
    phase = turn.state.phase
    match turn.state.help, control:
        case CountingDown() as counting, Control.HELP | Control.CALL_SOMEONE:
            guide.hold(turn)
            turn.silence()
            turn.close()
            _send_now(turn, counting)
        case CountingDown(alert), Control.YES if isinstance(phase, Flagged):  # and the line is said again
            turn.silence()
            _send(turn, Calling(alert, turn.at, asked=False))
            turn.say(lines(turn).at_once)
            return False
        case CountingDown(), Control.YES if isinstance(phase, Idle):
            pass
        case CountingDown(alert), Control.NO if isinstance(phase, Flagged):
            turn.silence()
            turn.close()
            _count_down(turn, alert, lines(turn).still_counted)
        case CountingDown(), Control.NO if isinstance(phase, Idle | Interrupted):
            turn.close()
            call_off(turn)
        case Calling() as calling, Control.HELP | Control.CALL_SOMEONE:
            _urge(turn, calling)
        case Calling(), Control.CANCEL if isinstance(phase, Idle | Flagged):  # in words that may be about anything: "never mind"
            guide.end(turn, Ending.STOPPED)
            _answer(turn, lines(turn).still_on)
        case Answered(at=at), Control.CANCEL if isinstance(phase, Idle) and turn.at - at < _CALLED_OFF_LATE_SECONDS:
            call_off(turn)
        case _:
            return False
    return True


def stopped(turn: Turn) -> bool:
    """Somebody said "stop": that ends a count, but no alert that was sent. Whether there is one, and so something to be said."""
    match turn.state.help:
        case CountingDown():
            call_off(turn)
        case Calling():
            turn.say(lines(turn).still_on)
        case _:
            return False
    return True


def _urge(turn: Turn, calling: Calling) -> None:
    """Somebody cries for help while it is called: send it anew, and say how it stands."""
    turn.silence()
    guide.hold(turn)
    turn.close()
    if turn.at - calling.sent >= _SOONEST_SECONDS:
        calling = _send(turn, replace(calling, alert=_anew(calling.alert)))
    _tell_how_it_stands(turn, calling)


def lines(turn: Turn) -> HelpLines:
    """What is said while help is called."""
    if turn.skill.help is None:
        raise LookupError("the skill has no lines for calling help")
    return turn.skill.help

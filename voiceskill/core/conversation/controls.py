"""Controls: what steers the device, in each state."""

from __future__ import annotations

from typing import Protocol

from voiceskill.core.conversation import answers, by_hand, calling, flags, floor, guide, notes, screening, sound, steering, timing
from voiceskill.core.conversation.state import (
    CarryOn,
    Checking,
    Clarifying,
    Confirming,
    CountingDown,
    Flagged,
    Forgetting,
    Hurt,
    Idle,
    Interrupted,
    Listening,
    Offered,
    OfferedEasier,
    OfferedTime,
    Scoring,
    Screening,
)
from voiceskill.core.conversation.turn import Turn, shortened
from voiceskill.core.diary import Ending
from voiceskill.core.skill import Control, Intent
from voiceskill.core.spoken_values import clock
from voiceskill.core.understanding.outcome import Match, Outcome

_SLOWER = 1.3
_QUICKER = 1 / 1.15
_LOUDER = 1.4
_REPEATED_SLOWER = 1.15
_SIMPLER_WORDS = 15

_REFUSALS = frozenset({Control.NO, Control.CANCEL})


class TurnTo(Protocol):
    """Does what an outcome means."""

    def __call__(self, turn: Turn, outcome: Match, *, distressed: bool = False) -> None:
        """Do it."""
        ...


class Controls:
    """Does what control intents mean."""

    def __init__(self, turn_to: TurnTo) -> None:
        self._turn_to = turn_to

    def do(self, turn: Turn, control: Control, outcome: Outcome) -> None:
        """Do what `control` means as things stand."""
        turn.change(misses=0, asleep=False)
        if control is Control.CANCEL and isinstance(turn.state.help, CountingDown):
            self.call_off(turn)
        elif calling.steered(turn, control):
            pass
        elif control is Control.STOP:
            self._stop(turn)
        elif control is Control.HURTS:
            self._hurts(turn)
        elif not self._answered(turn, control) and not self._steered(turn, control, outcome):
            self._otherwise(turn, control)

    def call_off(self, turn: Turn, besides: Control | None = None) -> None:
        """Call off the alert that is counted down or under way, and what is being asked with it; do what was said `besides`."""
        turn.change(misses=0, asleep=False)
        if besides is Control.STOP:
            self._end_all(turn)
        calling.call_off(turn)
        if besides is Control.HURTS:
            self._hurts(turn)
        match turn.state.phase:
            case Flagged() as flagged if flags.stays(turn, flagged):
                flags.again(turn, flagged)
            case Confirming(intent):
                flags.deny(turn, intent)
            case Flagged() | Interrupted() | Offered():
                turn.close()
            case _:
                pass

    # Answers to what we asked.

    def _answered(self, turn: Turn, control: Control) -> bool:
        """Take a control as the answer to the question that is open. False when it is none."""
        match turn.state.phase, control:
            case Offered(intent), Control.YES:
                self._turn_to(turn, Match(intent, 1.0))
            case Flagged() as flagged, _ if control is Control.YES or (control in _REFUSALS and flags.stays(turn, flagged)):
                flags.again(turn, flagged)
            case Offered(intent), _ if control in _REFUSALS:
                turn.count(intent)
                self._declined(turn)
            case Flagged() | Clarifying(), _ if control in _REFUSALS:
                self._declined(turn)
            case Clarifying(first, _), Control.YES:
                self._turn_to(turn, Match(first, 1.0))
            case Confirming(intent), _ if control in _REFUSALS:
                flags.deny(turn, intent)
            case Screening() as asking, Control.YES | Control.NO | Control.NOT_SURE | Control.CANCEL:
                then = screening.answer(turn, asking, control)
                if then:
                    self._turn_to(turn, Match(then.id, 1.0))
            case Hurt(), Control.YES | Control.NOT_SURE:
                screening.begin_whole(turn)
            case Hurt(routine, cursor), _ if control in _REFUSALS:
                turn.silence()
                if turn.state.memory.left_alone(routine, turn.now):
                    turn.close()
                    turn.say(guide.lines(turn).left_for_today)
                else:
                    turn.say(guide.lines(turn).easier_instead)
                    turn.open(OfferedEasier(routine, cursor))
            case OfferedEasier(routine, cursor), Control.YES | Control.EASIER:
                turn.silence()
                guide.begin(turn, turn.skill.intents[routine], cursor=cursor, easier=True, conditions=screening.conditions(turn))
            case OfferedEasier(), _ if control in _REFUSALS:
                self._declined(turn)
            case OfferedTime(intent), Control.YES:
                timing.begin(turn, turn.skill.intents[intent])
            case Checking(), Control.YES | Control.NO | Control.NOT_SURE:
                timing.checked(turn)
            case Scoring() | OfferedTime(), _ if control in _REFUSALS:
                self._declined(turn)
            case Forgetting(), Control.YES:
                notes.forget(turn)
            case Forgetting(), _ if control in _REFUSALS:
                turn.close()
                turn.silence()
                turn.say(notes.lines(turn).kept)
            case Interrupted(rest), Control.YES | Control.RESUME:
                floor.go_on(turn, rest)
            case Interrupted(), _ if control in _REFUSALS:
                turn.silence()
                turn.close()
            case CarryOn(), Control.YES | Control.RESUME:
                turn.silence()
                guide.carry_on(turn)
            case CarryOn(), _ if control in _REFUSALS:
                guide.end(turn, Ending.STOPPED)
                self._declined(turn)
            case _:
                return False
        return True

    def _declined(self, turn: Turn) -> None:
        turn.silence()
        turn.close()
        if turn.state.guided:
            guide.ask_to_carry_on(turn, turn.skill.lines.declined)
        else:
            turn.say(turn.skill.lines.declined)

    # Steering a routine.

    def _steered(self, turn: Turn, control: Control, outcome: Outcome) -> bool:
        guided = turn.state.guided
        if guided is None:
            return False
        if steering.danger_told(turn, control):
            guide.end(turn, Ending.DANGER)
            screening.begin_whole(turn)
            return True
        if control in {Control.BACK, Control.RESUME} and isinstance(outcome, Match) and outcome.slots.get("whence") == "start":
            turn.close()
            steering.restart(turn)
            return True
        if control is Control.CANCEL:
            guide.end(turn, Ending.STOPPED)
            return False
        if control in {Control.NO, Control.NOT_SURE} and not isinstance(guided.moment, Listening):
            return True  # nobody asked
        if control in {Control.PAUSE, Control.RESUME, Control.NEXT, Control.BACK}:
            turn.close()
        return steering.steer(turn, control, _word(turn, control)) or control is Control.YES  # nor has anybody asked this one

    def _stop(self, turn: Turn) -> None:
        """Silence is the acknowledgement of a stop; only a stop with nothing to silence gets a word."""
        was_speaking = bool(turn.state.speaking)
        self._end_all(turn)
        if not calling.stopped(turn) and not was_speaking:
            _acknowledge(turn, Control.STOP)

    def _end_all(self, turn: Turn) -> None:
        guide.end(turn, Ending.STOPPED)
        timing.end(turn)
        turn.silence()
        turn.hush()
        turn.close()

    def _hurts(self, turn: Turn) -> None:
        turn.close()
        if turn.state.guided is None:
            turn.silence()
            _acknowledge(turn, Control.HURTS)
            return
        routine, cursor = steering.hurts(turn)
        said = guide.lines(turn)
        turn.say(f"{said.hurt} {said.hurt_question}")
        turn.open(Hurt(routine, cursor))

    # Everything else.

    def _otherwise(self, turn: Turn, control: Control) -> None:
        match control:
            case Control.YES:
                turn.say(turn.skill.lines.yes_to_what)
            case Control.NO:
                pass
            case Control.REPEAT:
                self._repeat(turn)
            case Control.MORE:
                answers.more(turn)
            case Control.SLOWER | Control.FASTER:
                notes.set_pace(turn, steering.quicker(turn.state.memory.pace, _SLOWER if control is Control.SLOWER else _QUICKER))
                _in_passing(turn, _word(turn, control))
            case Control.LOUDER | Control.QUIETER:
                gain = turn.state.gain * (_LOUDER if control is Control.LOUDER else 1 / _LOUDER)
                by_hand.set_loudness(turn, gain)
                _in_passing(turn, _word(turn, control))
            case Control.TIME if turn.state.unset and turn.skill.lines.unknown_time:
                _in_passing(turn, turn.skill.lines.unknown_time)
            case Control.TIME:
                _in_passing(turn, _word(turn, control).replace("{TIME}", clock(turn.now)))
            case Control.GOOD_NIGHT:
                guide.end(turn, Ending.STOPPED)
                turn.silence()
                turn.close()
                _acknowledge(turn, control)
                turn.change(asleep=True)
            case Control.PAUSE if turn.state.speaking or not isinstance(turn.state.phase, Idle):
                turn.silence()
            case Control.PAUSE | Control.RESUME | Control.NEXT | Control.BACK | Control.EASIER | Control.HOW_LONG:
                self._none_under_way(turn)
            case Control.CHECK_SOUND:
                self._check_sound(turn)
            case Control.HELP | Control.CALL_SOMEONE:
                self._help(turn, control)
            case _:
                _in_passing(turn, _word(turn, control))

    def _repeat(self, turn: Turn) -> None:
        last, repeats, phase = turn.state.last, turn.state.repeats + 1, turn.state.phase
        turn.silence()
        if last is None:
            turn.say(turn.skill.lines.nothing_to_repeat)
            return
        turn.say(last if repeats == 1 else shortened(last, _SIMPLER_WORDS), slower=_REPEATED_SLOWER)
        turn.change(last=last, repeats=repeats)
        if not isinstance(phase, Idle):
            turn.open(phase)

    def _none_under_way(self, turn: Turn) -> None:
        turn.silence()
        if turn.skill.guide:
            turn.say(turn.skill.guide.none_under_way)

    def _check_sound(self, turn: Turn) -> None:
        word = _word(turn, Control.CHECK_SOUND)
        if word and turn.skill.sound:
            sound.begin(turn, word)

    def _help(self, turn: Turn, control: Control) -> None:
        """Say what to do in need, and offer what goes with it."""
        intent = _intent(turn, control)
        if intent is None or (control is Control.CALL_SOMEONE and intent.alerts and calling.ask(turn)):
            return
        turn.silence()
        guide.hold(turn)
        text = turn.rotate(intent.id, intent.answers)
        offered = turn.skill.intents.get(intent.offer or "")
        if offered and offered.invitation:
            turn.say(f"{text} {offered.invitation}")
            turn.open(Offered(offered.id))
        elif turn.state.guided:
            guide.ask_to_carry_on(turn, text)
        else:
            turn.close()
            turn.say(text)


def _intent(turn: Turn, control: Control) -> Intent | None:
    intent = turn.skill.control(control)
    return intent if intent and intent.answers else None


def _word(turn: Turn, control: Control) -> str:
    """The reply of a control's own, or nothing."""
    intent = _intent(turn, control)
    return turn.rotate(intent.id, intent.answers) if intent else ""


def _acknowledge(turn: Turn, control: Control) -> None:
    if word := _word(turn, control):
        turn.say(word)


def _in_passing(turn: Turn, text: str) -> None:
    if not text:
        return
    if turn.state.guided:
        guide.pass_by(turn, text)
    else:
        turn.silence()
        turn.say(text)

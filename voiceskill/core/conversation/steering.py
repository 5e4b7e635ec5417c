"""Steering a routine by voice: what each control, answer and feeling means for the step that is under way."""

from __future__ import annotations

from dataclasses import replace

from voiceskill.core.conversation import guide
from voiceskill.core.conversation.state import Aside, Guided, Held, Listening, Scoring
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.diary import Ending
from voiceskill.core.routines import Cursor, Listen, before, minutes, seconds_left, skip, steps_left, walk
from voiceskill.core.skill import Control
from voiceskill.core.spoken_values import count

_LONG_PAUSE_SECONDS = 10 * 60.0
_NEARLY_DONE_SECONDS = 30.0
QUICKEST = 0.8
SLOWEST = 2.2
"""Limits of the pace, as factors of the usual."""

_PAIN_UP = 2.0
_REPEATED_SLOWER = 1.15


def steer(turn: Turn, control: Control, word: str) -> bool:
    """Do what a control means for the routine under way. `word` is the control's own reply. False if it means nothing for it."""
    guided = guide.under_way(turn)
    routine = guide.routine_of(turn, guided.routine)
    match control:
        case Control.PAUSE:
            turn.silence()
            guide.hold(turn)
            turn.say(word)
        case Control.RESUME | Control.YES if isinstance(guided.moment, Held):
            turn.silence()
            _resume(turn, guided.moment, word)
        case Control.RESUME | Control.YES | Control.NO | Control.NOT_SURE if isinstance(guided.moment, Listening):
            turn.silence()
            _answered(turn, guided.moment, control)
        case Control.RESUME | Control.YES if guide.step_of(turn).listen is Listen.READY:
            turn.silence()
            guide.advance(turn)
        case Control.RESUME:
            guide.pass_by(turn, word)
        case Control.NEXT if isinstance(guided.moment, Listening):
            turn.silence()
            _answered(turn, guided.moment, Control.RESUME)
        case Control.NEXT:
            turn.silence()
            following = skip(routine, guided.cursor, guided.manner)
            _move(turn, following, word)
        case Control.BACK:
            turn.silence()
            _move(turn, before(routine, guided.cursor, guided.manner), word)
        case Control.REPEAT if not isinstance(guided.moment, Held):
            _repeat(turn, guided)
        case Control.EASIER:
            _ease(turn, guided, word)
        case Control.HOW_LONG:
            guide.pass_by(turn, _left(turn, guided))
        case _:
            return False
    return True


def restart(turn: Turn) -> None:
    """Go back to the start of the routine."""
    guided = guide.under_way(turn)
    turn.silence()
    guide.tell(turn, next(walk(guide.routine_of(turn, guided.routine), guided.manner)))


def feel(turn: Turn, feeling: str) -> bool:
    """Take the answer to "better, same or worse?". False when nobody asked."""
    guided = guide.under_way(turn)
    if not isinstance(guided.moment, Listening) or guide.step_of(turn).listen is not Listen.FEELING:
        return False
    turn.silence()
    if feeling != "worse":
        guide.advance(turn)
        return True
    guide.end(turn, Ending.WORSE)
    turn.say(guide.lines(turn).worse)
    return True


def hurts(turn: Turn) -> tuple[str, Cursor]:
    """It hurts: end the exercise, whatever it is."""
    guided = guide.under_way(turn)
    turn.silence()
    guide.end(turn, Ending.HURT)
    return guided.routine, guided.cursor


def pain_rose(turn: Turn, score: float) -> bool:
    """Whether a score tells of more pain than before the routine, which then is over."""
    guided = turn.state.guided
    if guided is None or guided.score_before is None or score - guided.score_before < _PAIN_UP:
        return False
    guide.end(turn, Ending.WORSE)
    return True


def quicker(pace: float, factor: float) -> float:
    """A pace changed by a factor, within what can be followed."""
    return round(min(SLOWEST, max(QUICKEST, pace * factor)), 2)


def _answered(turn: Turn, moment: Listening, control: Control) -> None:
    step = guide.step_of(turn)
    agreed = control in {Control.RESUME, Control.YES}
    if moment.ready or step.listen is Listen.READY or step.listen is None:
        if agreed:
            guide.advance(turn)
        else:
            turn.say(guide.lines(turn).ready_again)
            guide.wait_for(turn, Listening(ready=True), seconds=guide.ASK_AGAIN_SECONDS)
        return
    match step.listen:
        case Listen.DONE if agreed:
            guide.advance(turn)
        case Listen.DONE:
            turn.say(step.otherwise or guide.lines(turn).ready_again)
            guide.wait_for(turn, Listening(ready=True), seconds=guide.ASK_AGAIN_SECONDS)
        case Listen.ALL_WELL if control is Control.NO:
            guide.advance(turn)
        case Listen.FEELING if agreed:
            guide.advance(turn)
        case Listen.FEELING | Listen.ALL_WELL:
            turn.say(guide.question_of(turn, step, moment))
            guide.wait_for(turn, Listening(moment.asked), seconds=guide.ASK_AGAIN_SECONDS)


def danger_told(turn: Turn, control: Control) -> bool:
    """Whether this answers a step that asks for signs of danger with anything but a no."""
    guided = turn.state.guided
    if guided is None or not isinstance(guided.moment, Listening) or guided.moment.ready:
        return False
    step = guide.step_of(turn)
    return step.listen is Listen.ALL_WELL and control in {Control.YES, Control.NOT_SURE}


def _resume(turn: Turn, moment: Held, word: str) -> None:
    diary = turn.skill.diary
    if diary and turn.at - moment.at > _LONG_PAUSE_SECONDS:
        turn.say(diary.ask_score)
        turn.open(Scoring())
        return
    guide.carry_on(turn, prefix=word)


def _move(turn: Turn, cursor: Cursor | None, word: str) -> None:
    if cursor is None:
        guide.finish(turn)
    else:
        guide.tell(turn, cursor, prefix=word)


def _repeat(turn: Turn, guided: Guided) -> None:
    step = guide.step_of(turn)
    again = turn.state.repeats + 1
    turn.silence()
    guide.tell(turn, guided.cursor, slower=_REPEATED_SLOWER, words=step.easier if again > 1 and step.easier else step.say)
    turn.change(repeats=again)


def _ease(turn: Turn, guided: Guided, word: str) -> None:
    step = guide.step_of(turn)
    text = f"{word} {step.easier or guide.lines(turn).smallest}"
    turn.silence()
    if guided.manner.easier:
        guide.end(turn, Ending.STOPPED)
        turn.say(guide.lines(turn).rest)
        return
    turn.change(guided=replace(guided, manner=replace(guided.manner, easier=True)))
    if isinstance(guided.moment, Held):
        guide.ask_to_carry_on(turn, text)
    else:
        guide.wait_for(turn, Aside(turn.say(text)))


def _left(turn: Turn, guided: Guided) -> str:
    routine = guide.routine_of(turn, guided.routine)
    left = seconds_left(routine, guided.cursor, guided.manner, turn.state.memory.pace)
    if left < _NEARLY_DONE_SECONDS:
        return guide.lines(turn).nearly_done
    steps = count(steps_left(routine, guided.cursor, guided.manner), "step", "steps")
    text = guide.lines(turn).about_left.replace("{MINUTES}", count(minutes(left), "minute", "minutes"))
    return text.replace("{STEPS}", steps[0].upper() + steps[1:])

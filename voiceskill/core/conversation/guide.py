"""Leading somebody through a routine, at their pace.

Laws of this module:
- A step is left only when its time is over, or when it was answered as it asks; a moan, silence or unclear words never count as an answer.
- Whatever stops a routine stops its timer and forgets where it was.
"""

from __future__ import annotations

from dataclasses import replace

from voiceskill.core.actions import Guiding, SaveProgress, StartTimer
from voiceskill.core.conversation.state import (
    Aside,
    CarryOn,
    Counting,
    Guided,
    Held,
    Listening,
    Moment,
    Resting,
    Scoring,
    Telling,
)
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.diary import Ending, Progress, RoutineEnded
from voiceskill.core.routines import (
    Cursor,
    Listen,
    Manner,
    Routine,
    Step,
    after,
    before,
    count_of,
    minutes,
    seconds_left,
    skip,
    step_at,
    steps_left,
    walk,
    words_of,
)
from voiceskill.core.skill import Control, GuideLines, Intent
from voiceskill.core.spoken_values import count, number

_ASK_AGAIN_SECONDS = 15.0
_ASKED_AT_MOST = 2
_REMIND_SECONDS = 60.0
_HELD_AT_MOST_SECONDS = 30 * 60.0
_LONG_PAUSE_SECONDS = 10 * 60.0
_NEARLY_DONE_SECONDS = 30.0
_LEAST_COUNT_SECONDS = 3.0
"""No breath out or hold is hurried below this, however quick the pace."""
_QUICKEST = 0.8
_SLOWEST = 2.2
_PAIN_UP = 2.0
_REPEATED_SLOWER = 1.15


def lines(turn: Turn) -> GuideLines:
    """What is said around the steps."""
    if turn.skill.guide is None:
        raise LookupError("the skill has no lines for guiding")
    return turn.skill.guide


def routine_of(turn: Turn, intent: str) -> Routine:
    """The routine of an intent."""
    routine = turn.skill.intents[intent].routine
    if routine is None:
        raise LookupError(f"{intent} has no routine")
    return routine


# Beginning and ending.


def begin(
    turn: Turn, intent: Intent, *, cursor: Cursor | None = None, easier: bool = False, conditions: frozenset[str] = frozenset()
) -> None:
    """Lead through a routine from its start, or from `cursor` on."""
    routine = routine_of(turn, intent.id)
    manner = Manner(easier=easier, conditions=conditions)
    scores = turn.state.memory.scores()
    end(turn, Ending.STOPPED)
    turn.close()
    opening = [routine.warning] if routine.warning else []
    if routine.stop_rule and not _knows_when_to_stop(turn, intent):
        opening.append(routine.stop_rule)
    start = cursor or next(walk(routine, manner))
    turn.change(
        topic=intent.id,
        misses=0,
        guided=Guided(intent.id, start, Resting(), manner, score_before=scores[-1].score if scores else None),
    )
    turn.do(Guiding(intent.id, _index(routine, start), "started"))
    _tell(turn, start, prefix=" ".join(opening))


def _knows_when_to_stop(turn: Turn, intent: Intent) -> bool:
    """Whether the stop rule was told in this episode: that of movement with any movement, another's with the routine itself."""
    ended = turn.state.memory.ended(turn.now)
    alike = {other.id for other in turn.skill.intents.values() if other.moves} if intent.moves else {intent.id}
    return not ended.isdisjoint(alike)


def end(turn: Turn, how: Ending) -> None:
    """The routine under way is over, if there is one. Says nothing."""
    guided = turn.state.guided
    if guided is None:
        return
    turn.cancel(guided.timer)
    turn.do(
        SaveProgress(None),
        Guiding(guided.routine, _index(routine_of(turn, guided.routine), guided.cursor), how.value),
    )
    turn.change(guided=None)
    turn.save(RoutineEnded(turn.now, guided.routine, how))


def _finish(turn: Turn) -> None:
    guided = _guided(turn)
    routine = routine_of(turn, guided.routine)
    end(turn, Ending.DONE)
    if routine.ends_quietly:
        return
    turn.say(f"{lines(turn).finished} {turn.skill.diary.ask_score}" if turn.skill.diary else lines(turn).finished)
    if turn.skill.diary:
        turn.open(Scoring())


# The moments of a step.


def _tell(turn: Turn, cursor: Cursor, *, prefix: str = "", slower: float = 1.0, words: str | None = None) -> None:
    guided = _guided(turn)
    routine = routine_of(turn, guided.routine)
    said = turn.say(f"{prefix} {words or words_of(routine, cursor)}".strip(), slower=slower)
    _turn_to(turn, Telling(said), cursor=cursor)
    turn.do(SaveProgress(Progress(turn.now, guided.routine, cursor, guided.manner.easier)))
    turn.do(Guiding(guided.routine, _index(routine, cursor), "step"))


def spoken(turn: Turn, say: str) -> None:
    """A reply is over; go on if it was what we waited for."""
    guided = turn.state.guided
    match guided:
        case Guided(moment=Telling(waited) | Aside(waited)) if waited == say:
            _after_telling(turn)


def unspoken(turn: Turn, say: str) -> None:
    """A reply could not be said. Nobody is led by silence."""
    guided = turn.state.guided
    if guided and isinstance(guided.moment, Telling | Aside) and guided.moment.say == say:
        hold(turn)


def _after_telling(turn: Turn) -> None:
    guided = _guided(turn)
    step = step_at(routine_of(turn, guided.routine), guided.cursor)
    if count_of(step, guided.manner):
        _count(turn, 1)
    else:
        _rest(turn, step)


def _count(turn: Turn, value: int) -> None:
    guided = _guided(turn)
    whole = count_of(step_at(routine_of(turn, guided.routine), guided.cursor), guided.manner)
    interval = turn.state.memory.pace
    if whole >= _LEAST_COUNT_SECONDS:
        interval = max(interval, _LEAST_COUNT_SECONDS / whole)
    last = turn.state.last
    turn.say(f"{number(value).capitalize()}.")
    turn.change(last=last)
    _turn_to(turn, Counting(value), seconds=interval)


def _rest(turn: Turn, step: Step) -> None:
    if step.seconds:
        _turn_to(turn, Resting(), seconds=step.seconds * turn.state.memory.pace)
    elif step.listen:
        _turn_to(turn, Listening(), seconds=_ASK_AGAIN_SECONDS)
    else:
        advance(turn)


def fired(turn: Turn, timer: str) -> None:
    """Time is over for what we waited for."""
    guided = turn.state.guided
    if guided is None or timer != guided.timer:
        return
    step = step_at(routine_of(turn, guided.routine), guided.cursor)
    match guided.moment:
        case Counting(value) if value < count_of(step, guided.manner):
            _count(turn, value + 1)
        case Counting():
            _rest(turn, step)
        case Resting() if step.listen:
            _turn_to(turn, Listening(), seconds=_ASK_AGAIN_SECONDS)
        case Resting():
            advance(turn)
        case Listening(asked) if asked + 1 < _ASKED_AT_MOST:
            turn.say(_question_of(turn, step, guided.moment))
            _turn_to(turn, Listening(asked + 1, guided.moment.ready), seconds=_ASK_AGAIN_SECONDS)
        case Listening():
            turn.say(lines(turn).pausing)
            hold(turn)
        case Held(reminded=False):
            turn.say(lines(turn).still_paused)
            _turn_to(turn, Held(guided.moment.at, reminded=True), seconds=_HELD_AT_MOST_SECONDS - _REMIND_SECONDS)
        case Held():
            end(turn, Ending.STOPPED)
            turn.close()


def advance(turn: Turn, prefix: str = "") -> None:
    """Go on to the next step."""
    guided = _guided(turn)
    following = after(routine_of(turn, guided.routine), guided.cursor, guided.manner)
    if following is None:
        _finish(turn)
    else:
        _tell(turn, following, prefix=prefix)


def hold(turn: Turn) -> None:
    """Wait until we are told to carry on."""
    guided = turn.state.guided
    if guided and not isinstance(guided.moment, Held):
        turn.cancel(guided.timer)
        turn.do(Guiding(guided.routine, _index(routine_of(turn, guided.routine), guided.cursor), "paused"))
        _turn_to(turn, Held(turn.at), seconds=_REMIND_SECONDS)


def pass_by(turn: Turn, text: str) -> None:
    """Say a word in passing; then the step goes on from after its instruction, or is told anew if that was cut."""
    guided = _guided(turn)
    turn.silence()
    match guided.moment:
        case Held():
            turn.say(text)
        case Telling():
            _tell(turn, guided.cursor, prefix=text)
        case Listening():
            turn.say(text)
            _turn_to(turn, guided.moment, seconds=_ASK_AGAIN_SECONDS)
        case _:
            _turn_to(turn, Aside(turn.say(text)))


def ask_to_carry_on(turn: Turn, text: str) -> None:
    """Say something else in the middle of a routine; then ask whether to carry on."""
    turn.silence()
    hold(turn)
    if turn.terse:
        turn.say(text)
        return
    turn.say(f"{text} {lines(turn).carry_on}")
    turn.open(CarryOn())


def carry_on(turn: Turn, prefix: str = "") -> None:
    """Go on with the routine that is held, from the start of the step."""
    turn.close()
    guided = _guided(turn)
    turn.do(Guiding(guided.routine, _index(routine_of(turn, guided.routine), guided.cursor), "resumed"))
    _tell(turn, guided.cursor, prefix=prefix)


# Steering.


def steer(turn: Turn, control: Control, word: str) -> bool:
    """Do what a control means for the routine under way. `word` is the control's own reply. False if it means nothing for it."""
    guided = _guided(turn)
    routine = routine_of(turn, guided.routine)
    match control:
        case Control.PAUSE:
            turn.silence()
            hold(turn)
            turn.say(word)
        case Control.RESUME | Control.YES if isinstance(guided.moment, Held):
            turn.silence()
            _resume(turn, guided.moment, word)
        case Control.RESUME | Control.YES | Control.NO | Control.NOT_SURE if isinstance(guided.moment, Listening):
            turn.silence()
            _answered(turn, guided.moment, control)
        case Control.RESUME | Control.YES if step_at(routine, guided.cursor).listen is Listen.READY:
            turn.silence()
            advance(turn)
        case Control.RESUME:
            pass_by(turn, word)
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
        case Control.REPEAT:
            _repeat(turn, guided)
        case Control.EASIER:
            _ease(turn, guided, word)
        case Control.HOW_LONG:
            pass_by(turn, _left(turn, guided))
        case _:
            return False
    return True


def restart(turn: Turn) -> None:
    """Go back to the start of the routine."""
    guided = _guided(turn)
    turn.silence()
    _tell(turn, next(walk(routine_of(turn, guided.routine), guided.manner)))


def feel(turn: Turn, feeling: str) -> bool:
    """Take the answer to "better, same or worse?". False when nobody asked."""
    guided = _guided(turn)
    if not isinstance(guided.moment, Listening) or step_at(routine_of(turn, guided.routine), guided.cursor).listen is not Listen.FEELING:
        return False
    turn.silence()
    if feeling != "worse":
        advance(turn)
        return True
    end(turn, Ending.WORSE)
    turn.say(lines(turn).worse)
    return True


def hurts(turn: Turn) -> tuple[str, Cursor]:
    """It hurts: end the exercise, whatever it is."""
    guided = _guided(turn)
    turn.silence()
    end(turn, Ending.HURT)
    return guided.routine, guided.cursor


def pain_rose(turn: Turn, score: float) -> bool:
    """Whether a score tells of more pain than before the routine, which then is over."""
    guided = turn.state.guided
    if guided is None or guided.score_before is None or score - guided.score_before < _PAIN_UP:
        return False
    end(turn, Ending.WORSE)
    return True


def quicker(pace: float, factor: float) -> float:
    """A pace changed by a factor, within what can be followed."""
    return round(min(_SLOWEST, max(_QUICKEST, pace * factor)), 2)


def _answered(turn: Turn, moment: Listening, control: Control) -> None:
    guided = _guided(turn)
    step = step_at(routine_of(turn, guided.routine), guided.cursor)
    agreed = control in {Control.RESUME, Control.YES}
    if moment.ready or step.listen is Listen.READY or step.listen is None:
        if agreed:
            advance(turn)
        else:
            turn.say(lines(turn).ready_again)
            _turn_to(turn, Listening(ready=True), seconds=_ASK_AGAIN_SECONDS)
        return
    match step.listen:
        case Listen.DONE if agreed:
            advance(turn)
        case Listen.DONE:
            turn.say(step.otherwise or lines(turn).ready_again)
            _turn_to(turn, Listening(ready=True), seconds=_ASK_AGAIN_SECONDS)
        case Listen.ALL_WELL if control is Control.NO:
            advance(turn)
        case Listen.FEELING if agreed:
            advance(turn)
        case Listen.FEELING | Listen.ALL_WELL:
            turn.say(_question_of(turn, step, moment))
            _turn_to(turn, Listening(moment.asked), seconds=_ASK_AGAIN_SECONDS)


def danger_told(turn: Turn, control: Control) -> bool:
    """Whether this answers a step that asks for signs of danger with anything but a no."""
    guided = turn.state.guided
    if guided is None or not isinstance(guided.moment, Listening) or guided.moment.ready:
        return False
    step = step_at(routine_of(turn, guided.routine), guided.cursor)
    return step.listen is Listen.ALL_WELL and control in {Control.YES, Control.NOT_SURE}


def _resume(turn: Turn, moment: Held, word: str) -> None:
    diary = turn.skill.diary
    if diary and turn.at - moment.at > _LONG_PAUSE_SECONDS:
        turn.say(diary.ask_score)
        turn.open(Scoring())
        return
    carry_on(turn, prefix=word)


def _move(turn: Turn, cursor: Cursor | None, word: str) -> None:
    if cursor is None:
        _finish(turn)
    else:
        _tell(turn, cursor, prefix=word)


def _repeat(turn: Turn, guided: Guided) -> None:
    step = step_at(routine_of(turn, guided.routine), guided.cursor)
    again = turn.state.repeats + 1
    turn.silence()
    _tell(turn, guided.cursor, slower=_REPEATED_SLOWER, words=step.easier if again > 1 and step.easier else step.say)
    turn.change(repeats=again)


def _ease(turn: Turn, guided: Guided, word: str) -> None:
    step = step_at(routine_of(turn, guided.routine), guided.cursor)
    turn.silence()
    if guided.manner.easier:
        end(turn, Ending.STOPPED)
        turn.say(lines(turn).rest)
        return
    turn.change(guided=replace(guided, manner=replace(guided.manner, easier=True)))
    said = turn.say(f"{word} {step.easier or lines(turn).smallest}")
    _turn_to(turn, Aside(said))


def _left(turn: Turn, guided: Guided) -> str:
    routine = routine_of(turn, guided.routine)
    left = seconds_left(routine, guided.cursor, guided.manner, turn.state.memory.pace)
    if left < _NEARLY_DONE_SECONDS:
        return lines(turn).nearly_done
    steps = count(steps_left(routine, guided.cursor, guided.manner), "step", "steps")
    text = lines(turn).about_left.replace("{MINUTES}", count(minutes(left), "minute", "minutes"))
    return text.replace("{STEPS}", steps[0].upper() + steps[1:])


def _question_of(turn: Turn, step: Step, moment: Listening) -> str:
    return lines(turn).ready_again if moment.ready else step.say


def _guided(turn: Turn) -> Guided:
    if turn.state.guided is None:
        raise LookupError("no routine is under way")
    return turn.state.guided


def _turn_to(turn: Turn, moment: Moment, *, cursor: Cursor | None = None, seconds: float | None = None) -> None:
    guided = _guided(turn)
    turn.cancel(guided.timer)
    guided = replace(guided, moment=moment, cursor=cursor or guided.cursor, beat=guided.beat + 1)
    turn.change(guided=guided)
    if seconds is None:
        return
    if isinstance(moment, Listening | Held):
        turn.start_when_said(guided.timer, seconds)
    else:
        turn.do(StartTimer(guided.timer, seconds))


def _index(routine: Routine, cursor: Cursor) -> int:
    """The number of a step among all steps of the routine, from 1."""
    return sum(len(part.steps) for part in routine.parts[: cursor.part]) + cursor.step + 1

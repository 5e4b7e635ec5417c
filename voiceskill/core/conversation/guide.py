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
    Idle,
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
    Manner,
    Routine,
    Step,
    after,
    count_of,
    seconds_a_number,
    step_at,
    step_number,
    walk,
    words_of,
)
from voiceskill.core.skill import GuideLines, Intent
from voiceskill.core.spoken_values import number

ASK_AGAIN_SECONDS = 15.0
_ASKED_AT_MOST = 2
_REMIND_SECONDS = 60.0
_HELD_AT_MOST_SECONDS = 30 * 60.0


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
    turn.do(Guiding(intent.id, step_number(routine, start), "started"))
    tell(turn, start, prefix=" ".join(opening))


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
        Guiding(guided.routine, step_number(routine_of(turn, guided.routine), guided.cursor), how.value),
    )
    turn.change(guided=None)
    turn.save(RoutineEnded(turn.now, guided.routine, how))


def finish(turn: Turn) -> None:
    """The routine was done to its end."""
    guided = under_way(turn)
    routine = routine_of(turn, guided.routine)
    end(turn, Ending.DONE)
    if routine.ends_quietly:
        return
    turn.say(f"{lines(turn).finished} {turn.skill.diary.ask_score}" if turn.skill.diary else lines(turn).finished)
    if turn.skill.diary:
        turn.open(Scoring())


# The moments of a step.


def tell(turn: Turn, cursor: Cursor, *, prefix: str = "", slower: float = 1.0, words: str | None = None) -> None:
    """Say the instruction at `cursor`, or other `words` for it, and go on from there."""
    guided = under_way(turn)
    routine = routine_of(turn, guided.routine)
    said = turn.say(f"{prefix} {words or words_of(routine, cursor)}".strip(), slower=slower)
    wait_for(turn, Telling(said), cursor=cursor)
    turn.do(SaveProgress(Progress(turn.now, guided.routine, cursor, guided.manner.easier)))
    turn.do(Guiding(guided.routine, step_number(routine, cursor), "step"))


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
    guided = under_way(turn)
    step = step_of(turn)
    if count_of(step, guided.manner):
        _count(turn, 1)
    else:
        _rest(turn, step)


def _count(turn: Turn, value: int) -> None:
    guided = under_way(turn)
    whole = count_of(step_of(turn), guided.manner)
    interval = seconds_a_number(whole, turn.state.memory.pace)
    last = turn.state.last
    turn.say(f"{number(value).capitalize()}.")
    turn.change(last=last)
    wait_for(turn, Counting(value), seconds=interval)


def _rest(turn: Turn, step: Step) -> None:
    if step.seconds:
        wait_for(turn, Resting(), seconds=step.seconds * turn.state.memory.pace)
    elif step.listen:
        wait_for(turn, Listening(), seconds=ASK_AGAIN_SECONDS)
    else:
        advance(turn)


def fired(turn: Turn, timer: str) -> None:
    """Time is over for what we waited for."""
    guided = turn.state.guided
    if guided is None or timer != guided.timer:
        return
    step = step_of(turn)
    match guided.moment:
        case Counting(value) if value < count_of(step, guided.manner):
            _count(turn, value + 1)
        case Counting():
            _rest(turn, step)
        case Resting() if step.listen:
            wait_for(turn, Listening(), seconds=ASK_AGAIN_SECONDS)
        case Resting():
            advance(turn)
        case Listening(asked) if asked + 1 < _ASKED_AT_MOST:
            turn.say(question_of(turn, step, guided.moment))
            wait_for(turn, Listening(asked + 1, guided.moment.ready), seconds=ASK_AGAIN_SECONDS)
        case Listening():
            turn.say(lines(turn).pausing)
            hold(turn)
        case Held() if not isinstance(turn.state.phase, Idle):
            wait_for(turn, guided.moment, seconds=_REMIND_SECONDS)  # no word of it between our question and its answer
        case Held(reminded=False):
            turn.say(lines(turn).still_paused)
            wait_for(turn, Held(guided.moment.at, reminded=True), seconds=_HELD_AT_MOST_SECONDS - _REMIND_SECONDS)
        case Held():
            end(turn, Ending.STOPPED)


def advance(turn: Turn, prefix: str = "") -> None:
    """Go on to the next step."""
    guided = under_way(turn)
    following = after(routine_of(turn, guided.routine), guided.cursor, guided.manner)
    if following is None:
        finish(turn)
    else:
        tell(turn, following, prefix=prefix)


def hold(turn: Turn) -> None:
    """Wait until we are told to carry on."""
    guided = turn.state.guided
    if guided and not isinstance(guided.moment, Held):
        turn.cancel(guided.timer)
        turn.do(Guiding(guided.routine, step_number(routine_of(turn, guided.routine), guided.cursor), "paused"))
        wait_for(turn, Held(turn.at), seconds=_REMIND_SECONDS)


def wait_to_carry_on(turn: Turn) -> None:
    """Wait for somebody to carry on with the routine that is held, as long as one that was paused; they need not be there, so once told."""
    wait_for(turn, Held(turn.at, reminded=True), seconds=_HELD_AT_MOST_SECONDS)


def pass_by(turn: Turn, text: str) -> None:
    """Say a word in passing; then the step goes on from after its instruction, or is told anew if that was cut."""
    guided = under_way(turn)
    turn.silence()
    match guided.moment:
        case Held():
            turn.say(text)
        case Telling(step) if turn.say_before(step, text):
            pass
        case Telling():
            tell(turn, guided.cursor, prefix=text)
        case Listening():
            turn.say(text)
            wait_for(turn, guided.moment, seconds=ASK_AGAIN_SECONDS)
        case _:
            wait_for(turn, Aside(turn.say(text)))


def ask_to_carry_on(turn: Turn, text: str) -> None:
    """Say something else in the middle of a routine; then ask whether to carry on."""
    turn.silence()
    hold(turn)
    if turn.terse:
        turn.say(text)
        return
    turn.say(f"{text} {lines(turn).carry_on}".strip())
    turn.open(CarryOn())


def say_where_we_were(turn: Turn, prefix: str = "") -> None:
    """Name the routine that is held, and ask whether to carry on."""
    name = routine_of(turn, under_way(turn).routine).name
    turn.say(f"{prefix} {lines(turn).where_we_were.replace('{NAME}', name)}".strip())
    turn.open(CarryOn())


def carry_on(turn: Turn, prefix: str = "") -> None:
    """Go on with the routine that is held, from the start of the step. What it warns of is said again: who knows where they are by now."""
    turn.close()
    guided = under_way(turn)
    routine = routine_of(turn, guided.routine)
    turn.do(Guiding(guided.routine, step_number(routine, guided.cursor), "resumed"))
    tell(turn, guided.cursor, prefix=f"{prefix} {routine.warning or ''}".strip())


def question_of(turn: Turn, step: Step, moment: Listening) -> str:
    """What a listening step asks, when it has to ask again."""
    return lines(turn).ready_again if moment.ready else step.say


def step_of(turn: Turn) -> Step:
    """The step under way."""
    guided = under_way(turn)
    return step_at(routine_of(turn, guided.routine), guided.cursor)


def under_way(turn: Turn) -> Guided:
    """The routine under way."""
    if turn.state.guided is None:
        raise LookupError("no routine is under way")
    return turn.state.guided


def wait_for(turn: Turn, moment: Moment, *, cursor: Cursor | None = None, seconds: float | None = None) -> None:
    """Wait for something else than before, at most for so many seconds."""
    guided = under_way(turn)
    turn.cancel(guided.timer)
    guided = replace(guided, moment=moment, cursor=cursor or guided.cursor, beat=guided.beat + 1)
    turn.change(guided=guided)
    if seconds is None:
        return
    if isinstance(moment, Listening | Held):
        turn.start_when_said(guided.timer, seconds)
    else:
        turn.do(StartTimer(guided.timer, seconds))

"""Safety questions: whether somebody may be asked to move, and for what."""

from __future__ import annotations

from dataclasses import replace

from voiceskill.core.conversation import flags, guide
from voiceskill.core.conversation.state import Offered, Screening
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.diary import ConditionTold, Ending, Screened, ScreenResult
from voiceskill.core.precautions import Screen
from voiceskill.core.skill import Control, Intent
from voiceskill.core.spoken_values import number

_ASK_AGAIN_SECONDS = 15.0
_ASKED_AT_MOST = 2

DROWSY = "drowsy_medicine"
"""The condition that follows from a medicine taken lately."""


def conditions(turn: Turn) -> frozenset[str]:
    """What rules things out now."""
    memory = turn.state.memory
    return memory.conditions(turn.now, turn.skill.passing) | (frozenset({DROWSY}) if memory.drowsy(turn.now) else frozenset())


def refusal(turn: Turn, intent: Intent) -> str | None:
    """Why something may not be done now, in words; None when it may."""
    precautions, lines, memory = intent.precautions, turn.skill.guide, turn.state.memory
    if precautions is None or lines is None:
        return None
    if precautions.moves and memory.blocked(turn.now):
        return lines.blocked
    ruling = sorted(precautions.not_for & conditions(turn))
    if ruling:
        return lines.not_for_you.replace("{CONDITION}", turn.skill.conditions[ruling[0]])
    return lines.left_for_today if memory.left_alone(intent.id, turn.now) else None


def missing(turn: Turn, intent: Intent) -> tuple[str, ...]:
    """The safety questions to be answered before it."""
    if intent.precautions is None:
        return ()
    answered = turn.state.memory.answered(turn.now)
    return tuple(name for name in intent.precautions.screen if name not in answered)


def admit(turn: Turn, intent: Intent) -> bool:
    """Whether it may begin. If not, we have said why, or begun to ask."""
    refused = refusal(turn, intent)
    if refused is not None:
        turn.silence()
        turn.close()
        instead = intent.precautions.instead if intent.precautions else None
        other = turn.skill.intents[instead] if instead else None
        if other and refusal(turn, other) is None:
            guide.hold(turn)
            turn.say(f"{refused} {other.invitation}")
            turn.open(Offered(other.id))
        else:
            _say(turn, refused)
        return False
    names = missing(turn, intent)
    if names and turn.skill.screen:
        begin(turn, names, intent.id)
        return False
    return True


def begin(turn: Turn, names: tuple[str, ...], then: str | None) -> None:
    """Ask safety questions."""
    screen = _screen(turn)
    turn.silence()
    guide.hold(turn)
    intro = screen.intro.replace("{COUNT}", number(len(names))) if len(names) > 1 else screen.intro_one
    turn.say(f"{intro} {screen.questions[names[0]].ask}")
    turn.open(Screening(names, then), _ASK_AGAIN_SECONDS)


def begin_whole(turn: Turn) -> None:
    """Ask all safety questions."""
    begin(turn, tuple(_screen(turn).questions), None)


def answer(turn: Turn, phase: Screening, control: Control | None) -> Intent | None:
    """Take the answer to the question that is open. Gives the intent to go on with once all is answered."""
    turn.silence()
    match control:
        case Control.NO:
            return _no(turn, phase)
        case Control.YES:
            return _yes(turn, phase)
        case Control.NOT_SURE:
            _unsure(turn)
        case Control.CANCEL:
            _later(turn)
        case _:
            ask_again(turn, phase)
    return None


def ask_again(turn: Turn, phase: Screening) -> None:
    """Put the open question once more; then leave it."""
    if phase.asked >= _ASKED_AT_MOST:
        _later(turn)
        return
    turn.silence()
    _put(turn, replace(phase, asked=phase.asked + 1))


def ask_when_saved(turn: Turn, phase: Screening) -> None:
    """Put the open question once more as soon as we have said that something is kept."""
    turn.ask_when_saved(_question(turn, phase), replace(phase, asked=1))


def _no(turn: Turn, phase: Screening) -> Intent | None:
    if phase.part is None:
        return _next_question(turn, phase)
    following = _part_after(turn, phase, phase.part)
    if following is not None:
        _put(turn, replace(phase, part=following, asked=1))
        return None
    if phase.told:
        return _next_question(turn, phase)
    _unsure(turn)  # yes to the question, no to all it asks for: we have not understood each other
    return None


def _yes(turn: Turn, phase: Screening) -> Intent | None:
    screen, index = _screen(turn), phase.part
    if index is None:
        _put(turn, replace(phase, part=0, asked=1), prefix=screen.which)
        return None
    part = screen.questions[phase.names[0]].parts[index]
    if part.condition:
        turn.save(ConditionTold(turn.now, part.condition))
    if part.flag:
        flags.raise_flag(turn, turn.skill.intents[part.flag])
        return None
    phase = replace(phase, told=True)
    following = _part_after(turn, phase, index)
    if following is not None:
        _put(turn, replace(phase, part=following, asked=1))
        return None
    return _next_question(turn, phase)


def _part_after(turn: Turn, phase: Screening, index: int) -> int | None:
    parts = _screen(turn).questions[phase.names[0]].parts
    known = conditions(turn)
    later = range(index + 1, len(parts))
    return next((place for place in later if (need := parts[place].only_if) is None or need in known), None)


def _next_question(turn: Turn, phase: Screening) -> Intent | None:
    answered, rest = (*phase.answered, phase.names[0]), phase.names[1:]
    if rest:
        _put(turn, replace(phase, names=rest, answered=answered, part=None, told=False, asked=1))
        return None
    turn.close()
    if phase.then is not None and turn.state.memory.blocked(turn.now):  # another program told the diary so meanwhile
        return turn.skill.intents[phase.then]
    turn.save(Screened(turn.now, ScreenResult.CLEAR, questions=answered))
    if phase.then is None:
        _say(turn, _screen(turn).clear)
        return None
    turn.say(_screen(turn).clear)
    return turn.skill.intents[phase.then]


def _put(turn: Turn, phase: Screening, prefix: str = "") -> None:
    turn.say(f"{prefix} {_question(turn, phase)}".strip())
    turn.open(phase, _ASK_AGAIN_SECONDS)


def _question(turn: Turn, phase: Screening) -> str:
    question = _screen(turn).questions[phase.names[0]]
    return question.ask if phase.part is None else question.parts[phase.part].ask


def _unsure(turn: Turn) -> None:
    guide.end(turn, Ending.DANGER)
    turn.save(Screened(turn.now, ScreenResult.UNSURE))
    turn.close()
    turn.say(_screen(turn).unsure)


def _later(turn: Turn) -> None:
    turn.close()
    _say(turn, _screen(turn).later)


def _say(turn: Turn, text: str) -> None:
    """Say it; in the middle of a routine, ask whether to carry on with it."""
    if turn.state.guided:
        guide.ask_to_carry_on(turn, text)
    else:
        turn.say(text)


def _screen(turn: Turn) -> Screen:
    if turn.skill.screen is None:
        raise LookupError("the skill has no safety questions")
    return turn.skill.screen

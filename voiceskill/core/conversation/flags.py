"""Danger: raising flags, asking about doubtful ones, and what follows."""

from __future__ import annotations

from voiceskill.core.actions import Level
from voiceskill.core.conversation import calling, guide, timing
from voiceskill.core.conversation.state import Confirming, Flagged, Idle
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.diary import ConditionTold, Ending, Screened, ScreenResult
from voiceskill.core.skill import Intent, Tier
from voiceskill.core.understanding.normalise import says_any

_REPEAT_SECONDS = 20.0
"""How long after an emergency line silence is taken as a wish to hear it again."""

_LEVELS: dict[Tier, Level] = {Tier.EMERGENCY: "emergency", Tier.MATERNITY: "maternity", Tier.TODAY: "today"}

_TOLD_AT_MOST = 2
_STAYED_AT_MOST = 5
"""How often in a row we say to silence that we are still there."""


def raise_flag(turn: Turn, intent: Intent, others: tuple[Intent, ...] = (), heard: str = "") -> None:
    """Stop everything, say the line in full, tell the household."""
    earlier = _flags_of_today(turn) - {intent.id}
    guide.end(turn, Ending.DANGER)
    timing.end(turn)
    turn.silence()
    turn.hush()
    turn.change(topic=intent.id, misses=0, asleep=False)
    emergency = intent.tier is not Tier.TODAY
    for flag in (intent, *others):
        result = ScreenResult.TODAY if flag.tier is Tier.TODAY else ScreenResult.DANGER
        turn.save(Screened(turn.now, result, about=flag.id))
        for condition in flag.implies:
            turn.save(ConditionTold(turn.now, condition))
    severe = not emergency and turn.skill.lines.severe is not None and says_any(heard, turn.skill.severe_signs)
    level = _LEVELS[Tier.EMERGENCY if severe else intent.tier or Tier.TODAY]
    counted = not others and calling.waits(turn, intent, heard)
    told = "" if counted else calling.at_once(turn, intent, level)
    turn.say(_line(turn, intent, told, severe=severe, several=bool(earlier or others)), urgent=True)
    if counted:
        calling.count_down(turn, intent, level)
    if intent.then and (emergency or intent.then.endswith("?")):
        turn.open(Flagged(intent.id), _REPEAT_SECONDS)
    else:
        turn.close()


def _line(turn: Turn, intent: Intent, told: str, *, severe: bool, several: bool) -> str:
    """The line, what else there is to it, that the household is told, and what follows."""
    lines = turn.skill.lines
    more = lines.severe if severe else lines.two_signs if several and intent.tier is Tier.TODAY else None
    return " ".join(part for part in (intent.answers[0], more, told, intent.then) if part)


def _flags_of_today(turn: Turn) -> set[str]:
    episode = turn.state.memory.episode(turn.now)
    return {entry.about for entry in episode if isinstance(entry, Screened) and entry.about and entry.result is ScreenResult.TODAY}


def ask(turn: Turn, intent: Intent, question: str) -> None:
    """Ask once about a flag that was perhaps heard. A routine waits meanwhile."""
    turn.silence()
    guide.hold(turn)
    turn.say(question)
    turn.open(Confirming(intent.id))


def deny(turn: Turn, intent: str) -> None:
    """It was not so."""
    turn.change(denied=turn.state.denied | {intent})
    turn.close()
    if turn.state.guided:
        guide.ask_to_carry_on(turn, turn.skill.lines.declined)
    else:
        turn.say(turn.skill.lines.declined)


def again(turn: Turn, phase: Flagged) -> None:
    """Say the line once more, and what to tell those who answer the call; or stay with somebody who should not be alone."""
    intent = turn.skill.intents[phase.intent]
    turn.silence()
    if intent.stay:
        turn.say(intent.stay, urgent=True)
        turn.open(Flagged(intent.id, phase.told + 1), _REPEAT_SECONDS * 3)
        return
    tell = turn.skill.lines.tell_them
    words = f" {tell.replace('{NAME}', intent.title)}" if phase.told >= _TOLD_AT_MOST - 1 and tell and intent.title else ""
    turn.say(intent.answers[0] + words, urgent=True)
    if phase.told < _TOLD_AT_MOST:
        turn.open(Flagged(intent.id, phase.told + 1), _REPEAT_SECONDS)
    else:
        turn.close()


def unheard(turn: Turn, texts: tuple[str, ...]) -> None:
    """Say lines that nobody could hear, and wait for the answer anew."""
    for text in texts:
        turn.say(text, urgent=True)
    if isinstance(turn.state.phase, Flagged):
        turn.open(turn.state.phase, _REPEAT_SECONDS)


def stays(turn: Turn, phase: Flagged) -> bool:
    """Whether it is a flag after which we stay with somebody, whatever they answer."""
    return turn.skill.intents[phase.intent].stay is not None


def lapse(turn: Turn, phase: Flagged) -> None:
    """Nobody answered: say it again, but not for ever."""
    if phase.told < (_STAYED_AT_MOST if stays(turn, phase) else _TOLD_AT_MOST):
        again(turn, phase)
    else:
        turn.change(phase=Idle())

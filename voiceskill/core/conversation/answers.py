"""Answers and offers: what is said to a question, and what is not understood."""

from __future__ import annotations

from datetime import timedelta

from voiceskill.core.conversation import guide, screening
from voiceskill.core.conversation.state import Clarifying, Offered, OfferedTime
from voiceskill.core.conversation.turn import Turn, shortened
from voiceskill.core.diary import ConditionTold, Ending, RoutineEnded, day_of
from voiceskill.core.skill import Intent
from voiceskill.core.understanding.outcome import NoMatch

_MISSES_ANSWERED = 2
"""After so many replies in a row to what was not understood, silence."""

_MOST_WORDS = 60
_LONG_REST = timedelta(hours=48)
_DISTRESSED_WORDS = 15
_QUIET_WORDS = 30
_DISTRESSED_SLOWER = 1.2


def answer(turn: Turn, intent: Intent, *, distressed: bool = False) -> None:
    """Answer a question; in the middle of a routine, ask whether to carry on with it."""
    if not screening.admit(turn, intent):
        return
    turn.silence()
    turn.close()
    turn.change(misses=0, topic=intent.id)
    for condition in intent.implies:
        turn.save(ConditionTold(turn.now, condition))
    text = turn.rotate(intent.id, intent.answers)
    if intent.precautions and intent.precautions.warning:
        text = f"{intent.precautions.warning} {text}"
    if distressed:
        _soothe(turn, intent, text)
    elif turn.state.guided:
        guide.ask_to_carry_on(turn, _fitting(turn, text))
    else:
        offer(turn, intent, text)


def offer(turn: Turn, intent: Intent, text: str) -> None:
    """Say an answer, and offer what goes with it: nothing that was told, declined or ruled out."""
    offered = turn.skill.intents[intent.offer] if intent.offer and intent.offer not in turn.state.told and not turn.terse else None
    if intent.timed and not turn.terse and turn.state.timed is None:
        turn.say(_fitting(turn, text, intent.timed.offer))
        turn.open(OfferedTime(intent.id))
    elif nudge := _nudge(turn):
        turn.say(_fitting(turn, text, nudge))
    elif offered and offered.invitation and screening.refusal(turn, offered) is None:
        turn.say(_fitting(turn, text, offered.invitation))
        turn.open(Offered(offered.id))
    else:
        turn.say(_fitting(turn, text))


def _nudge(turn: Turn) -> str | None:
    """Once a day, to somebody who has not got up for two days: a gentle word."""
    line, episode = turn.skill.lines.nudge, turn.state.memory.episode(turn.now)
    today = day_of(turn.now)
    if not line or turn.terse or turn.state.nudged == today or not episode or turn.now - episode[0].at < _LONG_REST:
        return None
    moving = {intent.id for intent in turn.skill.intents.values() if intent.moves}
    moved = [entry for entry in episode if isinstance(entry, RoutineEnded) and entry.how is Ending.DONE and entry.routine in moving]
    if moved and turn.now - moved[-1].at < _LONG_REST:
        return None
    turn.change(nudged=today)
    return line


def _fitting(turn: Turn, text: str, question: str = "") -> str:
    """An answer, at first use what we are, and a question where there is one, in one breath."""
    most = _QUIET_WORDS if turn.quiet or turn.terse else _MOST_WORDS
    after = [question] if question else []
    if not turn.state.introduced:
        turn.change(introduced=True)
        after.insert(0, turn.skill.lines.first_use)
    return " ".join([shortened(text, most - len(" ".join(after).split())), *after])


def _soothe(turn: Turn, intent: Intent, text: str) -> None:
    """To somebody in distress: little, slowly, and the offer to breathe."""
    calming = turn.skill.intents.get(turn.skill.calming or "")
    said = shortened(text, _DISTRESSED_WORDS)
    if turn.state.guided:
        guide.ask_to_carry_on(turn, said)
        return
    if calming is None or not calming.invitation or calming.id == intent.id:
        turn.say(said, slower=_DISTRESSED_SLOWER)
        return
    turn.say(f"{said} {calming.invitation}", slower=_DISTRESSED_SLOWER)
    turn.open(Offered(calming.id))


def more(turn: Turn) -> None:
    """Say more about what was answered last."""
    topic = turn.skill.intents.get(turn.state.topic or "")
    text = (topic and topic.more) or turn.skill.lines.nothing_more
    if turn.state.guided:
        guide.ask_to_carry_on(turn, text)
    else:
        turn.silence()
        turn.say(text)


def elsewhere(turn: Turn) -> None:
    """Say that we know nothing about this."""
    line = turn.skill.lines.elsewhere
    if line and turn.state.guided:
        guide.ask_to_carry_on(turn, line)
    elif line:
        turn.silence()
        turn.say(line)


def missed(turn: Turn, outcome: NoMatch) -> None:
    """What was said was not understood: ask back a few times if it may have been for us, else keep silent."""
    if outcome.reason != "unclear":
        return
    turn.change(misses=turn.state.misses + 1)
    if turn.state.misses > _MISSES_ANSWERED:
        return
    if turn.state.guided:
        guide.pass_by(turn, guide.lines(turn).steer)
        return
    titles = [turn.skill.intents[one.intent].title for one in (outcome.best, outcome.second) if one]
    if outcome.best and outcome.second and all(titles):
        turn.say(f"{turn.skill.lines.did_you_mean} {titles[0]}, or {titles[1]}?")
        turn.open(Clarifying(outcome.best.intent, outcome.second.intent))
    else:
        turn.say(turn.rotate("", turn.skill.lines.not_understood))

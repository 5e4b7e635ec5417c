"""The diary by voice: what is told is kept, and told back as facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from voiceskill.core.actions import Forget
from voiceskill.core.conversation import guide, screening, steering
from voiceskill.core.conversation.state import AskingWhatHelped, Forgetting, Held, Idle, Offered, Pending, Scoring
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.diary import Helped, PaceSet, PainScored, Screened, ScreenResult, TookMedicine, day_of
from voiceskill.core.skill import DiaryLines, Intent, Note
from voiceskill.core.spoken_values import number, when

Slots = Mapping[str, str | int | float]

_STRONG = 8.0
_WEEK = timedelta(days=7)
_FORGET_SECONDS = 20.0


def lines(turn: Turn) -> DiaryLines:
    """What is said about the diary."""
    if turn.skill.diary is None:
        raise LookupError("the skill has no lines for a diary")
    return turn.skill.diary


def note(turn: Turn, intent: Intent, slots: Slots) -> None:
    """Do what a diary intent is for."""
    match intent.note:
        case Note.SCORE:
            _score(turn, slots)
        case Note.HELPED:
            _helped(turn, slots)
        case Note.MEDICINE:
            _medicine(turn, slots)
        case Note.RECALL:
            _say(turn, recall(turn))
        case Note.SCREENED:
            _screened(turn, intent, slots)
        case Note.FORGET:
            turn.silence()
            guide.hold(turn)
            turn.say(lines(turn).ask_forget)
            turn.open(Forgetting(), _FORGET_SECONDS)
        case None:
            pass


# Pain.


def _score(turn: Turn, slots: Slots) -> None:
    score = slots.get("score")
    if isinstance(score, int | float):
        scored(turn, float(score))
        return
    turn.silence()
    guide.hold(turn)
    turn.say(lines(turn).ask_score)
    turn.open(Scoring())


def scored(turn: Turn, score: float) -> None:
    """Keep a pain score, and say what follows from it."""
    turn.close()
    rose = steering.pain_rose(turn, score)
    turn.silence()
    turn.save(PainScored(turn.now, score))
    rest = guide.lines(turn).pain_up if rose else _after_score(turn, score)
    turn.say_when_saved(lines(turn).saved_score.replace("{SCORE}", number(score)), rest)


def _after_score(turn: Turn, score: float) -> str:
    """What follows from a score: rest first when it is strong, help when it gets no better."""
    calming = turn.skill.intents.get(turn.skill.calming or "")
    busy = turn.state.guided is not None
    if score >= _STRONG:
        if busy or calming is None or calming.invitation is None:
            return lines(turn).strong
        turn.open(Offered(calming.id))
        return f"{lines(turn).strong} {calming.invitation}"
    nudge = None if busy else _not_improving(turn)
    if nudge is None or nudge.invitation is None:
        return ""
    turn.open(Offered(nudge.id))
    return nudge.invitation


def _not_improving(turn: Turn) -> Intent | None:
    """What to offer when the pain has not got less for days: once a day."""
    intent = turn.skill.intents.get(turn.skill.not_improving or "")
    today = day_of(turn.now)
    if intent is None or turn.state.nudged == today or not turn.state.memory.not_improving(turn.now):
        return None
    turn.change(nudged=today)
    return intent


# What helped, and medicines.


def _helped(turn: Turn, slots: Slots) -> None:
    what = slots.get("remedy")
    if not isinstance(what, str):
        turn.silence()
        guide.hold(turn)
        turn.say(lines(turn).ask_helped)
        turn.open(AskingWhatHelped())
        return
    helped(turn, what, better=slots.get("effect") != "worse")


def helped(turn: Turn, what: str, *, better: bool) -> None:
    """Keep what helped or made it worse."""
    turn.close()
    turn.silence()
    turn.save(Helped(turn.now, what, better))
    turn.say_when_saved(lines(turn).saved_helped)


def _medicine(turn: Turn, slots: Slots) -> None:
    if slots.get("asking"):
        last = turn.state.memory.last_medicine()
        told = lines(turn).recalled_medicine.replace("{TIME}", when(last.taken, turn.now)) if last else lines(turn).nothing_kept
        _say(turn, told)
        return
    taken = _time_told(turn.now, slots.get("time"))
    name = slots.get("medicine")
    drowsy = isinstance(name, str) and name in turn.skill.drowsy
    turn.silence()
    turn.save(TookMedicine(turn.now, taken, name if isinstance(name, str) else None, drowsy))
    turn.say_when_saved(lines(turn).saved_medicine.replace("{TIME}", when(taken, turn.now)))


def _time_told(now: datetime, told: str | float | None) -> datetime:
    """The last time that it was HH:MM, in the half of the day that was more lately; now, when no time was told."""
    if not isinstance(told, str):
        return now
    hour, minute = map(int, told.split(":"))
    at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return at if at <= now else at - timedelta(days=1)


# Reading back.


def recall(turn: Turn) -> str:
    """The facts: the last scores, the range of the week, what helped."""
    memory, said = turn.state.memory, lines(turn)
    facts: list[str] = []
    scores = memory.scores()
    for line, score in zip((said.last_score, said.earlier_score), reversed(scores[-2:]), strict=False):
        facts.append(line.replace("{SCORE}", number(score.score)).replace("{WHEN}", when(score.at, turn.now)))
    week = [score.score for score in memory.scores(turn.now - _WEEK)]
    if len(week) > 2:
        facts.append(said.scores_between.replace("{LOW}", number(min(week))).replace("{HIGH}", number(max(week))))
    if best := memory.best_help():
        facts.append(said.helped_most.replace("{REMEDY}", best))
    return " ".join(facts) or said.nothing_kept


# Safety questions answered already, and forgetting.


def _screened(turn: Turn, intent: Intent, slots: Slots) -> None:
    match slots.get("screening"):
        case "checked":
            turn.save(Screened(turn.now, ScreenResult.CHECKED))
            _say(turn, turn.rotate(intent.id, intent.answers))
        case "misheard" | "again":
            guide.hold(turn)
            screening.begin_whole(turn)
        case _:
            _say(turn, turn.rotate(intent.id, intent.answers))


def forget(turn: Turn) -> None:
    """Delete everything that was kept."""
    turn.close()
    turn.silence()
    ref = f"save-{turn.state.savings + 1}"
    turn.change(savings=turn.state.savings + 1, pending={**turn.state.pending, ref: Pending(lines(turn).forgotten, forgets=True)})
    turn.do(Forget(ref))


def set_pace(turn: Turn, pace: float) -> None:
    """Keep how slowly somebody wants to go."""
    turn.save(PaceSet(turn.now, pace))


# Saying, in a routine or outside.


def _say(turn: Turn, text: str) -> None:
    if turn.state.guided:
        guide.ask_to_carry_on(turn, text)
    else:
        turn.silence()
        turn.close()
        turn.say(text)


def saved(turn: Turn, ref: str) -> None:
    """Something is kept, or deleted, for good: now we may say so."""
    pending = _settled(turn, ref)
    if pending is None:
        return
    if pending.forgets:
        turn.change(memory=turn.state.memory.forgotten(turn.now))
    _say_in_passing(turn, f"{pending.kept} {pending.rest}".strip())


def not_saved(turn: Turn, ref: str | None) -> None:
    """Something could not be kept. We say so, at length once, and help on."""
    if turn.skill.diary is None:
        return
    pending = _settled(turn, ref)
    first, rest = not turn.state.forgetful, pending.rest if pending else ""
    turn.change(forgetful=True)
    if pending and pending.forgets:
        _say_in_passing(turn, lines(turn).not_forgotten)
    elif first:
        _say_in_passing(turn, f"{lines(turn).cannot_remember} {rest}".strip())
    elif pending:
        _say_in_passing(turn, f"{lines(turn).not_noted} {rest}".strip())


def _settled(turn: Turn, ref: str | None) -> Pending | None:
    """What was to be said about something that is settled now."""
    pending = turn.state.pending.get(ref or "")
    if pending:
        turn.change(pending={key: value for key, value in turn.state.pending.items() if key != ref})
    return pending


def _say_in_passing(turn: Turn, text: str) -> None:
    if not turn.state.guided:
        turn.say(text)
    elif isinstance(turn.state.guided.moment, Held) and isinstance(turn.state.phase, Idle):
        guide.ask_to_carry_on(turn, text)
    else:
        guide.pass_by(turn, text)

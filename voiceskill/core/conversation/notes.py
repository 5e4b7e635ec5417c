"""The diary by voice: what is told is kept, and told back as facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from voiceskill.core.actions import Forget
from voiceskill.core.conversation import guide, screening
from voiceskill.core.conversation.state import AskingWhatHelped, Forgetting, Offered, Scoring
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.diary import Helped, Memory, PaceSet, PainScored, Screened, ScreenResult, TookMedicine, day_of
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
    rose = guide.pain_rose(turn, score)
    reply = lines(turn).saved_score.replace("{SCORE}", number(score))
    turn.silence()
    turn.save(PainScored(turn.now, score))
    calming = turn.skill.intents.get(turn.skill.calming or "")
    nudge = _not_improving(turn)
    if rose:
        reply += f" {guide.lines(turn).pain_up}"
    elif score >= _STRONG:
        reply += f" {lines(turn).strong}"
        if calming and calming.invitation and not turn.state.guided:
            reply += f" {calming.invitation}"
            turn.open(Offered(calming.id))
    elif nudge and nudge.invitation and not turn.state.guided:
        reply += f" {nudge.invitation}"
        turn.open(Offered(nudge.id))
    _once_kept(turn, reply)


def unclear_score(turn: Turn, heard: float) -> None:
    """Ask whether we heard right."""
    turn.say(lines(turn).is_that_right.replace("{SCORE}", number(heard)))
    turn.open(Scoring(heard))


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
    _once_kept(turn, lines(turn).saved_helped)


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
    _once_kept(turn, lines(turn).saved_medicine.replace("{TIME}", when(taken, turn.now)))


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
    turn.change(savings=turn.state.savings + 1, memory=Memory(), pending={**turn.state.pending, ref: lines(turn).forgotten})
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


def _once_kept(turn: Turn, reply: str) -> None:
    """Say that it is saved only when it is."""
    last = f"save-{turn.state.savings}"
    turn.change(pending={**turn.state.pending, last: reply})


def saved(turn: Turn, ref: str) -> None:
    """Something is kept for good: now we may say so."""
    reply = turn.state.pending.get(ref)
    if reply is None:
        return
    turn.change(pending={key: value for key, value in turn.state.pending.items() if key != ref})
    _say_in_passing(turn, reply)


def not_saved(turn: Turn, ref: str | None) -> None:
    """Something could not be kept. We say so once, and help on."""
    turn.change(pending={key: value for key, value in turn.state.pending.items() if key != ref})
    if not turn.state.forgetful and turn.skill.diary:
        turn.change(forgetful=True)
        _say_in_passing(turn, lines(turn).cannot_remember)


def _say_in_passing(turn: Turn, text: str) -> None:
    if turn.state.guided:
        guide.pass_by(turn, text)
    else:
        turn.say(text)

"""The diary by voice: what is told is kept, and told back as facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from voiceskill.core.actions import Forget, PutRight
from voiceskill.core.conversation import guide, screening, steering
from voiceskill.core.conversation.state import (
    AskingWhatHelped,
    CarryOn,
    Confirming,
    Flagged,
    Forgetting,
    Held,
    Hurt,
    Idle,
    Offered,
    Pending,
    Scoring,
    Screening,
)
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.diary import (
    Ending,
    Entry,
    Helped,
    Memory,
    PaceSet,
    PainScored,
    RightTime,
    Screened,
    ScreenResult,
    TakenBack,
    TookMedicine,
    Uptime,
    day_of,
    last_time,
)
from voiceskill.core.diary import put_right as put_entry_right
from voiceskill.core.skill import DiaryLines, Intent, Note
from voiceskill.core.spoken_values import MOST, clock, number, when
from voiceskill.core.understanding.normalise import says_any

Slots = Mapping[str, str | int | float]

_STRONG = 8.0
_WEEK = timedelta(days=7)
_FORGET_SECONDS = 20.0

_JUST_NOW = timedelta(minutes=2)
"""How long a score can be taken back as misheard; later, another one is a change."""

_SAFETY = Screening | Confirming | Flagged | Hurt
"""Questions whose answer is never about a score."""


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


def tells(intent: Intent, slots: Slots) -> bool:
    """Whether it tells us something to keep, so that we need not ask."""
    match intent.note:
        case Note.SCORE:
            return isinstance(slots.get("score"), int | float)
        case Note.HELPED:
            return isinstance(slots.get("remedy"), str)
        case Note.MEDICINE:
            return not slots.get("asking")
        case _:
            return False


# Pain.


def _score(turn: Turn, slots: Slots) -> None:
    score, beyond = slots.get("score"), slots.get("score_beyond")
    if isinstance(score, int | float):
        scored(turn, float(score))
    elif isinstance(beyond, int | float):
        beyond_scale(turn, float(beyond))
    else:
        _ask_score(turn, lines(turn).ask_score)


def beyond_scale(turn: Turn, heard: float) -> None:
    """Tell what was heard as a score and can't be one, and ask again."""
    said = lines(turn)
    _ask_score(turn, said.beyond_scale.replace("{SCORE}", number(heard)) if 0 <= heard <= MOST else said.ask_score)


def _ask_score(turn: Turn, text: str) -> None:
    turn.silence()
    guide.hold(turn)
    turn.say(text)
    turn.open(Scoring())


def scored(turn: Turn, score: float) -> None:
    """Keep a pain score, and say what follows from it."""
    turn.close()
    rose = steering.pain_rose(turn, score)
    turn.silence()
    turn.save(PainScored(turn.now, score))
    kept = lines(turn).saved_score.replace("{SCORE}", number(score))
    if rose:
        turn.when_saved(Pending(kept, guide.lines(turn).pain_up))
    elif score >= _STRONG:
        turn.when_saved(_offering(turn, None if _needs_no_offer(turn) else turn.skill.calming, kept, lines(turn).strong))
    else:
        turn.when_saved(_offering(turn, None if turn.terse or turn.state.guided else _not_improving(turn), kept))


def _needs_no_offer(turn: Turn) -> bool:
    """Whether somebody in strong pain is offered no rest: they are led already, or have just asked for something, and not to move."""
    return turn.state.guided is not None or (turn.terse and not any(turn.skill.intents[wish.intent].moves for wish in turn.also))


def _offering(turn: Turn, offer: str | None, kept: str, rest: str = "") -> Pending:
    intent = turn.skill.intents.get(offer or "")
    if intent is None or intent.invitation is None:
        return Pending(kept, rest)
    return Pending(kept, rest, intent.invitation, Offered(intent.id))


def _not_improving(turn: Turn) -> str | None:
    """What to offer when the pain has not got less for days: once a day."""
    intent, today = turn.skill.not_improving, day_of(turn.now)
    if intent is None or turn.state.nudged == today or not turn.state.memory.not_improving(turn.now):
        return None
    turn.change(nudged=today)
    return intent


# Scores that were misheard.


def taken_back(turn: Turn, text: str, score: float | None) -> bool:
    """Take back the score of just now, where normalised `text` says that it was misheard, and keep the right `score`, or ask for it.

    False if that is not what it says.
    """
    words, wrong = turn.skill.taking_back, _just_told(turn)
    if words is None or wrong is None or isinstance(turn.state.phase, _SAFETY):
        return False
    insists = score is not None and says_any(text, words.with_score)
    corrects = score is not None and (insists or any(f"{text} ".startswith(f"{word} ") for word in words.first))
    if not corrects and not says_any(text, words.alone):
        return False
    if insists and score == wrong.score:
        if wrong not in turn.state.unkept.values():  # else it is said when it is kept
            turn.silence()
            _say_in_passing(turn, lines(turn).saved_score.replace("{SCORE}", number(score)))
        return True
    turn.hush()
    turn.save(TakenBack(turn.now, wrong.at))
    if score is not None and score != wrong.score:
        scored(turn, score)
        return True
    turn.silence()
    turn.close()
    guide.hold(turn)
    turn.when_saved(Pending(lines(turn).taken_back, question=lines(turn).ask_score, asks=Scoring()))
    return True


def _just_told(turn: Turn) -> PainScored | None:
    """The score of just now, unless a sign of danger or a safety question came after it: then that is what was misheard."""
    told = (entry for entry in reversed(turn.state.memory.entries) if isinstance(entry, PainScored | Screened))
    last = next(told, None)
    return last if isinstance(last, PainScored) and turn.now - last.at < _JUST_NOW else None


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
    turn.when_saved(Pending(lines(turn).saved_helped))


def _medicine(turn: Turn, slots: Slots) -> None:
    if slots.get("asking"):
        last = turn.state.memory.last_medicine()
        told = lines(turn).recalled_medicine.replace("{TIME}", _when(turn, last, last.taken)) if last else lines(turn).nothing_kept
        _say(turn, told)
        return
    taken = _time_told(turn.now, slots.get("time"))
    name = slots.get("medicine")
    drowsy = isinstance(name, str) and name in turn.skill.drowsy
    turn.silence()
    entry = TookMedicine(turn.now, taken, name if isinstance(name, str) else None, drowsy)
    turn.save(entry)
    said = f"at {clock(taken)}" if turn.state.unset and taken != turn.now else _when(turn, entry, taken)
    turn.when_saved(Pending(lines(turn).saved_medicine.replace("{TIME}", said)))


def _time_told(now: datetime, told: str | float | None) -> datetime:
    """The last time that it was HH:MM; now, when no time was told."""
    if not isinstance(told, str):
        return now
    hour, minute = map(int, told.split(":"))
    return last_time(now, hour, minute)


# Reading back.


def recall(turn: Turn) -> str:
    """The facts: the last scores, the range of the week, what helped."""
    memory, said = turn.state.memory, lines(turn)
    facts: list[str] = []
    scores = memory.scores()
    for line, score in zip((said.last_score, said.earlier_score), reversed(scores[-2:]), strict=False):
        facts.append(line.replace("{SCORE}", number(score.score)).replace("{WHEN}", _when(turn, score, score.at)))
    week = [score.score for score in memory.scores(turn.now - _WEEK)]
    if len(week) > 2:
        facts.append(said.scores_between.replace("{LOW}", number(min(week))).replace("{HIGH}", number(max(week))))
    if best := memory.best_help():
        facts.append(said.helped_most.replace("{REMEDY}", best))
    return " ".join(facts) or said.nothing_kept


def _when(turn: Turn, entry: Entry, moment: datetime) -> str:
    """When something was, in words; nothing is made up where the clock was not set then, or isn't now."""
    unknown = turn.skill.lines.some_time if entry.unsure or turn.state.unset else None
    return unknown or when(moment, turn.now)


def put_right(turn: Turn) -> None:
    """The clock is set: what was told before, in this run of the computer, gets its right time."""
    state = turn.state
    if state.unset or not state.memory.unsure_since(state.boot):
        return
    now = RightTime(Uptime(state.boot, turn.at), turn.now)
    unkept = {ref: put_entry_right(entry, now) for ref, entry in state.unkept.items()}
    turn.change(memory=state.memory.put_right(now), unkept=unkept)
    turn.do(PutRight(now))


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
    turn.do(Forget(turn.new_ref()))
    turn.change(unkept={})
    turn.when_saved(Pending(lines(turn).forgotten, forgets=True))


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


def renew(turn: Turn, diary: Memory) -> None:
    """Know what the diary holds, now that another program has changed it. If that rules movement out, nobody is led to move any more."""
    state = turn.state
    turn.change(memory=state.memory.renewed(diary, state.unkept.values(), turn.now))
    if state.guided is None or not turn.skill.intents[state.guided.routine].moves or not turn.state.memory.blocked(turn.now):
        return
    guide.end(turn, Ending.DANGER)
    if isinstance(state.phase, Idle | CarryOn):
        turn.close()
        turn.silence()
    turn.say(guide.lines(turn).blocked)


def saved(turn: Turn, ref: str) -> None:
    """Something is kept, or deleted, for good: now we may say so. What else was meant is the turn's to go on with."""
    turn.change(unkept={key: entry for key, entry in turn.state.unkept.items() if key != ref})
    pending = _settled(turn, ref)
    if pending.forgets:
        turn.change(memory=Memory.of((*turn.state.memory.forgotten(turn.now).entries, *turn.state.unkept.values())))
    _follow(turn, pending.kept, pending)


def not_saved(turn: Turn, ref: str | None) -> None:
    """Something could not be kept. We say so, at length once, and help on."""
    if turn.skill.diary is None:
        return
    pending = _settled(turn, ref)
    first = not turn.state.forgetful
    turn.change(forgetful=True)
    if pending.forgets:
        _follow(turn, lines(turn).not_forgotten, pending)
    elif first:
        _follow(turn, lines(turn).cannot_remember, pending)
    else:
        _follow(turn, lines(turn).not_noted if pending.kept else "", pending)


def _settled(turn: Turn, ref: str | None) -> Pending:
    """What was to follow something that is settled now."""
    pending = dict(turn.state.pending)
    settled = pending.pop(ref or "", Pending())
    turn.change(pending=pending)
    return settled


def _follow(turn: Turn, words: str, pending: Pending) -> None:
    """Say `words` and what is to follow them."""
    turn.also = pending.also
    text = f"{words} {pending.rest}".strip()
    guided = turn.state.guided
    if pending.question and isinstance(turn.state.phase, Idle) and (guided is None or isinstance(guided.moment, Held)):
        turn.say(f"{text} {pending.question}".strip())
        turn.open(pending.asks)
    elif text:
        _say_in_passing(turn, text)


def _say_in_passing(turn: Turn, text: str) -> None:
    another = any(turn.skill.intents[wish.intent].routine for wish in turn.also)
    if not turn.state.guided or another:
        turn.say(text)
    elif isinstance(turn.state.guided.moment, Held) and isinstance(turn.state.phase, Idle):
        guide.ask_to_carry_on(turn, text)
    else:
        guide.pass_by(turn, text)

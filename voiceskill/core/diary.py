"""The diary: the few things that are remembered, and what follows from them.

Laws of this module:
- Nothing but what stands here is ever kept: no sound, no words of anybody.
- An entry is a fact with the time of day at which it was told (`at`, with its zone). Nothing is computed ahead and stored.
- A fact that was told while the computer's clock was not set is marked as such (`unsure`); when the clock is set it is put right.
- A fact that turns out to be misheard is not deleted: another says that it counts no more.
- What is too old to matter is not forgotten, only not asked for: an episode ends when nothing was noted for three days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise

from voiceskill.core.routines import Cursor

_EPISODE_GAP = timedelta(hours=72)
_SCREEN_HOLDS = timedelta(hours=24)
_DROPPED_FOR = timedelta(hours=24)
_PASSES_AFTER = timedelta(hours=12)
_DROWSY_FOR = timedelta(hours=8)
_RESUMABLE_FOR = timedelta(hours=1)

_DAY_BEGINS = time(4)
"""The night belongs to the day before."""

_PAIN_JUMP = 3.0
"""A rise of the pain score that makes safety questions necessary again."""

_TIMES_HURT = 2
"""After hurting so often, a routine is left alone for a day."""

_DAYS_NOT_BETTER = 3


class ScreenResult(StrEnum):
    """What came of the safety questions, or of a sign of danger."""

    CLEAR = "clear"
    UNSURE = "unsure"
    TODAY = "today"  # a sign to be seen to today
    DANGER = "danger"  # a sign of an emergency
    CHECKED = "checked"  # a doctor or nurse has looked since


class Ending(StrEnum):
    """How a routine ended."""

    DONE = "done"
    STOPPED = "stopped"
    HURT = "hurt"
    WORSE = "worse"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Uptime:
    """A moment in the run `boot` of the computer, `seconds` after it was switched on: known whatever its clock says."""

    boot: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RightTime:
    """That it was `wall` at `uptime`: now the clock is set."""

    uptime: Uptime
    wall: datetime


@dataclass(frozen=True, slots=True)
class _Told:
    """What all entries have: when it was told; and where the clock was not set then, and `at` is wrong, the moment that is known."""

    at: datetime
    unsure: Uptime | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class PainScored(_Told):
    """How strong the pain was, from 0 to 10."""

    score: float


@dataclass(frozen=True, slots=True)
class TakenBack(_Told):
    """That the pain score told at `told` was misheard, and counts no more."""

    told: datetime


@dataclass(frozen=True, slots=True)
class Helped(_Told):
    """What made it better, or worse."""

    what: str
    better: bool


@dataclass(frozen=True, slots=True)
class TookMedicine(_Told):
    """That a medicine was taken at `taken`; `drowsy` is whether it is one that makes drowsy."""

    taken: datetime
    name: str | None = None
    drowsy: bool = False


@dataclass(frozen=True, slots=True)
class RoutineEnded(_Told):
    """That a routine was done, or stopped, and how."""

    routine: str
    how: Ending


@dataclass(frozen=True, slots=True)
class Screened(_Told):
    """What came of the safety `questions`. `about` is the flag that was raised, if one was."""

    result: ScreenResult
    about: str | None = None
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConditionTold(_Told):
    """That somebody told of a condition that rules things out."""

    condition: str


@dataclass(frozen=True, slots=True)
class PaceSet(_Told):
    """How much slower than usual to go: 1.3 takes 1.3 times as long."""

    pace: float


Fact = PainScored | Helped | TookMedicine | RoutineEnded | Screened | ConditionTold | PaceSet
"""What is remembered."""

Entry = Fact | TakenBack
"""What is kept."""


def put_right(entry: Entry, now: RightTime) -> Entry:
    """`entry` with the time at which it was told, if that follows from `now`: in whole seconds, so that what belongs together stays so.

    An hour that was told ("at nine") stays that hour.
    """
    known = entry.unsure
    if known is None or known.boot != now.uptime.boot:
        return entry
    right = now.wall - timedelta(seconds=now.uptime.seconds - known.seconds)
    by = timedelta(seconds=round((right - entry.at).total_seconds()))
    at = (entry.at + by).astimezone(now.wall.tzinfo)
    match entry:
        case TakenBack(told=told):
            return replace(entry, at=at, unsure=None, told=told + by)
        case TookMedicine(taken=taken):
            then = at if taken == entry.at else last_time(at, taken.hour, taken.minute)
            return replace(entry, at=at, unsure=None, taken=then)
        case _:
            return replace(entry, at=at, unsure=None)


def last_time(now: datetime, hour: int, minute: int) -> datetime:
    """When it was last that time of day."""
    at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return at if at <= now else at - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where somebody is in a routine."""

    at: datetime
    routine: str
    cursor: Cursor
    easier: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is remembered: facts in order of time, without what was taken back, and the routine under way."""

    entries: tuple[Fact, ...] = ()
    progress: Progress | None = None

    @classmethod
    def of(cls, entries: Iterable[Entry], progress: Progress | None = None) -> Memory:
        """What all that was ever told, in any order, comes to."""
        standing: list[Fact] = []
        for entry in sorted(entries, key=lambda entry: entry.at):
            if isinstance(entry, TakenBack):
                standing = [fact for fact in standing if not isinstance(fact, PainScored) or fact.at != entry.told]
            else:
                standing.append(entry)
        return cls(tuple(standing), progress)

    def with_entry(self, entry: Entry) -> Memory:
        """The same with one entry more."""
        if isinstance(entry, TakenBack):
            return Memory.of((*self.entries, entry), self.progress)
        return Memory((*self.entries, entry), self.progress)

    def put_right(self, now: RightTime) -> Memory:
        """The same, each entry with its right time as far as that follows from `now`."""
        return Memory.of((put_right(entry, now) for entry in self.entries), self.progress)

    def unsure_since(self, boot: str) -> bool:
        """Whether an entry of that run of the computer can be put right."""
        return any(entry.unsure is not None and entry.unsure.boot == boot for entry in self.entries)

    def forgotten(self, now: datetime) -> Memory:
        """Nothing of it but that movement is ruled out, while it is: who deletes the diary is no safer for it."""
        ruling = self._ruling(now)
        return Memory((Screened(ruling.at, ruling.result),)) if ruling and self.blocked(now) else Memory()

    def renewed(self, diary: Memory, unkept: Iterable[Entry], now: datetime) -> Memory:
        """What is to be remembered when others have changed the diary, which holds `diary` now, and of ours not yet what is `unkept`."""
        ours = [entry for entry in unkept if entry not in diary.entries]
        if self._ruling(now) not in diary.entries:
            ours += self.forgotten(now).entries
        return Memory.of((*diary.entries, *ours), diary.progress)

    @property
    def pace(self) -> float:
        """The pace last asked for."""
        return next((entry.pace for entry in reversed(self.entries) if isinstance(entry, PaceSet)), 1.0)

    def episode(self, now: datetime) -> tuple[Fact, ...]:
        """The entries of this episode of pain: back to the last long gap."""
        first = len(self.entries)
        later = now
        while first and later - self.entries[first - 1].at < _EPISODE_GAP:
            first -= 1
            later = self.entries[first].at
        return self.entries[first:]

    def conditions(self, now: datetime, passing: frozenset[str] = frozenset()) -> frozenset[str]:
        """What rules things out in this episode; what is `passing` does so for half a day."""
        told = (entry for entry in self.episode(now) if isinstance(entry, ConditionTold))
        return frozenset(entry.condition for entry in told if entry.condition not in passing or now - entry.at < _PASSES_AFTER)

    def drowsy(self, now: datetime) -> bool:
        """Whether a medicine that makes drowsy was taken lately."""
        return any(isinstance(entry, TookMedicine) and entry.drowsy and now - entry.taken < _DROWSY_FOR for entry in self.entries)

    def blocked(self, now: datetime) -> bool:
        """Whether movement is ruled out: a danger sign or doubt, and nobody has looked since."""
        ruling = self._ruling(now)
        return ruling is not None and ruling.result in {ScreenResult.DANGER, ScreenResult.UNSURE}

    def _ruling(self, now: datetime) -> Screened | None:
        """What was last found out about whether somebody may move."""
        results = (entry for entry in reversed(self.episode(now)) if isinstance(entry, Screened))
        return next((entry for entry in results if entry.result is not ScreenResult.TODAY), None)

    def answered(self, now: datetime) -> frozenset[str]:
        """The safety questions that were answered with no, not long ago, while nothing has changed since."""
        names: set[str] = set()
        lowest = 10.0
        for entry in self.episode(now):
            match entry:
                case Screened(result=ScreenResult.CLEAR, at=at) if now - at < _SCREEN_HOLDS and day_of(at) == day_of(now):
                    names.update(entry.questions)
                case Screened():
                    names.clear()
                case PainScored(score=score):
                    lowest = min(lowest, score)
                    if score - lowest >= _PAIN_JUMP:
                        names.clear()
                        lowest = score
        return frozenset(names)

    def left_alone(self, routine: str, now: datetime) -> bool:
        """Whether a routine hurt so often that it is not to be done for a day."""
        hurt = [e.at for e in self.episode(now) if isinstance(e, RoutineEnded) and e.routine == routine and e.how is Ending.HURT]
        return len(hurt) >= _TIMES_HURT and now - hurt[-1] < _DROPPED_FOR

    def ended(self, now: datetime) -> frozenset[str]:
        """The routines that were begun in this episode and are over."""
        return frozenset(entry.routine for entry in self.episode(now) if isinstance(entry, RoutineEnded))

    def scores(self, since: datetime | None = None) -> tuple[PainScored, ...]:
        """The pain scores, from `since` on."""
        return tuple(entry for entry in self.entries if isinstance(entry, PainScored) and (since is None or entry.at >= since))

    def best_help(self) -> str | None:
        """What helped most often, the later one of two; nothing that made it worse as often."""
        tally: dict[str, int] = {}
        for entry in self.entries:
            if isinstance(entry, Helped):
                count = tally.pop(entry.what, 0)
                tally[entry.what] = count + (1 if entry.better else -1)
        best = max(reversed(tally), key=tally.__getitem__, default=None)
        return best if best is not None and tally[best] > 0 else None

    def last_medicine(self) -> TookMedicine | None:
        """The medicine taken last."""
        return next((entry for entry in reversed(self.entries) if isinstance(entry, TookMedicine)), None)

    def not_improving(self, now: datetime) -> bool:
        """Whether the pain was no less on each of the last three days, today included, than on the day before."""
        by_day = dict(_last_of_each_day(self.scores(now - timedelta(days=_DAYS_NOT_BETTER + 1))))
        days = [day_of(now) - timedelta(days=back) for back in reversed(range(_DAYS_NOT_BETTER))]
        scores = [by_day.get(day) for day in days]
        return all(score is not None for score in scores) and all(b >= a for a, b in pairwise(s for s in scores if s is not None))

    def resumable(self, now: datetime) -> Progress | None:
        """The routine that was under way not long ago."""
        progress = self.progress
        return progress if progress and timedelta(0) <= now - progress.at < _RESUMABLE_FOR else None


def day_of(moment: datetime) -> date:
    """The day that a moment belongs to."""
    return (moment - timedelta(hours=_DAY_BEGINS.hour)).date()


def _last_of_each_day(scores: tuple[PainScored, ...]) -> Iterator[tuple[date, float]]:
    for entry in scores:
        yield day_of(entry.at), entry.score

"""Guided routines: steps as data, and a cursor that walks over them.

Laws of this module:
- A routine is a value. Where somebody is in it is a `Cursor`, nothing else.
- A harder step comes only after one that waits for an answer, so that silence never leads to it; the loader holds routines to this.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_WORDS_A_SECOND = 2.3
"""How fast instructions are spoken, for foretelling how long a routine takes."""

LEAST_COUNT_SECONDS = 3.0

_LISTENING_SECONDS = 5.0
"""How long people take to answer, for the same purpose."""


class Listen(StrEnum):
    """What a step waits for before it is over."""

    READY = "ready"  # that they are ready
    FEELING = "feeling"  # better, same or worse; worse ends the exercise
    ALL_WELL = "all_well"  # a no; a yes, or doubt, is a sign of danger
    DONE = "done"  # a yes; after a no it says `otherwise` and waits until they are ready


class Breath(StrEnum):
    """What somebody does with their breath while we count: for those who show it."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction.

    `say` is spoken, `again` in its stead from the second round on; then `count` is counted aloud, a number a second, then there
    is a rest of `seconds`, then an answer is waited for if the step `listen`s. `easier` is how to do it with less, `easier_count`
    how far to count then. `harder` asks more of the body than what came before. The step is taken in `rounds` only
    (counted from 1; empty: in all), and `only_if` a condition is known. `breath` is which way the breath goes while it is counted.
    """

    say: str
    again: str | None = None
    count: int = 0
    seconds: float = 0.0
    listen: Listen | None = None
    otherwise: str | None = None
    easier: str | None = None
    easier_count: int | None = None
    harder: bool = False
    rounds: tuple[int, ...] = ()
    only_if: str | None = None
    breath: Breath | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Steps done one after another, `rounds` times over; `easier_rounds` times by those who asked for less."""

    steps: tuple[Step, ...]
    rounds: int = 1
    easier_rounds: int | None = None


@dataclass(frozen=True, slots=True)
class Routine:
    """A guided routine.

    `stop_rule` is when to stop, spoken before the first movement of an episode; `warning` is said every time before it. One that
    `ends_quietly` leaves people asleep.
    """

    name: str
    parts: tuple[Part, ...]
    stop_rule: str | None = None
    warning: str | None = None
    ends_quietly: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in a routine, counted from 0: which part, which round of it, which step."""

    part: int = 0
    round: int = 0
    step: int = 0


@dataclass(frozen=True, slots=True)
class Manner:
    """How a routine is done: `easier` by those who asked for it, with what is known of their `conditions`."""

    easier: bool = False
    conditions: frozenset[str] = frozenset()


def step_at(routine: Routine, cursor: Cursor) -> Step:
    """The step at a place."""
    return routine.parts[cursor.part].steps[cursor.step]


def step_number(routine: Routine, cursor: Cursor) -> int:
    """The number of a step among all steps of the routine, whatever the round, from 1."""
    return sum(len(part.steps) for part in routine.parts[: cursor.part]) + cursor.step + 1


def steps_in_all(routine: Routine) -> int:
    """How many steps there are, each counted once."""
    return sum(len(part.steps) for part in routine.parts)


def walk(routine: Routine, manner: Manner) -> Iterator[Cursor]:
    """All places of a routine in the order in which they are come to."""
    for number, part in enumerate(routine.parts):
        rounds = part.easier_rounds if manner.easier and part.easier_rounds else part.rounds
        for lap in range(rounds):
            for index, step in enumerate(part.steps):
                taken = not step.rounds or lap + 1 in step.rounds
                if taken and (step.only_if is None or step.only_if in manner.conditions):
                    yield Cursor(number, lap, index)


def after(routine: Routine, cursor: Cursor, manner: Manner) -> Cursor | None:
    """The next place, or None at the end."""
    return next((place for place in walk(routine, manner) if place > cursor), None)


def skip(routine: Routine, cursor: Cursor, manner: Manner) -> Cursor | None:
    """The first place of what comes next: the next step, or the next part for those amid rounds."""
    amid_rounds = routine.parts[cursor.part].rounds > 1
    return next((place for place in walk(routine, manner) if (place.part > cursor.part if amid_rounds else place > cursor)), None)


def before(routine: Routine, cursor: Cursor, manner: Manner) -> Cursor:
    """The place before, or the first."""
    places = [place for place in walk(routine, manner) if place < cursor]
    return places[-1] if places else next(walk(routine, manner))


def words_of(routine: Routine, cursor: Cursor) -> str:
    """What is said at a place."""
    step = step_at(routine, cursor)
    return step.again if cursor.round > 0 and step.again else step.say


def count_of(step: Step, manner: Manner) -> int:
    """How far a step counts."""
    return step.easier_count if manner.easier and step.easier_count is not None else step.count


def seconds_a_number(count: int, pace: float) -> float:
    """How long each number takes when we count so far: at any pace, no breath out or hold is hurried below LEAST_COUNT_SECONDS."""
    return max(pace, LEAST_COUNT_SECONDS / count) if count >= LEAST_COUNT_SECONDS else pace


def seconds_left(routine: Routine, cursor: Cursor, manner: Manner, pace: float) -> float:
    """About how long the rest of the routine takes, this step included, when everything is stretched by `pace`."""
    return sum(_seconds(routine, place, manner, pace) for place in walk(routine, manner) if place >= cursor)


def steps_left(routine: Routine, cursor: Cursor, manner: Manner) -> int:
    """How many different steps are still to come, this one included."""
    return len({(place.part, place.step) for place in walk(routine, manner) if place >= cursor})


def minutes(seconds: float) -> int:
    """Whole minutes, rounded up."""
    return math.ceil(seconds / 60)


def _seconds(routine: Routine, place: Cursor, manner: Manner, pace: float) -> float:
    step = step_at(routine, place)
    told = len(words_of(routine, place).split()) / _WORDS_A_SECOND
    answer = _LISTENING_SECONDS if step.listen else 0.0
    return told + (count_of(step, manner) + step.seconds) * pace + answer

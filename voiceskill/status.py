"""How the device stands, at a glance: for the household, a screen, a light. Nothing in it repeats what somebody said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from voiceskill.core.actions import Action
from voiceskill.core.attention import Attention
from voiceskill.core.conversation import Manners, State
from voiceskill.core.conversation.by_hand import hears
from voiceskill.core.conversation.state import Calling, Confirming, CountingDown, Flagged, Held
from voiceskill.core.diary import PainScored
from voiceskill.core.events import Event, Heard, NotHeard, SpeechEnded, SpeechStarted
from voiceskill.core.routines import step_number, steps_in_all
from voiceskill.core.skill import Skill


class Doing(StrEnum):
    """What it is doing now."""

    READY = "ready"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    ASLEEP = "asleep"
    HEARING_OFF = "hearing off"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A routine under way: its intent, name, the number of the step, how many there are, and whether it is held."""

    intent: str
    name: str
    step: int
    steps: int
    held: bool


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand. `danger` is whether a sign of danger was raised and not yet answered, `calls` whether somebody is being called.

    `pain` is the last score told.

    `loudness` and `pace` are factors of the usual.
    """

    doing: Doing
    routine: UnderWay | None
    danger: bool
    pain: float | None
    loudness: float
    pace: float
    quiet: bool
    attention: Attention
    hears: bool
    calls: bool = False


class Watch:
    """Follows one conversation, and tells of every change. Told of events and state by the loop, in its thread."""

    def __init__(self, skill: Skill, manners: Manners, changed: Callable[[Status], None]) -> None:
        self._skill = skill
        self._manners = manners
        self._changed = changed
        self._hearing = Doing.READY
        self._latest: Status | None = None

    def observe(self, happening: Event | Action) -> None:
        """Take in something that happens."""
        match happening:
            case SpeechStarted(typed=False):
                self._hearing = Doing.LISTENING
            case SpeechEnded():
                self._hearing = Doing.THINKING
            case Heard() | NotHeard():
                self._hearing = Doing.READY
            case _:
                pass

    def settled(self, state: State) -> None:
        """Take in how things stand after it."""
        status = status_of(self._skill, self._manners, state, self._hearing)
        if status != self._latest:
            self._latest = status
            self._changed(status)


def status_of(skill: Skill, manners: Manners, state: State, hearing: Doing = Doing.READY) -> Status:
    """How things stand, while somebody is heard or what they said is thought about, or neither (READY)."""
    scores = [entry.score for entry in state.memory.entries if isinstance(entry, PainScored)]
    if state.speaking:
        doing = Doing.SPEAKING
    elif not hears(state):
        doing = Doing.HEARING_OFF
    elif hearing is Doing.READY and state.asleep:
        doing = Doing.ASLEEP
    else:
        doing = hearing
    return Status(
        doing=doing,
        routine=_under_way(skill, state),
        danger=isinstance(state.phase, Flagged | Confirming),
        calls=isinstance(state.help, CountingDown | Calling),
        pain=scores[-1] if scores else None,
        loudness=state.gain,
        pace=state.memory.pace,
        quiet=state.hushed,
        attention=state.attention or manners.attention,
        hears=hears(state),
    )


def _under_way(skill: Skill, state: State) -> UnderWay | None:
    guided = state.guided
    routine = skill.intents[guided.routine].routine if guided else None
    if guided is None or routine is None:
        return None
    held = isinstance(guided.moment, Held)
    return UnderWay(guided.routine, routine.name, step_number(routine, guided.cursor), steps_in_all(routine), held)

"""Conversations on a virtual clock, with the shipped skill and what it understands without its trained judge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path

from voiceskill.app import shipped
from voiceskill.core.actions import Action, Alert, Say
from voiceskill.core.conversation import Conversation, Manners
from voiceskill.core.diary import Memory
from voiceskill.core.events import Event, Hypothesis, Pressed
from voiceskill.core.interpret import Interpretation, Interpreter
from voiceskill.core.skill import Skill
from voiceskill.core.understanding.matcher import Matcher
from voiceskill.edges.encoder import OnnxEncoder
from voiceskill.edges.store import MemoryStore
from voiceskill.ports import Store
from voiceskill.skill_files import load_skill
from voiceskill.typed import Rehearsal

AFTERNOON = datetime.fromisoformat("2026-01-05T14:00:00+00:00")


@cache
def skill() -> Skill:
    """The shipped skill."""
    return load_skill(Path(__file__).parent.parent / "intents" / "en")


class Remembering(Interpreter):
    """An interpreter that finds the meaning of the same words once: it is a pure function, and tests say the same things often."""

    @lru_cache(maxsize=4_096)  # noqa: B019 - there is one, and it lives as long as the tests
    def _meaning(self, readings: tuple[str, ...], spotted: Hypothesis | None, saying: str, busy: bool) -> Interpretation:
        return super().interpret(readings, spotted=spotted, saying=saying, busy=busy)

    def interpret(
        self, readings: Sequence[str], *, spotted: Hypothesis | None = None, saying: str = "", busy: bool = False
    ) -> Interpretation:
        return self._meaning(tuple(readings), spotted, saying, busy)


@cache
def listed_only() -> Interpreter:
    """What the shipped skill understands of its listed phrases and templates."""
    return Remembering(skill(), Matcher(skill(), None))


@cache
def whole_interpreter() -> Interpreter:
    """The same with its trained judge."""
    encoder = OnnxEncoder(shipped("models") / "understanding-en")
    return Remembering(skill(), Matcher(skill(), encoder), encoder)


class Bedside:
    """A device that hears what is typed. `said` are all replies with their times, `alerts` all alerts, `last_alert` the id of the last."""

    def __init__(
        self,
        *,
        start: datetime = AFTERNOON,
        manners: Manners | None = None,
        introduced: bool = True,
        interpreter: Interpreter | None = None,
        store: Store | None = None,
    ) -> None:
        self.said: list[tuple[float, Say]] = []
        self.alerts: list[str] = []
        self.last_alert = ""
        self.store: Store = store or MemoryStore()
        conversation = Conversation(skill(), interpreter or listed_only(), manners)
        self.rehearsal = Rehearsal(conversation, self.store, start, self._observe, introduced=introduced)

    def _observe(self, at: float, happening: Event | Action) -> None:
        match happening:
            case Say():
                self.said.append((at, happening))
            case Alert(kind=kind, id=alert):
                self.alerts.append(kind)
                self.last_alert = alert

    @property
    def now(self) -> float:
        return self.rehearsal.now

    @property
    def memory(self) -> Memory:
        return self.store.load()

    @property
    def under_way(self) -> str | None:
        """The routine under way."""
        guided = self.rehearsal.device.state.guided
        return guided.routine if guided else None

    def hear(self, text: str) -> str:
        """What is said at once in return; the next line is heard when that is over."""
        before = len(self.said)
        self.rehearsal.hear(text)
        replies = " ".join(say.text for _, say in self.said[before:])
        self.rehearsal.settle()
        return replies

    def interrupt(self, text: str) -> str:
        """The same, but nobody waits until we have finished."""
        before = len(self.said)
        self.rehearsal.hear(text)
        return " ".join(say.text for _, say in self.said[before:])

    def take(self, event: Event) -> str:
        """What is said at once when something happens otherwise than by voice; the next thing happens when that is over."""
        before = len(self.said)
        self.rehearsal.device.take(event)
        replies = " ".join(say.text for _, say in self.said[before:])
        self.rehearsal.settle()
        return replies

    def press(self, intent: str) -> str:
        """The same for a button."""
        return self.take(Pressed(self.now, intent))

    def wait(self, seconds: float) -> str:
        """What is said meanwhile."""
        before = len(self.said)
        self.rehearsal.wait(seconds)
        return " ".join(say.text for _, say in self.said[before:])

    def pass_screen(self) -> str:
        """Answer no to whatever safety questions are asked."""
        replies = ""
        while "screening" in type(self.rehearsal.device.state.phase).__name__.lower():
            replies = self.hear("no")
        return replies

    def start(self, routine: str) -> str:
        """Begin a routine, past the safety questions."""
        replies = self.hear(skill().intents[routine].examples[0])
        return self.pass_screen() or replies

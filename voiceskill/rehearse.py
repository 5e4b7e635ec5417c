"""Rehearsing: a whole conversation on a virtual clock, as JSON Lines in and out."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from voiceskill.core.actions import Action, Alert, CancelTimer, Save, SaveProgress, StartTimer, StopSpeaking
from voiceskill.core.conversation import Conversation, State
from voiceskill.core.conversation.state import Calling, CountingDown, Idle
from voiceskill.core.events import AlertAcknowledged, AlertFailed, AlertSent, Event
from voiceskill.edges.store import MemoryStore
from voiceskill.journal import describe
from voiceskill.ports import Fault
from voiceskill.typed import Rehearsal

_USUAL_START = datetime.fromisoformat("2026-01-05T14:00:00+00:00")
"""The time of day at the start, where no line sets it: an ordinary afternoon."""


def rehearse_lines(conversation: Conversation, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What happens when these lines are heard, waited through and so on. Raises Fault on a line that is none."""
    script = Script(conversation)
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield from script.take(json.loads(line))
            except (ValueError, TypeError, AttributeError) as error:
                raise Fault(
                    f'standard input, line {number}: is not JSON like {{"hear": "..."}}, {{"wait": 30}} or {{"restart": true}}'
                ) from error


class Script:
    """Takes lines, and tells what happens."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._rehearsal: Rehearsal | None = None
        self._start = _USUAL_START
        self._told: deque[dict[str, Any]] = deque()
        self._state = ""
        self._alert = ""

    def take(self, line: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Do what one line says."""
        if "clock" in line and self._rehearsal is None:
            start = datetime.fromisoformat(line["clock"])
            self._start = start if start.tzinfo else start.replace(tzinfo=_USUAL_START.tzinfo)
        rehearsal = self._rehearsal = self._rehearsal or Rehearsal(self._conversation, MemoryStore(), self._start, self._observe)
        self._note_state(rehearsal)
        match line:
            case {"hear": str(text)}:
                rehearsal.hear(text)
            case {"wait": int() | float() as seconds} if seconds >= 0:
                rehearsal.wait(float(seconds))
            case {"restart": True}:
                rehearsal.restart(float(line.get("off", 0.0)))
            case {"alert": "sent"}:
                rehearsal.device.happen(AlertSent(rehearsal.now, self._alert))
            case {"alert": "failed"}:
                rehearsal.device.happen(AlertFailed(rehearsal.now, self._alert, "nobody was reached, in this rehearsal"))
            case {"alert": "seen"}:
                rehearsal.device.happen(AlertAcknowledged(rehearsal.now, self._alert, str(line.get("by", ""))))
            case {"clock": str()}:
                pass
            case _:
                raise ValueError(line)
        self._note_state(rehearsal)
        while self._told:
            yield self._told.popleft()

    def _observe(self, at: float, happening: Event | Action) -> None:
        if self._rehearsal:
            self._note_state(self._rehearsal)
        if isinstance(happening, Alert):
            self._alert = happening.id
        told = _tell(happening)
        if told is not None:
            self._told.append({"t": round(at, 3), **told})

    def _note_state(self, rehearsal: Rehearsal) -> None:
        """Tell when the state is another than before."""
        state = name_of(rehearsal.device.state)
        if state != self._state:
            self._state = state
            self._told.append({"t": round(rehearsal.now, 3), "state": state})


def name_of(state: State) -> str:
    """A word for how things stand: the question that is open, else the alert or the routine under way, else idle."""
    if not isinstance(state.phase, Idle):
        return type(state.phase).__name__.lower()
    if isinstance(state.help, CountingDown | Calling):
        return f"alert {'counted down' if isinstance(state.help, CountingDown) else 'sent'}"
    return f"routine {type(state.guided.moment).__name__.lower()}" if state.guided else "idle"


def _tell(happening: Event | Action) -> dict[str, Any] | None:
    match happening:
        case StopSpeaking():
            return {"stop_speaking": True}
        case StartTimer(id=timer, seconds=seconds):
            return {"start_timer": timer, "seconds": round(seconds, 3)}
        case CancelTimer(id=timer):
            return {"cancel_timer": timer}
        case Save(entry=entry):
            return {"save": type(entry).__name__}
        case SaveProgress():
            return None
        case _:
            pass
    described = describe(happening)
    if described is None:
        return None
    match described.pop("event"):
        case "say":
            return {"say": described["text"], "id": described["id"]}
        case "alert":
            again = {"attempt": described["attempt"]} if described.get("attempt", 1) > 1 else {}
            return {"alert": described["kind"], "level": described["level"], **again}
        case "alert_ended":
            return {"alert_ended": described["id"], "called_off": described["called_off"]}
        case "matched":
            return {"matched": described["intent"], "score": described["score"]}
        case "routine":
            return {"routine": described["id"], "step": described["step"], "phase": described["phase"]}
        case "said":
            return {"said": described["id"], "interrupted": described["interrupted"]}
        case "error":
            return {"error": described["kind"], "message": described["message"]}
        case _:
            return None

"""The event stream for onlookers: JSON Lines of what happens, as the command-line contract names it."""

from __future__ import annotations

import json
from typing import Any, Protocol

from voiceskill.core.actions import Action, Alert, Called, EndAlert, Guiding, Say, Understood
from voiceskill.core.events import (
    AlertAcknowledged,
    AlertFailed,
    AlertSent,
    DeviceFailed,
    DeviceRecovered,
    Dropped,
    Event,
    Failed,
    Heard,
    Missed,
    Partial,
    Speaking,
    SpeechEnded,
    SpeechStarted,
    Spoken,
    Started,
)
from voiceskill.core.understanding.outcome import Match, NoMatch


def describe(happening: Event | Action) -> dict[str, Any] | None:
    """`happening` as a JSON object with its `event` name, or None for what onlookers need not know."""
    match happening:
        case Started():
            return {"event": "ready"}
        case SpeechStarted():
            return {"event": "speech_start"}
        case SpeechEnded(silence=silence):
            return {"event": "speech_end", "silence": round(silence, 3)}
        case Partial(text=text):
            return {"event": "partial", "text": text}
        case Heard(hypotheses=hypotheses):
            return {"event": "heard", "text": hypotheses[0].text, "confidence": hypotheses[0].confidence}
        case Called():
            return {"event": "wake"}
        case Understood(outcome=Match(intent=intent, score=score)):
            return {"event": "matched", "intent": intent, "score": round(score, 3), "reason": None}
        case Understood(outcome=NoMatch(reason=reason, best=best)):
            return {"event": "matched", "intent": None, "score": round(best.score, 3) if best else 0.0, "reason": reason}
        case Say(id=say, text=text):
            return {"event": "say", "id": say, "text": text}
        case Speaking(say=say):
            return {"event": "speaking", "id": say}
        case Spoken(say=say, interrupted=interrupted, heard_fraction=fraction):
            return {"event": "said", "id": say, "interrupted": interrupted, "heard_fraction": round(fraction, 3)}
        case Guiding(routine=routine, step=step, phase=phase):
            return {"event": "routine", "id": routine, "step": step, "phase": phase}
        case Alert(kind=kind, level=level, id=alert, attempt=attempt):
            return {"event": "alert", "kind": kind, "level": level, **({"id": alert, "attempt": attempt} if alert else {})}
        case EndAlert(alert=Alert(id=alert), called_off=called_off):
            return {"event": "alert_ended", "id": alert, "called_off": called_off}
        case AlertSent(alert=alert):
            return {"event": "alert_sent", "id": alert}
        case AlertAcknowledged(alert=alert, by=by):
            return {"event": "alert_seen", "id": alert, "by": by}
        case AlertFailed(alert=alert, message=message):
            return {"event": "error", "kind": "alert", "message": message, "id": alert}
        case Failed(what=what, message=message):
            return {"event": "error", "kind": what, "message": message}
        case DeviceFailed(device=device, message=message):
            return {"event": "error", "kind": device, "message": message}
        case DeviceRecovered(device=device):
            return {"event": "recovered", "kind": device}
        case Missed(seconds=seconds):
            return {"event": "missed", "seconds": round(seconds, 3)}
        case Dropped(seconds=seconds, gaps=gaps):
            return {"event": "dropped", "seconds": round(seconds, 3), "gaps": gaps}
        case _:
            return None


class Stream(Protocol):
    """Where lines go."""

    def write(self, line: str, /) -> int:
        """Add a line."""

    def flush(self) -> None:
        """Have it with whoever reads."""


class Journal:
    """Writes the event stream. The owner of the stream sees what is said; nothing is written unless asked for."""

    def __init__(self, stream: Stream) -> None:
        self._stream: Stream | None = stream

    def __call__(self, at: float, happening: Event | Action) -> None:
        """Write one line. When the reader has gone or the disk is full the journal ends; the conversation doesn't."""
        line = describe(happening)
        if line is None or self._stream is None:
            return
        try:
            self._stream.write(json.dumps({"t": round(at, 3), **line}, ensure_ascii=False) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None

"""Actions: everything the conversation can ask for.

Laws of this module:
- An action says what, never how; it does nothing by itself.
- Whatever can fail or finish later carries an id, and its outcome comes back as an event with that id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voiceskill.core.diary import Entry, Progress, RightTime
from voiceskill.core.understanding.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Say:
    """Speak `text` after whatever is being spoken now.

    It takes `pace` times as long as usual, and is `gain` times as loud. `urgent` speech is played at full strength and never shortened.
    """

    id: str
    text: str
    urgent: bool = False
    pace: float = 1.0
    gain: float = 1.0


@dataclass(frozen=True, slots=True)
class Cue:
    """Make a short soft sound: I heard you, I'm listening, or that failed. It never waits for speech nor delays it."""

    kind: Literal["heard", "listening", "failed"]


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    """Fall silent at once and forget all speech that is waiting."""


@dataclass(frozen=True, slots=True)
class DuckSpeaking:
    """Go on speaking, but so softly that whoever speaks now is understood. Urgent speech does not."""


@dataclass(frozen=True, slots=True)
class PauseSpeaking:
    """Fall silent, and keep what is not said yet. Urgent speech goes on."""


@dataclass(frozen=True, slots=True)
class ResumeSpeaking:
    """Speak on at full strength; after a pause, from the beginning of the sentence that was cut."""


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Send TimerFired after `seconds`. A running timer of the same id starts anew."""

    id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget a timer; one that is not running is no error."""

    id: str


@dataclass(frozen=True, slots=True)
class Save:
    """Keep `entry` in the diary; Saved or Failed comes back with the id once that is certain."""

    id: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class SaveProgress:
    """Keep where we are in a routine, in case of a power cut, or that none is under way."""

    progress: Progress | None


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete the whole diary; Saved or Failed comes back with the id once that is certain."""

    id: str


@dataclass(frozen=True, slots=True)
class LookAgain:
    """See whether another program has changed the diary; MemoryChanged comes back if one has."""


@dataclass(frozen=True, slots=True)
class PutRight:
    """The clock is set: give the entries that were told before their right times."""

    now: RightTime


ForDiary = Save | SaveProgress | Forget | LookAgain | PutRight
"""What is done where the diary is, in this order; it may take its time."""


@dataclass(frozen=True, slots=True)
class CheckSound:
    """Listen to the room, play a soft sound, `gain` times as loud as usual, and listen for it. SoundChecked comes back with the id."""

    id: str
    gain: float = 1.0


@dataclass(frozen=True, slots=True)
class CancelCheck:
    """Forget a check of the sound, and fall silent if it sounds; one that is not under way is no error."""

    id: str


@dataclass(frozen=True, slots=True)
class Guiding:
    """Which step of which routine is being done: for onlookers, like Understood.

    `phase` is started, step, paused, resumed, or how it ended.
    """

    routine: str
    step: int
    phase: str


Level = Literal["emergency", "maternity", "today"]
"""How urgent an alert is: the tier of a flag."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Tell the household that someone may need help: by the intent `kind`, or `help` where they asked for it.

    `title` says it in words, for people. `attempt` is how often it is sent with this one, from 1. AlertSent or AlertFailed comes back with
    the id, and AlertAcknowledged when somebody has seen it. Of one without an id, only onlookers learn.
    """

    kind: str
    level: Level
    id: str = ""
    title: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class EndAlert:
    """Send an alert no more. Those whom it reached are told that it was `called_off`, where it was."""

    alert: Alert
    called_off: bool


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody called us by the wake phrase in this utterance: for onlookers, like Understood."""

    utterance: int


@dataclass(frozen=True, slots=True)
class Understood:
    """What an utterance was taken to mean: for onlookers (the event stream, a screen), not for the conversation."""

    utterance: int
    outcome: Outcome


Action = (
    Say
    | Cue
    | StopSpeaking
    | DuckSpeaking
    | PauseSpeaking
    | ResumeSpeaking
    | StartTimer
    | CancelTimer
    | ForDiary
    | Alert
    | EndAlert
    | CheckSound
    | CancelCheck
    | Called
    | Understood
    | Guiding
)

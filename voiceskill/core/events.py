"""Events: everything the conversation can be told.

Laws of this module:
- An event is a fact in the past tense. It carries its own time (`at`, monotonic seconds); the core never asks a clock.
- What an event refers to, it names by id, so that a late report about something already over is recognised as stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from voiceskill.core.actions import Alert
from voiceskill.core.attention import Attention
from voiceskill.core.diary import Memory
from voiceskill.core.sound import Finding


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word. `start` and `end` are seconds from the start of the utterance."""

    text: str
    start: float
    end: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of an utterance. `confidence` is the recogniser's own, in [0, 1], or None where it has none."""

    text: str
    confidence: float | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """The device is ready to listen, and to keep a `recording` if the owner wants one.

    `wall` is the time of day at `at`, with its zone, where there is any. `boot` names this run of the computer, whose seconds `at` are;
    its clock is `unset` if nothing has told it the time since it was switched on: then `wall` is no more than what it says.
    """

    at: float
    wall: datetime | None = None
    recording: bool = False
    boot: str = ""
    unset: bool = False


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The time of day was found to be `wall` at `at`, and not what follows from what we knew."""

    at: float
    wall: datetime


@dataclass(frozen=True, slots=True)
class Saved:
    """What was to be saved or deleted under this id is so for good."""

    at: float
    ref: str


@dataclass(frozen=True, slots=True)
class MemoryChanged:
    """Another program has changed the diary, which holds `memory` now: all that is saved, and nothing that is yet to be."""

    at: float
    memory: Memory


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Someone began to speak, or to tell us something `typed`."""

    at: float
    utterance: int
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Partial:
    """The text so far of an utterance that goes on. While we speak there is one from time to time, whatever the recogniser.

    `spotted` is the phrase that the utterance may be, by an ear that knows only what is expected.
    """

    at: float
    utterance: int
    text: str
    spotted: Hypothesis | None = None


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """Someone stopped speaking. `silence` seconds were waited for to be sure."""

    at: float
    utterance: int
    silence: float


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance was recognised. `hypotheses` are best first and never empty. What was `typed` is nobody's echo.

    `spotted` is the phrase that all of it may be, by an ear that knows only what is expected. `called` is whether it begins with the wake
    phrase, by an ear that knows nothing else, whatever was read.
    """

    at: float
    utterance: int
    hypotheses: tuple[Hypothesis, ...]
    typed: bool = False
    spotted: Hypothesis | None = None
    called: bool = False

    @property
    def text(self) -> str:
        """The best reading."""
        return self.hypotheses[0].text


@dataclass(frozen=True, slots=True)
class NotHeard:
    """Someone spoke, or something sounded like it, but no words were recognised. It was voiced for `voiced` seconds."""

    at: float
    utterance: int
    voiced: float


@dataclass(frozen=True, slots=True)
class Speaking:
    """The first sound of a reply left the loudspeaker."""

    at: float
    say: str


@dataclass(frozen=True, slots=True)
class SentenceBegun:
    """The first sound of a sentence left the loudspeaker; again, when it is begun anew. It takes `seconds`, if that is known."""

    at: float
    say: str
    text: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reply is over. `heard_fraction` of it, in [0, 1], was played; less than 1 when it was interrupted."""

    at: float
    say: str
    interrupted: bool
    heard_fraction: float


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer asked for with StartTimer ran out."""

    at: float
    timer: str


@dataclass(frozen=True, slots=True)
class SoundChecked:
    """The check of the sound with the id `ref` found this, in the order of Finding; nothing, where there is no sound to be checked."""

    at: float
    ref: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """An edge could not do its work. `ref` is the id of the reply or timer concerned, where there is one."""

    at: float
    what: Literal["speech", "memory"]
    message: str
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed a button that means `intent`: on a screen, or elsewhere in the house."""

    at: float
    intent: str


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Somebody set what is not None by hand: `loudness` and `pace` as factors of the usual, the latter longer above 1.

    `quiet` is whether to be soft and short whatever the hour.
    """

    at: float
    loudness: float | None = None
    pace: float | None = None
    quiet: bool | None = None
    attention: Attention | None = None


@dataclass(frozen=True, slots=True)
class HearingSwitched:
    """Somebody switched our hearing on or off by hand. While it is off nothing is heard at all, not even a call for help."""

    at: float
    on: bool


@dataclass(frozen=True, slots=True)
class AlertSent:
    """The alert of this id has reached at least one of those who pass it on. Nobody need have seen it."""

    at: float
    alert: str


@dataclass(frozen=True, slots=True)
class AlertFailed:
    """The alert of this id, as it was sent last, has reached nobody."""

    at: float
    alert: str
    message: str


@dataclass(frozen=True, slots=True)
class AlertAcknowledged:
    """Somebody has seen the alert of this id. `by` is their name, fit to be spoken; empty where it is not known."""

    at: float
    alert: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class AlertLeft:
    """An alert was under way when the device was last switched off: since `raised`, and `reached` is whether it had reached anybody."""

    at: float
    alert: Alert
    raised: datetime
    reached: bool


@dataclass(frozen=True, slots=True)
class AskedToSay:
    """Somebody had us say `text` by hand: the code that connects a telephone, for instance."""

    at: float
    text: str


DeviceKind = Literal["microphone", "loudspeaker"]


@dataclass(frozen=True, slots=True)
class DeviceFailed:
    """A device stopped working; told once, however often it is looked for before it is back.

    It is `lost`, or it is a microphone that gives nothing but silence (`silent`), or sound too loud to be told apart (`clipped`).
    """

    at: float
    device: DeviceKind
    how: Literal["lost", "silent", "clipped"]
    message: str


@dataclass(frozen=True, slots=True)
class DeviceRecovered:
    """A device that had failed works again."""

    at: float
    device: DeviceKind


@dataclass(frozen=True, slots=True)
class Missed:
    """Nothing was heard for `seconds`, though the microphone works: the machine was suspended, or far too busy."""

    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Dropped:
    """Sound was lost here and there since this was told last: `seconds` of what was heard; `gaps` times what was played had a gap."""

    at: float
    seconds: float
    gaps: int


Event = (
    Started
    | ClockSet
    | Saved
    | MemoryChanged
    | SpeechStarted
    | Partial
    | SpeechEnded
    | Heard
    | NotHeard
    | Speaking
    | SentenceBegun
    | Spoken
    | TimerFired
    | SoundChecked
    | Pressed
    | Adjusted
    | HearingSwitched
    | AskedToSay
    | Failed
    | AlertSent
    | AlertFailed
    | AlertAcknowledged
    | AlertLeft
    | DeviceFailed
    | DeviceRecovered
    | Missed
    | Dropped
)

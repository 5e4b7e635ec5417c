"""Setting the device up: what can happen, what can be done, and how things may stand, as frozen values.

Devices are known by their numbers, counted from 0, in the order in which they are worth a try.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voiceskill.core.sound import Finding


class Reply(StrEnum):
    """What an answer amounts to, besides its words."""

    YES = "yes"
    NO = "no"
    LOUDER = "louder"
    SOFTER = "softer"
    REPEAT = "repeat"
    KEEP = "keep"  # leave it as it is, and go on
    STOP = "stop"  # leave everything as it was
    OTHER = "other"


# What happens.


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody said or typed `text`. `warning` is a line about danger that has to be said first."""

    text: str
    reply: Reply
    typed: bool
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody answered."""


@dataclass(frozen=True, slots=True)
class VoiceFound:
    """The microphone of that number, counted from 0, hears somebody best; None where none hears anybody."""

    microphone: int | None


@dataclass(frozen=True, slots=True)
class Checked:
    """The sound was checked. With `quieter` as volume our voice would not drown theirs; None where it doesn't."""

    findings: tuple[Finding, ...]
    quieter: float | None = None


@dataclass(frozen=True, slots=True)
class Turned:
    """The microphone was turned up or down; not where nobody can do that but by hand."""

    done: bool


@dataclass(frozen=True, slots=True)
class Replied:
    """The first question was answered; not where it was not understood."""

    understood: bool


Event = Answered | Silence | VoiceFound | Checked | Turned | Replied

# What is to be done.


@dataclass(frozen=True, slots=True)
class Say:
    """Print it, and speak it where anything can speak."""

    text: str


@dataclass(frozen=True, slots=True)
class FindVoice:
    """Listen on all microphones."""


@dataclass(frozen=True, slots=True)
class UseMicrophone:
    """Listen on this one alone from now on; None: on none."""

    number: int | None


@dataclass(frozen=True, slots=True)
class UseLoudspeaker:
    """Speak through this one alone from now on; None: through none."""

    number: int | None


@dataclass(frozen=True, slots=True)
class SoundTone:
    """Play the tone."""


@dataclass(frozen=True, slots=True)
class Hear:
    """Wait for an answer to begin within so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Speak as loud as this share of full scale."""

    volume: float


@dataclass(frozen=True, slots=True)
class CheckSound:
    """Measure noise, speech, echo and delay."""


@dataclass(frozen=True, slots=True)
class TurnMicrophone:
    """Turn the microphone up by so many decibels, or down."""

    decibels: float


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    """Answer a question, as the device would with what was chosen."""

    text: str
    choices: Choices


@dataclass(frozen=True, slots=True)
class Keep:
    """Write what was chosen into the settings."""

    choices: Choices


@dataclass(frozen=True, slots=True)
class End:
    """It is over, and what was chosen is `kept`, or not.

    `deaf` and `mute` tell that no microphone heard anybody, and that nobody heard a loudspeaker.
    """

    kept: bool = False
    deaf: bool = False
    mute: bool = False


_Sounding = Say | FindVoice | UseMicrophone | UseLoudspeaker | SoundTone | Hear
_Settling = SetVolume | CheckSound | TurnMicrophone | AnswerQuestion | Keep | End
Action = _Sounding | _Settling

# How things stand.


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen; devices by their number, None where nobody heard or was heard by one."""

    microphone: int | None = None
    loudspeaker: int | None = None
    volume: float = 1.0
    wake_phrase: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Searching:
    """Waiting for a voice."""

    tries: int = 1


@dataclass(frozen=True, slots=True)
class Trying:
    """Asking whether this loudspeaker is heard."""

    number: int
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Loudness:
    """Asking whether we are loud enough."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Waiting for a sentence, spoken as usual."""

    rounds: int = 1


@dataclass(frozen=True, slots=True)
class Checking:
    """The sound is being checked."""

    rounds: int


@dataclass(frozen=True, slots=True)
class Turning:
    """The microphone is being turned, for that reason."""

    rounds: int
    why: Finding


@dataclass(frozen=True, slots=True)
class Softening:
    """Asking whether to speak softer."""

    volume: float


@dataclass(frozen=True, slots=True)
class Naming:
    """Asking what we are to be called."""

    tries: int = 1


@dataclass(frozen=True, slots=True)
class Placing:
    """Asking for the country."""

    tries: int = 1


@dataclass(frozen=True, slots=True)
class Confirming:
    """Asking whether that was heard rightly; else the question it answers is asked again."""

    choices: Choices
    shown: str
    again: Naming | Placing


@dataclass(frozen=True, slots=True)
class Questioning:
    """Waiting for their first question."""

    tries: int = 1


@dataclass(frozen=True, slots=True)
class Over:
    """There is nothing more to do."""


Stage = Searching | Trying | Loudness | Sampling | Checking | Turning | Softening | Naming | Placing | Confirming | Questioning | Over


@dataclass(frozen=True, slots=True)
class Walk:
    """How far somebody is. `microphones` and `loudspeakers` are how many there are; `typed` is whether they ever typed an answer."""

    stage: Stage
    choices: Choices
    microphones: int
    loudspeakers: int
    typed: bool = False

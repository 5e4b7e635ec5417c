"""Ports: what the edges must offer. Only the composition root knows which edge stands behind a port.

Audio inside the program is mono, signed 16-bit (`numpy.int16`), shape `(samples,)`; what hears runs at HEARING_RATE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from voiceskill.core.actions import Level
from voiceskill.core.diary import Entry, Memory, Progress, RightTime
from voiceskill.core.events import Hypothesis
from voiceskill.core.spotting import Expecting

Pcm = NDArray[np.int16]

HEARING_RATE = 16_000
"""Samples per second between microphone and recogniser."""

FRAME_SAMPLES = 512
"""Samples in a frame of hearing: 32 ms, the window of the voice detector."""


class Fault(Exception):  # noqa: N818 - what the user is told of is a fault; not every fault is a programming error
    """Something outside the program went wrong. The message is one line for the user and says what to do."""


class NoAudioDevice(Fault):
    """There is no usable microphone or loudspeaker."""


class ModelMissing(Fault):
    """A model is not installed, or its files are damaged."""


class BadInput(Fault):
    """A file or text given by the user cannot be used."""


@dataclass(frozen=True, slots=True)
class Frame:
    """FRAME_SAMPLES of microphone sound. `at` is the time of its end, in the clock's seconds; `dropped` samples were lost before it."""

    pcm: Pcm
    at: float
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Clip:
    """Rendered speech."""

    pcm: Pcm
    rate: int

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.pcm) / self.rate


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A frame of the microphone from which our own voice was taken.

    `speech` is what is left, for the recogniser. `presence`, for the detector, is the same where we are silent or somebody else speaks,
    and silence where what is left can be our own voice. Both have FRAME_SAMPLES.
    """

    presence: Pcm
    speech: Pcm


class Clock(Protocol):
    """Monotonic time."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        ...


class Microphone(Protocol):
    """A source of sound."""

    @property
    def name(self) -> str:
        """The device's name, for people."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Yield frames until the microphone is closed or the recording ends. Raises NoAudioDevice when the device goes away."""
        ...

    def close(self) -> None:
        """End `frames` soon; may be called from another thread, more than once."""
        ...


PullSound = Callable[[int], Pcm]
"""Give the next `n` samples for the loudspeaker at once, silence where there is nothing to play. Never blocks."""


class Speaker(Protocol):
    """A loudspeaker that asks for its sound."""

    @property
    def rate(self) -> int:
        """Samples per second it plays."""
        ...

    def start(self, pull: PullSound) -> None:
        """Begin to play what `pull` gives. Raises NoAudioDevice."""
        ...

    def close(self) -> None:
        """Fall silent and let go of the device; may be called more than once."""
        ...


class SpeakerDevice(Speaker, Protocol):
    """A loudspeaker that can fail while it plays. Whoever owns it looks at `fault` from time to time: it has no other way to tell."""

    @property
    def name(self) -> str:
        """The device's name, for people."""
        ...

    @property
    def fault(self) -> NoAudioDevice | None:
        """What happened to the device when it no longer plays, though started and not closed."""
        ...

    @property
    def underflows(self) -> int:
        """How often it ran out of sound because we were late."""
        ...


class SoundSystem(Protocol):
    """Finds the microphone and the loudspeaker that the owner wants. What it found once it finds again wherever it is plugged in."""

    def microphone(self) -> Microphone:
        """Find it anew; it is opened by `frames`. Raises NoAudioDevice."""
        ...

    def loudspeaker(self) -> SpeakerDevice:
        """Find it anew; it is opened by `start`. Raises NoAudioDevice."""
        ...

    def changed(self) -> bool:
        """Whether a device was plugged in or out since the last look, as far as can be told without disturbing one in use."""
        ...

    def look_again(self) -> bool:
        """Learn of devices plugged in since. False, and nothing happens, while one of ours is open or hangs in closing."""
        ...


class Supervisor(Protocol):
    """What started us, watches over us, and starts us anew where we fall silent. No call fails or takes long."""

    @property
    def patience(self) -> float | None:
        """Seconds after which it starts us anew when it was not told that we are alive; None where it never does."""
        ...

    def ready(self) -> None:
        """We are up. May be told more than once."""
        ...

    def status(self, line: str) -> None:
        """How we are, for whoever asks it; never in words that somebody said."""
        ...

    def alive(self, patience: float | None = None) -> None:
        """We are alive, and it is to wait so many seconds for the next time; as long as before where none are given."""
        ...

    def stopping(self) -> None:
        """We are about to end, on purpose."""
        ...


class EchoCanceller(Protocol):
    """Takes our own voice out of what the microphone hears."""

    def played(self, pcm: Pcm) -> None:
        """Take in what the loudspeaker plays from now on, at its rate. Called from its thread; never blocks."""
        ...

    def restart(self, rate: int) -> None:
        """There is another loudspeaker, which plays `rate` samples per second."""
        ...

    def cancel(self, frame: Frame) -> Cancelled:
        """Take our voice out of a frame. Called from one thread, frame after frame."""
        ...


class VoiceDetector(Protocol):
    """Tells speech from other sound."""

    def probability(self, frame: Pcm) -> float:
        """The probability, in [0, 1], that these FRAME_SAMPLES at HEARING_RATE hold speech. Keeps state between calls."""
        ...

    def reset(self) -> None:
        """Forget what was heard before."""
        ...


class Recogniser(Protocol):
    """Turns one utterance at a time into text."""

    @property
    def name(self) -> str:
        """Engine and model, for people: `vosk vosk-model-small-en-us-0.15`."""
        ...

    def start(self) -> None:
        """Begin a new utterance and forget the last one."""
        ...

    def accept(self, pcm: Pcm) -> str | None:
        """Take more of the utterance, any number of samples at HEARING_RATE. Returns the text so far where the engine has it at no cost."""
        ...

    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """The readings of everything accepted since `start`, best first; empty when there are no words.

        May be called again after more sound.
        """
        ...

    def close(self) -> None:
        """Free the model."""
        ...


class Spotter(Protocol):
    """Hears nothing but a few phrases, and hears those better than a Recogniser, which could hear anything."""

    @property
    def name(self) -> str:
        """Engine and model, for people."""
        ...

    def spot(self, pcm: Pcm, expected: Expecting) -> Hypothesis | None:
        """Which of the phrases that are expected all of this sound at HEARING_RATE is; None where it is none of them, or is too long.

        The confidence is a half where the phrase explains the sound as well as it must. Called from one thread; takes some hundredths of
        a second.
        """
        ...

    def close(self) -> None:
        """Free the model."""
        ...


class WakeDetector(Protocol):
    """Hears whether what somebody says begins with the wake phrase. Called from one thread."""

    @property
    def name(self) -> str:
        """Engine and model, for people."""
        ...

    def start(self) -> None:
        """Begin a new utterance and forget the last one."""
        ...

    def accept(self, pcm: Pcm) -> None:
        """Take more of the utterance, any number of samples at HEARING_RATE."""
        ...

    def called(self) -> bool:
        """Whether the phrase is in what was accepted since `start`. May be called again after more sound."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """A voice that a synthesiser can speak with."""

    id: str
    name: str
    language: str


class Synthesiser(Protocol):
    """Turns text into speech."""

    @property
    def name(self) -> str:
        """Engine and voice, for people: `flite rms`."""
        ...

    def render(self, text: str, pace: float = 1.0) -> Clip:
        """Speak one sentence into memory. Raises Fault when the engine fails or takes too long; the next call starts it afresh.

        It takes `pace` times as long as the settings make it, from 0.6 to 2.5 times; a pace beyond is taken as the nearest of these.
        """
        ...

    def voices(self) -> tuple[VoiceInfo, ...]:
        """The voices installed for this engine."""
        ...

    def close(self) -> None:
        """End the engine."""
        ...


class Store(Protocol):
    """Where the diary is kept. Every method raises Fault where the disk is full, read-only or broken, and leaves what was kept whole."""

    def load(self) -> Memory:
        """All that was kept, in order of time."""
        ...

    def load_if_changed(self) -> Memory | None:
        """The same, where another program has changed it since it was last loaded; None where none has."""
        ...

    def save(self, entry: Entry) -> None:
        """Keep an entry. Once this returns, it survives a power cut."""
        ...

    def save_progress(self, progress: Progress | None) -> None:
        """Keep where somebody is in a routine, or that they are in none. A power cut may cost the last half minute of it."""
        ...

    def put_right(self, now: RightTime) -> None:
        """Give the entries that were told before the clock was set their right times, as far as they follow from `now`."""
        ...

    def forget(self) -> None:
        """Delete everything, also from the bytes on the disk."""
        ...

    def close(self) -> None:
        """Let go of the file; may be called more than once."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """What the household is told.

    `title` says it in words that the skill has for it, never in any that were said; `device` is the owner's name for the device. `raised`
    is when it was told first, `attempt` how often with this time. An alert is `raised`, then perhaps `called_off`; or it is only a `test`.
    """

    id: str
    kind: str
    level: Level
    title: str
    device: str
    raised: datetime
    attempt: int = 1
    status: Literal["raised", "called_off", "test"] = "raised"

    @property
    def message(self) -> str:
        """A line for people."""
        return f"{self.device}: {self.title}"


class AlertSink(Protocol):
    """Tells somebody else in the household, one notice after another. Each sink is used from a thread of its own."""

    @property
    def name(self) -> str:
        """The owner's name for it."""
        ...

    def send(self, notice: Notice) -> str | None:
        """Pass it on; may take some seconds. Returns the name of whoever has seen it already, empty where it is not known; else None.

        Raises Fault, in a line without secrets, where it was not passed on. May be asked to pass on the same one again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An alert that nobody has seen yet, as it is kept. `seen_by` is set when somebody has, in another program."""

    notice: Notice
    reached: bool = False
    seen_by: str | None = None


class Outbox(Protocol):
    """Where alerts are kept until somebody has seen them. Every method raises Fault where the disk is full, read-only or broken."""

    def keep(self, unfinished: Unfinished) -> None:
        """Keep it, in place of what was kept under its id. Once this returns, it survives a power cut."""
        ...

    def drop(self, alert: str) -> None:
        """Keep the alert of this id no more; one that is not kept is no error."""
        ...

    def unfinished(self) -> tuple[Unfinished, ...]:
        """All that are kept, the oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said in return to somebody elsewhere in the house: always some words. `understood` is whether we took it to mean anything."""

    text: str
    understood: bool


class Answering(Protocol):
    """Answers those who ask from elsewhere in the house, turn by turn."""

    def answer(self, visitor: str, text: str) -> Answer:
        """What is said in return to `text`. `visitor` tells one conversation from another. Takes some milliseconds; any thread may ask."""
        ...

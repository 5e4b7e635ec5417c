"""From figures to findings, and what to do about each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from voiceskill.core.sound import Finding, in_order
from voiceskill.sound_check.levels import Levels
from voiceskill.sound_check.probe import Echo

_NOISY = -42.0
"""dBFS from which noise hides the ends of soft words."""

_LEAST_OVER_NOISE = 12.0
"""Decibels by which speech must stand out to be recognised well."""

_SOFT = -48.0
"""dBFS up to which speech is lost in what a cheap microphone adds by itself."""

_OUR_VOICE = -20.0
"""About the level of our own voice at full volume, in dBFS, before the loudspeaker."""

_USUAL_SPEECH = -28.0
"""dBFS at which people are heard from a bed beside the microphone."""

_MARGIN = 3.0
"""Decibels by which our voice is to be softer than theirs."""

_LATE = 0.4
"""Seconds from which "stop" leaves a whole word more to be heard."""

_CLIPPED = 0.002
_OFFSET = 0.02
_DISTORTED = 0.1

FAULTS = frozenset({Finding.MICROPHONE_SILENT, Finding.SPEECH_SOFT, Finding.CLIPPED})
"""What keeps the device from understanding. Anything else only makes that harder; and a speakerphone that takes its own sound away, so that
nothing of it comes back, is the best there is."""

ADVICE: Mapping[Finding, str] = {
    Finding.MICROPHONE_SILENT: (
        "No sound at all comes from the microphone: unmute it (its switch, or alsamixer, F4), or choose another: voiceskill devices"
    ),
    Finding.SPEECH_SOFT: "Speech is hardly louder than the noise: move the microphone closer, or turn it up (alsamixer, F4)",
    Finding.SPEECH_GOOD: "Speech is loud and clear",
    Finding.CLIPPED: "The microphone is turned up so far that loud sounds are cut off: turn it down (alsamixer, F4)",
    Finding.ROOM_NOISY: "The room is noisy: move the microphone away from fans and machines, and closer to the bed",
    Finding.ROOM_QUIET: "The room is quiet",
    Finding.HUM: "The microphone picks up hum from the mains: use another socket, power supply or cable",
    Finding.OFFSET: "The microphone's signal is off centre, as from a faulty microphone or power supply: try another one",
    Finding.LOUDSPEAKER_UNHEARD: "The microphone did not hear the test sound. If you did, all is well; if not, turn the loudspeaker up",
    Finding.ECHO_LOUD: 'The loudspeaker drowns your voice in the microphone: set a lower "volume", or move the two apart',
    Finding.ECHO_SOFT: "The loudspeaker does not disturb the microphone",
    Finding.ECHO_LATE: "The sound comes late, as over Bluetooth: use a loudspeaker with a cable",
    Finding.DISTORTED: 'The loudspeaker distorts: set a lower "volume", or use another loudspeaker',
}
"""What each means to somebody at a keyboard, in one line, with what to do about it."""


@dataclass(frozen=True, slots=True)
class SoundCheck:
    """What was measured. `echo` is None where nothing of the probe came back. We speak at `volume`, a share of full scale."""

    levels: Levels
    echo: Echo | None
    volume: float

    def findings(self) -> tuple[Finding, ...]:
        """What the figures mean, in the order of Finding."""
        return in_order(self._findings())

    def quieter(self) -> float | None:
        """The volume at which our voice would no longer drown theirs; None where it does not, or is not heard."""
        if self.echo is None or Finding.ECHO_LOUD not in self.findings():
            return None
        speech = _USUAL_SPEECH if self.levels.speech is None else self.levels.speech
        return min(self.volume, 10 ** ((speech - _OUR_VOICE - self.echo.gain - _MARGIN) / 20))

    def _findings(self) -> Iterator[Finding]:
        if self.levels.dead and self.echo is None:  # whatever else there is to say follows from it
            yield Finding.MICROPHONE_SILENT
            return
        yield from _of_microphone(self.levels)
        if self.echo is None:
            yield Finding.LOUDSPEAKER_UNHEARD
            return
        # What makes it hard to stop us: our own voice, as the microphone has it, over that of the user.
        speech = _USUAL_SPEECH if self.levels.speech is None else self.levels.speech
        drowned = _OUR_VOICE + 20 * math.log10(self.volume) + self.echo.gain > speech
        yield Finding.ECHO_LOUD if drowned else Finding.ECHO_SOFT
        if self.echo.delay > _LATE:
            yield Finding.ECHO_LATE
        if self.echo.distortion > _DISTORTED and self.levels.clipped <= _CLIPPED:  # which makes harmonics of its own
            yield Finding.DISTORTED


def _of_microphone(levels: Levels) -> Iterator[Finding]:
    if levels.speech is not None:
        faint = levels.speech < _SOFT or levels.speech - levels.noise < _LEAST_OVER_NOISE
        yield Finding.SPEECH_SOFT if faint else Finding.SPEECH_GOOD
    yield Finding.ROOM_NOISY if levels.noise > _NOISY else Finding.ROOM_QUIET
    if levels.clipped > _CLIPPED:
        yield Finding.CLIPPED
    if levels.hum:
        yield Finding.HUM
    if abs(levels.offset) > _OFFSET:
        yield Finding.OFFSET

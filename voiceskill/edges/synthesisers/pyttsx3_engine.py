"""pyttsx3 with espeak-ng: present almost everywhere, speaks a hundred languages, harder to understand than flite."""

from __future__ import annotations

from collections.abc import Sequence

from voiceskill.edges.synthesisers.child import RenderChild
from voiceskill.edges.synthesisers.pace import bounded
from voiceskill.edges.synthesisers.sound import spoken
from voiceskill.edges.synthesisers.voices import chosen
from voiceskill.ports import Clip, VoiceInfo

BEST_VOICE = "gmw/en-us"

_SLOWEST_WPM = 80
"""What espeak-ng can do: at the usual 140 words a minute, no pace beyond 1.7."""
_MIDDLE_PITCH, _PITCH_PER_SEMITONE = 50, 6
"""espeak-ng's pitch runs from 0 to 100. Measured: 21 points up raise the voice by 3.7 semitones, 21 down lower it by 3.4."""


class Pyttsx3:
    """The Synthesiser over pyttsx3, in a child process.

    `voice` is an espeak id (`gmw/en-us`) or language (`en-us`), either with a `+variant`.
    Raises Fault, here or later, when espeak-ng is missing, the voice unknown, or a piece of text takes longer than `render_limit_s`.
    """

    def __init__(
        self,
        voice: str | None = None,
        *,
        words_per_minute: float = 140,
        pitch: float = 0,
        start_limit_s: float = 30.0,
        render_limit_s: float = 10.0,
        command: Sequence[str] | None = None,
    ) -> None:
        self._child = RenderChild(
            "pyttsx3",
            "voiceskill.edges.synthesisers.pyttsx3_worker",
            start_limit_s=start_limit_s,
            render_limit_s=render_limit_s,
            command=command,
        )
        self._words_per_minute = words_per_minute
        self._pitch = min(100, max(0, round(_MIDDLE_PITCH + pitch * _PITCH_PER_SEMITONE)))
        try:
            self._voice = chosen(voice, self._child.voices(), BEST_VOICE, "pyttsx3")
        except BaseException:
            self._child.close()
            raise

    @property
    def name(self) -> str:
        """Engine and voice."""
        return f"pyttsx3 {self._voice}"

    @property
    def fingerprint(self) -> str:
        """Everything but the text that the sound depends on."""
        return f"{self.name} {self._rate(1.0)} {self._pitch}"

    @property
    def pid(self) -> int | None:
        """The child's process number while there is one."""
        return self._child.pid

    def render(self, text: str, pace: float = 1.0) -> Clip:
        """Speak one sentence, or more, into memory. Raises Fault."""
        settings = {"voice": self._voice, "rate": self._rate(bounded(pace)), "pitch": self._pitch}
        return spoken(text, lambda piece: self._child.render({"text": piece, **settings}))

    def voices(self) -> tuple[VoiceInfo, ...]:
        """List espeak-ng's voices."""
        return self._child.voices()

    def close(self) -> None:
        """End the child."""
        self._child.close()

    def _rate(self, pace: float) -> int:
        """Words a minute."""
        return max(_SLOWEST_WPM, round(self._words_per_minute / pace))

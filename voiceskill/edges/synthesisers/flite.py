"""flite, Debian's small speech synthesiser: about three times easier to understand than espeak-ng, and nothing to download.

One process a piece of text. The text goes in through a pipe, so that nobody reads it in the list of processes, and the sound comes back
through a file without a name (memfd).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import unicodedata

from voiceskill.edges.synthesisers.pace import bounded
from voiceskill.edges.synthesisers.sound import clip_from_wav, pitch_ratio, shifted, spoken
from voiceskill.edges.synthesisers.text import plain
from voiceskill.edges.synthesisers.voices import chosen
from voiceskill.ports import Clip, Fault, VoiceInfo

BEST_VOICE = "rms"

_KNOWN = {
    "rms": ("RMS, a man", "en-us"),
    "slt": ("SLT, a woman", "en-us"),
    "awb": ("AWB, a Scotsman", "en-gb"),
    "kal16": ("Kal, an older machine voice", "en-us"),
    "kal": ("Kal, an older machine voice at telephone quality", "en-us"),
}
_CLOCKS_ONLY = frozenset({"awb_time"})
_NATURAL_WPM = 160.0
"""Words a minute of flite's voices on our own replies, unstretched; measured with rms."""
_STRETCH_RANGE = (0.6, 1.8)
_LISTING_LIMIT_S = 10.0


class Flite:
    """The Synthesiser over the flite program. Raises Fault when it is missing, the voice unknown, or a piece of text takes too long."""

    def __init__(
        self,
        voice: str | None = None,
        *,
        words_per_minute: float = 140,
        pitch: float = 0,
        render_limit_s: float = 15.0,
        program: str = "flite",
    ) -> None:
        found = shutil.which(program)
        if found is None:
            raise Fault("flite is not installed: type `sudo apt install flite`.")
        self._program = found
        self._limit_s = render_limit_s
        self._pitch = pitch
        # The voice rms ignores flite's own pitch settings, so all are shifted by resampling, rendered slower by as much.
        slowest, fastest = _STRETCH_RANGE
        self._stretch = min(fastest, max(slowest, _NATURAL_WPM / words_per_minute)) * pitch_ratio(pitch)
        self._voices = self._list_voices()
        self._voice = chosen(voice, self._voices, BEST_VOICE, "flite")

    @property
    def name(self) -> str:
        """Engine and voice."""
        return f"flite {self._voice}"

    @property
    def fingerprint(self) -> str:
        """Everything but the text that the sound depends on."""
        return f"{self.name} {self._stretch:.4f} {self._pitch:g}"

    def render(self, text: str, pace: float = 1.0) -> Clip:
        """Speak one sentence, or more, into memory. Raises Fault."""
        stretch = self._stretch * bounded(pace)
        return spoken(_ascii(plain(text)), lambda piece: self._render_piece(piece, stretch))

    def voices(self) -> tuple[VoiceInfo, ...]:
        """List the voices built into this flite."""
        return self._voices

    def close(self) -> None:
        """Nothing runs between sentences."""

    def _render_piece(self, piece: str, stretch: float) -> Clip:
        sound = os.memfd_create("speech")
        try:
            self._run(
                ["-voice", self._voice, "--setf", f"duration_stretch={stretch:.4f}"],
                ["-f", "/dev/stdin", "-o", f"/proc/self/fd/{sound}"],
                text=piece,
                sound=sound,
            )
            with os.fdopen(os.dup(sound), "rb") as file:
                file.seek(0)
                return shifted(clip_from_wav(file.read()), self._pitch)
        except ValueError as error:
            raise Fault(f"flite made no usable sound ({error}). Try `voiceskill doctor`.") from error
        finally:
            os.close(sound)

    def _list_voices(self) -> tuple[VoiceInfo, ...]:
        listing = self._run(["-lv"], [], text="", limit_s=_LISTING_LIMIT_S)
        present = set(listing.partition(":")[2].split()) - _CLOCKS_ONLY
        ordered = [*(voice for voice in _KNOWN if voice in present), *sorted(present - _KNOWN.keys())]
        return tuple(VoiceInfo(voice, *_KNOWN.get(voice, (voice, "en"))) for voice in ordered)

    def _run(self, options: list[str], files: list[str], *, text: str, sound: int | None = None, limit_s: float | None = None) -> str:
        limit_s = self._limit_s if limit_s is None else limit_s
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and nothing of the text in the arguments
                [self._program, *options, *files],
                input=text.encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=limit_s,
                check=True,
                pass_fds=[] if sound is None else [sound],
            )
        except subprocess.TimeoutExpired as error:
            raise Fault(f"flite took longer than {limit_s:g} seconds and was stopped. Try again, or choose another engine.") from error
        except (subprocess.CalledProcessError, OSError) as error:
            raise Fault(f"flite failed ({error.__class__.__name__}). Reinstall it with `sudo apt install --reinstall flite`.") from error
        return done.stdout.decode(errors="replace")


def _ascii(text: str) -> str:
    """Take the accents off `plain` text, for flite knows no other letters: `café` becomes `cafe`."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()

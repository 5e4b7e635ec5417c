"""Speech from the network: any sound in, words out, by one recogniser for all who speak at once.

The recogniser holds one utterance at a time, and goes on with it as its sound comes. Others have theirs kept meanwhile: they get no words
so far, and at their end the recogniser is given the whole of it. So nobody can hold it against the others by falling silent.
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from voiceskill.ports import HEARING_RATE, Clock, Pcm, Recogniser

LONGEST_SECONDS = 60
"""Of a longer utterance the rest is not heard."""

MOST_AT_ONCE = 16
"""Utterances at once. Their sound takes 30 MB at most."""

_RATES = (4_000, 384_000)
_MOST_CHANNELS = 8
_WIDTHS = (1, 2, 3, 4)

_READINGS_APART_SECONDS = 1.0
"""How much sound is read first, and between two early readings at least, by an engine that has no words so far at no cost."""

_COST = 4.0
"""How many times as long as an early reading took is waited for at least, so that others, and the end, are not held up by them."""

_AHEAD_SECONDS = 1.0
"""Who sends so much more than could have been spoken meanwhile sends a recording, and waits for its end only."""


class NoSound(Exception):  # noqa: N818 - the client's error, and told to it
    """It is no sound that we know: the message says why."""


class Busy(Exception):  # noqa: N818 - told to the client
    """There are too many who speak at once."""


class SoundIn:
    """Sound of one kind, in pieces of any length, turned into ours. `width` is in bytes a sample; a width of 1 has no sign, as in WAV."""

    def __init__(self, rate: int, width: int, channels: int) -> None:
        """Raises NoSound."""
        kind = (rate, width, channels)
        if not all(isinstance(number, int) for number in kind):
            raise NoSound("rate, width and channels must be numbers")
        if not _RATES[0] <= rate <= _RATES[1] or width not in _WIDTHS or not 1 <= channels <= _MOST_CHANNELS:
            raise NoSound(f"sound of {rate} samples a second, {width} bytes and {channels} channels cannot be heard here")
        self.kind = kind
        self._rest = b""
        self._resampler = soxr.ResampleStream(rate, HEARING_RATE, 1, dtype="float32") if rate != HEARING_RATE else None

    def take(self, sound: bytes, *, last: bool = False) -> Pcm:
        """More of it, as ours. With the `last` piece comes what was held back."""
        _, width, channels = self.kind
        sound = self._rest + sound
        whole = len(sound) - len(sound) % (width * channels)
        self._rest = sound[whole:]
        mono = samples(sound[:whole], width).reshape(-1, channels).mean(axis=1, dtype=np.float32)
        if self._resampler:
            mono = self._resampler.resample_chunk(mono, last=last)
        pcm: Pcm = np.clip(np.rint(mono), -32_768, 32_767).astype(np.int16)
        return pcm


def samples(sound: bytes, width: int) -> NDArray[np.float32]:
    """Samples of `width` bytes, little-endian, brought to the range of 16 bits."""
    if width == 1:
        return (np.frombuffer(sound, np.uint8).astype(np.float32) - 128) * 256
    wide = np.zeros((len(sound) // width, 4), np.uint8)
    wide[:, 4 - width :] = np.frombuffer(sound, np.uint8).reshape(-1, width)
    samples: NDArray[np.float32] = wide.view("<i4").reshape(-1).astype(np.float32)
    return samples / np.float32(65_536)


class Utterance:
    """What somebody says from the time `begun` on. `told` are the words of it that the client was sent."""

    def __init__(self, begun: float = 0.0) -> None:
        self.begun = begun
        self.pieces: list[Pcm] = []
        self.samples = 0
        self.given = 0
        """Pieces that the recogniser was given."""
        self.next_reading = _READINGS_APART_SECONDS
        self.reading: list[str] = []
        self.told: list[str] = []

    def add(self, pcm: Pcm) -> None:
        """More of it, as long as there is room."""
        pcm = pcm[: LONGEST_SECONDS * HEARING_RATE - self.samples]
        if len(pcm):
            self.pieces.append(pcm)
            self.samples += len(pcm)

    def settled(self, text: str, *, last: bool = False) -> list[str]:
        """The words to be sent, given all of them so far: those that two readings agree on, but for the last, which may go on.

        Of the `last` reading, all; nothing where it takes back what was sent.
        """
        words = text.split()
        agreed = len(words) if last else _alike(words, self.reading) - 1
        self.reading = words
        if agreed <= len(self.told) or words[: len(self.told)] != self.told:
            return []
        new = words[len(self.told) : agreed]
        self.told += new
        return new


def _alike(first: list[str], second: list[str]) -> int:
    return next((n for n, (one, other) in enumerate(zip(first, second, strict=False)) if one != other), min(len(first), len(second)))


class SharedRecogniser:
    """Reads utterances with one recogniser. `begin` and `end` belong to the network's thread, the rest to that of the recogniser."""

    def __init__(self, recogniser: Recogniser, clock: Clock) -> None:
        self._recogniser = recogniser
        self._clock = clock
        self._held: Utterance | None = None
        self._under_way = 0

    def begin(self) -> Utterance:
        """Somebody begins to speak. Raises Busy."""
        if self._under_way >= MOST_AT_ONCE:
            raise Busy("too many speak at once; try again in a moment")
        self._under_way += 1
        return Utterance(self._clock.now())

    def end(self) -> None:
        """Somebody is done."""
        self._under_way -= 1

    def words_so_far(self, utterance: Utterance) -> str:
        """Give it to the recogniser, if that holds no other. The text so far, where there is one."""
        if self._held is None:
            self._hold(utterance)
        if self._held is not utterance:
            return ""
        text = self._give(utterance)
        return self._read_early(utterance) if text is None else text

    def _read_early(self, utterance: Utterance) -> str:
        now, seconds = self._clock.now(), utterance.samples / HEARING_RATE
        if seconds < utterance.next_reading or seconds > now - utterance.begun + _AHEAD_SECONDS:
            return ""
        text = self._read()
        utterance.next_reading = seconds + max(_READINGS_APART_SECONDS, _COST * (self._clock.now() - now))
        return text

    def words(self, utterance: Utterance) -> str:
        """The text of all of it."""
        if self._held is not utterance:
            self._hold(utterance)
        self._give(utterance)
        text = self._read()
        self._held = None
        return text

    def drop(self, utterance: Utterance) -> None:
        """It goes no further."""
        if self._held is utterance:
            self._held = None

    def _hold(self, utterance: Utterance) -> None:
        self._recogniser.start()
        self._held = utterance
        utterance.given = 0

    def _give(self, utterance: Utterance) -> str | None:
        pieces = utterance.pieces[utterance.given :]
        utterance.given += len(pieces)
        return self._recogniser.accept(np.concatenate(pieces)) if pieces else None

    def _read(self) -> str:
        hypotheses = self._recogniser.hypotheses()
        return hypotheses[0].text if hypotheses else ""

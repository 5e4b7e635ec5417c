"""Recognition with Moonshine tiny (English), whose model comes inside its wheel: free dictation, with capitals and punctuation.

Measured with the engine as it is, on flite's voices and noises of ten kinds at four levels:
- Left to itself the model hears words in everything: "You" in silence, whole sentences in hiss. Its own voice detector keeps noise out,
  but its state survives from one call of `transcribe_without_streaming` to the next: after speech, 9 of 10 noises gave "You". A new stream
  has a new detector: none of 80 did. So each reading takes a stream of its own.
- That detector misses quiet speech. So a quiet utterance is amplified first, by its loudest 0.2 s.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voiceskill.core.events import Hypothesis
from voiceskill.ports import HEARING_RATE, ModelMissing, Pcm

MODEL = "tiny-en"

SHORTEST_SECONDS = 0.2
"""Less sound than this gives no reading."""

LONGEST_SECONDS = 30
"""Of a longer utterance the end is read: what someone says last is what they want now. The model's memory grows with the length."""

SILENCE = 8.0
"""An utterance with less than 0.2 s above this level (RMS, of 32,768: -72 dBFS) gives no reading."""

LOUDNESS = 3_277.0
"""The level (RMS, -20 dBFS) to which the loudest 0.2 s of a quiet utterance are brought."""

MOST_GAIN = 32.0
"""The most a quiet utterance is amplified: 30 dB."""

_OPTIONS = {"return_audio_data": "false", "vad_max_segment_duration": "10"}

_log = logging.getLogger(__name__)


_ONE_THREAD = "MOONSHINE_ORT_SINGLE_THREAD"
"""The library looks for this in the environment when it loads a model. Its threads wait for one another by spinning: with one of two cores
each, a reading takes half the processor's time."""


class MoonshineRecogniser:
    """A Recogniser that keeps the utterance and reads all of it when asked, once for the same sound.

    `threads` is 1, or 0 for one on each core. Of what is longer than `longest_seconds` the end is read.
    """

    def __init__(self, *, threads: int = 0, longest_seconds: int = LONGEST_SECONDS) -> None:
        self._longest = longest_seconds * HEARING_RATE
        with _silenced(), _in_environment(_ONE_THREAD, "1" if threads == 1 else None):
            try:
                from moonshine_voice import ModelArch, get_model_path
                from moonshine_voice.transcriber import Transcriber

                self._transcriber: Any = Transcriber(str(get_model_path(MODEL)), ModelArch.TINY, options=_OPTIONS)
            except Exception as error:
                raise ModelMissing(
                    f"The Moonshine recogniser does not load ({error}): run scripts/setup again, "
                    "or put the folder of a Vosk model into the data folder's models"
                ) from error
        self._pieces: list[Pcm] = []
        self._reading: tuple[Hypothesis, ...] | None = None

    @property
    def name(self) -> str:
        """See ports.Recogniser."""
        return f"moonshine {MODEL}"

    def start(self) -> None:
        """See ports.Recogniser."""
        self._pieces = []
        self._reading = None

    def accept(self, pcm: Pcm) -> str | None:
        """See ports.Recogniser. There is never a text before `hypotheses`."""
        if len(pcm):
            self._pieces.append(pcm.copy())
            self._reading = None
        return None

    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """See ports.Recogniser. One reading at most; the engine has no confidences."""
        if self._reading is None:
            sound = _levelled(np.concatenate(self._pieces)[-self._longest :]) if self._pieces else None
            text = "" if sound is None else self._read(sound)
            self._reading = (Hypothesis(text),) if text else ()
        return self._reading

    def close(self) -> None:
        """See ports.Recogniser."""
        self._transcriber.close()

    def _read(self, sound: NDArray[np.float32]) -> str:
        from moonshine_voice import MoonshineError
        from moonshine_voice.errors import check_error
        from moonshine_voice.moonshine_api import MOONSHINE_FLAG_FORCE_UPDATE

        stream = self._transcriber.create_stream()
        try:
            stream.start()
            # Stream.add_audio wants a list and turns it into an array of C floats one by one: 100 ms for 3 s of sound, a third of the work.
            samples = sound.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
            handles = (self._transcriber._handle, stream._handle)  # noqa: SLF001 - the public way is too slow
            check_error(stream._lib.moonshine_transcribe_add_audio_to_stream(*handles, samples, len(sound), HEARING_RATE, 0))  # noqa: SLF001
            transcript = stream.update_transcription(MOONSHINE_FLAG_FORCE_UPDATE)
        except MoonshineError as error:
            _log.warning("Moonshine gave up on an utterance of %.1f s: %s", len(sound) / HEARING_RATE, error)
            return ""
        finally:
            stream.close()
        return " ".join(text for line in transcript.lines if (text := line.text.strip()))


def _levelled(pcm: Pcm) -> NDArray[np.float32] | None:
    """Turn the utterance into floats in [-1, 1], amplified when it is quiet; Give None when it is too short or too quiet to hold words."""
    if len(pcm) < SHORTEST_SECONDS * HEARING_RATE:
        return None
    sound = pcm.astype(np.float32)
    frame = HEARING_RATE // 50
    frames = sound[: len(sound) // frame * frame].reshape(-1, frame)
    level = float(np.sort(frames.std(axis=1))[-int(SHORTEST_SECONDS * 50)])
    if level < SILENCE:
        return None
    gain = min(MOST_GAIN, max(1.0, LOUDNESS / level))
    return np.ascontiguousarray((sound * np.float32(gain / 32_768)).clip(-1.0, 1.0))


@contextmanager
def _in_environment(name: str, value: str | None) -> Iterator[None]:
    """Have the C++ library see a variable while it loads."""
    before = os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


@contextmanager
def _silenced() -> Iterator[None]:
    """Keep what the C++ library prints while loading off the terminal; it writes to the descriptors, past sys.stderr."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [(fd, os.dup(fd)) for fd in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for fd, _ in kept:
            os.dup2(nowhere, fd)
        yield
    finally:
        for fd, copy in kept:
            os.dup2(copy, fd)
            os.close(copy)
        os.close(nowhere)

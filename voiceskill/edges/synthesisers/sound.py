"""Rendered sound: read from WAV, trimmed of silence, joined, shifted in pitch."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Sequence

import numpy as np
import soxr

from voiceskill.edges.synthesisers.pieces import pieces
from voiceskill.edges.synthesisers.text import plain
from voiceskill.ports import Clip, Fault

_MARGIN_S = 0.015
_PAUSE_S = 0.2
_WINDOW_S = 0.005
_QUIETEST = 0.003
"""A window whose peak is under this share of the clip's peak (-50 dB) is silence."""

UNSPOKEN = Clip(np.zeros(800, np.int16), 16_000)
"""What a text without a single word sounds like: 50 ms of silence."""


def clip_from_wav(data: bytes) -> Clip:
    """Read a mono 16-bit WAV. Raises ValueError when it is damaged, of another format or empty."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise ValueError("not mono 16-bit sound")
            pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)
            rate = file.getframerate()
    except (wave.Error, EOFError) as error:
        raise ValueError(str(error)) from error
    if not len(pcm) or rate <= 0:
        raise ValueError("no sound in it")
    return Clip(pcm, rate)


def wav_from_clip(clip: Clip) -> bytes:
    """Write the clip as a mono 16-bit WAV."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(clip.rate)
        file.writeframes(clip.pcm.astype("<i2").tobytes())
    return held.getvalue()


def trimmed(clip: Clip) -> Clip:
    """Leave at most 15 ms of silence before and after the sound: every millisecond before it is one that a person waits."""
    window = max(1, int(clip.rate * _WINDOW_S))
    level = np.abs(clip.pcm.astype(np.int32))
    peaks = np.maximum.reduceat(level, np.arange(0, len(level), window))
    loud = np.flatnonzero(peaks > max(1, level.max() * _QUIETEST))
    if not len(loud):
        return Clip(clip.pcm[: int(clip.rate * _MARGIN_S)], clip.rate)
    margin = int(clip.rate * _MARGIN_S)
    first = max(0, int(loud[0]) * window - margin)
    last = (int(loud[-1]) + 1) * window + margin
    return Clip(clip.pcm[first:last], clip.rate)


def pitch_ratio(semitones: float) -> float:
    """Return the factor on frequency of a shift by `semitones` in equal temperament."""
    return float(2 ** (semitones / 12))


def shifted(clip: Clip, semitones: float) -> Clip:
    """Change the pitch, by playing the clip faster or slower; render it slower by `pitch_ratio` first to keep its length."""
    if semitones == 0:
        return clip
    wide = soxr.resample(clip.pcm.astype(np.float32), clip.rate * pitch_ratio(semitones), clip.rate)
    return Clip(np.clip(np.round(wide), -32768, 32767).astype(np.int16), clip.rate)


_GRAIN_S, _SEEK_S = 0.03, 0.01


def stretched(clip: Clip, pace: float) -> Clip:
    """Make it take `pace` times as long, at the same pitch.

    Grains of 30 ms are laid over one another by half, each taken from where it fits best to the last one, within 10 ms of its place:
    WSOLA, Verhelst and Roelands, ICASSP 1993.
    """
    grain = int(clip.rate * _GRAIN_S) // 2 * 2
    hop, seek = grain // 2, int(clip.rate * _SEEK_S)
    if abs(pace - 1) < 0.01 or len(clip.pcm) < grain + 2 * seek:
        return clip
    sound = np.pad(clip.pcm.astype(np.float32), (seek, grain + hop + 2 * seek))
    steps = int(len(clip.pcm) * pace) // hop
    made = np.zeros((steps + 2) * hop, np.float32)
    window = np.hanning(grain + 1)[:grain].astype(np.float32)
    natural = seek  # where the last grain would go on by itself
    for step in range(steps + 1):
        place = seek + min(int(step * hop / pace), len(clip.pcm))
        around = sound[place - seek : place + seek + grain]
        alike = np.correlate(around, sound[natural : natural + grain], "valid") if step else np.eye(1, 2 * seek + 1, seek)[0]
        best = place - seek + int(np.argmax(alike))
        made[step * hop : step * hop + grain] += sound[best : best + grain] * window
        natural = best + hop
    return Clip(np.clip(np.rint(made), -32768, 32767).astype(np.int16), clip.rate)


def spoken(text: str, render_piece: Callable[[str], Clip]) -> Clip:
    """Say all of `text` piece by piece, each trimmed, and join them; UNSPOKEN if it has no words. Raises what `render_piece` raises."""
    clips = [trimmed(render_piece(piece)) for piece in pieces(plain(text)) if any(map(str.isalnum, piece))]
    return joined(clips) if clips else UNSPOKEN


def joined(clips: Sequence[Clip]) -> Clip:
    """Put one clip after another, with a short pause between. They share a rate."""
    if len(clips) == 1:
        return clips[0]
    rate = clips[0].rate
    if any(clip.rate != rate for clip in clips):
        raise Fault("The voice changed its sample rate within a sentence: try again or choose another voice.")
    pause = np.zeros(int(rate * _PAUSE_S), np.int16)
    parts = [part for clip in clips for part in (pause, clip.pcm)]
    return Clip(np.concatenate(parts[1:]), rate)

"""Sound files: reads what people have, writes plain 16-bit WAV."""

from __future__ import annotations

import io
import os
import stat
import wave
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np
import soxr
from numpy.typing import NDArray

from voiceskill.ports import HEARING_RATE, BadInput, Clip, Pcm

LONGEST_SECONDS = 3 * 3600
"""More than this is refused rather than held in memory (about 350 MB)."""

_BLOCK_SECONDS = 4
_RATES = range(1_000, 768_001)


def read_wav(path: Path) -> Pcm:
    """Read a recording as mono at HEARING_RATE.

    Takes WAV of 8 to 32 bits or float, and whatever else libsndfile reads (FLAC, Ogg, MP3, AIFF); any rate; channels are averaged. The
    sizes in a header are not believed, since programs that write to a pipe leave them open: a file cut short gives the sound that is there.

    Raises BadInput for anything that holds no sound, or more than LONGEST_SECONDS of it.
    """
    soundfile = _soundfile()
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadInput(f"{path} is not a file: give the path of a WAV recording")
        with path.open("rb") as file:
            pcm = _decode(path, file, soundfile)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{path} cannot be read ({reason}): check the path and its permissions") from error
    if not len(pcm):
        raise BadInput(f"{path} holds no sound: record it again")
    return pcm


def wav_bytes(clip: Clip) -> bytes:
    """A mono 16-bit WAV, as the bytes of its file."""
    whole = io.BytesIO()
    with wave.open(whole, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(clip.rate)
        out.writeframes(clip.pcm.astype("<i2", copy=False).tobytes())
    return whole.getvalue()


def write_wav(path: Path, clip: Clip) -> None:
    """Write a mono 16-bit WAV, whole or not at all: a reader never sees half a file. Raises BadInput when the place cannot be written."""
    whole = wav_bytes(clip)
    path = path.resolve()
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(whole)  # a pipe or a device has no "half written"; a directory says so itself
            return
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            beside.write_bytes(whole)
            beside.replace(path)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror}): choose another place") from error


def _soundfile() -> ModuleType:
    try:
        import soundfile
    except OSError as error:  # where its wheel brings no libsndfile (32-bit ARM)
        raise BadInput("Sound files cannot be read without libsndfile: sudo apt-get install libsndfile1") from error
    module: ModuleType = soundfile
    return module


def _decode(path: Path, file: BinaryIO, soundfile: ModuleType) -> Pcm:
    try:
        with soundfile.SoundFile(file) as sound:
            if sound.samplerate not in _RATES:
                raise BadInput(f"{path} claims {sound.samplerate} samples per second: {_way_out(path)}")
            return _to_hearing(path, sound)
    except (soundfile.SoundFileError, TypeError) as error:
        raise BadInput(f"{path} is not a recording that can be read: {_way_out(path)}") from error


def _to_hearing(path: Path, sound: Any) -> Pcm:
    resampler = None if sound.samplerate == HEARING_RATE else soxr.ResampleStream(sound.samplerate, HEARING_RATE, 1, dtype="float32")
    pieces: list[Pcm] = []
    left = LONGEST_SECONDS * sound.samplerate
    while True:
        block: NDArray[np.float32] = sound.read(_BLOCK_SECONDS * sound.samplerate, dtype="float32", always_2d=True)
        left -= len(block)
        if left < 0:
            raise BadInput(f"{path} is longer than {LONGEST_SECONDS // 3600} hours: cut it into pieces")
        mono = np.nan_to_num(block.mean(axis=1, dtype=np.float32), nan=0.0, posinf=1.0, neginf=-1.0).clip(-1.0, 1.0)
        if resampler is not None:
            mono = resampler.resample_chunk(mono, last=not len(block))
        pieces.append(np.rint(mono * 32_768).clip(-32_768, 32_767).astype(np.int16))
        if not len(block):
            return np.concatenate(pieces)


def _way_out(path: Path) -> str:
    return f"convert it with: ffmpeg -i {path.name} -ar {HEARING_RATE} -ac 1 -c:a pcm_s16le converted.wav"

"""The corpus: sentences spoken by synthetic voices, with the sounds of every frame. Made in chunks, so that it can be resumed."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from scripts.vosk_model.voices import DEV_VOICES, Voice, any_voice, speak
from voiceskill.ports import HEARING_RATE, Pcm

CHUNK = 100
"""Sentences in a chunk."""

_PAUSES = (0.25, 0.6)
"""Seconds of silence before and after, from and to."""

_FLOOR = 8.0
"""Root mean square of the noise without which an aligner, or a model, makes something of nothing."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A recording and the sounds of its frames (see align.Frames)."""

    pcm: Pcm
    frames: np.ndarray[tuple[int], np.dtype[np.uint8]]


def make_corpus(texts: Sequence[str], folder: Path, dictionary: Path, *, seed: int, workers: int, dev: bool = False) -> Iterator[Path]:
    """Speak and align the texts, chunk by chunk; gives the file of each as it is done. Chunks that are there are not made again."""
    folder.mkdir(parents=True, exist_ok=True)
    chunks = [list(texts[at : at + CHUNK]) for at in range(0, len(texts), CHUNK)]
    files = [folder / f"speech-{number:03d}.npz" for number in range(len(chunks))]
    todo = [number for number, file in enumerate(files) if not file.exists()]
    yield from (file for file in files if file.exists())
    make = partial(_make_chunk, chunks, files, dictionary, seed=seed, dev=dev)
    with ProcessPoolExecutor(workers) as pool:
        for number in pool.map(make, todo):
            yield files[number]


def load(file: Path) -> Iterator[Utterance]:
    """The utterances of a chunk."""
    with np.load(file) as kept:
        pcm, frames, samples, lengths = (kept[name] for name in ("pcm", "frames", "samples", "lengths"))
    ends, frame_ends = np.cumsum(samples), np.cumsum(lengths)
    for end, count, frame_end, length in zip(ends, samples, frame_ends, lengths, strict=True):
        yield Utterance(pcm[end - count : end], frames[frame_end - length : frame_end])


def in_silence(pcm: Pcm, seed: np.random.Generator, *, before: float, after: float) -> Pcm:
    """The recording at a middling level between two silences (seconds), over the noise floor of a quiet device."""
    sound = np.concatenate([np.zeros(round(before * HEARING_RATE)), pcm, np.zeros(round(after * HEARING_RATE))])
    sound *= 12_000 / max(1.0, float(np.abs(sound).max()))
    return np.rint(sound + seed.normal(0, _FLOOR, len(sound))).clip(-32_768, 32_767).astype(np.int16)


def _make_chunk(chunks: Sequence[Sequence[str]], files: Sequence[Path], dictionary: Path, number: int, *, seed: int, dev: bool) -> int:
    from scripts.vosk_model.align import Aligner

    chance, noise = random.Random(f"{seed} {number} {dev}"), np.random.default_rng([seed, number, dev])
    texts = chunks[number]
    voices: list[Voice] = [DEV_VOICES[i % len(DEV_VOICES)] if dev else any_voice(chance) for i in range(len(texts))]
    with tempfile.TemporaryDirectory() as scratch:
        spoken = speak(list(zip(texts, voices, strict=True)), Path(scratch))
    aligner = Aligner(dictionary)
    found = []
    for text, voice_pcm in zip(texts, spoken, strict=True):
        pauses = noise.uniform(*_PAUSES, 2)
        pcm = in_silence(voice_pcm, noise, before=pauses[0], after=pauses[1])
        frames = aligner.align(pcm, text)
        if frames is not None:
            found.append(Utterance(pcm, frames))
    beside = files[number].with_suffix(".part.npz")
    np.savez(
        beside,
        pcm=np.concatenate([one.pcm for one in found]),
        frames=np.concatenate([one.frames for one in found]),
        samples=np.array([len(one.pcm) for one in found]),
        lengths=np.array([len(one.frames) for one in found]),
    )
    beside.replace(files[number])
    return number

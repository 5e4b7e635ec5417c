"""What the network sees: 40 cepstra every 10 ms, as Kaldi computes them and Vosk does when it listens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.vosk_model.corpus import load
from scripts.vosk_model.rooms import Heard, plain, varied, without_speech
from voiceskill.ports import HEARING_RATE, Pcm

CEPSTRA = 40
SUBSAMPLING = 3
"""The network answers once for so many frames of 10 ms."""

LOWEST_HERTZ, HIGHEST_HERTZ = 20, 7_600

_NO_SPEECH = 3
"""Recordings without speech for each chunk and variation."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Recordings end to end: `cepstra` of shape (frames, CEPSTRA), sound and segment of each frame, `lengths` in frames."""

    cepstra: NDArray[np.float16]
    sounds: NDArray[np.uint8]
    segments: NDArray[np.int32]
    lengths: NDArray[np.int64]


def cepstra(pcm: Pcm) -> NDArray[np.float32]:
    """Cepstra of a recording, shape (frames, CEPSTRA)."""
    import kaldi_native_fbank

    options = kaldi_native_fbank.MfccOptions()
    options.frame_opts.samp_freq = HEARING_RATE
    options.frame_opts.dither = 0.0
    options.use_energy = False
    options.num_ceps = options.mel_opts.num_bins = CEPSTRA
    options.mel_opts.low_freq, options.mel_opts.high_freq = LOWEST_HERTZ, HIGHEST_HERTZ
    computer = kaldi_native_fbank.OnlineMfcc(options)
    computer.accept_waveform(HEARING_RATE, pcm.astype(np.float32).tolist())
    computer.input_finished()
    found = [computer.get_frame(number) for number in range(computer.num_frames_ready)]
    return np.array(found, np.float32).reshape(-1, CEPSTRA)


def outputs_at(sounds: NDArray[np.uint8], segments: NDArray[np.int32], phase: int) -> NDArray[np.int64]:
    """The right output for every third frame from `phase` on: of its sound, the first one where a segment begins."""
    kept, segment = sounds[phase::SUBSAMPLING].astype(np.int64), segments[phase::SUBSAMPLING]
    follows = np.zeros(len(kept), bool)
    follows[1:] = segment[1:] == segment[:-1]
    return 2 * kept + follows


def make_features(speech: Sequence[Path], folder: Path, *, copies: int, seed: int, workers: int) -> Iterator[Path]:
    """The features of each chunk of speech, in so many variations (0: as it was spoken). Those that are there are not made again."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {file: folder / file.name.replace("speech", "frames") for file in speech}
    yield from (made for made in files.values() if made.exists())
    todo = [(number, file, made) for number, (file, made) in enumerate(files.items()) if not made.exists()]
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(partial(_make, copies=copies, seed=seed), todo)


def load_features(files: Iterable[Path]) -> Frames:
    """All of them, end to end."""
    parts = []
    for file in files:
        with np.load(file) as kept:
            parts.append(Frames(kept["cepstra"], kept["sounds"], kept["segments"], kept["lengths"]))
    return _joined(parts)


def _joined(parts: Sequence[Frames]) -> Frames:
    return Frames(
        np.concatenate([part.cepstra for part in parts]),
        np.concatenate([part.sounds for part in parts]),
        np.concatenate([part.segments for part in parts]),
        np.concatenate([part.lengths for part in parts]),
    )


def _make(work: tuple[int, Path, Path], *, copies: int, seed: int) -> Path:
    number, source, target = work
    random = np.random.default_rng([seed, number])
    utterances = list(load(source))
    heard = [] if copies else [plain(utterance) for utterance in utterances]
    for _ in range(copies):
        heard += [varied(utterance, utterances, random) for utterance in utterances]
        heard += [without_speech(random.uniform(1, 4), random) for _ in range(_NO_SPEECH)]
    found = _joined([_frames(one) for one in heard])
    beside = target.with_suffix(".part.npz")
    np.savez(beside, cepstra=found.cepstra, sounds=found.sounds, segments=found.segments, lengths=found.lengths)
    beside.replace(target)
    return target


def _frames(heard: Heard) -> Frames:
    seen = cepstra(heard.pcm)
    length = min(len(seen), len(heard.sounds))
    return Frames(seen[:length].astype(np.float16), heard.sounds[:length], heard.segments[:length], np.array([length]))

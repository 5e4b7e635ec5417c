"""The trained judge of meaning: a small sentence encoder with two heads, run by ONNX Runtime, and beside its first head a linear judge.

`scripts/train-understanding` makes them. Their folder holds model.onnx, vocabulary.txt, ngrams.npz (the linear judge), and about.json: the
labels of both heads, and the temperature that makes the first one's probabilities honest.
"""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voiceskill.core.understanding.judgement import Judgement
from voiceskill.core.understanding.ngrams import NgramJudge, together
from voiceskill.core.understanding.wordpieces import WordPieces
from voiceskill.ports import ModelMissing

_NGRAM_SHARE = 0.3
"""The linear judge's share in what both say. Chosen on tests/phrases/tuning.tsv."""

_KEPT = 16
"""Answers kept."""


class OnnxEncoder:
    """An Encoder from a folder. Raises ModelMissing when the folder is damaged. One sentence takes a few milliseconds of one core."""

    def __init__(self, folder: Path) -> None:
        try:
            import onnxruntime

            about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
            self.intents: tuple[str, ...] = tuple(about["intents"])
            self.flags: tuple[str, ...] = tuple(about["flags"])
            self._temperature = float(about["temperature"])
            self._wordpieces = WordPieces((folder / "vocabulary.txt").read_text(encoding="utf-8").splitlines())
            with (folder / "ngrams.npz").open("rb") as file, np.load(file) as ngrams:
                self._ngrams = NgramJudge(ngrams["table"], ngrams["scale"], ngrams["bias"])
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.enable_cpu_mem_arena = False
            options.log_severity_level = 3
            self._judge = functools.lru_cache(maxsize=_KEPT)(self._judge_anew)
            self._session: Any = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
        except Exception as error:  # each library has errors of its own, down to bare Exception
            raise ModelMissing(f"{folder} holds no understanding that can be used ({error}): install voiceskill again") from error

    def judge(self, text: str) -> Judgement:
        """Probabilities for normalised `text`. Triage and matcher ask about the same sentence: the last answers are kept."""
        return self._judge(text)

    def _judge_anew(self, text: str) -> Judgement:
        ids = np.array([self._wordpieces.encode(text)], np.int64)
        intents, flags = self._session.run(["intents", "flags"], {"ids": ids, "mask": np.ones_like(ids)})
        chances = together(_softmax(intents[0] / self._temperature), self._ngrams.chances(text), _NGRAM_SHARE)
        return Judgement(
            intents=dict(zip(self.intents, map(float, chances[:-1]), strict=True)),
            none=float(chances[-1]),
            flags=dict(zip(self.flags, map(float, 1 / (1 + np.exp(-flags[0].astype(np.float64)))), strict=True)),
        )


def verify(folder: Path) -> None:
    """Compare the files with their checksums. Raises ModelMissing, naming the first that is missing or damaged."""
    try:
        listed = (folder / "checksums.txt").read_text(encoding="utf-8").splitlines()
        for checksum, _, name in (line.partition("  ") for line in listed):
            with (folder / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != checksum:
                    raise ModelMissing(f"{folder / name} is damaged: install voiceskill again")
    except (OSError, ValueError) as error:
        raise ModelMissing(f"{folder} cannot be checked ({error}): install voiceskill again") from error


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    raised: NDArray[np.float32] = np.exp(logits - logits.max())
    chances: NDArray[np.float32] = raised / raised.sum()
    return chances

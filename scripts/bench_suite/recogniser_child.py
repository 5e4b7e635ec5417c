"""One recogniser alone in a process.

`python -m scripts.bench_suite.recogniser_child ENGINE MODEL MODELS_DIR CLIP.npy...`

It answers one JSON line: seconds to load, peak memory, and for each clip the texts, best first, and the seconds of wall clock and of
processor that they took.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from scripts.bench_suite.memory import peak_mb
from voiceskill.edges.recognisers.choose import build_recogniser
from voiceskill.ports import FRAME_SAMPLES, Pcm, Recogniser


def main() -> None:
    """Load, read, report."""
    engine, model, models_dir, *clips = sys.argv[1:]
    before = peak_mb()
    began = time.perf_counter()
    recogniser = build_recogniser(cast("Literal['vosk', 'moonshine']", engine), Path(models_dir), model or None)
    loaded = time.perf_counter() - began
    readings = [_read(recogniser, np.load(clip)) for clip in clips]
    print(json.dumps({"name": recogniser.name, "load": loaded, "before_mb": before, "peak_mb": peak_mb(), "readings": readings}))


def _read(recogniser: Recogniser, pcm: Pcm) -> dict[str, Any]:
    wall, processor = time.perf_counter(), time.process_time()
    recogniser.start()
    for start in range(0, len(pcm), FRAME_SAMPLES):
        recogniser.accept(pcm[start : start + FRAME_SAMPLES])
    hypotheses = recogniser.hypotheses()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return {"texts": [one.text for one in hypotheses], "wall": wall, "processor": processor}


if __name__ == "__main__":
    main()

"""PocketSphinx's decoder, on the acoustic model of real people's speech that comes inside its wheel."""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from voiceskill.ports import HEARING_RATE, ModelMissing

HUM = np.random.default_rng(0).integers(-3, 4, HEARING_RATE // 10, dtype=np.int16)
"""A tenth of a second of the softest noise, to begin with: the model knows no digital silence."""


def new_decoder(wanted: Container[str], **options: float) -> tuple[Any, frozenset[str]]:
    """A decoder without anything to search for yet, and those of the `wanted` words that it knows.

    `options` are PocketSphinx's own. Raises ModelMissing.
    """
    try:
        from pocketsphinx import Config, Decoder, get_model_path
    except (ImportError, OSError) as error:
        raise ModelMissing(f"PocketSphinx does not load ({error}): run scripts/setup again") from error
    known = list(_pronunciations(Path(get_model_path("en-us/cmudict-en-us.dict")), wanted))
    decoder = Decoder(Config(hmm=get_model_path("en-us/en-us"), dict=None, lm=None, loglevel="FATAL", **options))
    for word, phones in known:
        decoder.add_word(word, phones, True)  # noqa: FBT003 - PocketSphinx's own signature
    return decoder, frozenset(word for word, _ in known)


def phone_model() -> str:
    """The file that says which phones follow on which."""
    from pocketsphinx import get_model_path

    path: str = get_model_path("en-us/en-us-phone.lm.bin")
    return path


def _pronunciations(dictionary: Path, wanted: Container[str]) -> Iterator[tuple[str, str]]:
    """Words of the dictionary, further pronunciations as `word(2)`, and their phones."""
    with dictionary.open(encoding="utf-8") as lines:
        for line in lines:
            word, _, phones = line.strip().partition(" ")
            if word.partition("(")[0] in wanted:
                yield word, phones.strip()

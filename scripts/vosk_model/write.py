"""Writes the folder of a model that Vosk loads (https://alphacephei.com/vosk/models, "Model structure")."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from scripts.vosk_model.features import CEPSTRA, HIGHEST_HERTZ, LOWEST_HERTZ, SUBSAMPLING
from scripts.vosk_model.graphs import UnknownWord, lexicon_graph, sentence_graph, word_list
from scripts.vosk_model.kaldi import DISAMBIGUATION, Layer, write_acoustic_model
from scripts.vosk_model.ngrams import bigrams
from scripts.vosk_model.phones import PHONES, PLACES, SILENCE, SOUNDS, phone_number
from scripts.vosk_model.pronounce import Lexicon, write_dictionary
from voiceskill.ports import HEARING_RATE

CHECKSUMS = "checksums.txt"
_FOR_PEOPLE = frozenset({CHECKSUMS, "LICENSE", "README.md"})

WORD_COST = 2.0
"""Of each word: tried on voices for tuning, like the cost of [unk] (measure.py)."""

UNKNOWN_WORD_COST = 9.0
"""Of an unknown word among others, in dictation."""

BIGRAMS = 30_000

# Without dither, so that the same sound gives the same words. A wider lattice beam makes lattices explode: the lexicon is not determinised.
_MFCC = {
    "sample-frequency": HEARING_RATE,
    "use-energy": "false",
    "num-mel-bins": CEPSTRA,
    "num-ceps": CEPSTRA,
    "low-freq": LOWEST_HERTZ,
    "high-freq": HIGHEST_HERTZ,
    "dither": 0.0,
}
_DECODING = {
    "min-active": 200,
    "max-active": 3000,
    "beam": 11.0,
    "lattice-beam": 2.0,
    "acoustic-scale": 0.5,
    "frame-subsampling-factor": SUBSAMPLING,
    "endpoint.silence-phones": phone_number(SILENCE),
    "endpoint.rule2.min-trailing-silence": 0.5,
    "endpoint.rule3.min-trailing-silence": 0.75,
    "endpoint.rule4.min-trailing-silence": 1.0,
}


def write_acoustics(folder: Path, layers: Sequence[Layer]) -> None:
    """Write what tells sounds apart, and how to listen."""
    for name in ("am", "conf"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_acoustic_model(folder / "am/final.mdl", layers, CEPSTRA)
    for name, options in (("mfcc", _MFCC), ("model", _DECODING)):
        (folder / f"conf/{name}.conf").write_text("".join(f"--{option}={value}\n" for option, value in options.items()), encoding="utf-8")


def write_graphs(folder: Path, lexicon: Lexicon, sentences: Iterable[str], unknown_cost: float) -> None:
    """Write which words there are, how they sound, and what follows what; and the pronunciations.

    `sentences`, normalised, teach the order of words in dictation. `unknown_cost` is that of UnknownWord.
    """
    (folder / "graph/phones").mkdir(parents=True, exist_ok=True)
    words = word_list(lexicon)
    (folder / "graph/words.txt").write_text("".join(f"{word} {number}\n" for number, word in enumerate(words)), encoding="utf-8")
    kinds = (f"{number} {PLACES.get(phone.rpartition('_')[2], 'nonword')}\n" for number, phone in enumerate(PHONES, 1))
    (folder / "graph/phones/word_boundary.int").write_text("".join(kinds), encoding="utf-8")
    (folder / "graph/disambig_tid.int").write_text(f"{DISAMBIGUATION}\n", encoding="utf-8")
    write_lexicon_graph(folder, lexicon, unknown_cost)
    order = bigrams((text.split() for text in sentences), lexicon, most=BIGRAMS)
    sentence_graph(order, words, UNKNOWN_WORD_COST).write(folder / "graph/Gr.fst", by="input")
    write_dictionary(folder / "dictionary.txt", lexicon)


def write_lexicon_graph(folder: Path, lexicon: Lexicon, unknown_cost: float, word_cost: float = WORD_COST) -> None:
    """Write how the words sound, alone."""
    unknown = UnknownWord(unknown_cost, order_of_sounds(lexicon))
    lexicon_graph(lexicon, unknown, word_cost=word_cost).write(folder / "graph/HCLr.fst", by="output")


def order_of_sounds(lexicon: Lexicon) -> dict[tuple[str, str], float]:
    """The cost of each sound after each other in words, each pair being possible; after "", of beginning with it."""
    pairs = Counter(pair for each in lexicon.values() for sounds in each for pair in zip(["", *sounds], sounds, strict=False))
    found = {}
    for first in ("", *SOUNDS[1:]):
        counts = {second: pairs[first, second] + 1.0 for second in SOUNDS[1:]}
        total = sum(counts.values())
        found.update({(first, second): -math.log(count / total) for second, count in counts.items()})
    return found


def write_checksums(folder: Path) -> None:
    """Write the SHA-256 of every other file below the folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name not in _FOR_PEOPLE)
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder)}\n" for file in files]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")

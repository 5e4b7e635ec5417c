"""How words are pronounced: the CMU Pronouncing Dictionary, and espeak-ng for what it lacks.

The dictionary is the one inside the package pocketsphinx, without stress (https://github.com/cmusphinx/cmudict, BSD licence).
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scripts.vosk_model.phones import SOUNDS, Pronunciation

Lexicon = dict[str, tuple[Pronunciation, ...]]
"""Pronunciations of each word, the most usual first."""

MOST_PRONUNCIATIONS = 3

_SIBILANTS = frozenset({"S", "Z", "SH", "ZH", "CH", "JH"})
_VOICELESS = frozenset({"P", "T", "K", "F", "TH"})
_ENDINGS: Mapping[str, Pronunciation] = {"'ll": ("AH", "L"), "'ve": ("AH", "V"), "'re": ("ER",), "'d": ("D",)}

# espeak-ng's IPA for en-us.
_IPA: Mapping[str, str] = {
    "aɪɚ": "AY ER", "aɪə": "AY AH", "aʊɚ": "AW ER", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "əʊ": "OW", "ɔɪ": "OY",
    "ɑːɹ": "AA R", "ɔːɹ": "AO R", "oːɹ": "AO R", "ɛɹ": "EH R", "ɪɹ": "IH R", "ʊɹ": "UH R", "ɜː": "ER", "ɚ": "ER",
    "ɑː": "AA", "ɑ": "AA", "a": "AA", "ɒ": "AA", "ɔː": "AO", "ɔ": "AO", "o": "OW", "æ": "AE", "ɐ": "AH", "ə": "AH", "ʌ": "AH",
    "ɛ": "EH", "e": "EY", "iː": "IY", "iə": "IY AH", "i": "IY", "ɪ": "IH", "ᵻ": "IH", "uː": "UW", "u": "UW", "ʊ": "UH",
    "tʃ": "CH", "dʒ": "JH", "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "g": "G", "h": "HH", "j": "Y", "k": "K", "x": "K",
    "l": "L", "ɬ": "L", "m": "M", "n̩": "AH N", "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S", "ʃ": "SH", "t": "T",
    "ɾ": "T", "ʔ": "T", "θ": "TH", "v": "V", "w": "W", "z": "Z", "ʒ": "ZH", "ɲ": "N", "ç": "HH",
}  # fmt: skip
_IPA_PIECE = re.compile("|".join(map(re.escape, sorted(_IPA, key=len, reverse=True))))


def read_dictionary(path: Path) -> Lexicon:
    """Read a dictionary of lines `word SOUND SOUND ...`; further pronunciations are `word(2)`."""
    found: dict[str, list[Pronunciation]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *sounds = line.split()
        found[re.sub(r"\(\d+\)$", "", word)].append(tuple(sounds))
    return {word: tuple(dict.fromkeys(each)) for word, each in found.items()}


def write_dictionary(path: Path, lexicon: Lexicon) -> None:
    """Write what `read_dictionary` reads."""
    lines = []
    for word in sorted(lexicon):
        for number, sounds in enumerate(lexicon[word], 1):
            lines.append(f"{word}{f'({number})' if number > 1 else ''} {' '.join(sounds)}\n")
    path.write_text("".join(lines), encoding="utf-8")


def pronounce(words: Iterable[str], dictionary: Lexicon) -> Lexicon:
    """A pronunciation for every word: from the dictionary, from the word before its 's or 'll, or as espeak-ng reads it."""
    wanted = sorted(set(words))
    found = {word: each for word in wanted if (each := _from_dictionary(word, dictionary))}
    missing = [word for word in wanted if word not in found]
    stems = sorted({stem for word in missing if (stem := _parts(word)[0]) not in dictionary})
    spelled = dict(zip(stems, as_espeak_reads(stems), strict=True))
    for word in missing:
        stem, ending = _parts(word)
        found[word] = (_ended(spelled[stem], ending),)
    return {word: found[word][:MOST_PRONUNCIATIONS] for word in wanted}


def as_espeak_reads(words: Sequence[str]) -> list[Pronunciation]:
    """Each word as espeak-ng pronounces it (American)."""
    if not words:
        return []
    # One word a line, and a stop after each: espeak-ng gives one line for each clause.
    command = ["espeak-ng", "-v", "en-us", "-q", "--ipa", "--sep=_", "--stdin"]
    spoken = subprocess.run(command, input="".join(f"{word} .\n\n" for word in words), check=True, capture_output=True, text=True)  # noqa: S603 - our own words
    lines = [line for line in spoken.stdout.splitlines() if line.strip()]
    if len(lines) != len(words):
        raise ValueError(f"espeak-ng read {len(lines)} words of {len(words)}")
    return [sounds_of(line) for line in lines]


def sounds_of(ipa: str) -> Pronunciation:
    """ARPABET for what espeak-ng writes in IPA; stress and what is no sound are left out. ValueError when nothing remains."""
    pieces = (piece for part in re.split(r"[_\s]+", ipa) for piece in _IPA_PIECE.findall(re.sub("[ˈˌ]", "", part)))
    sounds = tuple(sound for piece in pieces for sound in _IPA[piece].split())
    if not sounds:
        raise ValueError(f"no sounds in {ipa!r}")
    if not set(sounds) <= set(SOUNDS):
        raise ValueError(f"sounds unknown in {ipa!r}")
    return sounds


def _from_dictionary(word: str, dictionary: Lexicon) -> tuple[Pronunciation, ...]:
    if word in dictionary:
        return dictionary[word]
    stem, ending = _parts(word)
    return tuple(_ended(sounds, ending) for sounds in dictionary.get(stem, ())) if ending else ()


def _parts(word: str) -> tuple[str, str]:
    """A word and its ending after the apostrophe, if it is one of those that are pronounced by rule."""
    stem, apostrophe, rest = word.rpartition("'")
    ending = apostrophe + rest
    return (stem, ending) if stem and (ending in _ENDINGS or ending == "'s") else (word, "")


def _ended(sounds: Pronunciation, ending: str) -> Pronunciation:
    last = sounds[-1]
    match ending:
        case "":
            return sounds
        case "'s":
            return (*sounds, *(("AH", "Z") if last in _SIBILANTS else ("S",) if last in _VOICELESS else ("Z",)))
        case "'d" if last in {"D", "T"}:
            return (*sounds, "AH", "D")
        case _:
            return (*sounds, *_ENDINGS[ending])

"""The sounds of English, and how they are numbered.

A sound (ARPABET, without stress) is spoken by four phones, one for each place in a word, so that the decoder finds where words begin and
end. All four share two outputs of the network: one for the first frame of the sound, one for the frames that follow.
"""

from __future__ import annotations

from collections.abc import Sequence

SILENCE = "SIL"
_ARPABET = "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
SOUNDS = (SILENCE, *_ARPABET.split())
"""Numbered from 0, silence first."""

PLACES = {"B": "begin", "E": "end", "I": "internal", "S": "singleton"}
PHONES = (SILENCE, *(f"{sound}_{place}" for sound in SOUNDS[1:] for place in PLACES))
"""Numbered from 1, as Kaldi does; 0 is nothing."""

OUTPUTS = 2 * len(SOUNDS)

Pronunciation = tuple[str, ...]
"""Sounds of one word."""

_NUMBERS = {phone: number for number, phone in enumerate(PHONES, 1)}


def phone_number(sound: str, place: str = "") -> int:
    """Kaldi's number of a sound at a place in a word ("" for silence)."""
    return _NUMBERS[f"{sound}_{place}" if place else sound]


def placed(pronunciation: Sequence[str]) -> list[int]:
    """The phones of a word."""
    if len(pronunciation) == 1:
        return [phone_number(pronunciation[0], "S")]
    places = ["B", *("I" * (len(pronunciation) - 2)), "E"]
    return [phone_number(sound, place) for sound, place in zip(pronunciation, places, strict=True)]


def outputs_of(phone: int) -> tuple[int, int]:
    """The network's outputs for the first frame of a phone and for the frames that follow."""
    sound = SOUNDS.index(PHONES[phone - 1].split("_")[0])
    return 2 * sound, 2 * sound + 1

"""Danger that dictation garbled: "my legs are dumb" may have been numb, "I can't be" may have been "I can't pee".

Laws of this module:
- What only sounds like danger is asked about, never raised.
- It is a second look: it is taken where nothing was understood, or something that sounds less like what was heard.
- Two ears that agree need to agree less well: the phrase that was spotted, and words that sound somewhat like it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz, process

from voiceskill.core.events import Hypothesis
from voiceskill.core.skill import Skill
from voiceskill.core.spotting import believed
from voiceskill.core.triage import Flag, negated
from voiceskill.core.understanding.normalise import words
from voiceskill.core.understanding.sounding import Sounds, differing, likeness

_ALIKE = 0.6
"""Likeness of all that was heard to a phrase from which it may have been that. Chosen on phrases spoken by seven synthetic voices."""

_ALIKE_AND_SPOTTED = 0.45
"""The same for the phrase that another ear heard too."""

_DIFFERING, _DIFFERING_FROM_MEANT = 0.3, 0.55
"""Likeness of the parts in which the two differ, "numb" and "mum": "my legs are fine" has most of its letters from "my legs are numb". The
second where something else was understood, if not surely."""

_NEAREST = 4
_NEAR = 100 * 0.4
"""Letters that the nearest phrases share with what was heard, of 100: a quick look before the exact one."""


class SoundsLikeDanger:
    """Knows the signs of danger of a skill that can be told in few words."""

    def __init__(self, skill: Skill) -> None:
        self._sounds = Sounds(skill.spelling)
        self._flags = {phrase: skill.intents[flag] for phrase, flag in skill.spotted.dangers.items()}
        self._phrases = {phrase: self._sounds.of(phrase) for phrase in self._flags}

    def suspect(self, readings: Sequence[str], spotted: Hypothesis | None = None, *, meant: bool = False) -> Flag | None:
        """The sign that was perhaps heard, its score being how much it sounds like that: one to ask about.

        `meant` is whether something else was understood.
        """
        heeded = spotted if believed(spotted, readings) else None
        found = [flag for reading in readings for flag in self._suspects(reading, heeded, meant=meant)]
        return max(found, key=lambda flag: flag.score, default=None)

    def _suspects(self, reading: str, spotted: Hypothesis | None, *, meant: bool) -> Iterator[Flag]:
        heard, said = self._sounds.of(reading), words(reading)
        near = process.extract(heard, self._phrases, scorer=fuzz.ratio, score_cutoff=_NEAR, limit=_NEAREST)
        alike = {phrase: likeness(self._phrases[phrase], heard) for *_, phrase in near}
        nearest = max(alike, key=alike.__getitem__, default=None)
        if nearest and alike[nearest] >= _ALIKE and not self._denies(said, nearest):
            apart = likeness(*differing(self._phrases[nearest], heard))
            if apart >= (_DIFFERING_FROM_MEANT if meant else _DIFFERING):
                yield Flag(self._flags[nearest], alike[nearest], sure=False)
        if spotted and spotted.text in self._flags and not self._denies(said, spotted.text):
            somewhat = likeness(self._phrases[spotted.text], heard)
            if somewhat >= _ALIKE_AND_SPOTTED:
                yield Flag(self._flags[spotted.text], somewhat, sure=False)

    def _denies(self, said: Sequence[str], phrase: str) -> bool:
        return negated(said) and not negated(words(phrase))

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
from voiceskill.core.understanding.sounding import Sounds, likeness

_ALIKE = 0.6
"""Likeness of all that was heard to a phrase from which it may have been that. Chosen on phrases spoken by seven synthetic voices."""

_ALIKE_AND_SPOTTED = 0.45
"""The same for the phrase that another ear heard too."""

_NEAREST = 4
_NEAR = 100 * 0.4
"""Letters that the nearest phrases share with what was heard, of 100: a quick look before the exact one."""


class SoundsLikeDanger:
    """Knows the signs of danger of a skill that can be told in few words."""

    def __init__(self, skill: Skill) -> None:
        self._sounds = Sounds(skill.spelling)
        self._flags = {phrase: skill.intents[flag] for phrase, flag in skill.spotted.dangers.items()}
        self._phrases = {phrase: self._sounds.of(phrase) for phrase in self._flags}

    def suspect(self, readings: Sequence[str], spotted: Hypothesis | None = None) -> Flag | None:
        """The sign that was perhaps heard, its score being how much it sounds like that: one to ask about."""
        found = [flag for reading in readings for flag in self._suspects(reading, spotted if believed(spotted, readings) else None)]
        return max(found, key=lambda flag: flag.score, default=None)

    def _suspects(self, reading: str, spotted: Hypothesis | None) -> Iterator[Flag]:
        heard, denied = self._sounds.of(reading), negated(words(reading))
        near = {phrase for *_, phrase in process.extract(heard, self._phrases, scorer=fuzz.ratio, score_cutoff=_NEAR, limit=_NEAREST)}
        for phrase in near | ({spotted.text} & self._flags.keys() if spotted else set()):
            alike = likeness(self._phrases[phrase], heard)
            enough = _ALIKE_AND_SPOTTED if spotted and phrase == spotted.text else _ALIKE
            if alike >= enough and (not denied or negated(words(phrase))):
                yield Flag(self._flags[phrase], alike, sure=False)

"""What is said while the device is set up, and by which words places and "leave it as it is" are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voiceskill.core.sound import Finding
from voiceskill.core.understanding.normalise import normalise


@dataclass(frozen=True, slots=True)
class SetupLines:
    """Every line, with its placeholders in curly brackets. `keep` are words for "go on, as it is"; `places` are names by country.

    `sound` has a line for each Finding.
    """

    welcome: str
    say_something: str
    nobody_heard: str
    no_microphone: str
    i_hear_you: str
    type_answers: str
    try_loudspeaker: str
    no_loudspeaker: str
    loudspeaker_found: str
    loud_enough: str
    like_this: str
    as_loud_as_i_get: str
    as_soft_as_i_get: str
    say_a_sentence: str
    be_quiet: str
    turned_up: str
    turned_down: str
    speak_softer: str
    call_me: str
    unfit_phrase: str
    is_it: str
    which_country: str
    country_now: str
    unknown_country: str
    ask_me: str
    ask_another: str
    done: str
    stopped: str
    keep: tuple[str, ...]
    places: Mapping[str, tuple[str, ...]]
    sound: Mapping[str, str] = field(default_factory=dict)

    def of(self, finding: Finding) -> str:
        """What is said of a finding; nothing where there is no line for it."""
        return self.sound.get(finding.value, "")

    def country_of(self, text: str) -> str | None:
        """The country named in `text`, as two letters: by one of its names, the longest that is said, or by its letters alone."""
        said = f" {normalise(text)} "
        if text.strip().upper() in self.places:
            return text.strip().upper()
        found = [(len(name), code) for code, names in self.places.items() for name in names if f" {normalise(name)} " in said]
        return max(found)[1] if found else None

    def place(self, code: str) -> str:
        """The country's usual name."""
        return next(iter(self.places.get(code, ())), code)

    def keeps(self, text: str) -> bool:
        """Whether `text` says to leave something as it is."""
        return normalise(text) in {normalise(one) for one in self.keep}

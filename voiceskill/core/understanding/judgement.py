"""What a trained judge thinks of a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Judgement:
    """Probabilities, in [0, 1]. `intents` and `none` add up to one; each of the `flags` stands alone."""

    intents: Mapping[str, float]
    none: float
    flags: Mapping[str, float]


class Encoder(Protocol):
    """A trained judge."""

    def judge(self, text: str) -> Judgement:
        """What it thinks of normalised `text`."""
        ...

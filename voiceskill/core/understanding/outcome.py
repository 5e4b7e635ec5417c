"""The two outcomes of understanding: a match, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Reason = Literal["empty", "unclear", "unrelated"]
"""`empty`: no words. `unclear`: it may have been for us, but no meaning stands out. `unrelated`: talk that is not for us."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A meaning under consideration. `score` is in [0, 1]."""

    intent: str
    score: float


@dataclass(frozen=True, slots=True)
class Match:
    """An utterance understood. `slots` maps slot names to values as written in the skill's lists."""

    intent: str
    score: float
    runner_up: Candidate | None = None
    slots: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoMatch:
    """An utterance not understood, and why. `best` and `second` are the nearest meanings, to be asked about, never acted upon."""

    reason: Reason
    best: Candidate | None = None
    second: Candidate | None = None


Outcome = Match | NoMatch

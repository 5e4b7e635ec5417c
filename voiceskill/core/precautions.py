"""Precautions: what must be known of somebody before they are asked to move.

Laws of this module:
- Screening is a value, like a routine: the questions, and a place among them.
- Doubt counts as danger for movement, never for breathing or information.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Precautions:
    """What is to be minded before something is answered or begun.

    `screen` names the safety questions to be answered first; `moves` is whether it moves the body, so that a danger sign rules it
    out. It is `not_for` those with one of these conditions; they are offered `instead`. `warning` is said every time.
    """

    screen: tuple[str, ...] = ()
    moves: bool = False
    not_for: frozenset[str] = frozenset()
    instead: str | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Timed:
    """A time to be kept by us: `offer` asks whether to; after `check_minutes` we ask `check`, after `minutes` we say `over`.

    `check_answer` is said to whatever is answered: a burn told in words is a flag anyway.
    """

    offer: str
    minutes: float
    over: str
    check_minutes: float
    check: str
    check_answer: str


@dataclass(frozen=True, slots=True)
class ScreenPart:
    """One of the things that a safety question asks for.

    A yes raises `flag`, or shows a `condition`, or both. It is asked `only_if` that condition is known.
    """

    ask: str
    flag: str | None = None
    condition: str | None = None
    only_if: str | None = None


@dataclass(frozen=True, slots=True)
class ScreenQuestion:
    """A safety question, and its parts for those who say yes."""

    ask: str
    parts: tuple[ScreenPart, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """The safety questions before movement, by name, and what is said around them."""

    questions: Mapping[str, ScreenQuestion]
    intro: str
    intro_one: str
    clear: str
    unsure: str
    which: str
    later: str

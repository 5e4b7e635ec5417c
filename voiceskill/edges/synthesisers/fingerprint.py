"""What, besides the text, decides how a synthesiser sounds."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from voiceskill.ports import Synthesiser


@runtime_checkable
class Fingerprinted(Protocol):
    """A synthesiser that can say all of its settings in a line."""

    @property
    def fingerprint(self) -> str:
        """Engine, voice and settings."""
        ...


def fingerprint_of(synthesiser: Synthesiser) -> str:
    """Return the fingerprint, or the name where there is no more to know."""
    return synthesiser.fingerprint if isinstance(synthesiser, Fingerprinted) else synthesiser.name

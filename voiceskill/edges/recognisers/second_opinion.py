"""Two recognisers on the same sound: the first one's words count, and the other's are read for danger as well."""

from __future__ import annotations

from voiceskill.core.events import Hypothesis
from voiceskill.ports import Pcm, Recogniser


class SecondOpinion:
    """A Recogniser. The readings of `first` come first; those of `second` follow where they differ."""

    def __init__(self, first: Recogniser, second: Recogniser) -> None:
        self._first = first
        self._second = second

    @property
    def name(self) -> str:
        """See ports.Recogniser."""
        return f"{self._first.name}, checked by {self._second.name}"

    @property
    def first(self) -> Recogniser:
        """The one whose words count."""
        return self._first

    def start(self) -> None:
        """See ports.Recogniser."""
        self._first.start()
        self._second.start()

    def accept(self, pcm: Pcm) -> str | None:
        """See ports.Recogniser."""
        self._second.accept(pcm)
        return self._first.accept(pcm)

    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """See ports.Recogniser."""
        found = self._first.hypotheses()
        texts = {one.text for one in found}
        return (*found, *(one for one in self._second.hypotheses() if one.text not in texts))

    def close(self) -> None:
        """See ports.Recogniser."""
        self._first.close()
        self._second.close()

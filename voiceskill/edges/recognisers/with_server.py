"""A recogniser on another machine, with our own beside it: the better reading where it comes in time, and never the only one.

Laws of this module:
- Our own recogniser reads every utterance. What it finds to be decisive, danger or an escape word, waits for nobody.
- While we speak nobody else is asked.
- A server is waited for only if it answered last time. One that failed is tried again, ever more seldom, on what is said, without anybody
  waiting for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Protocol

from voiceskill.core.events import Hypothesis
from voiceskill.core.recovery import Away, Works
from voiceskill.ports import Clock, Fault, Pcm, Recogniser

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.02


class Hearing(Protocol):
    """An utterance at a server."""

    @property
    def answer(self) -> Future[str]:
        """Its words, some time; or a Fault."""
        ...

    def hear(self, pcm: Pcm) -> None:
        """More of it."""
        ...

    def finish(self) -> None:
        """That was all of it."""
        ...


class Server(Protocol):
    """A recogniser on another machine."""

    name: str

    def listen(self) -> Hearing:
        """Begin an utterance."""
        ...

    def close(self) -> None:
        """Ask nothing any more."""
        ...


class WithServer:
    """A Recogniser that has `own` and `server` read each utterance. The server's reading comes first, ours behind it.

    `speaking` tells whether we speak, `decisive` whether a text needs no better reading. `patience` is how many seconds of `clock` the
    server may take from the end of an utterance.
    """

    def __init__(
        self,
        own: Recogniser,
        server: Server,
        *,
        clock: Clock,
        patience: float,
        speaking: Callable[[], bool] = lambda: False,
        decisive: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._own = own
        self._server = server
        self._clock = clock
        self._patience = patience
        self._speaking = speaking
        self._decisive = decisive
        self.trouble: str | None = None
        """Why the server is not waited for, in words."""
        self._standing: Works | Away = Works(clock.now())
        self._trial: _Trial | None = None
        self._wanted = False
        self._hearing: Hearing | None = None
        self._told = False
        self._pieces: list[Pcm] = []
        self._readings: tuple[Hypothesis, ...] | None = None

    @property
    def name(self) -> str:
        """See ports.Recogniser."""
        return f"{self._own.name} with {self._server.name}"

    @property
    def own(self) -> Recogniser:
        """Ours alone."""
        return self._own

    def start(self) -> None:
        """See ports.Recogniser."""
        self._leave()
        self._own.start()
        self._pieces.clear()
        self._readings, self._told = None, False
        self._wanted = not self._speaking()
        self._begin()

    def accept(self, pcm: Pcm) -> str | None:
        """See ports.Recogniser."""
        self._readings = None
        self._pieces.append(pcm)
        if self._told:  # they speak on: what the server was told is only the beginning
            self._told = False
            self._begin()
        elif self._hearing:
            self._hearing.hear(pcm)
        return self._own.accept(pcm)

    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """See ports.Recogniser. Takes as long as our own recogniser does, and perhaps as long as the patience lasts."""
        if self._readings is None:
            self._readings = self._read()
        return self._readings

    def close(self) -> None:
        """See ports.Recogniser."""
        self._leave()
        self._server.close()
        self._own.close()

    def _begin(self) -> None:
        """Have the server read along, with all that was said so far, if it is to."""
        self._judge_trial()
        if self._wanted and (isinstance(self._standing, Works) or (self._trial is None and self._clock.now() >= self._standing.due)):
            self._hearing = self._server.listen()
            for pcm in self._pieces:
                self._hearing.hear(pcm)

    def _read(self) -> tuple[Hypothesis, ...]:
        hearing, self._hearing, asked = self._hearing, None, self._clock.now()
        if hearing:
            self._told = True
            hearing.finish()
        own = self._own.hypotheses()
        if hearing is None:
            return own
        if self._speaking() or any(self._decisive(one.text) for one in own):
            hearing.answer.cancel()
            self._leave()
            return own
        if isinstance(self._standing, Away):
            self._trial = _Trial(hearing.answer, self._clock, asked)
            return own
        text = self._awaited(hearing.answer, asked)
        return (Hypothesis(text), *(one for one in own if one.text != text)) if text else own

    def _awaited(self, answer: Future[str], asked: float) -> str:
        """The words of the server; none where it has none, or does not answer in time."""
        while not wait([answer], _LOOK_SECONDS).done:
            if self._speaking() or self._clock.now() - asked >= self._patience:
                answer.cancel()
                if not self._speaking():
                    self._failed(f"{self._server.name} does not answer within {self._patience:g} seconds")
                return ""
        fault = answer.exception()
        if fault is not None:
            self._failed(str(fault) if isinstance(fault, Fault) else f"{self._server.name} failed: {type(fault).__name__}")
            return ""
        return answer.result().strip()

    def _failed(self, why: str) -> None:
        self.trouble = why
        if isinstance(self._standing, Works):
            _log.warning("%s: until it does, this device understands by itself what is said", why)
            self._standing = self._standing.failed(self._clock.now())

    def _judge_trial(self) -> None:
        """Whether the server, which failed before, has answered what it was asked since, in time."""
        if self._trial is None or not isinstance(self._standing, Away):
            return
        outcome = self._trial.outcome(self._patience)
        if outcome is None:
            return
        self._trial = None
        if outcome:
            self.trouble = None
            _log.info("%s answers again", self._server.name)
            self._standing = self._standing.found(self._clock.now())
        else:
            self._standing = self._standing.missed(self._clock.now())

    def _leave(self) -> None:
        """Go on without the server, in this utterance."""
        if self._hearing:
            self._hearing.answer.cancel()
        self._wanted, self._hearing = False, None


class _Trial:
    """Something that a server was asked, for which nobody waits."""

    def __init__(self, answer: Future[str], clock: Clock, asked: float) -> None:
        self._answer = answer
        self._clock = clock
        self._asked = asked
        self._took: float | None = None
        answer.add_done_callback(lambda _: self._answered())

    def _answered(self) -> None:
        self._took = self._clock.now() - self._asked

    def outcome(self, patience: float) -> bool | None:
        """Whether it was answered in time; None as long as it may yet be."""
        if self._took is not None:
            return self._took <= patience and not self._answer.cancelled() and self._answer.exception() is None
        if self._clock.now() - self._asked < patience:
            return None
        self._answer.cancel()
        return False

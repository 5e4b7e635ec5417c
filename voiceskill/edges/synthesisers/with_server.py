"""A synthesiser on another machine, with our own beside it: its voice where it comes in time, ours where it does not.

Laws of this module:
- What is held, danger above all, is spoken at once by whichever voice it lies ready in, and else by our own: never by waiting for a server.
- A server is waited for only if it answered last time. One that failed is tried again, ever more seldom, without anybody waiting for it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Protocol

from voiceskill.core.recovery import Away, Works
from voiceskill.edges.synthesisers.cache import Cached
from voiceskill.edges.synthesisers.pace import bounded
from voiceskill.edges.synthesisers.sound import stretched, trimmed
from voiceskill.ports import Clip, Clock, Fault, VoiceInfo

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.02


class Server(Protocol):
    """A synthesiser on another machine."""

    name: str
    voice: str

    def speak(self, text: str) -> Future[Clip]:
        """A sentence, some time; or a Fault."""
        ...

    def close(self) -> None:
        """Ask nothing any more."""
        ...


class ServerVoice:
    """A Synthesiser whose `server` has `patience` seconds of `clock` for a sentence. Raises Fault at once while it is not waited for."""

    def __init__(self, server: Server, *, clock: Clock, patience: float) -> None:
        self._server = server
        self._clock = clock
        self._patience = patience
        self._standing: Works | Away = Works(clock.now())
        self._trial: tuple[Future[Clip], float] | None = None
        self.trouble: str | None = None
        """Why the server is not waited for, in words."""

    @property
    def name(self) -> str:
        """See ports.Synthesiser."""
        return self._server.voice

    def render(self, text: str, pace: float = 1.0) -> Clip:
        """See ports.Synthesiser."""
        self._judge_trial()
        if isinstance(self._standing, Away):
            if self._trial is None and self._clock.now() >= self._standing.due:
                self._trial = self._server.speak(text), self._clock.now()
            raise Fault(f"{self._server.name} does not answer")
        return stretched(trimmed(self._awaited(self._server.speak(text))), bounded(pace))

    def _awaited(self, answer: Future[Clip]) -> Clip:
        deadline = self._clock.now() + self._patience
        while not wait([answer], _LOOK_SECONDS).done:
            if self._clock.now() >= deadline:
                answer.cancel()
                raise self._failed(Fault(f"{self._server.name} does not answer within {self._patience:g} seconds"))
        fault = answer.exception()
        if fault is not None:
            raise self._failed(fault) from fault
        return answer.result()

    def _judge_trial(self) -> None:
        if self._trial is None or not isinstance(self._standing, Away):
            return
        answer, asked = self._trial
        if answer.done() and answer.exception() is None:
            self.trouble = None
            _log.info("%s answers again", self._server.name)
            self._standing, self._trial = self._standing.found(self._clock.now()), None
        elif answer.done() or self._clock.now() - asked >= self._patience:
            answer.cancel()
            self._standing, self._trial = self._standing.missed(self._clock.now()), None

    def _failed(self, why: BaseException) -> Fault:
        fault = why if isinstance(why, Fault) else Fault(f"{self._server.name} failed: {type(why).__name__}")
        self.trouble = str(fault)
        if isinstance(self._standing, Works):
            _log.warning("%s: until it does, this device speaks with a voice of its own", fault)
            self._standing = self._standing.failed(self._clock.now())
        return fault

    def voices(self) -> tuple[VoiceInfo, ...]:
        """See ports.Synthesiser. Which it has is known there."""
        return ()

    def close(self) -> None:
        """See ports.Synthesiser."""
        self._server.close()


class WithServer:
    """A Synthesiser that speaks with the voice of a server where it can, and else with our `own`. `cached` is what keeps that `voice`'s."""

    def __init__(self, own: Cached, voice: ServerVoice, cached: Cached) -> None:
        self._own = own
        self._voice = voice
        self._server = cached
        self._held: set[str] = set()

    @property
    def name(self) -> str:
        """See ports.Synthesiser."""
        return f"{self._server.name}, else {self._own.name}"

    @property
    def trouble(self) -> str | None:
        """Why the server is not waited for, in words."""
        return self._voice.trouble

    def render(self, text: str, pace: float = 1.0) -> Clip:
        """See ports.Synthesiser."""
        if text in self._held:
            return self._server.kept(text, pace) or self._own.render(text, pace)
        try:
            return self._server.render(text, pace)
        except Fault:
            return self._own.render(text, pace)

    def render_ahead(self, texts: Iterable[str], *, hold: bool = False, share: float = 1.0) -> None:
        """See Cached: ours only what is to be held, for the rest can be rendered when it is needed. Raises Fault where ours fails."""
        texts = list(texts)
        if hold:
            self._own.render_ahead(texts, hold=True)
            self._held.update(texts)
        with suppress(Fault):
            self._server.render_ahead(texts, hold=hold, share=share)

    def voices(self) -> tuple[VoiceInfo, ...]:
        """See ports.Synthesiser."""
        return self._own.voices()

    def close(self) -> None:
        """See ports.Synthesiser."""
        self._server.close()
        self._own.close()

"""Keeping: what is to be remembered in, a store out. That it is kept, or could not be, is posted as an event.

A disk may take its time, and nobody's "stop" waits for a disk: the store is used where `submit` runs things.
"""

from __future__ import annotations

from collections.abc import Callable

from voiceskill.core.actions import Forget, Save, SaveProgress
from voiceskill.core.events import Event, Failed, Saved
from voiceskill.ports import Clock, Fault, Store

Submit = Callable[[Callable[[], None]], object]
"""Run a job some time, in the order given: on a worker thread when live, at once on a recording."""


class Keeper:
    """Keeps what the conversation wants kept."""

    def __init__(self, store: Store, *, clock: Clock, post: Callable[[Event], None], submit: Submit) -> None:
        self._store = store
        self._clock = clock
        self._post = post
        self._submit = submit

    def keep(self, action: Save | SaveProgress | Forget) -> None:
        """Do it soon; Saved or Failed follows, but for progress, which is not reported on unless it fails."""
        self._submit(lambda: self._do(action))

    def _do(self, action: Save | SaveProgress | Forget) -> None:
        ref = None if isinstance(action, SaveProgress) else action.id
        try:
            match action:
                case Save(entry=entry):
                    self._store.save(entry)
                case SaveProgress(progress=progress):
                    self._store.save_progress(progress)
                case Forget():
                    self._store.forget()
        except Fault as fault:
            self._post(Failed(self._clock.now(), "memory", str(fault), ref=ref))
            return
        if ref is not None:
            self._post(Saved(self._clock.now(), ref))

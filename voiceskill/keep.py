"""Keeping: what is to be remembered in, a store out. That it is kept, or could not be, is posted as an event.

Others may write to the same diary. Whether they have is looked for when we are told to, and posted as an event too.

A disk may take its time, and nobody's "stop" waits for a disk: the store is used where `submit` runs things.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from voiceskill.core.actions import ForDiary, Forget, LookAgain, PutRight, Save, SaveProgress
from voiceskill.core.events import Event, Failed, MemoryChanged, Saved
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

    def keep(self, action: ForDiary) -> None:
        """Do it soon; Saved or Failed follows.

        Of progress and of times put right only a failure is reported, of a look only what others have changed.
        """
        self._submit(lambda: self._do(action))

    def _do(self, action: ForDiary) -> None:
        if isinstance(action, LookAgain):
            self._look_again()
            return
        ref = None if isinstance(action, SaveProgress | PutRight) else action.id
        try:
            match action:
                case Save(entry=entry):
                    self._store.save(entry)
                case SaveProgress(progress=progress):
                    self._store.save_progress(progress)
                case Forget():
                    self._store.forget()
                case PutRight(now=now):
                    self._store.put_right(now)
        except Fault as fault:
            self._post(Failed(self._clock.now(), "memory", str(fault), ref=ref))
            return
        if ref is not None:
            self._post(Saved(self._clock.now(), ref))

    def _look_again(self) -> None:
        with suppress(Fault):  # a disk that fails is told of when something is to be kept, not to somebody who only began to speak
            memory = self._store.load_if_changed()
            if memory is not None:
                self._post(MemoryChanged(self._clock.now(), memory))

"""Speaking: what is to be said in, sound for the loudspeaker out.

    Say -> sentences -> synthesiser (ahead of time, elsewhere) -> pull, from the loudspeaker's own thread

A sentence is rendered while the one before it plays, and can be cut at any sample. How far each reply came is posted as events.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import soxr

from voiceskill.core.actions import Say
from voiceskill.core.events import Event, Failed, Speaking, Spoken
from voiceskill.core.sentences import sentences
from voiceskill.ports import Clip, Clock, Fault, Pcm, Synthesiser

_BREATH_SECONDS = 0.35
"""Silence between sentences."""

_FADE_SECONDS = 0.008
"""Length of the fade when speech is cut: long enough not to click, too short to hear."""

Submit = Callable[[Callable[[], None]], object]
"""Run a job some time, in the order given: on a worker thread when live, at once on a recording."""


@dataclass(slots=True)
class _Utterance:
    """A reply on its way out. `rendered` grows from the left while `played` samples of it have left."""

    say: Say
    sentences: list[str]
    rendered: list[Pcm] = field(default_factory=list)
    samples: int = 0
    played: int = 0
    failed: bool = False
    cancelled: bool = False

    @property
    def complete(self) -> bool:
        return self.failed or len(self.rendered) == len(self.sentences)

    @property
    def heard_fraction(self) -> float:
        """The share played, by letters: sentences not yet rendered have no length in samples."""
        letters = sum(map(len, self.sentences)) or 1
        done, left = 0.0, self.played
        for sentence, pcm in zip(self.sentences, self.rendered, strict=False):
            if left <= 0:
                break
            done += len(sentence) * min(1.0, left / max(1, len(pcm)))
            left -= len(pcm)
        return min(1.0, done / letters)


class Voice:
    """Speaks one reply after another. `pull` belongs to the loudspeaker's thread, the rest to the conversation's."""

    def __init__(
        self,
        synthesiser: Synthesiser,
        *,
        rate: int,
        volume: float,
        clock: Clock,
        post: Callable[[Event], None],
        submit: Submit,
    ) -> None:
        self._synthesiser = synthesiser
        self._rate = rate
        self._volume = volume
        self._clock = clock
        self._post = post
        self._submit = submit
        self._lock = threading.Lock()
        self._queue: deque[_Utterance] = deque()
        self._tail: Pcm = np.zeros(0, np.int16)

    @property
    def silent(self) -> bool:
        """Nothing is being said or waiting to be."""
        with self._lock:
            return not self._queue

    def say(self, say: Say) -> None:
        """Speak after whatever is being spoken now."""
        utterance = _Utterance(say, sentences(say.text))
        with self._lock:
            self._queue.append(utterance)
        self._submit(lambda: self._render(utterance))

    def stop(self) -> None:
        """Fall silent at once and forget all that waits."""
        with self._lock:
            if self._queue:
                self._tail = self._fade(self._queue[0])
            ended, self._queue = list(self._queue), deque()
            for utterance in ended:
                utterance.cancelled = True
        at = self._clock.now()
        for utterance in ended:
            self._post(Spoken(at, utterance.say.id, interrupted=True, heard_fraction=utterance.heard_fraction))

    def pull(self, samples: int) -> Pcm:
        """The next `samples` for the loudspeaker, silence where nothing is ready."""
        out = np.zeros(samples, np.int16)
        at = self._clock.now()
        events: list[Event] = []
        with self._lock:
            filled = min(samples, len(self._tail))
            out[:filled], self._tail = self._tail[:filled], self._tail[filled:]
            while filled < samples and self._queue:
                utterance = self._queue[0]
                chunk = self._take(utterance, samples - filled)
                if len(chunk):
                    if utterance.played == 0:
                        events.append(Speaking(at, utterance.say.id))
                    out[filled : filled + len(chunk)] = chunk
                    filled += len(chunk)
                    utterance.played += len(chunk)
                elif utterance.complete:
                    self._queue.popleft()
                    if not utterance.failed:
                        events.append(Spoken(at, utterance.say.id, interrupted=False, heard_fraction=1.0))
                else:
                    break
        for event in events:
            self._post(event)
        return out

    def _take(self, utterance: _Utterance, samples: int) -> Pcm:
        start = utterance.played
        for pcm in utterance.rendered:
            if start < len(pcm):
                return pcm[start : start + samples]
            start -= len(pcm)
        return np.zeros(0, np.int16)

    def _fade(self, utterance: _Utterance) -> Pcm:
        if utterance.played == 0:
            return np.zeros(0, np.int16)
        rest = self._take(utterance, round(self._rate * _FADE_SECONDS))
        return (rest * np.linspace(1.0, 0.0, len(rest))).astype(np.int16)

    def _render(self, utterance: _Utterance) -> None:
        for number, sentence in enumerate(utterance.sentences):
            if utterance.cancelled:
                return
            try:
                clip = self._synthesiser.render(sentence)
            except Fault as fault:
                utterance.failed = True
                self._post(Failed(self._clock.now(), "speech", str(fault), ref=utterance.say.id))
                return
            pcm = self._for_loudspeaker(clip, breath=number + 1 < len(utterance.sentences))
            with self._lock:
                utterance.rendered.append(pcm)

    def _for_loudspeaker(self, clip: Clip, *, breath: bool) -> Pcm:
        pcm = clip.pcm if clip.rate == self._rate else soxr.resample(clip.pcm, clip.rate, self._rate)
        pause = np.zeros(round(self._rate * _BREATH_SECONDS) if breath else 0, np.int16)
        return np.concatenate([np.rint(pcm * self._volume).astype(np.int16), pause])

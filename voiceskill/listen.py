"""Hearing: frames of the microphone in, utterances with their words out.

    frame -> voice detector -> segmenter -> recogniser -> events

Recognition begins at a pause, before it is sure that the pause is the end; when it is, the words are ready.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from voiceskill.core.events import Event, Heard, NotHeard, Partial, SpeechEnded, SpeechStarted
from voiceskill.core.segmenter import Boundary, Quiet, SegmenterSettings, SegmenterState, Talking, advance
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Frame, Pcm, Recogniser, VoiceDetector

FRAME_SECONDS = FRAME_SAMPLES / HEARING_RATE

_LEAD_SECONDS = 0.4
"""Sound kept from before speech is noticed: a first consonant is soft."""


class Listener:
    """Hears one utterance at a time. Not thread-safe: one thread feeds it."""

    def __init__(self, detector: VoiceDetector, recogniser: Recogniser, settings: SegmenterSettings, post: Callable[[Event], None]) -> None:
        self._detector = detector
        self._recogniser = recogniser
        self._settings = settings
        self._post = post
        self._state: SegmenterState = Quiet()
        self._lead: deque[Pcm] = deque(maxlen=round(_LEAD_SECONDS / FRAME_SECONDS))
        self._held: list[Pcm] = []
        self._paused = False
        self._utterance = 0
        self._partial = ""

    @property
    def idle(self) -> bool:
        """Nobody is speaking."""
        return isinstance(self._state, Quiet)

    def feed(self, frame: Frame) -> None:
        """Take in one frame; events are posted before this returns."""
        probability = self._detector.probability(frame.pcm)
        before = self._state
        self._state, boundary = advance(before, FRAME_SECONDS, probability, self._settings)
        self._lead.append(frame.pcm)
        if boundary is Boundary.BEGIN:
            self._begin(frame.at)
        elif isinstance(before, Talking):
            self._go_on(frame)
        match boundary:
            case Boundary.PAUSE:
                self._recogniser.hypotheses()
                self._paused = True
            case Boundary.END | Boundary.TOO_SHORT:
                self._end(frame.at, boundary, before)
            case _:
                pass

    def reset(self, at: float) -> None:
        """Forget what was being heard: what comes now does not follow on it."""
        if isinstance(self._state, Talking):
            self._post(SpeechEnded(at, self._utterance, self._state.silence))
            self._post(NotHeard(at, self._utterance))
        self._state = Quiet()
        self._lead.clear()
        self._detector.reset()

    def _begin(self, at: float) -> None:
        self._utterance += 1
        self._partial = ""
        self._paused = False
        self._held.clear()
        self._post(SpeechStarted(at, self._utterance))
        self._recogniser.start()
        self._accept(np.concatenate(self._lead), at)

    def _go_on(self, frame: Frame) -> None:
        """Hand on the sound, but keep the silence after a pause back: the reading made at the pause is good until someone speaks on."""
        self._held.append(frame.pcm)
        if self._paused and isinstance(self._state, Talking) and not self._state.silence:
            self._paused = False
        if not self._paused:
            self._accept(np.concatenate(self._held), frame.at)
            self._held.clear()

    def _accept(self, pcm: Pcm, at: float) -> None:
        partial = self._recogniser.accept(pcm)
        if partial and partial != self._partial:
            self._partial = partial
            self._post(Partial(at, self._utterance, partial))

    def _end(self, at: float, boundary: Boundary, before: SegmenterState) -> None:
        silence = before.silence if isinstance(before, Talking) else 0.0
        self._post(SpeechEnded(at, self._utterance, silence))
        hypotheses = self._recogniser.hypotheses() if boundary is Boundary.END else ()
        self._post(Heard(at, self._utterance, hypotheses) if hypotheses else NotHeard(at, self._utterance))

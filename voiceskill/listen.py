"""Hearing: frames of the microphone in, utterances with their words out.

    frame -> echo canceller -> voice detector -> segmenter -> recogniser -> events

Recognition begins at a pause, before it is sure that the pause is the end; when it is, the words are ready. They are judged, too: how
much silence is waited for depends on what was said. While we speak ourselves an utterance is read much earlier, and again and again:
whoever speaks over us wants to be heard at once. Where somebody looks on, it is read from time to time for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from voiceskill.core.events import Event, Heard, Hypothesis, NotHeard, Partial, SpeechEnded, SpeechStarted
from voiceskill.core.segmenter import (
    Boundary,
    Patience,
    Quiet,
    SegmenterSettings,
    SegmenterState,
    Talking,
    advance,
    answered,
    dismissed,
    judged,
)
from voiceskill.core.spotting import believed
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, EchoCanceller, Frame, Pcm, Recogniser, VoiceDetector, WakeDetector

FRAME_SECONDS = FRAME_SAMPLES / HEARING_RATE

_LEAD_SECONDS = 0.4
"""Sound kept from before speech is noticed: a first consonant is soft."""


_FIRST_READING_SECONDS = 0.3
"""How much of what is said over us is read first; a spoken "stop" is a little longer."""

_READINGS_APART = 1.35
"""How many times as much is read next: all early readings of an utterance together cost four times its last one."""

_FIRST_CAPTION_SECONDS = 1.0
_CAPTIONS_APART = 1.6
"""The same for those who look on: they can wait, and all of it costs less than three times the last reading."""


class Listener:
    """Hears one utterance at a time. Not thread-safe: one thread feeds it.

    `judge` tells what the text so far asks for, `speaking` whether we speak. Both are called in that thread, and must be quick. `spot`
    tells at a pause which of the phrases that may be said as things stand all of an utterance is. `watched` tells whether somebody looks at
    what is heard, word by word. `caller` hears who calls us, while we do not speak ourselves.
    """

    def __init__(
        self,
        echo: EchoCanceller,
        detector: VoiceDetector,
        recogniser: Recogniser,
        settings: SegmenterSettings,
        post: Callable[[Event], None],
        judge: Callable[[str], Patience] = lambda _: Patience.USUAL,
        speaking: Callable[[], bool] = lambda: False,
        spot: Callable[[Pcm], Hypothesis | None] = lambda _: None,
        watched: Callable[[], bool] = lambda: False,
        caller: WakeDetector | None = None,
    ) -> None:
        self._echo = echo
        self._detector = detector
        self._recogniser = recogniser
        self._settings = settings
        self._post = post
        self._judge = judge
        self._speaking = speaking
        self._spot = spot
        self._watched = watched
        self._caller = caller
        self._may_call = self._called = False
        self._sound: list[Pcm] = []
        self._spotted: Hypothesis | None = None
        self._state: SegmenterState = Quiet()
        self._lead: deque[Pcm] = deque(maxlen=round(_LEAD_SECONDS / FRAME_SECONDS))
        self._held: list[Pcm] = []
        self._paused = False
        self._utterance = 0
        self._partial = ""
        self._captioned = ""
        self._next_reading = _FIRST_READING_SECONDS
        self._next_caption = _FIRST_CAPTION_SECONDS
        self._probability = 0.0

    @property
    def probability(self) -> float:
        """The probability that the last frame held speech."""
        return self._probability

    @property
    def idle(self) -> bool:
        """Nobody is speaking."""
        return isinstance(self._state, Quiet)

    def feed(self, frame: Frame) -> None:
        """Take in one frame; events are posted before this returns."""
        sound = self._echo.cancel(frame)
        self._probability = self._detector.probability(sound.presence)
        if isinstance(self._state, Quiet) and self._speaking():
            self._state = answered(self._state)
        before = self._state
        self._state, boundary = advance(before, FRAME_SECONDS, self._probability, self._settings)
        self._lead.append(sound.speech)
        if boundary is Boundary.BEGIN:
            self._begin(frame.at)
        elif isinstance(before, Talking):
            self._go_on(sound.speech, frame.at)
        match boundary:
            case Boundary.PAUSE:
                self._pause(frame.at)
            case Boundary.LOOK:
                self._look(frame.at)
            case Boundary.END | Boundary.TOO_SHORT if isinstance(before, Talking):
                hypotheses = self._recogniser.hypotheses() if boundary is Boundary.END else ()
                self._end(frame.at, before, hypotheses)
            case _:
                pass

    def reset(self, at: float) -> None:
        """Forget what was being heard: what comes now does not follow on it."""
        if isinstance(self._state, Talking):
            self._post(SpeechEnded(at, self._utterance, self._state.silence))
            self._post(NotHeard(at, self._utterance, self._state.speech))
        self._state = Quiet()
        self._lead.clear()
        self._detector.reset()

    def _begin(self, at: float) -> None:
        self._utterance += 1
        self._partial = self._captioned = ""
        self._next_reading = _FIRST_READING_SECONDS
        self._next_caption = _FIRST_CAPTION_SECONDS
        self._paused = False
        self._held.clear()
        self._sound.clear()
        self._spotted = None
        self._called = False
        self._may_call = not self._speaking()
        self._post(SpeechStarted(at, self._utterance))
        self._recogniser.start()
        if self._caller:
            self._caller.start()
        self._accept(np.concatenate(self._lead), at)

    def _go_on(self, pcm: Pcm, at: float) -> None:
        """Hand on the sound, but keep the silence after a pause back: the reading made at the pause is good until someone speaks on."""
        self._held.append(pcm)
        if self._paused and isinstance(self._state, Talking) and not self._state.silence:
            self._paused = False
            self._spotted = None
        if not self._paused:
            self._accept(np.concatenate(self._held), at)
            self._held.clear()

    def _accept(self, pcm: Pcm, at: float) -> None:
        self._sound.append(pcm)
        if self._caller and self._may_call:
            self._caller.accept(pcm)
        partial = self._recogniser.accept(pcm)
        if partial is not None:
            self._tell(at, partial)
        elif isinstance(self._state, Talking) and self._state.seconds >= self._next_reading and self._speaking():
            self._next_reading = self._state.seconds * _READINGS_APART
            self._read(at)
        elif isinstance(self._state, Talking) and self._state.seconds >= self._next_caption and self._watched():
            self._next_caption = self._state.seconds * _CAPTIONS_APART
            self._read(at)

    def _read(self, at: float) -> str:
        """What the utterance says so far; told to others if we speak ourselves, or if they look on."""
        hypotheses = self._recogniser.hypotheses()
        text = hypotheses[0].text if hypotheses else ""
        if self._speaking():
            self._tell(at, text)
        elif self._watched() and text not in {"", self._partial, self._captioned}:
            self._captioned = text  # not `_partial`: to look at what may be music, it is read anew
            self._post(Partial(at, self._utterance, text))
        return text

    def _tell(self, at: float, partial: str) -> None:
        news = partial != self._partial or self._spotted is not None
        if news and (partial or self._spotted):
            self._partial = partial
            self._post(Partial(at, self._utterance, partial, self._spotted))

    def _pause(self, at: float) -> None:
        self._spotted = self._spot(np.concatenate(self._sound))
        text = self._read(at)
        self._called = bool(self._caller and self._may_call and self._caller.called())
        self._paused = True
        if self._spotted and believed(self._spotted, [text]):
            text = self._spotted.text
        if text and isinstance(self._state, Talking):
            self._state = judged(self._state, self._judge(text))

    def _look(self, at: float) -> None:
        """Somebody who speaks pauses for breath; what goes on and on without a word is music, or a machine."""
        before = self._state
        if not isinstance(before, Talking):
            return
        if self._partial or self._recogniser.hypotheses():
            self._state = judged(before, Patience.USUAL)
        else:
            self._state = dismissed(before)
            self._end(at, before, ())

    def _end(self, at: float, before: Talking, hypotheses: tuple[Hypothesis, ...]) -> None:
        self._post(SpeechEnded(at, self._utterance, before.silence))
        if not hypotheses and believed(self._spotted, ()):
            hypotheses = (self._spotted,) if self._spotted else ()
        if not hypotheses and self._called:
            hypotheses = (Hypothesis(""),)
        if hypotheses:
            self._post(Heard(at, self._utterance, hypotheses, spotted=self._spotted, called=self._called))
        else:
            self._post(NotHeard(at, self._utterance, before.speech))

"""Speaking: what is to be said in, sound for the loudspeaker out.

    Say -> sentences -> synthesiser (ahead of time, elsewhere) -> pull, from the loudspeaker's own thread

A sentence is rendered while the one before it plays, and can be ducked, paused or cut at any sample. How far each reply came is posted as
events.
An urgent reply that cannot be rendered is not given up: an alarm sounds for each sentence that failed, and the rest is spoken.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import soxr

from voiceskill.core.actions import Say
from voiceskill.core.events import Event, Failed, SentenceBegun, Speaking, Spoken
from voiceskill.core.sentences import sentences
from voiceskill.earcons import Earcon, earcon
from voiceskill.ports import Clip, Clock, Fault, Pcm, Synthesiser

_BREATH_SECONDS = 0.35
"""Silence between sentences."""

_FADE_SECONDS = 0.008
"""Length of the fade when speech is cut: long enough not to click, too short to hear."""

_RAMP_SECONDS = 0.03
"""How long it takes to come down from full loudness to silence, or back."""

_DUCKED = 0.06
"""Loudness while somebody speaks over us, as a share: 24 dB down, still there but no match for a voice."""

_FULL_SCALE = 32_767

_KNEE = 0.8
"""Share of full scale from which speech that is made louder is bent rather than cut."""

Submit = Callable[[Callable[[], None]], object]
"""Run a job some time, in the order given: on a worker thread when live, at once on a recording."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Sound that lies ready, at the loudspeaker's rate and full loudness. It says `text`, a sentence of the reply: nothing, if an alarm.

    That takes `seconds`, without the breath after it.
    """

    pcm: Pcm
    text: str
    seconds: float


@dataclass(slots=True)
class _Utterance:
    """A reply on its way out. `rendered` grows from the left while `played` samples of it have left.

    `settled` sentences are rendered or known to be missing; `fault` is why the first one could not be rendered. `begun` is whether any of
    it was ever heard.
    """

    say: Say
    sentences: list[str]
    rendered: list[_Stretch] = field(default_factory=list)
    settled: int = 0
    played: int = 0
    fault: Fault | None = None
    cancelled: bool = False
    begun: bool = False

    @property
    def given_up(self) -> bool:
        return self.fault is not None and not self.say.urgent

    @property
    def complete(self) -> bool:
        return self.given_up or self.settled == len(self.sentences)

    @property
    def heard_fraction(self) -> float:
        """The share played, by letters: sentences not yet rendered have no length in samples."""
        letters = sum(map(len, self.sentences)) or 1
        done, left = 0.0, self.played
        for stretch in self.rendered:
            if left <= 0:
                break
            done += len(stretch.text) * min(1.0, left / max(1, len(stretch.pcm)))
            left -= len(stretch.pcm)
        return min(1.0, done / letters)

    def in_play(self) -> tuple[_Stretch, int] | None:
        """The stretch to be played next, and how much of it was; None when nothing lies ready."""
        start = self.played
        for stretch in self.rendered:
            if start < len(stretch.pcm):
                return stretch, start
            start -= len(stretch.pcm)
        return None


class Voice:
    """Speaks one reply after another. `pull` belongs to the loudspeaker's thread, `say`, `cue` and `stop` to the conversation's.

    `volume` is a share of full scale. Without `earcons` no cue sounds; the alarm of an urgent reply does all the same.
    """

    def __init__(
        self,
        synthesiser: Synthesiser,
        *,
        rate: int,
        volume: float,
        clock: Clock,
        post: Callable[[Event], None],
        submit: Submit,
        earcons: bool = True,
    ) -> None:
        self._synthesiser = synthesiser
        self._rate = rate
        self._volume = volume
        self._clock = clock
        self._post = post
        self._submit = submit
        self._earcons = earcons
        self._lock = threading.Lock()
        self._queue: deque[_Utterance] = deque()
        self._tail: Pcm = np.zeros(0, np.int16)
        self._cues: dict[Earcon, Pcm] = {}
        self._aim: float = 1.0
        """The loudness that we are coming to: full, ducked or paused, as a share."""
        self._level: float = 1.0
        self._muted = False

    @property
    def silent(self) -> bool:
        """Nothing is being said or waiting to be."""
        with self._lock:
            return not self._queue

    def say(self, say: Say) -> None:
        """Speak after whatever is being spoken now."""
        utterance = _Utterance(say, sentences(say.text))
        with self._lock:
            muted = self._muted
            if not muted:
                self._queue.append(utterance)
        if muted:
            self._post(Spoken(self._clock.now(), say.id, interrupted=True, heard_fraction=0.0))
        else:
            self._submit(lambda: self._render(utterance))

    def cue(self, kind: Earcon) -> None:
        """Sound an earcon at once, over whatever is being spoken and without delaying it. One that sounds already isn't begun again."""
        if not self._earcons:
            return
        sound = _scaled(earcon(kind, self._rate), self._volume)
        with self._lock:
            if not self._muted:
                self._cues.setdefault(kind, sound)

    def stop(self) -> None:
        """Fall silent at once and forget all that waits. A cue that sounds runs out."""
        with self._lock:
            if self._queue:
                self._tail = self._fade(self._queue[0])
            self._aim = self._level = 1.0
            ended, self._queue = list(self._queue), deque()
            for utterance in ended:
                utterance.cancelled = True
        at = self._clock.now()
        for utterance in ended:
            for event in _ending(utterance, at, interrupted=True):
                self._post(event)

    def duck(self) -> None:
        """Speak on very softly, but for what is urgent."""
        with self._lock:
            self._aim = min(self._aim, _DUCKED)

    def pause(self) -> None:
        """Fall silent at once, but for what is urgent, and keep all that waits."""
        with self._lock:
            self._aim = 0.0

    def resume(self) -> None:
        """Speak on at full strength; after a pause, from the beginning of the sentence that was cut."""
        with self._lock:
            if self._aim == 0.0 and self._queue and (cut := self._queue[0].in_play()):
                self._queue[0].played -= cut[1]
            self._aim = 1.0

    def mute(self) -> None:
        """There is no loudspeaker: all that is said and is to be said is over at once, as interrupted. Any thread may call it."""
        with self._lock:
            self._muted = True
        self.stop()
        with self._lock:
            self._tail = np.zeros(0, np.int16)
            self._cues.clear()

    def unmute(self, rate: int) -> None:
        """There is a loudspeaker again, which plays `rate` samples per second. Any thread may call it."""
        with self._lock:
            self._rate = rate
            self._muted = False

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
                chunk = self._levelled(self._take(utterance, samples - filled), urgent=utterance.say.urgent)
                if len(chunk):
                    events += _beginning(utterance, at)
                    out[filled : filled + len(chunk)] = chunk
                    filled += len(chunk)
                    utterance.played += len(chunk)
                elif utterance.complete and not utterance.in_play():
                    self._queue.popleft()
                    if not utterance.given_up:
                        events += _ending(utterance, at, interrupted=False)
                else:
                    break
            self._mix_cues(out)
        for event in events:
            self._post(event)
        return out

    def _take(self, utterance: _Utterance, samples: int) -> Pcm:
        in_play = utterance.in_play()
        if in_play is None:
            return np.zeros(0, np.int16)
        stretch, start = in_play
        return _scaled(stretch.pcm[start : start + samples], self._volume * utterance.say.gain)

    def _levelled(self, chunk: Pcm, *, urgent: bool) -> Pcm:
        """Bring the chunk, or as much of it as is still heard, to the loudness it is to have."""
        aim = 1.0 if urgent else self._aim
        if self._level == aim:
            return _scaled(chunk if aim else chunk[:0], aim)
        step = 1 / (self._rate * _RAMP_SECONDS)
        way = aim - self._level
        levels = self._level + np.sign(way) * np.minimum(abs(way), step * np.arange(1, len(chunk) + 1))
        if aim == 0.0:
            levels = levels[: np.count_nonzero(levels)]
        self._level = float(levels[-1]) if len(levels) else aim
        levelled: Pcm = np.rint(chunk[: len(levels)] * levels).astype(np.int16)
        return levelled

    def _fade(self, utterance: _Utterance) -> Pcm:
        if utterance.played == 0 or self._level == 0.0:
            return np.zeros(0, np.int16)
        rest = self._take(utterance, round(self._rate * _FADE_SECONDS))
        return (rest * np.linspace(self._level, 0.0, len(rest))).astype(np.int16)

    def _mix_cues(self, out: Pcm) -> None:
        """Add the cues to `out`, each softer where that is louder: the sum of two shares s + c(1 - |s|) never leaves full scale."""
        for kind, cue in list(self._cues.items()):
            now, rest = cue[: len(out)], cue[len(out) :]
            under = out[: len(now)].astype(np.float64)
            out[: len(now)] = np.rint(under + now * (1 - np.minimum(1.0, np.abs(under) / _FULL_SCALE)))
            if len(rest):
                self._cues[kind] = rest
            else:
                del self._cues[kind]

    def _render(self, utterance: _Utterance) -> None:
        for number, sentence in enumerate(utterance.sentences):
            if utterance.cancelled:
                return
            try:
                clip = self._synthesiser.render(sentence, utterance.say.pace)
            except Fault as fault:
                utterance.fault = utterance.fault or fault
                if utterance.given_up:
                    self._post(Failed(self._clock.now(), "speech", str(fault), ref=utterance.say.id))
                    return
                self._add(utterance, Clip(earcon("alarm", self._rate), self._rate), text="", breath=True)
                self._try_again(utterance, sentence, breath=number + 1 < len(utterance.sentences))
            else:
                self._add(utterance, clip, text=sentence, breath=number + 1 < len(utterance.sentences))
            with self._lock:
                utterance.settled += 1

    def _try_again(self, utterance: _Utterance, sentence: str, *, breath: bool) -> None:
        """Render at the usual pace, at which a sentence may be held in memory."""
        if utterance.cancelled:
            return
        with suppress(Fault):
            self._add(utterance, self._synthesiser.render(sentence), text=sentence, breath=breath)

    def _add(self, utterance: _Utterance, clip: Clip, *, text: str, breath: bool) -> None:
        pcm = clip.pcm if clip.rate == self._rate else soxr.resample(clip.pcm, clip.rate, self._rate)
        pause = np.zeros(round(self._rate * _BREATH_SECONDS) if breath else 0, np.int16)
        with self._lock:
            utterance.rendered.append(_Stretch(np.concatenate([pcm, pause]), text, len(pcm) / self._rate))


def _beginning(utterance: _Utterance, at: float) -> list[Event]:
    """What is to be told of the sound that is about to be played."""
    events: list[Event] = []
    if not utterance.begun:
        utterance.begun = True
        events.append(Speaking(at, utterance.say.id))
    if (in_play := utterance.in_play()) and in_play[1] == 0 and in_play[0].text:
        events.append(SentenceBegun(at, utterance.say.id, in_play[0].text, in_play[0].seconds))
    return events


def _ending(utterance: _Utterance, at: float, *, interrupted: bool) -> list[Event]:
    """What is to be told of a reply that is over.

    Of an urgent one that failed in part it is told only now: to the conversation Failed is the end, and until here there was sound to stop.
    """
    whole = not interrupted and utterance.fault is None
    spoken = Spoken(at, utterance.say.id, interrupted=interrupted, heard_fraction=1.0 if whole else utterance.heard_fraction)
    if utterance.fault is None or utterance.given_up:
        return [spoken]
    return [Failed(at, "speech", str(utterance.fault), ref=utterance.say.id), spoken]


def _scaled(pcm: Pcm, factor: float) -> Pcm:
    """Make it `factor` times as loud. Made louder, what comes over the knee is bent by a tanh, and stays below full scale."""
    if factor == 1.0:
        return pcm
    wide = pcm.astype(np.float64) * factor
    if factor > 1.0:
        level = np.abs(wide) / _FULL_SCALE
        bent = _KNEE + (1 - _KNEE) * np.tanh((level - _KNEE) / (1 - _KNEE))
        wide = np.where(level > _KNEE, np.sign(wide) * bent * _FULL_SCALE, wide)
    return np.rint(wide).astype(np.int16)

"""Measuring while sound goes by: every frame heard and every sample played pass here, and a check is made of them when asked for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from voiceskill.core.actions import CheckSound
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Clock, Frame, Pcm, PullSound
from voiceskill.sound_check.levels import measure
from voiceskill.sound_check.probe import LEAD_SECONDS, LONGEST_DELAY, PROBE_SECONDS, find, probe
from voiceskill.sound_check.verdict import SoundCheck

SETTLE_SECONDS = 0.5
"""Not listened to: a device just opened clicks, and the end of our own words is still in the room."""

ROOM_SECONDS = 2.0
"""How long the room is listened to before the probe."""

_UNPLAYED_SECONDS = 3.0
"""How long the loudspeaker may take to ask for the probe."""

_REMEMBERED_SECONDS = 12.0
"""How far back we remember what was heard: the words that asked for the check tell how loud somebody speaks."""

_OURS_SECONDS = 0.6
"""How long what we play may still be heard."""

_FRAME_SECONDS = FRAME_SAMPLES / HEARING_RATE

Report = Callable[[str, SoundCheck], None]
"""Told of a check that is done, with its id."""


@dataclass(slots=True)
class _Check:
    """One under way `since` then. `rest` of the probe is still to be played, once that is `asked` for; it began at `began`."""

    id: str
    since: float
    volume: float
    rest: Pcm
    frames: list[Frame] = field(default_factory=list)
    asked: float | None = None
    began: float | None = None


class SoundChecker:
    """Makes one check at a time. `hear` belongs to the thread that hears, `pull` to the loudspeaker's, the rest to anybody.

    What it plays is added to what the `pull` it was given plays, at `rate` samples per second. `volume` is that of our voice.
    """

    def __init__(self, pull: PullSound, *, rate: int, volume: float, clock: Clock, report: Report) -> None:
        self._pull = pull
        self._rate = rate
        self._volume = volume
        self._clock = clock
        self._report = report
        self._lock = threading.Lock()
        self._check: _Check | None = None
        self._sounded = float("-inf")
        self._heard: deque[tuple[Pcm, float]] = deque(maxlen=round(_REMEMBERED_SECONDS / _FRAME_SECONDS))

    def begin(self, action: CheckSound) -> None:
        """Check the sound, from the next frame on, in the place of one under way."""
        volume = self._volume * action.gain
        with self._lock:
            self._check = _Check(action.id, self._clock.now(), volume, probe(self._rate, volume))

    def cancel(self, check: str) -> None:
        """Forget the check of that id."""
        with self._lock:
            if self._check and self._check.id == check:
                self._check = None

    def restart(self, rate: int) -> None:
        """There is another loudspeaker, which plays `rate` samples per second: a check under way is forgotten."""
        with self._lock:
            self._rate = rate
            self._check = None

    def hear(self, frame: Frame, probability: float) -> None:
        """Take in a frame as the microphone gave it, and the probability that it holds speech."""
        with self._lock:
            if frame.at - self._sounded > _OURS_SECONDS:
                self._heard.append((frame.pcm, probability))
            check = self._check
            if check is None or frame.at < check.since:  # which has waited for a recogniser that is slow
                return
            check.frames.append(frame)
            elapsed = frame.at - check.frames[0].at
            if check.asked is None and elapsed >= SETTLE_SECONDS + ROOM_SECONDS:
                check.asked = frame.at
            if not _is_over(check, frame.at):
                return
            self._check = None
        self._report(check.id, self._judge(check))

    def pull(self, samples: int) -> Pcm:
        """The next `samples` for the loudspeaker."""
        out = self._pull(samples)
        with self._lock:
            check = self._check
            if check and check.asked is not None and len(check.rest):
                if check.began is None:
                    check.began = self._clock.now()
                now, check.rest = check.rest[:samples], check.rest[samples:]
                out = np.clip(out.astype(np.int32) + np.pad(now, (0, samples - len(now))), -32_768, 32_767).astype(np.int16)
            if out.any():
                self._sounded = self._clock.now()
        return out

    def _judge(self, check: _Check) -> SoundCheck:
        sound, ends = _joined(check.frames)
        remembered = list(self._heard) or [(frame.pcm, 0.0) for frame in check.frames]
        levels = measure(np.concatenate([pcm for pcm, _ in remembered]), [probability for _, probability in remembered])
        if check.began is None:
            return SoundCheck(levels, None, check.volume)
        number = next((n for n, frame in enumerate(check.frames) if frame.at >= check.began), len(ends) - 1)
        began = ends[number] - round((check.frames[number].at - check.began) * HEARING_RATE)
        room = sound[round(SETTLE_SECONDS * HEARING_RATE) : began]
        heard = sound[max(0, began - round(LEAD_SECONDS * HEARING_RATE)) :]
        return SoundCheck(levels, find(heard, room, check.volume), check.volume)


def _is_over(check: _Check, at: float) -> bool:
    if check.asked is None:
        return False
    if check.began is None:
        return at - check.asked > _UNPLAYED_SECONDS
    return at - check.began > PROBE_SECONDS + LONGEST_DELAY


def _joined(frames: list[Frame]) -> tuple[Pcm, list[int]]:
    """The sound of frames, silence where it was lost, and where each of them ends in it."""
    pieces: list[Pcm] = []
    ends: list[int] = []
    length = 0
    for number, frame in enumerate(frames):
        lost = frame.dropped if number else 0
        pieces += [np.zeros(lost, np.int16), frame.pcm]
        length += lost + len(frame.pcm)
        ends.append(length)
    return np.concatenate(pieces), ends

"""Microphone and loudspeaker, kept going: what fails is told once, and looked for until it is back.

    frames --> Ear (listen, or what stands before it)          Mouth (speak, or what stands after it) --> pull

One thread does it all, by `run`. A device is opened as it is listed; where that fails, the sound system is asked to look for devices anew,
for which the other one has to be let go for a moment: seldom, and never while somebody speaks into it or it speaks.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from voiceskill.core.events import DeviceFailed, DeviceKind, DeviceRecovered, Dropped, Event, Missed
from voiceskill.core.recovery import Away, Works
from voiceskill.hearing_check import HearingCheck, Verdict
from voiceskill.ports import HEARING_RATE, Clock, Frame, Microphone, NoAudioDevice, Pcm, SoundSystem, SpeakerDevice

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.25
"""How often it is looked whether the loudspeaker still plays, where no frames set the pace."""

_LONG_GAP_SECONDS = 3.0
"""From here on what was heard before and what is heard now are two things."""

_DISTURBED_SECONDS = 60.0
"""How often a device that works is let go to look for the other one, where nothing was plugged in or out."""

_WAKING_SECONDS = 1.0
"""So long the loudspeaker has, after a long gap in what was heard, to show that it plays: it may only have slept as we did."""

_DROPS_TOLD_SECONDS = 60.0
"""Lost sound is told of at most so often."""


class Ear(Protocol):
    """What the frames of the microphone are for."""

    @property
    def idle(self) -> bool:
        """Nobody is speaking."""
        ...

    def feed(self, frame: Frame) -> None:
        """Take in one frame."""
        ...

    def reset(self, at: float) -> None:
        """Forget what was being heard: what comes now does not follow on it."""
        ...


class Mouth(Protocol):
    """What the sound of the loudspeaker comes from."""

    @property
    def silent(self) -> bool:
        """Nothing is being said or waiting to be."""
        ...

    def pull(self, samples: int) -> Pcm:
        """The next `samples`, from the loudspeaker's own thread."""
        ...

    def mute(self) -> None:
        """There is no loudspeaker."""
        ...

    def unmute(self, rate: int) -> None:
        """There is a loudspeaker, which plays `rate` samples per second."""
        ...


class Devices:
    """The two devices of one conversation."""

    def __init__(
        self, sound: SoundSystem, *, clock: Clock, post: Callable[[Event], None], wait: Callable[[float], object] | None = None
    ) -> None:
        """Find both. `wait` passes seconds; it may return sooner when `close` is called. Raises NoAudioDevice."""
        self._sound = sound
        self._clock = clock
        self._post = post
        self._closed = threading.Event()
        self._wait = wait or self._closed.wait
        self._microphone: Microphone = sound.microphone()
        self._loudspeaker: SpeakerDevice = sound.loudspeaker()
        self._frames: Iterator[Frame] = iter(())
        self._hearing: Works | Away = Works(clock.now())
        self._playing: Works | Away = Works(clock.now())
        self._check = HearingCheck()
        self._drops = _Drops()
        self._disturbed_at = float("-inf")
        self._trusted_until = clock.now()

    @property
    def names(self) -> tuple[str, str]:
        """Microphone and loudspeaker, for people."""
        return self._microphone.name, self._loudspeaker.name

    @property
    def rate(self) -> int:
        """Samples per second that the loudspeaker plays."""
        return self._loudspeaker.rate

    def run(self, ear: Ear, mouth: Mouth, *, begun: Callable[[], None], tick: Callable[[], None]) -> None:
        """Hear and play until `close`; `begun` is called at the first frame, `tick` several times a second from then on.

        Raises NoAudioDevice until `begun`: what never worked is the owner's to mend. Later nothing that a device does ends it.
        """
        try:
            self._loudspeaker.start(mouth.pull)
            first = self._first_frame()
            begun()
            if first is not None:
                self._take(ear, first)
            while not self._closed.is_set():
                tick()
                self._tend_loudspeaker(ear, mouth)
                self._tend_microphone(ear, mouth)
                self._tell_drops()
        finally:
            self._loudspeaker.close()
            self._let_microphone_go()

    def close(self) -> None:
        """End `run` soon; any thread may, more than once."""
        self._closed.set()
        self._microphone.close()

    # The microphone.

    def _first_frame(self) -> Frame | None:
        """Open the microphone. None when closed meanwhile."""
        self._check = HearingCheck()
        self._frames = self._microphone.frames()
        return next(self._frames, None)

    def _let_microphone_go(self) -> None:
        self._microphone.close()
        for _ in self._frames:
            pass

    def _tend_microphone(self, ear: Ear, mouth: Mouth) -> None:
        match self._hearing:
            case Works():
                self._hear(ear)
            case Away(due=due) if (left := due - self._clock.now()) > 0:
                self._wait(min(left, _LOOK_SECONDS))
            case Away() as away:
                if self._found(lambda: self._open_microphone(ear), lambda: self._without_loudspeaker(mouth)):
                    self._hearing = away.found(self._clock.now())
                    self._recovered("microphone")
                else:
                    self._hearing = away.missed(self._clock.now())

    def _hear(self, ear: Ear) -> None:
        try:
            frame = next(self._frames, None)
        except NoAudioDevice as fault:
            self._microphone_failed(fault, ear)
            return
        if frame is not None:
            self._take(ear, frame)

    def _take(self, ear: Ear, frame: Frame) -> None:
        lost = frame.dropped / HEARING_RATE
        if lost >= _LONG_GAP_SECONDS:
            self._trusted_until = self._clock.now() + _WAKING_SECONDS
            ear.reset(frame.at)
            self._post(Missed(frame.at, lost))
        else:
            self._drops.seconds += lost
        verdict = self._check.take(frame.pcm)
        if verdict is not None:
            self._judged(verdict)
        ear.feed(frame)

    def _judged(self, verdict: Verdict) -> None:
        name = self._microphone.name
        match verdict:
            case "fine":
                self._recovered("microphone")
            case "silent":
                message = f'The microphone "{name}" gives nothing, not even noise. Check that it is switched on and not muted: alsamixer'
                self._failed(DeviceFailed(self._clock.now(), "microphone", verdict, message))
            case "clipped":
                message = f'The microphone "{name}" is too loud to make out words. Turn it down: alsamixer'
                self._failed(DeviceFailed(self._clock.now(), "microphone", verdict, message))

    def _microphone_failed(self, fault: NoAudioDevice, ear: Ear) -> None:
        now = self._clock.now()
        if isinstance(self._hearing, Works):
            self._hearing = self._hearing.failed(now)
        ear.reset(now)
        self._failed(DeviceFailed(now, "microphone", "lost", str(fault)))

    def _open_microphone(self, ear: Ear) -> None:
        self._microphone = self._sound.microphone()
        first = self._first_frame()
        if first is not None:
            self._take(ear, first)

    # The loudspeaker.

    def _tend_loudspeaker(self, ear: Ear, mouth: Mouth) -> None:
        now = self._clock.now()
        match self._playing:
            case Works():
                if now >= self._trusted_until and (fault := self._loudspeaker.fault) is not None:
                    self._loudspeaker_failed(fault, mouth)
            case Away(due=due) as away if due <= now:
                if self._found(lambda: self._open_loudspeaker(mouth), lambda: self._without_microphone(ear)):
                    self._playing = away.found(self._clock.now())
                    self._recovered("loudspeaker")
                else:
                    self._playing = away.missed(self._clock.now())
            case Away():
                pass

    def _loudspeaker_failed(self, fault: NoAudioDevice, mouth: Mouth) -> None:
        now = self._clock.now()
        if isinstance(self._playing, Works):
            self._playing = self._playing.failed(now)
        self._failed(DeviceFailed(now, "loudspeaker", "lost", str(fault)))
        mouth.mute()
        self._drops.leave(self._loudspeaker)
        self._loudspeaker.close()

    def _open_loudspeaker(self, mouth: Mouth) -> None:
        self._loudspeaker = self._sound.loudspeaker()
        self._loudspeaker.start(mouth.pull)
        mouth.unmute(self._loudspeaker.rate)

    # Looking for one while the other may work.

    def _found(self, open_it: Callable[[], None], look_again: Callable[[], bool]) -> bool:
        try:
            open_it()
        except NoAudioDevice as fault:
            _log.info("%s", fault)
        else:
            return True
        try:
            if not look_again():
                return False
            open_it()
        except NoAudioDevice as fault:
            _log.info("%s", fault)
            return False
        return True

    def _without_loudspeaker(self, mouth: Mouth) -> bool:
        """Look for devices anew while the loudspeaker is let go. False where that can't be now."""
        if isinstance(self._playing, Away):
            return self._sound.look_again()
        if not mouth.silent or not self._may_disturb():
            return False
        self._drops.leave(self._loudspeaker)
        self._loudspeaker.close()
        try:
            return self._sound.look_again()
        finally:
            try:
                self._open_loudspeaker(mouth)
            except NoAudioDevice as fault:
                self._loudspeaker_failed(fault, mouth)

    def _without_microphone(self, ear: Ear) -> bool:
        """The same while the microphone is."""
        if isinstance(self._hearing, Away):
            return self._sound.look_again()
        if not ear.idle or not self._may_disturb():
            return False
        self._let_microphone_go()
        try:
            return self._sound.look_again()
        finally:
            ear.reset(self._clock.now())
            try:
                self._open_microphone(ear)
            except NoAudioDevice as fault:
                self._microphone_failed(fault, ear)

    def _may_disturb(self) -> bool:
        now = self._clock.now()
        if not self._sound.changed() and now - self._disturbed_at < _DISTURBED_SECONDS:
            return False
        self._disturbed_at = now
        return True

    # Telling.

    def _failed(self, event: DeviceFailed) -> None:
        _log.warning("%s", event.message)
        self._post(event)

    def _recovered(self, device: DeviceKind) -> None:
        _log.warning("The %s works again.", device)
        self._post(DeviceRecovered(self._clock.now(), device))

    def _tell_drops(self) -> None:
        self._drops.count(self._loudspeaker)
        dropped = self._drops.due(self._clock.now())
        if dropped is not None:
            self._post(dropped)


class _Drops:
    """Sound lost since it was told last."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._gaps = 0
        self._seen = 0
        self._told_at = float("-inf")

    def count(self, loudspeaker: SpeakerDevice) -> None:
        """Look at what the loudspeaker counts itself."""
        seen = loudspeaker.underflows
        self._gaps, self._seen = self._gaps + seen - self._seen, seen

    def leave(self, loudspeaker: SpeakerDevice) -> None:
        """Another one follows, that counts from zero."""
        self.count(loudspeaker)
        self._seen = 0

    def due(self, at: float) -> Dropped | None:
        """What is to be told now, if anything."""
        if not (self.seconds or self._gaps) or at - self._told_at < _DROPS_TOLD_SECONDS:
            return None
        told = Dropped(at, self.seconds, self._gaps)
        self.seconds, self._gaps, self._told_at = 0.0, 0, at
        return told

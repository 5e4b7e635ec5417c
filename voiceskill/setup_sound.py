"""The sound of the setting up: all microphones and loudspeakers at first, then the two that were chosen."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from voiceskill.app import App
from voiceskill.core.actions import CheckSound, Say
from voiceskill.core.events import Event, Failed
from voiceskill.edges.capture_level import CaptureLevel
from voiceskill.edges.device_names import DeviceInfo, Direction, candidates, lasting_name
from voiceskill.edges.devices import find_device, list_all
from voiceskill.edges.echo import NoEcho
from voiceskill.edges.microphone import SoundDeviceMicrophone
from voiceskill.edges.speaker import SoundDeviceSpeaker
from voiceskill.edges.vad import SileroVad, SpareDetector
from voiceskill.listen import Listener
from voiceskill.ports import Clock, Frame, NoAudioDevice, Recogniser, Synthesiser
from voiceskill.sound_check.checker import SoundChecker
from voiceskill.sound_check.verdict import SoundCheck
from voiceskill.sound_check.voice_search import VoiceSearch
from voiceskill.speak import Voice

_log = logging.getLogger(__name__)

_MOST_DEVICES = 6
ECHO_SECONDS = 0.5
"""How long our own last word may still be heard."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that may be chosen: the name to open it by (None: the usual one), for people, and for the settings."""

    opened_by: str | None
    shown: str
    setting: str
    device: DeviceInfo


def find_candidates(direction: Direction, setting: str) -> tuple[Candidate, ...]:
    """What may be chosen, first what the `setting` means. None where there is no sound at all."""
    try:
        devices = list_all()
    except NoAudioDevice as fault:
        _log.info("%s", fault)
        return ()
    found = [_candidate(device, direction, devices) for device in candidates(direction, devices)]
    with suppress(NoAudioDevice):
        if setting:
            device, name = find_device(setting, direction)
            mine = next((one for one in found if one.device.name == device.name and one.device.node == device.node), None)
            found = [Candidate(setting, name, setting, device), *(one for one in found if one is not mine)]
    return tuple(found[:_MOST_DEVICES])


def _candidate(device: DeviceInfo, direction: Direction, devices: Sequence[DeviceInfo]) -> Candidate:
    name = lasting_name(device, direction, devices)
    alone = not device.node and not device.name.endswith(")")
    return Candidate(None if alone else name, name, "" if alone else name, device)


class _Outlet:
    """A loudspeaker that speaks; `over` is told when a line is."""

    def __init__(self, candidate: Candidate, synthesiser: Synthesiser, volume: float, clock: Clock, renderer: ThreadPoolExecutor) -> None:
        self._over: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._speaker = SoundDeviceSpeaker(candidate.opened_by, clock)
        self._said = 0
        self.checked: queue.SimpleQueue[SoundCheck] = queue.SimpleQueue()
        rate = self._speaker.rate
        self.voice = Voice(synthesiser, rate=rate, volume=volume, clock=clock, post=self._over.put, submit=renderer.submit)
        self.checker = SoundChecker(
            self.voice.pull, rate=rate, volume=volume, clock=clock, report=lambda _check, found: self.checked.put(found)
        )
        self._speaker.start(self.checker.pull)

    def say(self, text: str) -> None:
        """Begin to say it."""
        self._said += 1
        self.voice.say(Say(f"setup-{self._said}", text))

    @property
    def silent(self) -> bool:
        """What was to be said is over, or never will be."""
        while not self._over.empty():
            event = self._over.get()
            if isinstance(event, Failed):
                _log.warning("%s", event.message)
                self.voice.stop()
        return self.voice.silent or self._speaker.fault is not None

    def close(self) -> None:
        """Let go of the loudspeaker."""
        self._speaker.close()


class SetupSound:
    """Devices that are tried out. What is heard, as events, goes to `post`, from threads of their own; all else belongs to one thread."""

    def __init__(self, app: App, recogniser: Recogniser, synthesiser: Synthesiser, clock: Clock, post: Callable[[Event], None]) -> None:
        settings = app.settings
        self._clock = clock
        self._synthesiser = synthesiser
        self._renderer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="render")
        self._volume = settings.volume
        self.microphones = find_candidates(Direction.IN, settings.microphone)
        self.loudspeakers = find_candidates(Direction.OUT, settings.loudspeaker)
        self._listener = Listener(NoEcho(), SpareDetector(SileroVad()), recogniser, app.segmenter(), post)
        self._open_microphones: dict[int, SoundDeviceMicrophone] = {}
        self._outlets: dict[int, _Outlet] = {}
        self._search: VoiceSearch | None = None
        self._chosen: int | None = None
        self._hears_from = float("inf")
        self._level: CaptureLevel | None = None

    def open_all(self) -> tuple[str, ...]:
        """Open whatever can be opened. Returns a line about each that cannot."""
        faults: list[str] = []
        for number in range(len(self.loudspeakers)):
            with _told(faults):
                self._open_loudspeaker(number)
        for number, candidate in enumerate(self.microphones):
            with _told(faults):
                microphone = SoundDeviceMicrophone(candidate.opened_by, self._clock)
                self._open_microphones[number] = microphone
                threading.Thread(target=self._listen, args=(number, microphone), name="hear", daemon=True).start()
        return tuple(faults)

    # Speaking.

    @property
    def speaks(self) -> bool:
        """Whether there is a loudspeaker to speak through."""
        return bool(self._outlets)

    def say(self, text: str) -> None:
        """Begin to say it, on all loudspeakers that are in use."""
        for outlet in self._outlets.values():
            outlet.say(text)

    @property
    def silent(self) -> bool:
        """Whatever was to be said is over."""
        return not [outlet for outlet in self._outlets.values() if not outlet.silent]

    def hush(self) -> None:
        """Fall silent."""
        for outlet in self._outlets.values():
            outlet.voice.stop()

    def tone(self) -> None:
        """Play the tone."""
        for outlet in self._outlets.values():
            outlet.voice.cue("listening")

    def use_loudspeaker(self, number: int | None) -> None:
        """Speak through this one alone. Raises NoAudioDevice."""
        kept = self._outlets.pop(number, None) if number is not None else None
        for outlet in self._outlets.values():
            outlet.close()
        self._outlets = {number: kept} if number is not None and kept else {}
        if number is not None and not kept:
            self._open_loudspeaker(number)

    def set_volume(self, volume: float) -> None:
        """Speak as loud as that from now on. Raises NoAudioDevice."""
        self._volume = volume
        for number, outlet in list(self._outlets.items()):
            outlet.close()
            del self._outlets[number]
            self._open_loudspeaker(number)

    def _open_loudspeaker(self, number: int) -> None:
        self._outlets[number] = _Outlet(self.loudspeakers[number], self._synthesiser, self._volume, self._clock, self._renderer)

    # Hearing.

    @property
    def hears(self) -> bool:
        """Whether a microphone was chosen, and gives something."""
        return self._chosen in self._open_microphones

    def begin_search(self) -> VoiceSearch:
        """Have all microphones listened to from now on."""
        search = VoiceSearch(len(self.microphones))
        self._hears_from = self._clock.now() + ECHO_SECONDS
        self._search = search
        return search

    def end_search(self) -> None:
        """Listen no more."""
        self._search = None

    def use_microphone(self, number: int | None) -> None:
        """Listen on this one alone."""
        self._search, self._chosen = None, number
        for other in [other for other in self._open_microphones if other != number]:
            self._open_microphones.pop(other).close()

    def begin_hearing(self) -> None:
        """Recognise what is said from now on."""
        self._hears_from = self._clock.now() + ECHO_SECONDS

    def end_hearing(self) -> None:
        """Recognise nothing."""
        self._hears_from = float("inf")

    def check(self) -> queue.SimpleQueue[SoundCheck] | None:
        """Begin to check the sound; what was found comes in that queue. None without microphone and loudspeaker."""
        outlet = next(iter(self._outlets.values()), None)
        if outlet is None or not self.hears:
            return None
        outlet.checker.begin(CheckSound("setup"))
        return outlet.checked

    def turn_microphone(self, decibels: float) -> bool:
        """Turn the chosen microphone up or down. False where that cannot be done from here."""
        if self._chosen is None:
            return False
        if self._level is None:
            self._level = CaptureLevel(self.microphones[self._chosen].device)
        return self._level.turn(decibels)

    def restore(self) -> None:
        """Turn the microphone as it was."""
        if self._level is not None:
            self._level.restore()

    def close(self) -> None:
        """Let go of everything; may be called more than once."""
        self.use_microphone(None)
        self.use_loudspeaker(None)
        self._renderer.shutdown(wait=False, cancel_futures=True)

    def _listen(self, number: int, microphone: SoundDeviceMicrophone) -> None:
        detector = SileroVad()
        hearing = False
        try:
            for frame in microphone.frames():
                hears = number == self._chosen and frame.at >= self._hears_from
                if hearing and not hears:
                    self._listener.reset(frame.at)
                hearing = hears
                self._take(number, frame, detector, hears=hears)
        except NoAudioDevice as fault:
            _log.warning("%s", fault)
            self._open_microphones.pop(number, None)

    def _take(self, number: int, frame: Frame, detector: SileroVad, *, hears: bool) -> None:
        search = self._search
        if search is not None:
            if frame.at >= self._hears_from:
                search.hear(number, frame.pcm, detector.probability(frame.pcm))
            return
        if number != self._chosen:
            return
        if hears:
            self._listener.feed(frame)
        probability = self._listener.probability if hears else detector.probability(frame.pcm)
        for outlet in list(self._outlets.values()):
            outlet.checker.hear(frame, probability)


@contextmanager
def _told(faults: list[str]) -> Iterator[None]:
    """Go on after a device that cannot be opened, and remember why."""
    try:
        yield
    except NoAudioDevice as fault:
        faults.append(str(fault))

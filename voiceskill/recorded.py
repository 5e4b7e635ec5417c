"""The device on a recording: the same parts as live, moved along one time line by whoever feeds it."""

from __future__ import annotations

import math
from collections.abc import Callable

from voiceskill.app import OUT_RATE, App, at_once, build_checker, kept
from voiceskill.core.conversation import State
from voiceskill.core.events import Event, Started
from voiceskill.edges.alerts import NoAlerts
from voiceskill.edges.clock import MonotonicClock, TimeOfDay
from voiceskill.edges.echo import NoEcho
from voiceskill.edges.recording import RecordedMicrophone, RecordedSpeaker, VirtualClock
from voiceskill.keep import Keeper
from voiceskill.listen import FRAME_SECONDS
from voiceskill.loop import Loop, Observe
from voiceskill.ports import Clip, Clock, EchoCanceller, Frame, Pcm, Recogniser, Synthesiser
from voiceskill.speak import Voice


class RecordedDevice:
    """A device whose loudspeaker is a recording, and whose microphone is whatever frames it is fed."""

    def __init__(
        self,
        app: App,
        clock: Clock,
        observe: Observe,
        *,
        recogniser: Recogniser | None = None,
        synthesiser: Synthesiser | None = None,
        echo: Callable[[int, Clock], EchoCanceller] | None = None,
    ) -> None:
        """With engines of its own or those given. `echo` makes the canceller for a loudspeaker of that rate that the microphone hears."""
        self.speaker = RecordedSpeaker(OUT_RATE)
        self._clock = clock
        self._echo = echo(OUT_RATE, clock) if echo else NoEcho()
        self._voice = Voice(
            synthesiser or app.voice(),
            rate=self.speaker.rate,
            volume=app.settings.volume,
            clock=clock,
            post=self.post,
            submit=at_once,
            earcons=app.settings.earcons,
        )
        store = app.store()
        keeper = Keeper(store, clock=clock, post=self.post, submit=at_once)
        # Whoever plays a recording asks something: it is for us from the beginning, unless we are to be called.
        state = State(memory=kept(store), attending=math.inf if app.settings.attention == "open" else -math.inf)
        self._checker = build_checker(self._voice, self.speaker.rate, app.settings.volume, clock, self.post)
        self._loop = Loop(
            app.conversation(),
            state,
            voice=self._voice,
            keeper=keeper,
            alerts=NoAlerts(),
            clock=clock,
            observe=observe,
            checker=self._checker,
        )
        self._listener = app.listener(recogniser or app.recogniser(), self._loop, self._echo)
        self.speaker.start(self._play)
        self.post(Started(clock.now(), TimeOfDay(clock).now()))

    def post(self, event: Event) -> None:
        """Hand in an event from elsewhere."""
        self._loop.post(event)

    def feed(self, frame: Frame) -> None:
        """Hear a frame, do what follows from it, and play on for as long as it lasts."""
        self._listener.feed(frame)
        self._checker.hear(frame, self._listener.probability)
        self._loop.catch_up()
        self.speaker.advance(FRAME_SECONDS)

    @property
    def idle(self) -> bool:
        """Nobody speaks, and nothing is left to be done."""
        return self._listener.idle and not self._loop.busy

    def _play(self, samples: int) -> Pcm:
        pcm = self._checker.pull(samples)
        self._echo.played(pcm)
        return pcm


def run_recording(app: App, pcm: Pcm, observe: Observe, *, realtime: bool) -> Clip:
    """Hear a recording to its end, and answer. Returns what the loudspeaker would have played, on its time line."""
    clock: Clock = MonotonicClock() if realtime else VirtualClock()
    microphone = RecordedMicrophone(pcm, realtime=realtime, clock=clock)
    device = RecordedDevice(app, clock, observe)
    start = clock.now()
    for frame in microphone.frames():
        device.feed(frame)
        if frame.at >= start + microphone.seconds and device.idle:
            break
    microphone.close()
    return device.speaker.sound()

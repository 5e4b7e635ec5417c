"""The device as it stands at the bedside: microphone to loudspeaker, until it is stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from voiceskill.app import App, build_checker, kept
from voiceskill.core.conversation import State
from voiceskill.core.conversation.by_hand import hears
from voiceskill.core.events import ClockSet, Event, Started
from voiceskill.core.sentences import sentences
from voiceskill.core.skill import Intent, Kind, Skill
from voiceskill.core.spoken_values import number
from voiceskill.edges.alerts import NoAlerts
from voiceskill.edges.clock import MonotonicClock, TimeOfDay
from voiceskill.edges.devices import changed, look_again
from voiceskill.edges.echo import build_echo_canceller
from voiceskill.edges.machine import boot_id, keeps_time, save_memory
from voiceskill.edges.microphone import SoundDeviceMicrophone
from voiceskill.edges.speaker import SoundDeviceSpeaker
from voiceskill.edges.synthesisers.cache import Cached
from voiceskill.edges.synthesisers.with_server import WithServer
from voiceskill.edges.tape import Tape
from voiceskill.heartbeat import Heartbeat
from voiceskill.keep import Keeper
from voiceskill.listen import Listener
from voiceskill.loop import Loop, Observe
from voiceskill.ports import Clock, EchoCanceller, Fault, Frame, NoAudioDevice, Pcm
from voiceskill.profiles import Profile
from voiceskill.settings import Settings
from voiceskill.sound_check.checker import SoundChecker
from voiceskill.speak import Voice
from voiceskill.tend import Devices

_log = logging.getLogger(__name__)

_FIRST_SOUND_SECONDS = 10.0
"""How long a microphone may take to give its first sound; a sound server that dies meanwhile keeps us waiting for ever."""


def run_live(
    app: App,
    observe: Observe,
    on_ready: Callable[[Loop, str], None],
    *,
    record: Path | None = None,
    settled: Callable[[float, State], None] = lambda _at, _state: None,
    overhear: Callable[[Pcm], None] = lambda _pcm: None,
    watched: Callable[[], bool] = lambda: False,
    heartbeat: Heartbeat | None = None,
) -> None:
    """Hear and answer until the loop is stopped. Raises NoAudioDevice and ModelMissing, but no device that fails later ends it.

    `on_ready` is given the loop, to stop it, and a line about the engines and devices in use. What is heard and played is recorded in the
    folder `record`, if there is one; BadInput where it cannot be. `settled` is told how things stand after each event, `overhear` what the
    microphone gives while we hear; both must be quick and must not fail. `watched` tells whether somebody looks at what is heard.
    `heartbeat` is told of each frame, and when we end.
    """
    save_memory()
    clock = MonotonicClock()
    settings = app.settings
    with ExitStack() as stack:
        inbox: list[Loop] = []

        def post(event: Event) -> None:
            inbox[0].post(event)

        devices = Devices(PortAudioSound(settings, clock), clock=clock, post=post)
        recogniser = app.recogniser(lambda: bool(inbox and inbox[0].state.speaking))
        synthesiser = stack.enter_context(closing(app.voice()))
        renderer = stack.enter_context(_worker("render"))
        voice = Voice(
            synthesiser,
            rate=devices.rate,
            volume=settings.volume,
            clock=clock,
            post=post,
            submit=renderer.submit,
            earcons=settings.earcons,
        )
        store = app.store()
        keeper = Keeper(store, clock=clock, post=post, submit=stack.enter_context(_worker("keep", finish=True)).submit)
        time_of_day = TimeOfDay(clock, keeps_time)
        checker = build_checker(voice, devices.rate, settings.volume, clock, post)
        alerter = app.alarms.alerter
        loop = Loop(
            app.conversation(alerts=alerter is not None),
            State(memory=kept(store)),
            voice=voice,
            keeper=keeper,
            alerts=alerter or NoAlerts(),
            clock=clock,
            observe=observe,
            checker=checker,
            settled=settled,
        )
        inbox.append(loop)
        if alerter:
            alerter.report(post)
        echo = build_echo_canceller(devices.rate, clock)
        tape = stack.enter_context(closing(Tape(record, devices.rate, time_of_day.now()))) if record else None
        heard = heartbeat.heard if heartbeat else lambda: None
        ear = Ear(app.listener(recogniser, loop, echo, watched), checker, tape, lambda: hears(loop.state), overhear, heard)
        mouth = Mouth(voice, checker, echo, tape)

        def tick() -> None:
            if time_of_day.was_set():
                post(ClockSet(clock.now(), time_of_day.now()))
            if alerter:
                alerter.tick()
            if heartbeat:
                heartbeat.beat()

        begun = threading.Event()
        failure: list[BaseException] = []

        def hear() -> None:
            try:
                devices.run(ear, mouth, begun=begun.set, tick=tick)
            except BaseException as fault:  # noqa: BLE001 - it is raised in the main thread; a device that went deaf must not go on
                failure.append(fault)
            begun.set()
            loop.stop()

        hearing = threading.Thread(target=hear, name="hear", daemon=True)
        hearing.start()
        stack.callback(hearing.join, timeout=1.0)
        stack.callback(devices.close)
        if not begun.wait(_FIRST_SOUND_SECONDS):
            raise NoAudioDevice(
                "The microphone was opened but gives no sound. Unplug it and plug it in again, then check: voiceskill devices"
            )
        if not failure:
            said = app.skill.help.fixed(settings.alerts.countdown) if app.skill.help and alerter else ()
            ahead = (synthesiser, app.skill, said, app.profile)
            threading.Thread(target=render_ahead, args=ahead, name="render ahead", daemon=True).start()
            microphone, loudspeaker = devices.names
            parts = f"ear: {recogniser.name}; voice: {synthesiser.name}; microphone: {microphone}; loudspeaker: {loudspeaker}"
            on_ready(loop, parts)
            unset = time_of_day.unset
            post(Started(clock.now(), time_of_day.now(), recording=tape is not None, boot=boot_id(), unset=unset))
            if alerter:
                alerter.recall()
            loop.run()
            if heartbeat:
                heartbeat.end()
    if failure:
        raise failure[0]


class Ear:
    """A tend.Ear: who listens, and who checks the sound as the microphone gave it; nobody while `hears` says no."""

    def __init__(
        self,
        listener: Listener,
        checker: SoundChecker,
        tape: Tape | None,
        hears: Callable[[], bool] = lambda: True,
        overhear: Callable[[Pcm], None] = lambda _pcm: None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._heard = heard
        self._listener = listener
        self._checker = checker
        self._tape = tape
        self._hears = hears
        self._overhear = overhear
        self._deaf = False

    @property
    def idle(self) -> bool:
        """See tend.Ear."""
        return self._listener.idle

    def feed(self, frame: Frame) -> None:
        """See tend.Ear."""
        self._heard()
        if not self._hears():
            if not self._deaf:
                self._listener.reset(frame.at)
            self._deaf = True
            return
        self._deaf = False
        self._overhear(frame.pcm)
        if self._tape:
            self._tape.heard(frame.pcm)
        self._listener.feed(frame)
        self._checker.hear(frame, self._listener.probability)

    def reset(self, at: float) -> None:
        """See tend.Ear."""
        self._listener.reset(at)


class Mouth:
    """A tend.Mouth: the voice, with the probe of a check; the echo canceller learns of all that is played."""

    def __init__(self, voice: Voice, checker: SoundChecker, echo: EchoCanceller, tape: Tape | None) -> None:
        self._voice = voice
        self._checker = checker
        self._echo = echo
        self._tape = tape

    @property
    def silent(self) -> bool:
        """See tend.Mouth."""
        return self._voice.silent

    def pull(self, samples: int) -> Pcm:
        """See tend.Mouth."""
        pcm = self._checker.pull(samples)
        self._echo.played(pcm)
        if self._tape:
            self._tape.played(pcm)
        return pcm

    def mute(self) -> None:
        """See tend.Mouth."""
        self._voice.mute()

    def unmute(self, rate: int) -> None:
        """See tend.Mouth."""
        self._echo.restart(rate)
        self._checker.restart(rate)
        self._voice.unmute(rate)


class PortAudioSound:
    """A SoundSystem: the devices that the settings name, or else those that were the usual ones at the start.

    Those are known by their names from then on. Another may be the usual one while a plug is out, and nobody may hear it.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._microphone: str | None = settings.microphone or None
        self._loudspeaker: str | None = settings.loudspeaker or None

    def microphone(self) -> SoundDeviceMicrophone:
        """See ports.SoundSystem."""
        found = SoundDeviceMicrophone(self._microphone, self._clock)
        self._microphone = _lasting(self._microphone, found.lasting_name)
        return found

    def loudspeaker(self) -> SoundDeviceSpeaker:
        """See ports.SoundSystem."""
        found = SoundDeviceSpeaker(self._loudspeaker, self._clock)
        self._loudspeaker = _lasting(self._loudspeaker, found.lasting_name)
        return found

    def changed(self) -> bool:
        """See ports.SoundSystem."""
        return changed()

    def look_again(self) -> bool:
        """See ports.SoundSystem."""
        return look_again()


def _lasting(wanted: str | None, found: str) -> str:
    """What to look for from now on: a number in a list is no name."""
    return found if wanted is None or wanted.isdecimal() else wanted


def render_ahead(synthesiser: Cached | WithServer, skill: Skill, of_alerts: Iterable[str], profile: Profile) -> None:
    """Have all that may be said ready as sound; flags and `of_alerts` first, in memory, to be spoken even if the synthesiser dies."""
    flags = [intent for intent in skill.intents.values() if intent.kind is Kind.FLAG]
    rest = [intent for intent in skill.intents.values() if intent.kind is not Kind.FLAG]
    with suppress(Fault):  # what cannot be rendered now is tried again, and reported, when it is to be said
        synthesiser.render_ahead([*_spoken(flags), *(sentence for line in of_alerts for sentence in sentences(line))], hold=True)
        if profile.render_ahead == "all":
            synthesiser.render_ahead([f"{number(value).capitalize()}." for value in range(1, 11)], share=profile.render_share)
            synthesiser.render_ahead(_spoken(rest), share=profile.render_share)


def _spoken(intents: Iterable[Intent]) -> list[str]:
    lines = [line for intent in intents for line in (*intent.answers, intent.then, intent.stay, intent.invitation, intent.more) if line]
    steps = [step for intent in intents if intent.routine for part in intent.routine.parts for step in part.steps]
    lines += [line for step in steps for line in (step.say, step.again, step.otherwise, step.easier) if line]
    return list(dict.fromkeys(sentence for line in lines for sentence in sentences(line)))


@contextmanager
def _worker(name: str, *, finish: bool = False) -> Iterator[ThreadPoolExecutor]:
    """One thread that does jobs in order. At the end it is to `finish` those that wait, or to drop them."""
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
    try:
        yield executor
    finally:
        executor.shutdown(wait=finish, cancel_futures=not finish)

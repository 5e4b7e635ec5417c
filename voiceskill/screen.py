"""The bedside screen: what it shows of a conversation, and what is wished for there. No network is touched here.

Laws of this module:
- What is shown is one value, a `Scene`, replaced whole: whoever is slow to look misses what was between, and nothing waits for them.
- What somebody says stands in the scene while it is shown, and nowhere else: in no file, in no log message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any, Literal

from voiceskill.core.actions import Action, Say
from voiceskill.core.attention import Attention
from voiceskill.core.conversation import Manners, State
from voiceskill.core.conversation.by_hand import LOUDEST, SOFTEST
from voiceskill.core.conversation.state import Counting, Guided, Held, Listening, Resting, Telling
from voiceskill.core.conversation.steering import QUICKEST, SLOWEST
from voiceskill.core.events import (
    Adjusted,
    DeviceFailed,
    DeviceKind,
    DeviceRecovered,
    Event,
    Heard,
    HearingSwitched,
    NotHeard,
    Partial,
    Pressed,
    SentenceBegun,
    SoundChecked,
    SpeechStarted,
    Spoken,
)
from voiceskill.core.routines import Breath, Manner, after, count_of, minutes, seconds_a_number, seconds_left, step_at, walk, words_of
from voiceskill.core.skill import Control, Intent, Kind, Skill
from voiceskill.core.sound import Finding
from voiceskill.status import Doing, Status, Watch

USUAL_NIGHT = (time(20), time(8))
"""When the screen is dark where the settings name no quiet hours: nobody wants a white light in a bedroom."""

BUTTONS: Mapping[str, Control] = {
    "stop": Control.STOP,
    "pause": Control.PAUSE,
    "carry_on": Control.RESUME,
    "repeat": Control.REPEAT,
    "slower": Control.SLOWER,
    "louder": Control.LOUDER,
    "hurts": Control.HURTS,
    "help": Control.HELP,
    "hello": Control.HELLO,
    "check_sound": Control.CHECK_SOUND,
}
"""The buttons, by the name that the page knows them by."""

_SHOWN_SECONDS = 120.0
"""How long words stay on the screen after they were said."""

_DEVICES: Mapping[DeviceKind, str] = {"microphone": "No microphone", "loudspeaker": "No sound"}

_MODES: Mapping[str, Attention] = {"open": "open", "wake": "wake"}
_SWITCH = {"on": True, "off": False}

_DOING = {
    Doing.READY: "Ready",
    Doing.LISTENING: "Listening",
    Doing.THINKING: "Thinking",
    Doing.SPEAKING: "Speaking",
    Doing.ASLEEP: "Good night",
    Doing.HEARING_OFF: "Not listening",
}


RingKind = Literal["in", "out", "hold", "rest", "answer"]

_RINGS: Mapping[Breath | None, RingKind] = {Breath.IN: "in", Breath.OUT: "out", None: "hold"}


@dataclass(frozen=True, slots=True)
class Caption:
    """What somebody says, as far as it was heard at `at`. It is `settled` when they have finished."""

    at: float
    text: str
    settled: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """What we say: the sentence that sounds since `since`, for `seconds` if known, and those `before` it in the same reply.

    It is `over` when nothing more of the reply sounds.
    """

    say: str
    text: str
    since: float
    seconds: float | None
    before: str = ""
    urgent: bool = False
    over: bool = False


@dataclass(frozen=True, slots=True)
class Ring:
    """Time that passes in a step, as a circle: a breath `in` or `out`, a `hold`, a `rest`, or an `answer` waited for.

    It began at `since` and takes `seconds`, if that is known. `number` was counted last, of `count`; both are 0 where nothing is counted.
    """

    kind: RingKind
    since: float
    seconds: float | None = None
    number: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class Lead:
    """A routine under way: its name, step `step` of `steps`, the words of the step, those of what comes next, and whether it is held."""

    name: str
    step: int
    steps: int
    words: str
    following: str | None
    held: bool
    ring: Ring | None


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the screen shows of the conversation. `away` is a device that is of no use now, `found` what a check of the sound found.

    `muted` is whether the microphone is there, and gives nothing.
    """

    status: Status
    heard: Caption | None = None
    said: Sentence | None = None
    lead: Lead | None = None
    away: DeviceKind | None = None
    found: tuple[Finding, ...] | None = None
    muted: bool = False


class Onlooker:
    """Follows one conversation, in its thread, and tells of every new scene."""

    def __init__(self, skill: Skill, manners: Manners, show: Callable[[Scene], None]) -> None:
        """`show` must be quick and must not fail."""
        self._skill = skill
        self._show = show
        self._watch = Watch(skill, manners, self._set_status)
        self._status: Status | None = None
        self._scene: Scene | None = None
        self._heard: Caption | None = None
        self._said: Sentence | None = None
        self._found: tuple[Finding, ...] | None = None
        self._muted = False
        self._asked: dict[str, Say] = {}
        self._counts: set[str] = set()
        self._moment: tuple[int, float] = (0, 0.0)

    def observe(self, at: float, happening: Event | Action) -> None:
        """Take in something that happens."""
        self._watch.observe(happening)
        match happening:
            case SpeechStarted():
                self._heard = Caption(at, "", settled=False)
            case Partial(text=text):
                self._heard = Caption(at, text, settled=False)
            case Heard(text=text):
                self._heard = Caption(at, text, settled=True)
            case NotHeard() | Pressed():  # what follows a tap is no answer to what was said before it
                self._heard = None
            case Say(id=say):
                self._asked[say] = happening
            case SentenceBegun(at=begun, say=say, text=text, seconds=seconds) if say not in self._counts:
                self._said = self._sentence(begun, say, text, seconds)
            case Spoken(say=say):
                self._over(say)
            case SoundChecked(findings=findings):
                self._found = findings
            case DeviceFailed(device="microphone", how=how):
                self._muted = how == "silent"
            case DeviceRecovered(device="microphone"):
                self._muted = False
            case _:
                pass

    def settled(self, at: float, state: State) -> None:
        """Take in how things stand after it, at `at`."""
        self._watch.settled(state)
        if self._status is None:
            return
        if state.guided and isinstance(state.guided.moment, Counting):
            self._counts |= self._asked.keys() - ({self._said.say} if self._said else set())
        lead = self._lead(at, state) if state.guided else None
        away = next((device for device in _DEVICES if device in state.trouble.away), None)
        scene = Scene(self._status, self._heard, self._said, lead, away, self._found, muted=self._muted and away == "microphone")
        if scene != self._scene:
            self._scene = scene
            self._show(scene)

    def _set_status(self, status: Status) -> None:
        self._status = status

    def _sentence(self, at: float, say: str, text: str, seconds: float | None) -> Sentence:
        asked = self._asked.get(say)
        last = self._said
        again = last is not None and last.say == say and last.text == text  # begun anew, after a pause
        before = "" if last is None or last.say != say else last.before if again else f"{last.before} {last.text}".strip()
        return Sentence(say, text, at, seconds, before, urgent=asked is not None and asked.urgent)

    def _over(self, say: str) -> None:
        self._asked.pop(say, None)
        self._counts.discard(say)
        if self._said and self._said.say == say:
            self._said = replace(self._said, over=True)

    def _lead(self, at: float, state: State) -> Lead | None:
        guided = state.guided
        under_way = self._status.routine if self._status else None
        routine = self._skill.intents[guided.routine].routine if guided else None
        if guided is None or routine is None or under_way is None:
            return None
        if self._moment[0] != guided.beat:
            self._moment = (guided.beat, at)
        following = after(routine, guided.cursor, guided.manner)
        return Lead(
            name=routine.name,
            step=under_way.step,
            steps=under_way.steps,
            words=words_of(routine, guided.cursor),
            following=words_of(routine, following) if following else None,
            held=isinstance(guided.moment, Held),
            ring=self._ring(guided, self._moment[1], state.memory.pace),
        )

    def _ring(self, guided: Guided, since: float, pace: float) -> Ring | None:
        routine = self._skill.intents[guided.routine].routine
        if routine is None:
            return None
        step = step_at(routine, guided.cursor)
        count = count_of(step, guided.manner)
        kind = _RINGS[step.breath]
        match guided.moment:
            case Telling() if count:
                return Ring(kind, since, count=count)
            case Counting(number):
                each = seconds_a_number(count, pace)
                return Ring(kind, since - (number - 1) * each, count * each, number, count)
            case Resting():
                return Ring("rest", since, step.seconds * pace)
            case Listening():
                return Ring("answer", since)
            case _:
                return None


def as_json(scene: Scene | None, now: float) -> dict[str, Any]:
    """A scene for the page, at `now`: what has begun tells how many seconds ago. Without one there is no conversation.

    What was said is shown no longer than it is of use: others may come into the room.
    """
    if scene is None:
        return {"doing": "starting", "words": "Starting"}
    status = scene.status
    heard = scene.heard if scene.heard and now - scene.heard.at < _SHOWN_SECONDS else None
    said = scene.said if scene.said and not (scene.said.over and now - scene.said.since > _SHOWN_SECONDS) else None
    doing, words = status.doing.value, _DOING[status.doing]
    if scene.muted:
        doing, words = Doing.HEARING_OFF.value, "Muted"
    elif scene.away:
        doing, words = "lost", _DEVICES[scene.away]
    return {
        "doing": doing,
        "words": words,
        "danger": status.danger,
        "hears": status.hears,
        "loudness": round(status.loudness, 2),
        "pace": round(status.pace, 2),
        "quiet": status.quiet,
        "attention": status.attention,
        "heard": {"text": heard.text, "settled": heard.settled} if heard else None,
        "said": _sentence_json(said, now) if said else None,
        "lead": _lead_json(scene.lead, now) if scene.lead else None,
        "found": list(scene.found) if scene.found is not None else None,
    }


def _sentence_json(said: Sentence, now: float) -> dict[str, Any]:
    return {
        "id": said.say,
        "text": said.text,
        "before": said.before,
        "seconds": said.seconds,
        "elapsed": round(now - said.since, 3),
        "urgent": said.urgent,
        "over": said.over,
    }


def _lead_json(lead: Lead, now: float) -> dict[str, Any]:
    ring = lead.ring
    return {
        "name": lead.name,
        "step": lead.step,
        "steps": lead.steps,
        "words": lead.words,
        "next": lead.following,
        "held": lead.held,
        "ring": {
            "kind": ring.kind,
            "seconds": ring.seconds,
            "elapsed": round(now - ring.since, 3),
            "number": ring.number,
            "count": ring.count,
        }
        if ring
        else None,
    }


def is_night(manners: Manners, status: Status | None, now: datetime) -> bool:
    """Whether the screen is to be dark: in the quiet hours, after "good night", and where somebody wants it quiet."""
    if status and (status.quiet or status.doing is Doing.ASLEEP):
        return True
    return (manners if manners.quiet else Manners(quiet=USUAL_NIGHT)).quiet_at(now)


# What can be started, and what is wished for.


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that starts at a tap: the intent, what stands on it, and a line about it."""

    intent: str
    title: str
    line: str


def routines(skill: Skill) -> list[Choice]:
    """The routines: those that need no safety questions first, and the shorter first."""
    found = [(intent.moves, _length(intent), intent) for intent in skill.intents.values() if intent.routine]
    return [
        Choice(intent.id, _begin_upper(intent.routine.name), f"About {minutes(seconds)} min. {intent.invitation or ''}".strip())
        for _, seconds, intent in sorted(found, key=lambda one: one[:2])
        if intent.routine
    ]


def questions(skill: Skill) -> list[Choice]:
    """What people ask: the first words of a bad moment first, then in the order of the alphabet."""
    asked = [intent for intent in skill.intents.values() if intent.kind is Kind.ANSWER and intent.title]
    ordered = sorted(asked, key=lambda intent: (not intent.wakes, intent.title))
    return [Choice(intent.id, _begin_upper(intent.title or ""), "") for intent in ordered]


def _length(intent: Intent) -> float:
    routine = intent.routine
    return seconds_left(routine, next(walk(routine, Manner())), Manner(), 1.0) if routine else 0.0


def _begin_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def wish(skill: Skill, form: Mapping[str, str], at: float) -> Event | None:
    """What a button or a slider means; None where it means nothing. No sign of danger can be raised by a tap."""
    match list(form.items()):
        case [("press", name)] if (control := BUTTONS.get(name)) and (intent := skill.control(control)):
            return Pressed(at, intent.id)
        case [("ask", name)] if (asked := skill.intents.get(name)) and asked.kind in {Kind.ANSWER, Kind.ROUTINE}:
            return Pressed(at, asked.id)
        case [("loudness", text)] if (factor := _factor(text, SOFTEST, LOUDEST)) is not None:
            return Adjusted(at, loudness=factor)
        case [("pace", text)] if (factor := _factor(text, QUICKEST, SLOWEST)) is not None:
            return Adjusted(at, pace=factor)
        case [("quiet", text)] if text in _SWITCH:
            return Adjusted(at, quiet=_SWITCH[text])
        case [("attention", text)] if text in _MODES:
            return Adjusted(at, attention=_MODES[text])
        case [("hearing", text)] if text in _SWITCH:
            return HearingSwitched(at, _SWITCH[text])
        case _:
            return None


def _factor(text: str, least: float, most: float) -> float | None:
    try:
        factor = float(text)
    except ValueError:
        return None
    return factor if least <= factor <= most else None

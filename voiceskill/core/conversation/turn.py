"""One step of the conversation in the making: the state as it becomes, and the actions so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any, Literal

from voiceskill.core.actions import Action, CancelCheck, CancelTimer, Cue, Save, Say, StartTimer, StopSpeaking
from voiceskill.core.attention import Attention, WakePhrase
from voiceskill.core.conversation.state import CheckingSound, Idle, Pending, Phase, State
from voiceskill.core.diary import Entry, Uptime
from voiceskill.core.sentences import sentences
from voiceskill.core.skill import Skill
from voiceskill.core.understanding.outcome import Match

QUESTION_TIMER = "question"

QUESTION_SECONDS = 30.0
"""How long a yes or no is understood as the answer to our question."""

_ATTEND_SECONDS = 8.0
"""How long after a call or a reply somebody may begin to speak without calling us again."""

_SPEECH_FOLLOWS = 0.6
"""Share of a slower pace that our voice takes over: pauses stretch more than words."""

_SOFTLY = 0.5
"""Loudness in the quiet hours, as a share."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How the owner wants it.

    In the `quiet` hours, from one time of day to the other, we speak softly and shortly. `attention` is who is listened to when nothing is
    going on, and `wake_phrase` what calls us, if anything does. `countdown` are the seconds that are counted before an alert is sent that
    need not go at once; None where there is nobody to be alerted.
    """

    quiet: tuple[time, time] | None = None
    attention: Attention = "open"
    wake_phrase: WakePhrase | None = None
    countdown: int | None = None

    def quiet_at(self, moment: datetime) -> bool:
        """Whether these are quiet hours."""
        if self.quiet is None:
            return False
        begin, end = self.quiet
        now = moment.time()
        return begin <= now < end if begin <= end else now >= begin or now < end


class Turn:
    """A step in the making. Belongs to one call of `step` and is gone after it. `also` is what else was meant, and yet to be turned to."""

    def __init__(self, skill: Skill, manners: Manners, state: State, at: float) -> None:
        self.skill = skill
        self.manners = manners
        self.state = state
        self.at = at
        self.actions: list[Action] = []
        self.also: tuple[Match, ...] = ()
        self._said: set[str] = set()
        self._awaited = ""

    @property
    def now(self) -> datetime:
        """The time of day."""
        return self.state.wall(self.at)

    @property
    def quiet(self) -> bool:
        """Whether to be soft and short."""
        return self.state.asleep or self.state.hushed or self.manners.quiet_at(self.now)

    @property
    def attention(self) -> Attention:
        """Who is listened to when nothing is going on."""
        return self.state.attention or self.manners.attention

    @property
    def terse(self) -> bool:
        """Whether to answer shortly and without offers, as there is more to turn to."""
        return bool(self.also)

    @property
    def gain(self) -> float:
        """How loud to be now, as a factor."""
        return round(self.state.gain * (_SOFTLY if self.quiet else 1.0), 2)

    def change(self, **changes: Any) -> None:
        """Change the state."""
        self.state = replace(self.state, **changes)

    def do(self, *actions: Action) -> None:
        """Ask for something to be done."""
        self.actions += actions

    def result(self) -> tuple[State, tuple[Action, ...]]:
        """What came of it."""
        return self.state, tuple(self.actions)

    # Speaking.

    def say(self, text: str, *, urgent: bool = False, slower: float = 1.0) -> str:
        """Say something after what is being said, and return the id of the reply. A check of the sound, which needs silence, is over."""
        if isinstance(self.state.phase, CheckingSound):
            self.close()
        state = self.state
        pace = 1.0 if urgent else (1 + (state.memory.pace - 1) * _SPEECH_FOLLOWS) * slower
        gain = round(max(1.0, state.gain), 2) if urgent else self.gain
        say = Say(f"say-{state.sayings + 1}", text, urgent=urgent, pace=round(pace, 2), gain=gain)
        self.change(sayings=state.sayings + 1, speaking=(*state.speaking, say), last=text, repeats=0)
        self._said.add(say.id)
        self.do(say)
        return say.id

    def say_before(self, say: str, text: str) -> bool:
        """Say `text` at the beginning of a reply of this very turn. False when the reply is an earlier one."""
        if say not in self._said:
            return False
        longer = {one.id: replace(one, text=f"{text} {one.text}") for one in self.state.speaking if one.id == say}
        self.actions = [longer.get(action.id, action) if isinstance(action, Say) else action for action in self.actions]
        self.change(speaking=tuple(longer.get(one.id, one) for one in self.state.speaking), last=longer[say].text)
        return True

    def cue(self, kind: Literal["heard", "listening", "failed"]) -> None:
        """Make a short sound, but not at night, nor into a check of the sound."""
        if not self.quiet and not isinstance(self.state.phase, CheckingSound):
            self.do(Cue(kind))

    def silence(self) -> None:
        """Make way for a new reply: nobody wants the rest of an old one. What was said in this turn stays."""
        if self.state.speaking and not self._said:
            self.change(speaking=())
            self.do(StopSpeaking())

    def attend(self) -> None:
        """Take what is begun to be said in the next seconds to be for us."""
        self.change(attending=max(self.state.attending, self.at + _ATTEND_SECONDS))

    def rotate(self, key: str, texts: Sequence[str]) -> str:
        """The next of several texts; they take turns."""
        text = texts[self.state.told.get(key, 0) % len(texts)]
        self.count(key)
        return text

    def count(self, key: str) -> None:
        """Note that something was told or declined."""
        self.change(told={**self.state.told, key: self.state.told.get(key, 0) + 1})

    # Questions.

    def open(self, phase: Phase, seconds: float = QUESTION_SECONDS) -> None:
        """Wait for the answer to the question just asked; its time begins when we have said it."""
        self.close()
        self.change(phase=phase)
        self.start_when_said(QUESTION_TIMER, seconds)

    def start_when_said(self, timer: str, seconds: float) -> None:
        """Start a timer when the last of what is being said is over."""
        if self.state.speaking:
            self.change(waiting={**self.state.waiting, timer: (self.state.speaking[-1].id, seconds)})
        else:
            self.do(StartTimer(timer, seconds))

    def cancel(self, timer: str) -> None:
        """Forget a timer, also one that was to start when something is said."""
        self.change(waiting={other: waits for other, waits in self.state.waiting.items() if other != timer})
        self.do(CancelTimer(timer))

    def said(self, say: str) -> bool:
        """A reply is over. Whether it was still one of ours; what waited for its end begins."""
        rest = tuple(one for one in self.state.speaking if one.id != say)
        ours = rest != self.state.speaking
        if ours:
            self.change(speaking=rest, said_until=self.at)
            self.attend()
        due = {timer: seconds for timer, (reply, seconds) in self.state.waiting.items() if reply == say}
        self.change(waiting={timer: waits for timer, waits in self.state.waiting.items() if timer not in due})
        for timer, seconds in due.items():
            self.do(StartTimer(timer, seconds))
        if QUESTION_TIMER in due:
            self.cue("listening")
        return ours

    def close(self) -> None:
        """Wait for no answer any more."""
        phase = self.state.phase
        if not isinstance(phase, Idle):
            self.change(phase=Idle())
            self.cancel(QUESTION_TIMER)
        if isinstance(phase, CheckingSound):
            self.do(CancelCheck(phase.say))

    # Remembering.

    def save(self, entry: Entry) -> None:
        """Keep an entry."""
        if self.state.unset:
            entry = replace(entry, unsure=Uptime(self.state.boot, self.at))
        ref = self.new_ref()
        self.change(memory=self.state.memory.with_entry(entry), unkept={**self.state.unkept, ref: entry})
        self.do(Save(ref, entry))

    def new_ref(self) -> str:
        """An id for something to be saved or deleted."""
        self.change(savings=self.state.savings + 1)
        return f"save-{self.state.savings}"

    def when_saved(self, pending: Pending) -> None:
        """Have a reply wait until what was last asked to be saved or deleted is so, or could not be."""
        self._awaited = f"save-{self.state.savings}"
        self.change(pending={**self.state.pending, self._awaited: pending})

    def ask_when_saved(self, question: str, phase: Phase) -> None:
        """Have `question` follow, and nothing else that was to be asked."""
        pending = replace(self.state.pending[self._awaited], question=question, asks=phase)
        self.change(pending={**self.state.pending, self._awaited: pending})

    def postpone(self) -> bool:
        """Have what else was meant wait likewise, where in this turn something does. Whether it waits now."""
        pending = self.state.pending.get(self._awaited)
        if pending is None:
            return False
        self.change(pending={**self.state.pending, self._awaited: replace(pending, also=self.also)})
        self.also = ()
        return True

    def drop_postponed(self) -> None:
        """Do not turn any more to what waits to be turned to."""
        self.change(pending={ref: replace(pending, also=()) for ref, pending in self.state.pending.items()})

    def hush(self) -> None:
        """Say nothing any more of what waits to be said, and turn to nothing."""
        self.change(pending={ref: Pending(forgets=pending.forgets) for ref, pending in self.state.pending.items()})


def shortened(text: str, most_words: int) -> str:
    """The first sentences of a text, up to so many words; the first one at any rate."""
    kept: list[str] = []
    for sentence in sentences(text):
        if kept and sum(len(one.split()) for one in [*kept, sentence]) > most_words:
            break
        kept.append(sentence)
    return " ".join(kept)

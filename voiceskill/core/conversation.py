"""The conversation: what we were told and how things stand, in; what to do, out.

Laws of this module:
- `step` is a pure function of state and event. Time comes with the event.
- Flags are looked for in every utterance, whatever the state, before anything else; then escape words; then meaning.
- The state is one value. What phase we are in is one member of a union, never several booleans.
- Reports about a reply that is no longer ours change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from voiceskill.core.actions import Action, Alert, CancelTimer, Say, StartTimer, StopSpeaking, Understood
from voiceskill.core.echo_guard import is_echo
from voiceskill.core.events import Event, Failed, Heard, Spoken, TimerFired
from voiceskill.core.interpret import Interpretation, Interpreter
from voiceskill.core.skill import Control, Intent, Kind, Skill, Tier
from voiceskill.core.understanding.outcome import Match, NoMatch, Outcome

_QUESTION_TIMER = "question"

_QUESTION_SECONDS = 30.0
"""How long a yes or no is understood as the answer to our question."""

_ECHO_SECONDS = 1.5
"""How long after our own speech it may still come back through the microphone and the recogniser."""

_SURE = 0.9
"""A score from which a meaning is believed although a flag is suspected."""

_MISSES_ANSWERED = 2
"""After so many replies in a row to what was not understood, silence."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing is pending."""


@dataclass(frozen=True, slots=True)
class Offered:
    """We offered `intent` and wait for yes or no."""

    intent: str


@dataclass(frozen=True, slots=True)
class Flagged:
    """We raised the flag `intent`, asked something after it, and wait for yes or no."""

    intent: str


@dataclass(frozen=True, slots=True)
class Confirming:
    """We may have heard the flag `intent`, asked, and wait for an answer. Anything but a clear no counts as yes."""

    intent: str


@dataclass(frozen=True, slots=True)
class Clarifying:
    """We asked which of two intents was meant."""

    first: str
    second: str


Phase = Idle | Offered | Flagged | Confirming | Clarifying


@dataclass(frozen=True, slots=True)
class State:
    """How things stand.

    `topic` is the intent answered last, `last` the reply given last, `speaking` the replies not yet over, `said_until` when
    the last one was over. `told` counts the answers given for each intent (they rotate), `misses` the utterances in a row not
    understood, `sayings` all replies (for their ids), `introduced` is whether the line of first use was said, `denied` are the
    flags that we asked about and that were denied: nobody is asked twice.
    """

    phase: Phase = Idle()
    topic: str | None = None
    last: str | None = None
    speaking: tuple[Say, ...] = ()
    said_until: float = float("-inf")
    told: Mapping[str, int] = field(default_factory=dict)
    misses: int = 0
    sayings: int = 0
    introduced: bool = False
    denied: frozenset[str] = frozenset()


Step = tuple[State, tuple[Action, ...]]


class Conversation:
    """The rules of the conversation about one skill. Holds no state of its own."""

    def __init__(self, skill: Skill, interpreter: Interpreter) -> None:
        self._skill = skill
        self._lines = skill.lines
        self._interpreter = interpreter

    def step(self, state: State, event: Event) -> Step:
        """Take in one event."""
        match event:
            case Heard():
                return self._heard(state, event)
            case Spoken(at=at, say=say):
                return self._over(state, say, at), ()
            case Failed(at=at, what="speech", ref=str(say)):
                return self._over(state, say, at), ()
            case TimerFired(timer=timer) if timer == _QUESTION_TIMER:
                return self._lapse(state)
            case _:
                return state, ()

    def _over(self, state: State, say: str, at: float) -> State:
        rest = tuple(one for one in state.speaking if one.id != say)
        return state if rest == state.speaking else replace(state, speaking=rest, said_until=at)

    def _lapse(self, state: State) -> Step:
        """Nobody answered our question. Silence after asking about danger counts as yes."""
        if isinstance(state.phase, Confirming):
            return self._raise(state, self._skill.intents[state.phase.intent])
        return replace(state, phase=Idle()), ()

    # What was heard, in order of rank: danger, escape words, our own echo, meaning.

    def _heard(self, state: State, heard: Heard) -> Step:
        saying = self._audible(state, heard.at)
        readings = [hypothesis.text for hypothesis in heard.hypotheses]
        ours = [is_echo(reading, saying) for reading in readings]
        meant = self._interpreter.interpret(readings, saying=saying)
        if all(ours) and not meant.escape:
            return state, ()
        state, actions = self._respond(state, meant)
        return state, (Understood(heard.utterance, meant.outcome), *actions)

    def _audible(self, state: State, at: float) -> str:
        """Our own words that the microphone may be hearing."""
        if state.speaking:
            return " ".join(say.text for say in state.speaking)
        return state.last or "" if at - state.said_until < _ECHO_SECONDS else ""

    def _respond(self, state: State, meant: Interpretation) -> Step:
        if meant.flags and (meant.flags[0].sure or not meant.flags[0].intent.confirm):
            return self._raise(state, meant.flags[0].intent)
        if isinstance(state.phase, Confirming) and not self._is_no(meant):
            return self._raise(state, self._skill.intents[state.phase.intent])
        if meant.escape:
            return self._control(state, meant.escape)
        doubtful = next((flag.intent for flag in meant.flags if flag.intent.id not in state.denied), None)
        if doubtful and doubtful.invitation and self._doubts(meant.outcome):
            return self._confirm(state, doubtful, doubtful.invitation)
        if isinstance(meant.outcome, NoMatch):
            return self._missed(state, meant.outcome)
        return self._turn_to(state, self._skill.intents[meant.outcome.intent])

    def _is_no(self, meant: Interpretation) -> bool:
        intent = self._skill.intents[meant.outcome.intent] if isinstance(meant.outcome, Match) else None
        return intent is not None and intent.control in {Control.NO, Control.STOP, Control.CANCEL}

    def _doubts(self, outcome: Outcome) -> bool:
        """Whether a doubtful flag outweighs what was understood besides."""
        return isinstance(outcome, NoMatch) or outcome.score < _SURE

    def _confirm(self, state: State, intent: Intent, question: str) -> Step:
        state, silence = self._silenced(replace(state, phase=Confirming(intent.id)))
        return self._say(state, question, *silence, StartTimer(_QUESTION_TIMER, _QUESTION_SECONDS))

    def _turn_to(self, state: State, intent: Intent) -> Step:
        if intent.kind is Kind.FLAG:
            return self._raise(state, intent)
        if intent.control:
            return self._control(state, intent.control)
        return self._answer(state, intent)

    def _raise(self, state: State, intent: Intent) -> Step:
        state, silence = self._silenced(replace(state, phase=Flagged(intent.id) if intent.then else Idle(), topic=intent.id, misses=0))
        alert = Alert(intent.id, (intent.tier or Tier.TODAY).value)
        line = f"{intent.answers[0]} {intent.then or ''}".strip()
        return self._say(state, line, *silence, CancelTimer(_QUESTION_TIMER), alert, urgent=True)

    def _missed(self, state: State, outcome: NoMatch) -> Step:
        if isinstance(state.phase, Clarifying) and outcome.best and outcome.best.intent in (state.phase.first, state.phase.second):
            return self._turn_to(state, self._skill.intents[outcome.best.intent])
        if outcome.reason != "unclear":
            return state, ()
        if state.misses >= _MISSES_ANSWERED:
            return replace(state, misses=state.misses + 1), ()
        titles = [self._skill.intents[one.intent].title for one in (outcome.best, outcome.second) if one]
        if outcome.best and outcome.second and all(titles):
            question = f"{self._lines.did_you_mean} {titles[0]}, or {titles[1]}?"
            state = replace(state, phase=Clarifying(outcome.best.intent, outcome.second.intent), misses=state.misses + 1)
            return self._say(state, question, StartTimer(_QUESTION_TIMER, _QUESTION_SECONDS))
        line = self._rotate(state, "", self._lines.not_understood)
        return self._say(self._count(replace(state, misses=state.misses + 1), ""), line)

    # Answers and offers.

    def _answer(self, state: State, intent: Intent) -> Step:
        state, silence = self._silenced(replace(state, phase=Idle(), misses=0, topic=intent.id))
        text = self._rotate(state, intent.id, intent.answers)
        state = self._count(state, intent.id)
        if not state.introduced:
            return self._say(replace(state, introduced=True), f"{text} {self._lines.first_use}", *silence)
        offer = self._offer(state, intent)
        if offer is None:
            return self._say(state, text, *silence, CancelTimer(_QUESTION_TIMER))
        state = replace(state, phase=Offered(offer.id))
        return self._say(state, f"{text} {offer.invitation}", *silence, StartTimer(_QUESTION_TIMER, _QUESTION_SECONDS))

    def _offer(self, state: State, intent: Intent) -> Intent | None:
        """What to offer after an answer: nothing that was told or declined already."""
        if intent.offer is None or intent.offer in state.told:
            return None
        return self._skill.intents[intent.offer]

    def _control(self, state: State, control: Control) -> Step:
        state = replace(state, misses=0)
        match control, state.phase:
            case Control.STOP, _:
                return self._stop(state)
            case Control.YES, (Offered(intent) | Flagged(intent)):
                return self._turn_to(state, self._skill.intents[intent])
            case ((Control.NO | Control.CANCEL), Offered(intent)):
                state = self._count(replace(state, phase=Idle()), intent)
                return self._say(state, self._lines.declined, CancelTimer(_QUESTION_TIMER))
            case Control.YES, Clarifying(first, _):
                return self._turn_to(state, self._skill.intents[first])
            case ((Control.NO | Control.CANCEL), Flagged() | Clarifying()):
                return self._say(replace(state, phase=Idle()), self._lines.declined, CancelTimer(_QUESTION_TIMER))
            case ((Control.NO | Control.CANCEL), Confirming(intent)):
                state = replace(state, phase=Idle(), denied=state.denied | {intent})
                return self._say(state, self._lines.declined, CancelTimer(_QUESTION_TIMER))
            case Control.YES, Idle():
                return self._say(state, self._lines.yes_to_what)
            case Control.NO, Idle():
                return state, ()
            case Control.REPEAT, _:
                state, silence = self._silenced(state)
                return self._say(state, state.last or self._lines.nothing_to_repeat, *silence)
            case Control.MORE, _:
                return self._more(state)
            case _:
                return self._acknowledge(state, control)

    def _stop(self, state: State) -> Step:
        """Silence is the acknowledgement of a stop; only a stop with nothing to stop gets a word."""
        was_speaking = bool(state.speaking)
        state, silence = self._silenced(replace(state, phase=Idle()))
        actions = (*silence, CancelTimer(_QUESTION_TIMER))
        intent = self._skill.control(Control.STOP)
        if was_speaking or intent is None or not intent.answers:
            return state, actions
        return self._say(state, self._rotate(state, intent.id, intent.answers), *actions)

    def _more(self, state: State) -> Step:
        state, silence = self._silenced(state)
        topic = self._skill.intents.get(state.topic or "")
        return self._say(state, (topic and topic.more) or self._lines.nothing_more, *silence)

    def _acknowledge(self, state: State, control: Control) -> Step:
        intent = self._skill.control(control)
        if intent is None or not intent.answers:
            return state, ()
        state, silence = self._silenced(state)
        text = self._rotate(state, intent.id, intent.answers)
        return self._say(self._count(state, intent.id), text, *silence)

    # Saying, and keeping count of what was said.

    def _say(self, state: State, text: str, *before: Action, urgent: bool = False) -> Step:
        say = Say(f"say-{state.sayings + 1}", text, urgent=urgent)
        state = replace(state, sayings=state.sayings + 1, speaking=(*state.speaking, say), last=text)
        return state, (*before, say)

    def _silenced(self, state: State) -> tuple[State, tuple[Action, ...]]:
        """Make way for a new reply: nobody wants the rest of an old one."""
        if not state.speaking:
            return state, ()
        return replace(state, speaking=()), (StopSpeaking(),)

    def _rotate(self, state: State, key: str, texts: Sequence[str]) -> str:
        return texts[state.told.get(key, 0) % len(texts)]

    def _count(self, state: State, key: str) -> State:
        return replace(state, told={**state.told, key: state.told.get(key, 0) + 1})

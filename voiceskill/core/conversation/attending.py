"""Who is listened to: whoever called us, whoever we are talking with, and at any time whoever is in danger or calls for help.

`attention = "wake"` wants to be called when nothing is going on; `"open"` answers what it is sure of. In neither must somebody in pain
remember a phrase for the first help.
"""

from __future__ import annotations

from dataclasses import replace

from voiceskill.core.actions import Called, Cue
from voiceskill.core.conversation.state import CountingDown, Idle, State
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.interpret import Interpretation
from voiceskill.core.skill import Control, Skill
from voiceskill.core.understanding.outcome import Match, NoMatch

_CALLS_FOR_HELP = frozenset({Control.HELP, Control.CALL_SOMEONE})


def awaits_words(state: State) -> bool:
    """Whether a question of ours is open, a routine under way or an alert about to be sent.

    Then "left side", so near to "hey bedside", is an answer and no call.
    """
    return bool(state.guided) or not isinstance(state.phase, Idle) or isinstance(state.help, CountingDown)


def called(turn: Turn, utterance: int) -> None:
    """Somebody called us: attend, and be awake."""
    turn.do(Called(utterance))
    turn.attend()
    turn.change(asleep=False)


def only_called(turn: Turn, question: str, meant: Interpretation) -> bool:
    """Tell somebody who called us, and asked nothing that we understand, that we listen. False where there is something to respond to."""
    asked = question and (awaits_words(turn.state) or not isinstance(meant.outcome, NoMatch) or meant.outcome.reason == "unclear")
    if meant.flags or meant.escape or asked:
        return False
    turn.change(called=True)
    turn.do(Cue("listening"))  # in the quiet hours too: whoever called us is awake
    return True


def after_a_call(turn: Turn, meant: Interpretation) -> Interpretation:
    """What is said next by somebody who only called us is for us, however garbled it is."""
    called = turn.state.called
    turn.change(called=False)
    if not called or not isinstance(meant.outcome, NoMatch):
        return meant
    return replace(meant, outcome=replace(meant.outcome, reason="unclear"))


def hears(turn: Turn, meant: Interpretation, began: float) -> bool:
    """Whether something is for us that began to be said at `began`, or is heard although it may not be."""
    return _in_conversation(turn.state, began) or _hears_anyway(turn, meant)


def _in_conversation(state: State, began: float) -> bool:
    """Whether we speak, lead, wait for an answer, were called, or did so a moment ago."""
    return bool(state.speaking) or awaits_words(state) or began <= state.attending


def _hears_anyway(turn: Turn, meant: Interpretation) -> bool:
    if any(flag.sure for flag in meant.flags) or meant.escape in _CALLS_FOR_HELP:
        return True
    if turn.attention == "open":
        return bool(meant.flags or meant.escape) or isinstance(meant.outcome, Match)
    if meant.escape:
        return turn.state.timed is not None
    return isinstance(meant.outcome, Match) and _is_first_help(turn.skill, meant.outcome)


def _is_first_help(skill: Skill, outcome: Match) -> bool:
    intent = skill.intents[outcome.intent]
    return intent.wakes or intent.control in _CALLS_FOR_HELP

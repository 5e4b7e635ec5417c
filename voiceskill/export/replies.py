"""What another assistant says to an intent by itself, when the device is not asked."""

from __future__ import annotations

from voiceskill.core.skill import Control, Intent, Kind, Skill
from voiceskill.core.visiting import for_visitors
from voiceskill.ports import BadInput

_STANDS_ALONE = frozenset({Control.CALL_SOMEONE, Control.GOOD_NIGHT, Control.HELP, Control.WHO_ARE_YOU})
"""Controls whose answer is true wherever it is said. "Stopped." is not, where nothing was."""

_URGENT = frozenset({Control.CALL_SOMEONE, Control.HELP})


def replies(skill: Skill) -> dict[str, tuple[str, ...]]:
    """What is said to each intent, by its id; several replies take turns. A sign of danger has its whole line.

    Raises BadInput where the skill has nothing to say to those who ask from elsewhere.
    """
    lines = skill.visitors
    if lines is None:
        raise BadInput('the skill says nothing to those who ask from elsewhere: add the section "visitors" to its skill.yaml')

    def reply(intent: Intent) -> tuple[str, ...]:
        match intent.kind:
            case Kind.CONTROL if intent.control not in _STANDS_ALONE:
                return (lines.device,)
            case Kind.DIARY:
                return (lines.diary,)
            case _:
                return intent.answers

    return {intent.id: reply(intent) for intent in for_visitors(skill).intents.values()}


def needs_a_conversation(intent: Intent) -> bool:
    """Whether it means something only to us in a conversation, and its words are others' too ("yes", "stop", "a seven")."""
    return intent.kind is Kind.DIARY or (intent.kind is Kind.CONTROL and intent.control not in _URGENT)

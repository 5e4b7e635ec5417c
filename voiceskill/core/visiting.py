"""The skill as somebody knows it who asks from elsewhere in the house, turn by turn, by a satellite or typed.

Between two turns we can say nothing to them, and we don't know who they are. So nobody is led through a routine, no time is kept for them,
and the diary, which is one person's, is neither told to them nor written for them. Danger and answers are the same as at the bedside.
"""

from __future__ import annotations

from dataclasses import replace

from voiceskill.core.routines import Routine
from voiceskill.core.skill import Control, HelpLines, Intent, Kind, Note, Skill, VisitorLines

_OF_OUR_VOICE = frozenset({Control.LOUDER, Control.QUIETER, Control.SLOWER, Control.FASTER})
"""What changes our own voice; theirs is another loudspeaker's."""


def for_visitors(skill: Skill) -> Skill:
    """`skill` for those who ask turn by turn. Raises LookupError where it has no lines for them."""
    lines = skill.visitors
    if lines is None:
        raise LookupError("the skill has no lines for visitors")
    return replace(
        skill,
        intents={intent.id: _for_visitors(intent, lines) for intent in skill.intents.values()},
        guide=replace(skill.guide, none_under_way=lines.routine) if skill.guide else None,
        help=_told_elsewhere(skill.help, lines) if skill.help else None,
    )


def _told_elsewhere(said: HelpLines, lines: VisitorLines) -> HelpLines:
    """Whoever is told must not look for them at the bedside."""
    asked, sign = (f"{title}, {lines.elsewhere}" for title in (said.asked, said.sign))
    return replace(said, asked=asked, sign=sign, sent=lines.alert_sent, ended=lines.ended)


def _for_visitors(intent: Intent, lines: VisitorLines) -> Intent:
    if intent.title:
        intent = replace(intent, title=f"{intent.title}, {lines.elsewhere}")
    if intent.routine:
        return _pointing_to_the_bedside(intent, " ".join([lines.routine, *_alone(intent, intent.routine, lines)]))
    if intent.note not in {None, Note.SCREENED}:
        return _pointing_to_the_bedside(intent, lines.diary)
    if intent.control is Control.CHECK_SOUND:
        return _pointing_to_the_bedside(intent, lines.device)
    if intent.control in _OF_OUR_VOICE:
        return replace(intent, answers=(lines.device,))
    if intent.control is Control.GOOD_NIGHT:
        return replace(intent, answers=(lines.good_night,))  # nobody listens on where they are
    return replace(intent, timed=None)


def _pointing_to_the_bedside(intent: Intent, text: str) -> Intent:
    return replace(
        intent,
        kind=Kind.ANSWER,
        answers=(text,),
        control=None,
        note=None,
        routine=None,
        precautions=None,
        offer=None,
        invitation=None,
        more=None,
    )


def _alone(intent: Intent, routine: Routine, lines: VisitorLines) -> list[str]:
    """The first step, where it neither moves the body nor waits for an answer."""
    first = routine.parts[0].steps[0]
    return [] if intent.moves or first.listen or first.only_if else [lines.begin, first.say]

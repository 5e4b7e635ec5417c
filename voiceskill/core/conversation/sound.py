"""Checking the sound by voice: while it goes on nothing else is said, and only danger and words like stop are heeded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from voiceskill.core.actions import CheckSound
from voiceskill.core.conversation import guide, screening
from voiceskill.core.conversation.state import CarryOn, CheckingSound, Idle, Phase, Screening
from voiceskill.core.conversation.turn import Turn
from voiceskill.core.skill import SoundLines
from voiceskill.core.sound import GOOD, Finding, in_order

_CHECK_SECONDS = 15.0
"""How long a check may take; about five seconds are usual."""

_MOST_WORDS = 60


def begin(turn: Turn, text: str) -> None:
    """Say what comes, and check the sound once that was said. A routine waits; a question that is open is put again afterwards."""
    before = turn.state.phase
    turn.silence()
    guide.hold(turn)
    turn.close()
    turn.open(CheckingSound(turn.say(text), before), _CHECK_SECONDS)


def spoken(turn: Turn, say: str) -> None:
    """A reply is over: begin, if it said that we would."""
    if _checking(turn, say):
        turn.do(CheckSound(say, turn.gain))


def unspoken(turn: Turn, say: str) -> None:
    """A reply could not be said. Nobody is told of a check that way, so there is none."""
    checking = _checking(turn, say)
    if checking:
        turn.close()
        if not isinstance(checking.before, Idle):
            turn.open(checking.before)


def checked(turn: Turn, ref: str, findings: Iterable[Finding]) -> None:
    """Tell what was found."""
    checking = _checking(turn, ref)
    if checking:
        _tell(turn, checking.before, in_words(_lines(turn), findings))


def lapse(turn: Turn, checking: CheckingSound) -> None:
    """It took too long."""
    _tell(turn, checking.before, _lines(turn).unchecked)


def in_words(lines: SoundLines, findings: Iterable[Finding]) -> str:
    """As many findings as fit into one breath, what is amiss before what is well, told in their usual order."""
    told: list[Finding] = []
    for finding in sorted(in_order(findings), key=GOOD.__contains__):
        if len(" ".join(map(lines.of, [*told, finding])).split()) <= _MOST_WORDS:
            told.append(finding)
    return " ".join(map(lines.of, in_order(told))) or lines.unchecked


def _tell(turn: Turn, before: Phase, text: str) -> None:
    turn.close()
    match before:
        case Screening():
            turn.say(text)
            screening.ask_again(turn, replace(before, asked=1))
        case Idle() | CarryOn() if turn.state.guided:
            guide.ask_to_carry_on(turn, text)
        case Idle():
            turn.say(text)
        case _:
            turn.say(text)
            turn.open(before)


def _checking(turn: Turn, say: str) -> CheckingSound | None:
    """The check under way, if it is this one."""
    phase = turn.state.phase
    return phase if isinstance(phase, CheckingSound) and phase.say == say else None


def _lines(turn: Turn) -> SoundLines:
    if turn.skill.sound is None:
        raise LookupError("the skill has no lines for a check of the sound")
    return turn.skill.sound

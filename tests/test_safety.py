"""The least that must hold before anybody lies down beside it: with everything that understands, and the shipped words."""

from __future__ import annotations

import random

import pytest

from tests.rehearsing import Bedside, skill, whole_interpreter
from voiceskill.core.skill import Intent, Kind, Tier
from voiceskill.core.understanding.outcome import Match

FLAGS = [intent for intent in skill().intents.values() if intent.kind is Kind.FLAG]
URGENT = [intent for intent in FLAGS if intent.tier in {Tier.EMERGENCY, Tier.MATERNITY}]
ROUTINES = [intent for intent in skill().intents.values() if intent.routine]


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.id)
def test_every_listed_sign_of_danger_raises_its_flag(flag: Intent) -> None:
    missed = []
    for cue in flag.examples:
        outcome = whole_interpreter().interpret([cue]).outcome
        taken = outcome.intent if isinstance(outcome, Match) else None
        if taken != flag.id:
            missed.append((cue, taken))
    assert not missed


@pytest.mark.parametrize("routine", ROUTINES, ids=lambda routine: routine.id)
def test_a_sign_of_danger_at_any_moment_of_a_routine_ends_it_within_half_a_second(routine: Intent) -> None:
    chance = random.Random(routine.id)
    for flag in URGENT:
        bed = Bedside(interpreter=whole_interpreter())
        bed.start(routine.id)
        bed.wait(chance.uniform(0, 40))
        began = bed.now
        said = len(bed.said)
        bed.interrupt(chance.choice(flag.examples))
        after = bed.said[said:]
        assert after[0][0] - began <= 0.5
        assert after[0][1].urgent
        assert bed.under_way is None
        bed.wait(300)
        lines = tuple(line for other in URGENT for line in (other.answers[0], other.stay) if line)
        assert all(say.text.startswith(lines) for _, say in bed.said[said:])

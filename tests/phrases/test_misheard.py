"""What is learnt of mishearing: which lines still mean what was said."""

from __future__ import annotations

import random

import pytest

from scripts.heard import Heard, meaning
from scripts.mishearing import Mishearings
from scripts.phrases import misheard
from voiceskill.app import Home
from voiceskill.core.understanding.judgement import Judgement
from voiceskill.skill_files import load_skill

NUMB = "redflag_saddle_numbness"
SEEN = Judgement({NUMB: 0.6, "relief_heat": 0.2}, 0.2, {NUMB: 0.6})
UNSEEN = Judgement({NUMB: 0.01, "relief_heat": 0.1}, 0.89, {NUMB: 0.01})


@pytest.mark.parametrize(
    ("label", "said", "heard", "judged", "meant"),
    [
        (NUMB, "my bum has gone numb since lunch", "My bum has gone numb sins lunch.", UNSEEN, NUMB),
        (NUMB, "my bum has gone numb since lunch", "My bun is gone now since launch.", UNSEEN, None),
        (NUMB, "my bum has gone numb since lunch", "My bum is gone now sins luck.", SEEN, NUMB),
        (NUMB, "my bum has gone numb", "Where is the car?", UNSEEN, "none"),
        (NUMB, "i can't feel my bum", "I can feel my bum.", SEEN, None),
        (f"not:{NUMB}", "my bum isn't numb at all", "My bum is numb at all.", UNSEEN, None),
        (f"not:{NUMB}", "my bum isn't numb at all", "My bum isn't numb a tall.", UNSEEN, f"not:{NUMB}"),
        ("relief_heat", "should i put heat on it", "Should I put heed on it?", UNSEEN, None),
        ("none", "pass me the salt", "Parse me this old.", SEEN, "none"),
    ],
)
def test_a_misheard_line_means_what_it_meant_while_its_words_are_left(
    label: str, said: str, heard: str, judged: Judgement, meant: str | None
) -> None:
    assert meaning(Heard("line", label, said, heard), judged) == meant


def test_a_sentence_is_garbled_as_others_were() -> None:
    known = Mishearings([("my lower back aches badly", "my lower bag aches badly")])
    assert known.misheard("has nobody seen my back brace", random.Random(1)) == "has nobody seen my bag brace"
    assert known.misheard("nothing of that is known", random.Random(1)) == "nothing of that is known"


def test_no_denial_is_lost_by_garbling() -> None:
    known = Mishearings([("i can't feel it", "i can feel it")])
    assert known.misheard("i can't feel my bottom at all", random.Random(1)) == "i can't feel my bottom at all"


def test_misheard_lines_are_labelled_with_what_there_is() -> None:
    skill = load_skill(Home.find().intents)
    assert {label.removeprefix("not:") for label, _, _ in misheard()} <= {*skill.intents, "none"}

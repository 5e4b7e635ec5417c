from __future__ import annotations

import pytest

from voiceskill.core.understanding.hedges import hedged
from voiceskill.core.understanding.normalise import normalise


@pytest.mark.parametrize(
    "said",
    [
        "What is saddle numbness?",
        "so what does cauda equina mean",
        "how would I know if it was my kidneys",
        "what if I can't pee",
        "my mum had cancer",
        "my late husband had a stroke",
        "when should I worry about a fever",
        "I broke it years ago",
    ],
)
def test_asking_supposing_and_telling_of_others_is_not_disclosing(said: str) -> None:
    assert hedged(normalise(said))


@pytest.mark.parametrize(
    "said",
    [
        "I can't feel my legs",
        "I've got a fever",
        "what do I do I've wet myself",
        "my wife can't move her legs",
        "I had cancer two springs back",
    ],
)
def test_what_is_so_here_and_now_is_not_hedged(said: str) -> None:
    assert not hedged(normalise(said))

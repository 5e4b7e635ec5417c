"""Help with something, and help."""

from __future__ import annotations

import pytest

from tests.rehearsing import Bedside, skill


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ("help me turn", "relief_roll_over"),
        ("help me get up", "relief_get_out_of_bed"),
        ("please help me", "control_help"),
        ("help", "control_help"),
    ],
)
def test_help_with_something_is_about_that_and_help_alone_asks_whether_it_is_urgent(said: str, answered: str) -> None:
    reply = Bedside().hear(said)
    assert any(answer in reply for answer in skill().intents[answered].answers)

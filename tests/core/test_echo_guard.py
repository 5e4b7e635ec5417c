from __future__ import annotations

import pytest

from voiceskill.core.echo_guard import is_echo, says

SAYING = "Warmth often eases a spasm. Put a cloth between it and your skin. Say stop at any time."


@pytest.mark.parametrize(
    "heard",
    ["warmth often eases a spasm", "put a cloth between it and your skin", "often he's is a spasm put a cloth", "say stop at any time"],
)
def test_our_own_words_are_known_even_a_little_garbled(heard: str) -> None:
    assert is_echo(heard, SAYING)


@pytest.mark.parametrize(
    "heard", ["how long should I keep it on", "that hurts", "your skin spasm often warmth", "I can't feel my legs", ""]
)
def test_what_the_user_says_is_not_taken_for_ours(heard: str) -> None:
    assert not is_echo(heard, SAYING)


def test_nothing_is_an_echo_while_we_are_silent() -> None:
    assert not is_echo("stop", "")


def test_an_escape_word_that_we_are_saying_ourselves_is_found() -> None:
    assert says(SAYING, "stop")
    assert not says(SAYING, "help me")

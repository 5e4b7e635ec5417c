from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voiceskill.core.understanding.wordpieces import LONGEST, WordPieces

PIECES = WordPieces(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "back", "spa", "##zz", "##um", "'", "t", "can"])


def test_a_word_is_taken_apart_into_the_longest_pieces_known() -> None:
    assert PIECES.encode("back spazzum") == [2, 4, 5, 6, 7, 3]


def test_a_word_that_has_no_pieces_is_unknown() -> None:
    assert PIECES.encode("back xyz can't") == [2, 4, 1, 10, 8, 9, 3]


@given(st.text())
def test_any_text_is_enclosed_and_bounded(text: str) -> None:
    numbers = PIECES.encode(text)
    assert numbers[0] == 2
    assert numbers[-1] == 3
    assert len(numbers) <= LONGEST

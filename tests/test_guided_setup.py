"""What answers amount to while the device is set up, and what is written of them."""

from __future__ import annotations

import pytest

from tests.core.test_setting_up import LINES
from tests.rehearsing import listed_only, skill
from voiceskill.core.setting_up import values as v
from voiceskill.core.setting_up.values import Reply
from voiceskill.guided_setup import Answers, may_call_us
from voiceskill.ports import Fault
from voiceskill.setup_lines import load_setup_lines

ANSWERS = Answers(skill(), listed_only(), LINES.keeps)


@pytest.mark.parametrize(
    ("text", "typed", "reply"),
    [
        ("", True, Reply.YES),
        ("y", True, Reply.YES),
        ("N", True, Reply.NO),
        ("+", True, Reply.LOUDER),
        ("-", True, Reply.SOFTER),
        ("q", True, Reply.STOP),
        ("Yes, please.", False, Reply.YES),
        ("no", False, Reply.NO),
        ("a bit louder", False, Reply.LOUDER),
        ("quieter", False, Reply.SOFTER),
        ("say that again", False, Reply.REPEAT),
        ("Keep it.", False, Reply.KEEP),
        ("skip", True, Reply.KEEP),
        ("stop", False, Reply.STOP),
        ("q", False, Reply.OTHER),
        ("hello lighthouse", False, Reply.OTHER),
        ("the United Kingdom", False, Reply.OTHER),
    ],
)
def test_keys_and_spoken_words_mean_the_same(text: str, typed: bool, reply: Reply) -> None:
    assert ANSWERS.answered((text,), typed=typed) == v.Answered(text, reply, typed)


def test_a_sign_of_danger_is_never_taken_for_an_answer() -> None:
    answer = ANSWERS.answered(("I can't feel my legs",), typed=False)
    assert answer.reply is Reply.OTHER
    assert answer.warning == skill().intents["redflag_both_legs"].answers[0]


@pytest.mark.parametrize(("phrase", "fit"), [("hey bedside", True), ("hello lighthouse", True), ("help", False), ("my back hurts", False)])
def test_only_a_phrase_that_nobody_says_otherwise_may_call_it(phrase: str, fit: bool) -> None:
    assert may_call_us(phrase, skill()) is fit


def test_a_line_left_out_or_misspelt_is_told_with_its_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("intents")
    (folder / "setup.yaml").write_text("lines:\n  welcom: Hello.\nkeep: [keep]\nplaces: {GB: [Britain]}\n")
    with pytest.raises(Fault, match=r"setup\.yaml:\d+: .*welcom"):
        load_setup_lines(folder, folder, skill())

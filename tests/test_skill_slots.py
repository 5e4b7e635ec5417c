"""Slots in skill files: what is wrong with them is named with its line and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_skill_files import SKILL, SOURCES, STEAM, TEA
from voiceskill.core.skill import ChoiceSlot, ClockSlot, DurationSlot, ScaleSlot, Skill
from voiceskill.skill_files import SkillErrors, load_skill

SLOTS = """\
slots:
  strength:
    scale: [1, 5.5]
    words:
      As strong as you like: 5
    not_before: [cups]
  milk:
    values:
      with: [with milk, white]
      without: [black, without milk]
  drink: {list: drink}
  brewing: {duration: true}
  when: {clock: true}
"""
FIRST = SKILL.count("\n") + 1


def load(folder: Path, slots: str = SLOTS, tea: str = TEA) -> Skill:
    for name, text in (("skill", SKILL + slots), ("sources", SOURCES), ("tea", tea), ("steam", STEAM)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_skill(folder)


def complaint(folder: Path, slots: str = SLOTS, tea: str = TEA) -> str:
    with pytest.raises(SkillErrors) as caught:
        load(folder, slots, tea)
    (problem,) = caught.value.problems
    return str(problem).removeprefix(f"{folder}/")


def test_slots_of_every_kind_are_read(tmp_path: Path) -> None:
    skill = load(tmp_path, tea=TEA + "slots: [strength, when]\n")
    assert skill.slots == {
        "strength": ScaleSlot(1, 5.5, words={"as strong as you like": 5}, not_before=("cups",)),
        "milk": ChoiceSlot({"with": ("with milk", "white"), "without": ("black", "without milk")}),
        "drink": ChoiceSlot({"tea": ("tea",), "coffee": ("coffee",)}),
        "brewing": DurationSlot(),
        "when": ClockSlot(),
    }
    assert skill.intents["tea"].slots == ("strength", "when")
    assert skill.intents["steam"].slots == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "part"),
    [
        ("[1, 5.5]", "[5.5, 1]", 2, "a scale goes up"),
        ("[1, 5.5]", "[1, five]", 2, '"scale" must be a number here'),
        ("[1, 5.5]", "[1, nan]", 2, "a scale goes up"),
        ("[1, 5.5]", "[1, 2, 3]", 2, '"scale" holds too much'),
        ("like: 5", "like: 50", 4, "stands for 50, which is not on the scale"),
        ("like: 5", "like: lots", 4, '"As strong as you like" must be a number here'),
        ("As strong as you like", "'!'", 4, "has no word in it"),
        ("[black, without milk]", "[black, With milk!]", 9, 'means "with" already'),
        ("[black, without milk]", "[]", 9, "is empty"),
        ("{list: drink}", "{list: food}", 10, 'there is no list "food"'),
        ("{duration: true}", "{duration: maybe}", 11, '"duration" can only be true'),
        ("{duration: true}", "{duration: false}", 11, "give it one of scale, values, list, duration, clock"),
        ("{clock: true}", "{clock: true, duration: true}", 12, 'not "duration" and "clock"'),
        ("{clock: true}", "{clok: true}", 12, 'did you mean "clock"?'),
        ("{clock: true}", "{clock: true, not_before: [tea]}", 12, '"not_before" belongs to a slot with a "scale" only'),
    ],
)
def test_a_faulty_slot_is_named_with_its_line_and_the_way_out(tmp_path: Path, old: str, new: str, line: int, part: str) -> None:
    found = complaint(tmp_path, SLOTS.replace(old, new))
    assert found.startswith(f"skill.yaml:{FIRST + line}: ")
    assert part in found


def test_a_slot_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = complaint(tmp_path, tea=TEA + "slots: [strength, sugar]\n")
    assert found.startswith("tea.yaml:12: ")
    assert 'there is no slot "sugar"' in found


def test_templates_that_could_not_be_followed_are_refused(tmp_path: Path) -> None:
    assert "6 parts in any order are the most" in complaint(tmp_path, tea=TEA.replace("[some]", "(a;b;c;d;e;f;g)"))
    assert "must go up" in complaint(tmp_path, tea=TEA.replace("[some]", "{9..2:cups}"))
    assert "must go up" in complaint(tmp_path, tea=TEA.replace("[some]", "{0..900000:cups}"))

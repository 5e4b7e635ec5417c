"""The loader of skill files, and the skill that is shipped."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hassil.intents import SlotList, TextSlotList
from hassil.parse_expression import parse_sentence
from hassil.sample import sample_sentence
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceskill.core.skill import Control, Intent, Kind, Skill, Tier
from voiceskill.skill_files import SkillErrors, load_skill
from voiceskill.skill_files.phrases import normalised
from voiceskill.skill_files.spoken import unspeakable

SHIPPED = Path(__file__).parent.parent / "intents" / "en"

SKILL = """\
name: Kettle
language: en
lines:
  greeting: I'm here.
  first_use: I'm a kettle.
  not_understood:
    - I missed that.
  nothing_to_repeat: I said nothing yet.
  nothing_more: That's all.
  yes_to_what: Yes to what?
  declined: All right.
  go_on: Shall I go on?
  recording: I record.
  did_you_mean: Did you mean
placeholders:
  KEEPER: the keeper
lists:
  drink: [tea, coffee]
rules:
  make: (make|boil)
  please: <make> it [please]
"""
SOURCES = """\
BOOK:
  organisation: Kettle House
  title: On boiling
  year: "1999"
  seen: seen
  where: on the shelf
"""
TEA = """\
id: tea
kind: answer
examples:
  - how do I make tea
templates:
  - <make> [some] {drink}
answers:
  - Boil the water. Ask {KEEPER} for a cup.
more: Warm the pot first.
offer: steam
sources: [BOOK]
"""
STEAM = """\
id: steam
kind: flag
tier: emergency
examples:
  - the steam burned me
answers:
  - Step away from the kettle.
then: Don't touch it.
invitation: Did the steam burn you?
unverified:
  - steam burns
"""

ANSWER = "Boil the water. Ask {KEEPER} for a cup."
INVITATION = "Did the steam burn you?"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a sound little skill with some files changed; None leaves a file out."""

    def write(**changed: str | bytes | None) -> Path:
        files: dict[str, str | bytes | None] = {"skill": SKILL, "sources": SOURCES, "tea": TEA, "steam": STEAM, **changed}
        for name, content in files.items():
            if content is not None:
                (tmp_path / f"{name}.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write


def complaints(folder: Path) -> list[str]:
    """What the loader says, without the folder's name."""
    with pytest.raises(SkillErrors) as caught:
        load_skill(folder)
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    return [line.replace(f"{folder}{os.sep}", "") for line in str(caught.value).splitlines()]


# A sound folder.


def test_a_folder_becomes_a_skill(write: Write) -> None:
    skill = load_skill(write())
    assert skill.name == "Kettle"
    assert skill.lines.not_understood == ("I missed that.",)
    assert skill.sources["BOOK"].year == "1999"
    assert skill.lists == {"drink": ("tea", "coffee")}
    assert skill.rules["make"] == "(make|boil)"
    assert skill.intents["tea"] == Intent(
        id="tea",
        kind=Kind.ANSWER,
        examples=("how do I make tea",),
        templates=("<make> [some] {drink}",),
        answers=("Boil the water. Ask the keeper for a cup.",),
        more="Warm the pot first.",
        offer="steam",
        sources=("BOOK",),
    )
    assert skill.intents["steam"].tier is Tier.EMERGENCY


def test_the_owner_s_words_take_the_place_of_the_defaults(write: Write) -> None:
    skill = load_skill(write(), {"KEEPER": "aunt Mary", "NOBODY": "no one"})
    assert skill.intents["tea"].answers == ("Boil the water. Ask aunt Mary for a cup.",)


def test_placeholders_are_filled_in_every_spoken_line(write: Write) -> None:
    steam = STEAM.replace("Don't touch it.", "Call {KEEPER}.").replace("the kettle", "{KEEPER}")
    skill = load_skill(write(skill=SKILL.replace("I missed that.", "Ask {KEEPER}."), steam=steam))
    assert skill.lines.not_understood == ("Ask the keeper.",)
    assert (skill.intents["steam"].answers, skill.intents["steam"].then) == (("Step away from the keeper.",), "Call the keeper.")


def test_yes_and_no_need_no_quotes(write: Write) -> None:
    skill = load_skill(write(agree="id: agree\nkind: control\ncontrol: yes\nexamples:\n  - yes\n  - on\n  - 'no'\n"))
    assert skill.intents["agree"].control is Control.YES
    assert skill.intents["agree"].examples == ("yes", "on", "no")


def test_hidden_files_notes_and_the_pronunciation_table_are_passed_over(write: Write) -> None:
    folder = write(pronunciation='"*":\n  tea: tee\n')
    (folder / ".tea.yaml.swp").write_bytes(b"\xff")
    (folder / "notes.txt").write_text("boil", encoding="utf-8")
    assert set(load_skill(folder).intents) == {"tea", "steam"}


# Broken files: the file, the line, and what to do.

BROKEN = {
    "an unknown key": ({"tea": TEA + "colour: red\n"}, ["tea.yaml:12: ", '"colour" is not a key']),
    "a misspelt key": ({"tea": TEA.replace("more:", "mroe:")}, ["tea.yaml:9: ", 'did you mean "more"?']),
    "a missing key": ({"tea": TEA.replace("kind: answer\n", "")}, ["tea.yaml:1: ", 'the key "kind" is missing']),
    "an unknown kind": ({"tea": TEA.replace("kind: answer", "kind: anser")}, ["tea.yaml:2: ", "'answer', 'flag'"]),
    "text for a list": ({"tea": TEA.replace("sources: [BOOK]", "sources: BOOK")}, ["tea.yaml:11: ", '"sources" must be a list']),
    "a list for text": ({"tea": TEA.replace("more: Warm", "more:\n  - Warm")}, ["tea.yaml:9: ", '"more" must be a piece of text']),
    "keys for text": ({"tea": TEA.replace("  - Boil the water.", "  - Boil: the water.")}, ["tea.yaml:8: ", "piece of text"]),
    "text for keys": ({"sources": "BOOK: On boiling\n"}, ["sources.yaml:1: ", '"BOOK" must hold keys']),
    "nothing after a key": ({"tea": TEA.replace(" Warm the pot first.", "")}, ["tea.yaml:9: ", '"more" is empty']),
    "a key of skill.yaml missing": ({"skill": SKILL.replace("  declined: All right.\n", "")}, ["skill.yaml:3: ", '"declined" is missing']),
    "an empty list of lines": ({"skill": SKILL.replace("\n    - I missed that.", " []")}, ["skill.yaml:6: ", "is empty"]),
    "a placeholder in small letters": ({"skill": SKILL.replace("KEEPER", "Keeper")}, ["skill.yaml:16: ", "capital letters"]),
    "a key twice": ({"tea": TEA + "more: Again.\n"}, ["tea.yaml:12: ", '"more" stands here for the second time (first on line 9)']),
    "bad YAML": ({"tea": TEA.replace("  - how", "\t- how")}, ["tea.yaml:4: ", "this is not YAML"]),
    "a colon in plain text": ({"tea": TEA.replace("more: Warm", "more: First: warm")}, ["tea.yaml:9: ", "this is not YAML"]),
    "an alias": ({"tea": TEA.replace("Warm the pot first.", "*warm")}, ["tea.yaml:9: ", "anchors and aliases"]),
    "an endless alias": ({"tea": "&a [*a]"}, ["tea.yaml:1: ", "anchors and aliases"]),
    "a tag": ({"tea": TEA.replace("Warm", "!!python/name:os.system Warm")}, ["tea.yaml:9: ", "tag"]),
    "a list for a key": ({"tea": TEA + "[a]: b\n"}, ["tea.yaml:12: ", "a key must be a word"]),
    "lists without end": ({"tea": "[" * 100_000}, ["tea.yaml:1: ", "too deep"]),
    "two documents": ({"tea": TEA + "---\n" + TEA}, ["tea.yaml:12: ", "second document"]),
    "an empty file": ({"tea": "# nothing yet\n"}, ["tea.yaml:", "the file is empty"]),
    "a file that is no mapping": ({"tea": "- tea\n"}, ["tea.yaml:1: ", "must hold keys"]),
    "Latin 1": ({"tea": TEA.encode().replace(b"Warm", b"W\xe4rm")}, ["tea.yaml:9: ", "UTF-8"]),
    "an invisible character": ({"tea": TEA.replace("Warm", "W\x07arm")}, ["tea.yaml:9: ", "cannot be seen"]),
    "a danger that nobody can be asked about": (
        {"skill": SKILL + "spotted:\n  dangers:\n    tea: [my tea is cold]\n"},
        ["skill.yaml:24: ", '"tea" is no sign of danger'],
    ),
    "no skill.yaml": ({"skill": None}, ["skill.yaml:1: ", "there is no skill.yaml"]),
    "no sources.yaml": ({"sources": None}, ["sources.yaml:1: ", "there is no sources.yaml"]),
    "another id than the file": ({"tea": TEA.replace("id: tea", "id: chai")}, ["tea.yaml:1: ", '"chai" but the file is called "tea.yaml"']),
    "an answer without answers": ({"tea": TEA.replace("answers:\n  - " + ANSWER, "")}, ["tea.yaml:2: ", 'needs "answers"']),
    "a flag without a tier": ({"steam": STEAM.replace("tier: emergency\n", "")}, ["steam.yaml:2: ", 'needs "tier"']),
    "a flag with two answers": ({"steam": STEAM.replace("  - Step", "  - Now.\n  - Step")}, ["steam.yaml:6: ", "keep one answer"]),
    "a tier that is for flags": ({"tea": TEA + "tier: today\n"}, ["tea.yaml:12: ", '"tier" is for the kind flag only']),
    "a control intent without control": ({"halt": "id: halt\nkind: control\nexamples: [halt]\n"}, ["halt.yaml:2: ", 'needs "control"']),
    "nothing to hear": ({"steam": STEAM.replace("examples:\n  - the steam burned me\n", "")}, ["steam.yaml:1: ", "nothing that is said"]),
    "an answer without sources": ({"tea": TEA.replace("sources: [BOOK]\n", "")}, ["tea.yaml:1: ", 'under "sources"']),
    "an unknown source": ({"tea": TEA.replace("[BOOK]", "[BOOK, FILM]")}, ["tea.yaml:11: ", 'no source "FILM"']),
    "an offer of nothing": ({"tea": TEA.replace("offer: steam", "offer: stem")}, ["tea.yaml:10: ", 'no intent "stem"']),
    "an offer without invitation": ({"steam": STEAM.replace("invitation: " + INVITATION, "")}, ["tea.yaml:10: ", "no invitation"]),
    "an invitation that asks nothing": ({"steam": STEAM.replace("burn you?", "burn you.")}, ["steam.yaml:9: ", "question mark"]),
    "two questions at once": ({"tea": TEA.replace("for a cup.", "for a cup?")}, ["tea.yaml:8: ", "one thing at a time"]),
    "an unknown placeholder": ({"tea": TEA.replace("{KEEPER}", "{BUTLER}")}, ["tea.yaml:8: ", "{BUTLER} is not a placeholder"]),
    "an unclosed template": ({"tea": TEA.replace("[some]", "[some")}, ["tea.yaml:6: ", "not a sentence template"]),
    "an empty bracket in a template": ({"tea": TEA.replace("[some]", "<>")}, ["tea.yaml:6: ", "not a sentence template"]),
    "an unknown rule": ({"tea": TEA.replace("<make>", "<brew>")}, ["tea.yaml:6: ", "no rule <brew>"]),
    "an unknown list": ({"tea": TEA.replace("{drink}", "{food}")}, ["tea.yaml:6: ", "no list {food}"]),
    "an unknown rule in a rule": ({"skill": SKILL.replace("<make>", "<brew>")}, ["skill.yaml:21: ", "no rule <brew>"]),
    "a rule that needs itself": ({"skill": SKILL.replace("(make|boil)", "<please>")}, ["skill.yaml:20: ", "leads back to itself"]),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named_with_its_line_and_the_way_out(
    write: Write, changed: dict[str, str | bytes | None], expected: list[str]
) -> None:
    start, part = expected
    found = complaints(write(**changed))
    assert any(line.startswith(start) and part in line for line in found), found


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("Wait 5 minutes.", '"5" is a digit'),
        ("Wait (a bit).", '"(" is a bracket'),
        ("Wait - then drink.", '"-" is a dash'),
        ("Wait \u2013 then drink.", "is a dash"),
        ("Milk and/or sugar.", '"/" is a slash'),
        ("All of it & more.", "cannot be spoken"),
        ("Sweets, e.g. sugar.", '"e.g" is an abbreviation'),
        ("Ask Dr. Brown.", '"Dr" is an abbreviation'),
        ("Take ten mg of it.", '"mg" is an abbreviation'),
        ("Ask the NHS.", '"NHS" is an abbreviation'),
        ("Wait until the water in the kettle has come to the boil and then has cooled again.", "the first sentence is 17 words long"),
        ("Wait. " + "And wait. " * 30, "this is 61 words long"),
        ("Wait. " + "And wait. " * 28, "come to 62 words"),
    ],
)
def test_what_a_voice_would_stumble_over_is_refused(write: Write, words: str, part: str) -> None:
    found = complaints(write(tea=TEA.replace(ANSWER, words.strip())))
    assert [line for line in found if line.startswith("tea.yaml:8: ") and part in line], found
    assert len(found) == 1


@pytest.mark.parametrize("words", ["It's a well-known thing, OK?", "I'd say: \u201cwait\u201d; then drink!", "Is it caf\u00e9 au lait?"])
def test_plain_speech_is_let_through(words: str) -> None:
    assert not list(unspeakable(words))


def test_the_longer_answer_may_be_longer_but_not_endless(write: Write) -> None:
    longest = "warm " * 79 + "it."
    assert load_skill(write(tea=TEA.replace("Warm the pot first.", longest))).intents["tea"].more == longest
    assert "tea.yaml:9: this is 81 words long" in complaints(write(tea=TEA.replace("Warm the pot first.", "warm " * 80 + "it.")))[0]


def test_the_owner_s_words_must_be_speakable_too(write: Write) -> None:
    with pytest.raises(SkillErrors, match='settings, KEEPER: "9" is a digit'):
        load_skill(write(), {"KEEPER": "999"})


def test_the_same_phrase_in_two_intents_is_found_whatever_its_dress(write: Write) -> None:
    found = complaints(write(steam=STEAM.replace("- the steam burned me", "- the steam burned me\n  - How do I make  TEA?")))
    assert len(found) == 1
    assert found[0].startswith("tea.yaml:4: ")
    assert "steam.yaml:6" in found[0]


def test_a_check_of_the_sound_needs_its_lines(write: Write) -> None:
    said = complaints(write(check="id: check\nkind: control\ncontrol: check_sound\nexamples:\n  - check the sound\n"))
    assert any(line.endswith('the line "hum" is missing under "sound"; add it') for line in said)


def test_lines_for_visitors_are_none_or_all(write: Write) -> None:
    assert load_skill(write()).visitors is None
    said = complaints(write(skill=SKILL + "visitors:\n  routine: Ask me there.\n  riddle: What has keys?\n"))
    assert any(line.endswith('the line "diary" is missing under "visitors"; add it') for line in said)
    assert any(line.endswith('"riddle" is no line of "visitors"; take it out') for line in said)


def test_a_control_belongs_to_one_intent(write: Write) -> None:
    stop = "id: {0}\nkind: control\ncontrol: stop\nexamples: [{0}]\n"
    found = complaints(write(halt=stop.format("halt"), cease=stop.format("cease")))
    assert len(found) == 1
    assert found[0].startswith('halt.yaml:3: the control "stop" stands in two intents')


def test_everything_wrong_is_said_at_once(write: Write) -> None:
    found = complaints(
        write(
            tea=TEA.replace("more: Warm the pot first.", "more: Warm 2 pots.\nmroe: x"),
            steam=STEAM.replace("tier: emergency\n", "").replace("Don't", "DO NOT"),
            milk="id: milk\nid: milk\nkind: &a answer\n",
            sources=SOURCES.replace("  seen: seen\n", ""),
        )
    )
    assert [line.split(": ")[0] for line in found] == [
        "milk.yaml:2",
        "milk.yaml:3",
        "sources.yaml:1",
        "steam.yaml:2",
        "steam.yaml:7",
        "steam.yaml:7",
        "tea.yaml:10",
    ]


def test_a_broken_skill_file_does_not_put_the_blame_on_the_others(write: Write) -> None:
    assert [line.split(":")[0] for line in complaints(write(skill="name: [", sources="BOOK"))] == ["skill.yaml", "sources.yaml"]


# Folders and links.


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    assert any(str(missing) in line and "cannot be read" in line for line in complaints(missing))


def test_a_file_given_for_the_folder_is_named(write: Write) -> None:
    assert "cannot be read" in "".join(complaints(write() / "tea.yaml"))


def test_an_empty_folder_says_what_it_needs(tmp_path: Path) -> None:
    found = "\n".join(complaints(tmp_path))
    assert "there are no intents in this folder" in found
    assert "there is no skill.yaml" in found


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(write: Write) -> None:
    folder = write()
    (folder / "tea.yaml").chmod(0)
    assert any(line.startswith("tea.yaml:1: this cannot be read (Permission denied)") for line in complaints(folder))


def test_links_that_go_round_in_circles_do_not_trap_the_loader(write: Write) -> None:
    folder = write()
    (folder / "milk.yaml").symlink_to(folder / "cream.yaml")
    (folder / "cream.yaml").symlink_to(folder / "milk.yaml")
    (folder / "round").symlink_to(folder)
    found = "\n".join(complaints(folder))
    assert "milk.yaml:1: this is not a file, or a link that leads nowhere" in found
    assert "cream.yaml:1: " in found
    assert "round: folders inside are not looked into" in found
    loop = folder / "loop"
    loop.symlink_to(loop)
    assert "cannot be read" in "\n".join(complaints(loop))


def test_a_pipe_does_not_keep_us_waiting(write: Write) -> None:
    folder = write()
    os.mkfifo(folder / "milk.yaml")
    assert "milk.yaml:1: this is not a file" in "\n".join(complaints(folder))


def test_a_file_with_the_wrong_ending_is_not_passed_over_in_silence(write: Write) -> None:
    folder = write()
    (folder / "tea.yaml").rename(folder / "tea.yml")
    assert any(line.startswith('tea.yml:1: files here end in ".yaml"') for line in complaints(folder))


# Whatever stands in the files, nothing but SkillErrors comes out.

KEYS = st.sampled_from(["id", "kind", "examples", "templates", "answers", "more", "offer", "tier", "lines", "rules", "sources", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["tea", "answer", "flag", "<make>", "{KEEPER}", "stop"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)  # fmt: skip


def only_skill_errors(folder: Path) -> None:
    with suppress(SkillErrors):
        assert isinstance(load_skill(folder), Skill)


@pytest.mark.parametrize("name", ["skill", "sources", "tea"])
def test_random_bytes_are_answered_with_plain_words(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for file, text in (("skill", SKILL), ("sources", SOURCES), ("tea", TEA), ("steam", STEAM)):
        (folder / f"{file}.yaml").write_text(text, encoding="utf-8")

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=200) | st.text(alphabet="ab:- \n[]{}<>&*!|?#'\"%", max_size=80).map(str.encode))
    def check(content: bytes) -> None:
        (folder / f"{name}.yaml").write_bytes(content)
        only_skill_errors(folder)

    check()


@pytest.mark.parametrize("name", ["skill", "sources", "tea"])
def test_random_yaml_is_answered_with_plain_words(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("yaml")
    for file, text in (("skill", SKILL), ("sources", SOURCES), ("tea", TEA), ("steam", STEAM)):
        (folder / f"{file}.yaml").write_text(text, encoding="utf-8")
    base = yaml.safe_load({"skill": SKILL, "sources": SOURCES, "tea": TEA}[name])

    @settings(max_examples=60, deadline=None)
    @given(VALUES, st.dictionaries(st.sampled_from(sorted(base)), VALUES, max_size=3))
    def check(anything: object, instead: dict[str, object]) -> None:
        for content in (anything, {**base, **instead}):
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
            only_skill_errors(folder)

    check()


# The skill that is shipped.


@pytest.fixture(scope="module")
def shipped() -> Skill:
    return load_skill(SHIPPED)


def test_all_132_intents_are_there(shipped: Skill) -> None:
    counts = {kind: sum(intent.kind is kind for intent in shipped.intents.values()) for kind in Kind}
    assert counts == {Kind.ANSWER: 60, Kind.FLAG: 28, Kind.ROUTINE: 12, Kind.DIARY: 6, Kind.CONTROL: 26}
    groups = {group: sum(name.startswith(f"{group}_") for name in shipped.intents) for group in ("cause", "relief", "redflag", "safety")}
    assert groups == {"cause": 26, "relief": 34, "redflag": 18, "safety": 10}


def test_every_control_can_be_asked_for(shipped: Skill) -> None:
    assert {intent.control for intent in shipped.intents.values() if intent.control} == set(Control)


def test_every_flag_knows_a_dozen_ways_to_be_told(shipped: Skill) -> None:
    flags = [intent for intent in shipped.intents.values() if intent.kind is Kind.FLAG]
    assert {intent.id: len(intent.examples) for intent in flags if len(intent.examples) < 12} == {}
    assert all(intent.then for intent in flags)


def test_every_spoken_string_can_be_spoken_and_followed(shipped: Skill) -> None:
    for intent in shipped.intents.values():
        routine = intent.routine.parts if intent.routine else ()
        steps = [text for part in routine for step in part.steps for text in (step.say, step.again, step.otherwise, step.easier)]
        for written in filter(None, (*intent.answers, intent.then, intent.stay, intent.more, intent.invitation, *steps)):
            text = written.replace("{TIME}", "three o'clock")
            assert not re.search(r"[\d()\[\]{}<>/\\\u2013\u2014]|\s-|-\s|\b[A-Z]{2,}\b", text.replace("OK", "")), (intent.id, text)
        for answer in intent.answers:
            offered = shipped.intents[intent.offer].invitation if intent.offer else ""
            assert len(re.split(r"(?<=[.?!])\s", answer)[0].split()) <= 15, (intent.id, answer)
            assert len(f"{answer} {offered}".split()) <= 60, (intent.id, answer)
        assert len((intent.more or "").split()) <= 80, intent.id


def test_every_offer_asks_a_question(shipped: Skill) -> None:
    offered = {intent.offer for intent in shipped.intents.values() if intent.offer}
    assert len(offered) > 20
    assert all((shipped.intents[name].invitation or "").endswith("?") for name in offered)
    assert all(intent.invitation for intent in shipped.intents.values() if intent.kind is Kind.ROUTINE)


def test_every_intent_can_be_asked_for_in_several_ways(shipped: Skill) -> None:
    few = {intent.id for intent in shipped.intents.values() if not 2 <= len(intent.templates) <= 8 or len(intent.examples) < 3}
    assert few == set()


def test_the_words_that_must_always_work_are_escapes(shipped: Skill) -> None:
    escapes = {intent.control: set(intent.escape) for intent in shipped.intents.values() if intent.escape}
    assert escapes.keys() == {Control.STOP, Control.HURTS, Control.HELP, Control.PAUSE, Control.CALL_SOMEONE}
    assert escapes[Control.STOP] >= {"stop", "shut up"}
    assert escapes[Control.HURTS] >= {"that hurts", "ow", "ouch"}
    assert "help me" in escapes[Control.HELP]
    assert "wait" in escapes[Control.PAUSE]


def test_no_sentence_leads_to_two_intents_even_when_templates_are_spelled_out(shipped: Skill) -> None:
    rules = {name: parse_sentence(body) for name, body in shipped.rules.items()}
    lists: dict[str, SlotList] = {name: TextSlotList.from_strings(values) for name, values in shipped.lists.items()}
    owner: dict[str, str] = {}
    for intent in shipped.intents.values():
        spelled = (sentence for template in intent.templates for sentence in sample_sentence(parse_sentence(template), lists, rules))
        for phrase in map(normalised, (*intent.examples, *intent.escape, *spelled)):
            assert owner.setdefault(phrase, intent.id) == intent.id, f'"{phrase}" leads to {owner[phrase]} and {intent.id}'


def test_no_reply_names_a_dose(shipped: Skill) -> None:
    for intent in shipped.intents.values():
        for text in filter(None, (*intent.answers, intent.then, intent.more)):
            assert not re.search(r"milligram|\b(one|two|three|four|six|eight) (tablets?|pills?|hours?)\b", text), (intent.id, text)


def test_every_intent_has_a_title_of_its_own(shipped: Skill) -> None:
    named = ("cause_", "relief_", "routine_", "control_")
    assert [intent.id for intent in shipped.intents.values() if intent.id.startswith(named) and not intent.title] == []
    owner: dict[str, str] = {}
    for intent in shipped.intents.values():
        if intent.title:
            title = intent.title.casefold()
            assert owner.setdefault(title, intent.id) == intent.id, f'"{title}" names {owner[title]} and {intent.id}'


def test_the_numbers_to_call_are_those_of_the_country() -> None:
    folder = Path(__file__).parent.parent / "intents" / "en"
    said = {country: load_skill(folder, country=country).intents["redflag_chest_pain"].answers[0] for country in ("GB", "us", "", "XX")}
    assert "nine nine nine" in said["GB"]
    assert "nine one one" in said["us"]
    assert said[""] == said["XX"]
    assert "your emergency number" in said[""]

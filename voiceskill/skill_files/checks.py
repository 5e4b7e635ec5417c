"""How the parts of a skill must fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from voiceskill.core.skill import Control, Kind, Note
from voiceskill.core.understanding.normalise import normalise
from voiceskill.core.understanding.numerals import numerals, spoken_words
from voiceskill.skill_files import phrases, routines, slots, spoken
from voiceskill.skill_files.document import Document, Place, Problem
from voiceskill.skill_files.schema import IntentFile, SkillFile

_NEEDED = {
    Kind.ANSWER: ("answers",),
    Kind.FLAG: ("tier", "answers"),
    Kind.ROUTINE: ("routine", "invitation"),
    Kind.DIARY: ("note",),
    Kind.CONTROL: ("control",),
}
_ONLY_FOR = {"tier": Kind.FLAG, "then": Kind.FLAG, "stay": Kind.FLAG, "counted": Kind.FLAG, "control": Kind.CONTROL, "note": Kind.DIARY}
_BACKED_BY_SOURCES = (Kind.ANSWER, Kind.FLAG, Kind.ROUTINE)


@dataclass(frozen=True, slots=True)
class Written:
    """An intent and the file it stands in."""

    document: Document
    intent: IntentFile

    def problem(self, place: Place, message: str) -> Problem:
        """Make a problem at `place` of the file."""
        return self.document.problem(place, message)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What intents may refer to. None stands for what could not be read: better to say nothing of it than to blame the innocent."""

    ids: frozenset[str]
    sources: frozenset[str] | None
    placeholders: Mapping[str, str] | None
    lists: Mapping[str, object] | None
    rules: Mapping[str, str] | None
    slots: Mapping[str, object] | None


def check_intent(written: Written, around: Surroundings) -> Iterator[Problem]:
    """Problems of an intent by itself."""
    for check in (_name, _kind, _sources, _phrases, _slots, _speech):
        yield from check(written, around)
    yield from routines.check_routine(written.document, written.intent)


def check_together(intents: Sequence[Written], around: Surroundings) -> Iterator[Problem]:
    """Problems between intents."""
    yield from _same_twice(intents, "id", lambda written: [(("id",), written.intent.id)])
    yield from _same_twice(intents, "control", lambda written: [(("control",), written.intent.control)] if written.intent.control else [])
    yield from _same_twice(intents, "note", lambda written: [(("note",), written.intent.note)] if written.intent.note else [])
    yield from _same_twice(intents, "phrase", _heard)
    yield from _offers(intents, around)


def _spotted(intents: Sequence[Written], document: Document, skill: SkillFile) -> Iterator[Problem]:
    """What is listened for by itself must mean something by itself."""
    listed = {normalise(phrase) for written in intents for phrase in (*written.intent.examples, *written.intent.escape)}
    escapes = [normalise(phrase) for written in intents for phrase in written.intent.escape]
    for name in ("commands", "answers"):
        for place, phrase in enumerate(getattr(skill.spotted, name)):
            said = normalise(phrase)
            if said in listed or numerals(spoken_words(said)) or any(f" {escape} " in f" {said} " for escape in escapes):
                continue
            message = f'no intent lists "{phrase}"; add it to the examples of one, or take it out'
            yield document.problem(("spotted", name, place), message)
    asked_about = {written.intent.id for written in intents if written.intent.kind is Kind.FLAG and written.intent.invitation}
    for flag in skill.spotted.dangers.keys() - asked_about:
        message = f'"{flag}" is no sign of danger that can be asked about: that takes an invitation'
        yield document.problem(("spotted", "dangers", flag), message)


def check_with_skill(intents: Sequence[Written], document: Document, skill: SkillFile) -> Iterator[Problem]:
    """Problems between intents and what belongs to the skill as a whole."""
    of_kind = {kind: frozenset(written.intent.id for written in intents if written.intent.kind is kind) for kind in Kind}
    for written in intents:
        yield from routines.check_names(written.document, written.intent, skill, of_kind[Kind.ROUTINE])
    yield from routines.check_references(document, skill, frozenset().union(*of_kind.values()))
    yield from routines.check_screen(document, skill, of_kind[Kind.FLAG])
    needed = {
        "guide": bool(of_kind[Kind.ROUTINE]),
        "diary": bool(of_kind[Kind.DIARY]),
        "sound": any(written.intent.control is Control.CHECK_SOUND for written in intents),
        "help": any(written.intent.alerts for written in intents),
    }
    yield from routines.check_lines(document, skill, needed)
    yield from _spotted(intents, document, skill)


def check_skill(document: Document, skill: SkillFile, placeholders: Mapping[str, str]) -> Iterator[Problem]:
    """Problems of skill.yaml."""
    for name, value in skill.placeholders.items():
        for fault in spoken.unspeakable(value):
            yield document.problem(("placeholders", name), fault)
    for country, values in skill.countries.items():
        for name, value in values.items():
            for fault in spoken.unspeakable(value):
                yield document.problem(("countries", country, name), fault)
            if name not in skill.placeholders:
                yield document.problem(("countries", country, name), f'{{{name}}} is not a placeholder; add it to "placeholders"')
    for name, line in skill.lines:
        for place, text in _each(("lines", name), line):
            yield from _say(document, place, text, spoken.ANSWER, placeholders)
    for name, body in skill.rules.items():
        for fault in phrases.faulty_template(body, skill.lists, skill.rules):
            yield document.problem(("rules", name), fault)
    for place, text, limits in routines.spoken_of_screen(skill.screen) if skill.screen else ():
        yield from _say(document, place, text, limits, placeholders)
    sections = {"guide": skill.guide, "diary": skill.diary, "sound": skill.sound, "visitors": skill.visitors, "help": skill.help}
    for section, given in sections.items():
        for name, text in given.items():
            yield from _say(document, (section, name), text, spoken.ANSWER, placeholders)
    for name, text in skill.conditions.items():
        yield from _say(document, ("conditions", name), text, spoken.TITLE, placeholders)
    yield from slots.check_slots(document, skill)
    for name in phrases.circular_rules(skill.rules):
        yield document.problem(("rules", name), f"the rule <{name}> leads back to itself; write one of them out")


def _name(written: Written, _: Surroundings) -> Iterator[Problem]:
    name = written.document.path.stem
    if written.intent.id != name:
        yield written.problem(("id",), f'the id is "{written.intent.id}" but the file is called "{name}.yaml"; make them the same')


def _kind(written: Written, _: Surroundings) -> Iterator[Problem]:
    intent = written.intent
    for key in _NEEDED[intent.kind]:
        if not getattr(intent, key):
            yield written.problem(("kind",), f'an intent of kind {intent.kind} needs "{key}"; add it')
    if intent.note is Note.SCREENED and not intent.answers:
        yield written.problem(("note",), 'this one needs "answers"; add what is said when the questions were answered already')
    for key, kind in _ONLY_FOR.items():
        if getattr(intent, key) and intent.kind is not kind:
            yield written.problem((key,), f'"{key}" is for the kind {kind} only; take it out, or change the kind')
    if intent.kind is Kind.FLAG and len(intent.answers) > 1:
        yield written.problem(("answers",), f"a flag always says the same: keep one answer of these {len(intent.answers)}")
    if not intent.examples and not intent.templates:
        yield written.problem((), 'nothing that is said would lead here; add "examples" or "templates"')


def _sources(written: Written, around: Surroundings) -> Iterator[Problem]:
    intent = written.intent
    if intent.kind in _BACKED_BY_SOURCES and not intent.sources and not intent.unverified:
        yield written.problem((), 'name what the answer rests on under "sources", or what rests on nothing under "unverified"')
    for index, key in enumerate(intent.sources):
        if around.sources is not None and key not in around.sources:
            yield written.problem(("sources", index), f'there is no source "{key}" in sources.yaml; add it there, or correct the key')


def _phrases(written: Written, around: Surroundings) -> Iterator[Problem]:
    if around.lists is None or around.rules is None:
        return
    for place, template in _each(("templates",), written.intent.templates):
        for fault in phrases.faulty_template(template, around.lists, around.rules):
            yield written.problem(place, fault)


def _slots(written: Written, around: Surroundings) -> Iterator[Problem]:
    for index, name in enumerate(written.intent.slots):
        if around.slots is not None and name not in around.slots:
            yield written.problem(("slots", index), f'there is no slot "{name}"; add it under "slots" in skill.yaml, or take it out')


def _speech(written: Written, around: Surroundings) -> Iterator[Problem]:
    intent = written.intent
    for key, value, limits in (
        ("answers", intent.answers, spoken.ANSWER),
        ("then", intent.then, spoken.ANSWER),
        ("stay", intent.stay, spoken.ANSWER),
        ("more", intent.more, spoken.MORE),
        ("invitation", intent.invitation, spoken.QUESTION),
        ("title", intent.title, spoken.TITLE),
    ):
        for place, text in _each((key,), value):
            yield from _say(written.document, place, text, limits, around.placeholders)
    if intent.timed:
        for key in ("offer", "over", "check", "check_answer"):
            yield from _say(written.document, ("timed", key), getattr(intent.timed, key), spoken.QUESTION, around.placeholders)
    for place, text, limits in routines.spoken_of_routine(intent.routine) if intent.routine else ():
        yield from _say(written.document, place, text, limits, around.placeholders)
    if intent.invitation and not intent.invitation.endswith("?"):
        yield written.problem(("invitation",), "an invitation is a question to be answered by yes or no; end it with a question mark")


def _say(document: Document, place: Place, text: str, limits: spoken.Limits, placeholders: Mapping[str, str] | None) -> Iterator[Problem]:
    faults = [*spoken.unspeakable(text), *spoken.too_long(spoken.fill(text, placeholders or {}), limits)]
    if placeholders is not None:
        unknown = [name for name in spoken.PLACEHOLDER.findall(text) if name not in placeholders and name not in spoken.FILLED_WHEN_SAID]
        faults += [f'{{{name}}} is not a placeholder; add it to "placeholders" in skill.yaml, or correct the name' for name in unknown]
    for fault in faults:
        yield document.problem(place, fault)


def _offers(intents: Sequence[Written], around: Surroundings) -> Iterator[Problem]:
    by_id = {written.intent.id: written.intent for written in intents}
    for written in intents:
        offer = written.intent.offer
        if offer is None:
            continue
        if offer not in around.ids:
            yield written.problem(("offer",), f'there is no intent "{offer}" to offer; correct the name, or take the offer out')
        elif offered := by_id.get(offer):
            yield from _turn(written, offered, around)


def _turn(written: Written, offered: IntentFile, around: Surroundings) -> Iterator[Problem]:
    """Check what is said in one turn: an answer, then the question that offers another intent."""
    if offered.invitation is None:
        yield written.problem(("offer",), f'"{offered.id}" has no invitation to be offered with; add "invitation" to {offered.id}.yaml')
        return
    for place, answer in _each(("answers",), written.intent.answers):
        if "?" in answer:
            yield written.problem(place, "this asks a question, and the offer asks another; ask one thing at a time")
        alone, together = (
            spoken.count_words(spoken.fill(text, around.placeholders or {})) for text in (answer, f"{answer} {offered.invitation}")
        )
        if alone <= spoken.ANSWER.words < together:
            yield written.problem(
                place, f'this and the invitation of "{offered.id}" come to {together} words; {spoken.ANSWER.words} is the most for one turn'
            )


def _heard(written: Written) -> list[tuple[Place, str]]:
    """Everything that can be heard as it stands; an intent may repeat itself."""
    found: dict[str, Place] = {}
    for key in ("escape", "examples", "templates"):
        for place, phrase in _each((key,), getattr(written.intent, key)):
            # The signs of a template carry meaning, so a template is only the same as another that is written alike.
            found.setdefault(" ".join(phrase.split()) if key == "templates" else phrases.normalised(phrase), place)
    return [(place, phrase) for phrase, place in found.items()]


def _same_twice(intents: Sequence[Written], what: str, values: Callable[[Written], list[tuple[Place, str]]]) -> Iterator[Problem]:
    first: dict[str, Problem] = {}
    for written in intents:
        for place, value in values(written):
            here = written.problem(place, f'the {what} "{value}" stands in two intents; keep it in one')
            if value in first:
                yield Problem(here.where, here.line, f"{here.message} (the other: {first[value].where}:{first[value].line})")
            else:
                first[value] = here


def _each(place: Place, value: str | tuple[str, ...] | None) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif value:
        for index, text in enumerate(value):
            yield (*place, index), text

"""Routines and the safety questions before them: how they are written, and how their parts must fit together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

from voiceskill.core.precautions import Precautions, Screen, ScreenPart, ScreenQuestion
from voiceskill.core.routines import Listen, Part, Routine, Step
from voiceskill.core.skill import DiaryLines, GuideLines, HelpLines, Kind, SoundLines, VisitorLines
from voiceskill.skill_files.document import Document, Place, Problem
from voiceskill.skill_files.schema import IntentFile, PrecautionsSection, RoutineSection, ScreenSection, SkillFile, StepEntry
from voiceskill.skill_files.spoken import QUESTION, STEP, Limits, fill

Spoken = tuple[Place, str, Limits]
"""Something that is said, where it stands, and how long it may be."""


def build_routine(section: RoutineSection, placeholders: Mapping[str, str]) -> Routine:
    """The routine of an intent without problems."""

    def said(text: str | None) -> str | None:
        return text and fill(text, placeholders)

    def step(entry: StepEntry) -> Step:
        return Step(
            say=fill(entry.say or "", placeholders),
            again=said(entry.again),
            count=entry.count,
            seconds=entry.seconds,
            listen=entry.listen,
            otherwise=said(entry.otherwise),
            easier=said(entry.easier),
            easier_count=entry.easier_count,
            harder=entry.harder,
            rounds=entry.in_rounds,
            only_if=entry.only_if,
            breath=entry.breath,
        )

    parts = tuple(
        Part(tuple(map(step, entry.steps)), entry.rounds or 1, entry.easier_rounds) if entry.steps else Part((step(entry),))
        for entry in section.steps
    )
    return Routine(section.name, parts, said(section.stop_rule), said(section.warning), section.ends_quietly)


def build_precautions(section: PrecautionsSection) -> Precautions:
    """The precautions of an intent without problems."""
    return Precautions(section.screen, section.moves, frozenset(section.not_for), section.instead, section.warning)


def build_screen(section: ScreenSection) -> Screen:
    """The safety questions of a skill without problems."""
    questions = {
        name: ScreenQuestion(question.ask, tuple(ScreenPart(**part.model_dump()) for part in question.parts))
        for name, question in section.questions.items()
    }
    return Screen(questions, section.intro, section.intro_one, section.clear, section.unsure, section.which, section.later)


def spoken_of_routine(section: RoutineSection) -> Iterator[Spoken]:
    """Everything that a routine says."""
    for key in ("stop_rule", "warning"):
        if text := getattr(section, key):
            yield ("routine", key), text, STEP
    for place, entry in _entries(section):
        for key in ("say", "again", "otherwise", "easier"):
            if text := getattr(entry, key):
                yield (*place, key), text, STEP


def spoken_of_screen(section: ScreenSection) -> Iterator[Spoken]:
    """Everything that the safety questions say."""
    for key in ("intro", "intro_one", "clear", "unsure", "which", "later"):
        yield ("screen", key), getattr(section, key), STEP
    for name, question in section.questions.items():
        yield ("screen", "questions", name, "ask"), question.ask, STEP
        for index, part in enumerate(question.parts):
            yield ("screen", "questions", name, "parts", index, "ask"), part.ask, QUESTION


def check_routine(document: Document, intent: IntentFile) -> Iterator[Problem]:
    """Problems of a routine by itself."""
    if (intent.routine is None) != (intent.kind is not Kind.ROUTINE):
        yield document.problem(("kind",), 'a "routine" goes with the kind routine, and with no other; add the one or change the other')
    if intent.routine is None:
        return
    waited = False
    for place, entry in _entries(intent.routine):
        for message in _faults(entry, nested=len(place) > 3):
            yield document.problem(place, message)
        if entry.harder and not waited:
            yield document.problem((*place, "harder"), "a harder step must come right after one that listens: silence may not lead to it")
        waited = entry.listen is not None and entry.only_if is None and not entry.in_rounds and not entry.steps
    if intent.precautions and intent.precautions.moves and not intent.precautions.screen:
        yield document.problem(("precautions",), 'what moves the body needs safety questions first; name them under "screen"')


def _faults(entry: StepEntry, *, nested: bool) -> Iterator[str]:
    if entry.steps:
        if nested:
            yield "steps inside of repeated steps cannot be repeated themselves; write them out"
        if entry.model_fields_set - {"rounds", "easier_rounds", "steps"} or entry.rounds is None:
            yield 'steps that are repeated have "rounds", perhaps "easier_rounds", and "steps", and nothing else'
        return
    if entry.say is None:
        yield 'a step needs something to "say"'
    if entry.rounds or entry.easier_rounds:
        yield '"rounds" belong to steps that are repeated; put them beside "steps"'
    if not (entry.count or entry.seconds or entry.listen):
        yield 'a step takes time; add "seconds", "count" or "listen"'
    if entry.breath is not None and not entry.count:
        yield '"breath" is shown while it is counted; add "count"'
    if (entry.listen is Listen.DONE) != (entry.otherwise is not None):
        yield '"otherwise" is what is said after a no where a step waits for "done"; these two go together'
    if entry.easier_count is not None and entry.easier_count >= (entry.count or 0):
        yield '"easier_count" must be smaller than "count"'


def check_names(document: Document, intent: IntentFile, skill: SkillFile, routines: frozenset[str]) -> Iterator[Problem]:
    """Problems of what an intent's routine and precautions refer to."""
    if intent.routine:
        for place, entry in _entries(intent.routine):
            if entry.only_if and entry.only_if not in skill.conditions:
                yield document.problem((*place, "only_if"), _no_condition(entry.only_if))
    for index, name in enumerate(intent.implies):
        if name not in skill.conditions:
            yield document.problem(("implies", index), _no_condition(name))
    if intent.precautions is None:
        return
    for index, name in enumerate(intent.precautions.not_for):
        if name not in skill.conditions:
            yield document.problem(("precautions", "not_for", index), _no_condition(name))
    for index, name in enumerate(intent.precautions.screen):
        if skill.screen is None or name not in skill.screen.questions:
            yield document.problem(("precautions", "screen", index), f'there is no safety question "{name}" under "screen" in skill.yaml')
    if intent.precautions.instead is not None and intent.precautions.instead not in routines:
        yield document.problem(("precautions", "instead"), f'there is no routine "{intent.precautions.instead}" to offer instead')


def check_references(document: Document, skill: SkillFile, ids: frozenset[str]) -> Iterator[Problem]:
    """Problems of the intents and conditions that skill.yaml refers to."""
    for key in ("condition_words", "passing"):
        for name in getattr(skill, key):
            if name not in skill.conditions:
                yield document.problem((key,), _no_condition(name))
    for key in ("calming", "not_improving"):
        name = getattr(skill, key)
        if name is not None and name not in ids:
            yield document.problem((key,), f'there is no intent "{name}"; correct the name')


def check_screen(document: Document, skill: SkillFile, flags: frozenset[str]) -> Iterator[Problem]:
    """Problems of the safety questions."""
    if skill.screen is None:
        return
    for name, question in skill.screen.questions.items():
        for index, part in enumerate(question.parts):
            place: Place = ("screen", "questions", name, "parts", index)
            if part.flag is None and part.condition is None:
                yield document.problem(place, 'say what a yes means: add "flag", "condition" or both')
            if part.flag is not None and part.flag not in flags:
                yield document.problem((*place, "flag"), f'there is no flag "{part.flag}"; correct the name')
            for key in ("condition", "only_if"):
                condition = getattr(part, key)
                if condition is not None and condition not in skill.conditions:
                    yield document.problem((*place, key), _no_condition(condition))


_LINES = {"guide": GuideLines, "diary": DiaryLines, "sound": SoundLines, "visitors": VisitorLines, "help": HelpLines}


def check_lines(document: Document, skill: SkillFile, needed: Mapping[str, bool]) -> Iterator[Problem]:
    """Problems of the lines about one subject each; those that are `needed` must all be there."""
    for key, lines in _LINES.items():
        given: dict[str, str] = getattr(skill, key)
        known = {field.name for field in fields(lines)}
        if given or needed.get(key):
            for name in sorted(known - given.keys()):
                yield document.problem((key,), f'the line "{name}" is missing under "{key}"; add it')
        for name in sorted(given.keys() - known):
            yield document.problem((key, name), f'"{name}" is no line of "{key}"; take it out')


def _no_condition(name: str) -> str:
    return f'there is no condition "{name}"; add it to "conditions" in skill.yaml, or correct the name'


def _entries(section: RoutineSection) -> Iterator[tuple[Place, StepEntry]]:
    for index, entry in enumerate(section.steps):
        yield ("routine", "steps", index), entry
        for inner, step in enumerate(entry.steps):
            yield ("routine", "steps", index, "steps", inner), step

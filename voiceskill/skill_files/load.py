"""Loading a folder of skill files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from voiceskill.core.precautions import Timed
from voiceskill.core.skill import (
    DiaryLines,
    GuideLines,
    HelpLines,
    Intent,
    Lines,
    Skill,
    SoundLines,
    Source,
    Spotted,
    TakingBack,
    VisitorLines,
)
from voiceskill.core.understanding.normalise import normalise
from voiceskill.ports import Fault
from voiceskill.skill_files.checks import Surroundings, Written, check_intent, check_skill, check_together, check_with_skill
from voiceskill.skill_files.collected import FOLDER, Collected, read_collected
from voiceskill.skill_files.document import Document, Problem, Report, read
from voiceskill.skill_files.phrases import normalised
from voiceskill.skill_files.routines import build_precautions, build_routine, build_screen
from voiceskill.skill_files.schema import File, IntentFile, SkillFile, SourcesFile, validate
from voiceskill.skill_files.slots import build_slots
from voiceskill.skill_files.spoken import fill, unspeakable

_SKILL = "skill.yaml"
_SOURCES = "sources.yaml"
_READ_ELSEWHERE = frozenset(("pronunciation.yaml", "setup.yaml"))  # by the synthesisers, and where the device is set up


class SkillErrors(Fault):
    """A folder of skill files cannot be used. `problems` holds all that is wrong, in order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda problem: (problem.where, problem.line or 0, problem.message)))
        super().__init__("\n".join(map(str, self.problems)))


def load_skill(folder: Path, substitutions: Mapping[str, str] = {}, country: str = "") -> Skill:
    """Read the skill in `folder`, which holds skill.yaml, sources.yaml and one file for each intent.

    `substitutions` are spoken in the place of placeholders, before the defaults of skill.yaml; those the skill has no use for
    are passed over. `country` is two letters; what skill.yaml names for it comes between the two. Raises SkillErrors.
    """
    problems: list[Problem] = []
    report = problems.append
    documents = {path.name: read(path, report) for path in _files(folder, report)}

    skill = _one(documents, folder / _SKILL, SkillFile, report)
    sources = _one(documents, folder / _SOURCES, SourcesFile, report)
    intents = [
        Written(document, intent)
        for name, document in documents.items()
        if name not in (_SKILL, _SOURCES) and document and (intent := validate(document, IntentFile, report))
    ]
    there = skill.countries.get(country.upper(), {}) if skill else {}
    placeholders = {**skill.placeholders, **there, **substitutions} if skill else {}
    around = Surroundings(
        ids=frozenset(Path(name).stem for name in documents) - {"skill", "sources"} | {written.intent.id for written in intents},
        sources=frozenset(sources.root) if sources else None,
        placeholders=placeholders if skill else None,
        lists=skill.lists if skill else None,
        rules=skill.rules if skill else None,
        slots=skill.slots if skill else None,
    )
    problems.extend(_substitutions(substitutions))
    if skill and (document := documents[_SKILL]):
        problems.extend(check_skill(document, skill, placeholders))
        problems.extend(check_with_skill(intents, document, skill))
    for written in intents:
        problems.extend(check_intent(written, around))
    problems.extend(check_together(intents, around))
    known = {normalised(phrase): written.intent.id for written in intents for phrase in (*written.intent.examples, *written.intent.escape)}
    collected = read_collected(folder, known, around.ids, report)

    if problems or skill is None or sources is None:
        raise SkillErrors(problems)
    return _build(skill, sources, [written.intent for written in intents], collected, placeholders)


def _files(folder: Path, report: Report) -> Iterator[Path]:
    """List the YAML files of a folder, by name. Hidden files and those of other kinds are nobody's business."""
    try:
        entries = sorted((entry, entry.is_dir()) for entry in folder.iterdir())
    except OSError as error:
        report(Problem(str(folder), None, f"the folder cannot be read ({error.strerror}); give the folder that holds {_SKILL}"))
        return
    for entry, is_folder in entries:
        if entry.name.startswith(".") or entry.name in _READ_ELSEWHERE:
            continue
        if entry.suffix == ".yml":
            report(Problem(str(entry), 1, f'files here end in ".yaml"; call it "{entry.stem}.yaml"'))
        elif entry.suffix == ".yaml":
            yield entry
        elif is_folder and entry.name != FOLDER:
            report(Problem(str(entry), None, "folders inside are not looked into; put the files straight into the folder above"))
    if not any(entry.suffix == ".yaml" and entry.name not in (_SKILL, _SOURCES, *_READ_ELSEWHERE) for entry, _ in entries):
        report(Problem(str(folder), None, "there are no intents in this folder; give another, or add a .yaml file for each intent"))


def _one(documents: Mapping[str, Document | None], path: Path, kind: type[File], report: Report) -> File | None:
    if path.name not in documents:
        report(Problem(str(path), 1, f"there is no {path.name} in the folder; add it"))
    document = documents.get(path.name)
    return validate(document, kind, report) if document else None


def _substitutions(substitutions: Mapping[str, str]) -> Iterator[Problem]:
    for name, value in substitutions.items():
        for fault in unspeakable(value):
            yield Problem(f"settings, {name}", None, fault)


def _build(
    skill: SkillFile, sources: SourcesFile, intents: Iterable[IntentFile], collected: Collected, placeholders: Mapping[str, str]
) -> Skill:
    def spoken(value: object) -> object:
        if isinstance(value, str):
            return fill(value, placeholders)
        return tuple(fill(text, placeholders) for text in value) if isinstance(value, tuple) else value

    said = ("title", "answers", "then", "stay", "more", "invitation")

    def build(written: IntentFile) -> Intent:
        built = {
            "routine": written.routine and build_routine(written.routine, placeholders),
            "precautions": written.precautions and build_precautions(written.precautions),
            "timed": written.timed and Timed(**written.timed.model_dump()),
            "collected": collected.heard.get(written.id, ()),
            "look_alikes": collected.look_alikes.get(written.id, ()),
        }
        return Intent(**{key: spoken(value) if key in said else value for key, value in written} | built)  # type: ignore[arg-type]

    return Skill(
        name=skill.name,
        language=skill.language,
        intents={intent.id: build(intent) for intent in intents},
        lines=Lines(**{key: spoken(value) for key, value in skill.lines}),  # type: ignore[arg-type]
        sources={key: Source(**entry.model_dump()) for key, entry in sources.root.items()},
        lists=skill.lists,
        rules=skill.rules,
        unrelated=collected.unrelated,
        spelling=skill.spelling,
        slots=build_slots(skill),
        conditions=skill.conditions,
        passing=frozenset(skill.passing),
        countries=frozenset(skill.countries),
        condition_words={name: tuple(map(normalise, phrases)) for name, phrases in skill.condition_words.items()},
        severe_signs=tuple(map(normalise, skill.severe_signs)),
        distress=tuple(map(normalise, skill.distress)),
        elsewhere=tuple(map(normalise, skill.elsewhere)),
        unfinished=tuple(map(normalise, skill.patience.unfinished)),
        spotted=Spotted(
            commands=tuple(map(normalise, skill.spotted.commands)),
            answers=tuple(map(normalise, skill.spotted.answers)),
            dangers={normalise(phrase): flag for flag, phrases in skill.spotted.dangers.items() for phrase in phrases},
            homophones={normalise(word): normalise(sound) for word, sound in skill.spotted.homophones.items()},
        ),
        calming=skill.calming,
        not_improving=skill.not_improving,
        drowsy=skill.drowsy,
        screen=build_screen(skill.screen) if skill.screen else None,
        guide=GuideLines(**skill.guide) if skill.guide else None,
        diary=DiaryLines(**skill.diary) if skill.diary else None,
        taking_back=TakingBack(**{key: tuple(map(normalise, phrases)) for key, phrases in skill.taking_back})
        if skill.taking_back
        else None,
        sound=SoundLines(**skill.sound) if skill.sound else None,
        visitors=VisitorLines(**skill.visitors) if skill.visitors else None,
        help=HelpLines(**{name: fill(line, placeholders) for name, line in skill.help.items()}) if skill.help else None,
        call_off=tuple(map(normalise, skill.call_off)),
        help_needed=tuple(map(normalise, skill.help_needed)),
        badly_hurt=tuple(map(normalise, skill.badly_hurt)),
    )

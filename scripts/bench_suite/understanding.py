"""How well lines are understood that nobody trained on: tests/phrases/heldout.tsv, held out by writer."""

from __future__ import annotations

import random
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz, process

from scripts.bench_suite.tables import Table
from voiceskill.app import App, Home
from voiceskill.core.skill import Kind, Skill
from voiceskill.core.understanding.normalise import normalise
from voiceskill.core.understanding.outcome import Match
from voiceskill.edges.encoder import OnnxEncoder

PHRASES = Path(__file__).resolve().parents[2] / "tests" / "phrases"

_NOT = "not:"
_NONE = "none"

_REJECTION = 0.98
"""Share of unrelated talk of the tuning lines that a baseline must reject; its threshold follows."""

Judge = Callable[[str], tuple[str, float]]
"""The most likely label of a line and its score."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line and what it should be taken for: an intent, `none`, or `not:` and a flag."""

    label: str
    text: str

    @property
    def look_alike(self) -> bool:
        """It only sounds like a flag."""
        return self.label.startswith(_NOT)


def read_lines(path: Path, most: int | None = None) -> list[Line]:
    """The lines of a file of phrases, or a fixed sample of `most` of them."""
    lines = [Line(*line.split("\t", 1)) for line in path.read_text(encoding="utf-8").splitlines()]
    return lines if most is None or most >= len(lines) else random.Random(1).sample(lines, most)


@dataclass(frozen=True, slots=True)
class Score:
    """What became of a set of lines; every figure is a share in percent."""

    understood: float
    rejected: float
    flags_caught: float
    look_alikes_flagged: float

    @classmethod
    def of(cls, lines: Sequence[Line], answers: Sequence[str], flags: frozenset[str]) -> Score:
        """Compare `answers`, an intent or `none` each, with the labels."""
        pairs = list(zip(lines, answers, strict=True))
        in_scope = [(line, answer) for line, answer in pairs if not line.look_alike and line.label not in {_NONE, *flags}]
        return cls(
            understood=_share(answer == line.label for line, answer in in_scope),
            rejected=_share(answer == _NONE for line, answer in pairs if line.label == _NONE),
            flags_caught=_share(answer in flags for line, answer in pairs if line.label in flags),
            look_alikes_flagged=_share(answer in flags for line, answer in pairs if line.look_alike),
        )


def _share(hits: Iterable[bool]) -> float:
    counted = list(hits)
    return 100 * sum(counted) / len(counted) if counted else float("nan")


def measure_understanding(home: Home, sample: int | None, *, baselines: bool) -> list[Table]:
    """The tables: the whole system, by flag, confusions, baselines."""
    with App(home) as app:
        skill = app.skill
        flags = frozenset(intent.id for intent in skill.intents.values() if intent.kind is Kind.FLAG)
        lines = read_lines(PHRASES / "heldout.tsv", sample)
        interpreter = app.interpreter()
        answers, seconds = [], []
        for line in lines:
            began = time.process_time()
            outcome = interpreter.interpret([line.text]).outcome
            seconds.append(time.process_time() - began)
            answers.append(outcome.intent if isinstance(outcome, Match) else _NONE)
        rows = [("voiceskill", Score.of(lines, answers, flags))]
        if baselines:
            rows += _baselines(skill, flags)
            rows.append(_with_threshold(_linear(skill), "n-grams, linear", flags))
            if encoder := app.encoder():
                rows.append(_with_threshold(_encoder_alone(encoder), "encoder alone", flags))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    median, slow = (1000 * _quantile(seconds, share) for share in (0.5, 0.95))
    note = f"CPU per line: median {median:.1f} ms, 95 % under {slow:.1f} ms; {memory:.0f} MB with everything loaded"
    return [_whole(rows, len(lines), note), _by_kind(skill, lines, answers), _by_flag(lines, answers, flags), _confusions(lines, answers)]


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def _whole(rows: Iterable[tuple[str, Score]], count: int, note: str) -> Table:
    columns = ("judge", "in scope understood %", "unrelated rejected %", "flags caught %", "look-alikes flagged %")
    body = tuple((name, s.understood, s.rejected, s.flags_caught, s.look_alikes_flagged) for name, s in rows)
    return Table(f"Understanding {count} lines by writers not trained on", columns, body, digits=1, note=note)


def _by_kind(skill: Skill, lines: Sequence[Line], answers: Sequence[str]) -> Table:
    groups: dict[str, list[bool]] = defaultdict(list)
    for line, answer in zip(lines, answers, strict=True):
        if line.label in skill.intents:
            groups[line.label.split("_")[0]].append(answer == line.label)
    body = tuple((group, len(hits), _share(hits)) for group, hits in sorted(groups.items()))
    return Table("Exactly right, by group of intents", ("group", "lines", "right %"), body, digits=1)


def _by_flag(lines: Sequence[Line], answers: Sequence[str], flags: frozenset[str]) -> Table:
    caught: dict[str, list[bool]] = defaultdict(list)
    alarmed: dict[str, list[bool]] = defaultdict(list)
    for line, answer in zip(lines, answers, strict=True):
        if line.label in flags:
            caught[line.label].append(answer in flags)
        elif line.look_alike:
            alarmed[line.label.removeprefix(_NOT)].append(answer in flags)
    body = tuple((flag, len(caught[flag]), _share(caught[flag]), len(alarmed[flag]), _share(alarmed[flag])) for flag in sorted(flags))
    return Table("By flag", ("flag", "lines", "caught %", "look-alikes", "flagged %"), body, digits=1)


def _confusions(lines: Sequence[Line], answers: Sequence[str]) -> Table:
    wrong = Counter(
        (line.label, answer) for line, answer in zip(lines, answers, strict=True) if answer != line.label and not line.look_alike
    )
    body = tuple((meant, taken, count) for (meant, taken), count in wrong.most_common(15))
    return Table("Most frequent confusions", ("meant", "taken for", "times"), body)


def _baselines(skill: Skill, flags: frozenset[str]) -> list[tuple[str, Score]]:
    """Each RapidFuzz scorer alone against every phrase, on a sample of the lines, with a threshold set on the tuning lines."""
    owner = {normalise(phrase): intent.id for intent in skill.intents.values() for phrase in (*intent.examples, *intent.collected)}
    lines, tuning = read_lines(PHRASES / "heldout.tsv", 600), read_lines(PHRASES / "tuning.tsv", 600)
    found = []
    for scorer in (fuzz.ratio, fuzz.token_sort_ratio, fuzz.token_set_ratio, fuzz.partial_ratio, fuzz.WRatio):
        judge = _nearest(owner, scorer)
        strange = sorted(judge(line.text)[1] for line in tuning if line.label == _NONE)
        threshold = strange[int(_REJECTION * (len(strange) - 1))]
        answers = [label if score > threshold else _NONE for label, score in (judge(line.text) for line in lines)]
        found.append((f"RapidFuzz {scorer.__name__}", Score.of(lines, answers, flags)))
    return found


def _with_threshold(judge: Judge, name: str, flags: frozenset[str]) -> tuple[str, Score]:
    """The score of a judge on all lines, when it rejects as much of the tuning lines' unrelated talk as the others."""
    lines, tuning = read_lines(PHRASES / "heldout.tsv"), read_lines(PHRASES / "tuning.tsv")
    strange = sorted(judge(line.text)[1] for line in tuning if line.label == _NONE)
    threshold = strange[int(_REJECTION * (len(strange) - 1))]
    answers = [label if score > threshold else _NONE for label, score in (judge(line.text) for line in lines)]
    return name, Score.of(lines, answers, flags)


def _encoder_alone(encoder: OnnxEncoder) -> Judge:
    """What the trained encoder's first head says, and nothing else."""

    def judge(text: str) -> tuple[str, float]:
        chances = encoder.judge(normalise(text)).intents
        best = max(chances, key=chances.__getitem__)
        return best, chances[best]

    return judge


def _linear(skill: Skill) -> Judge:
    """A logistic regression on n-grams of letters and words, taught the same phrases."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline, make_union

    taught = [(normalise(p), intent.id) for intent in skill.intents.values() for p in (*intent.examples, *intent.collected)]
    taught += [(normalise(phrase), _NONE) for phrase in skill.unrelated]
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2, sublinear_tf=True)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = make_pipeline(make_union(letters, words), SGDClassifier(loss="log_loss", alpha=1e-6, random_state=1))
    model.fit([text for text, _ in taught], [label for _, label in taught])

    def judge(text: str) -> tuple[str, float]:
        chances = model.predict_proba([normalise(text)])[0]
        ours = [(chance, label) for chance, label in zip(chances, model.classes_, strict=True) if label != _NONE]
        chance, label = max(ours)
        return label, chance

    return judge


def _nearest(owner: Mapping[str, str], scorer: Callable[..., float]) -> Judge:
    phrases = list(owner)

    def judge(text: str) -> tuple[str, float]:
        best = process.extractOne(normalise(text), phrases, scorer=scorer)
        return (owner[best[0]], best[1]) if best else (_NONE, 0.0)

    return judge

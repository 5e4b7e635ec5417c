"""Take in phrases that people wrote, and look after those that are there.

    .venv/bin/python scripts/phrases.py add FILE.tsv ...              into intents/en/phrases/, from which the program learns
    .venv/bin/python scripts/phrases.py add --to tuning FILE.tsv ...  into tests/phrases/tuning.tsv: thresholds are set on these
    .venv/bin/python scripts/phrases.py add --to heldout FILE.tsv ... into tests/phrases/heldout.tsv: only ever judged on, never learnt from
    .venv/bin/python scripts/phrases.py check                         counts, near-duplicates, leaks between the three

A FILE has one phrase a line, `label<TAB>phrase`. The label is an intent, `not:` and a flag for what only sounds like it, or `none` for
talk that is not for the device. Each writer's phrases go into one of the three places as a whole. Near-duplicates of what is there
are dropped, and so is what would be learnt but is judged on.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml
from rapidfuzz import fuzz, process

from voiceskill.core.understanding.normalise import normalise

ROOT = Path(__file__).resolve().parent.parent
LEARNT = ROOT / "intents" / "en" / "phrases"
JUDGED = {"tuning": ROOT / "tests" / "phrases" / "tuning.tsv", "heldout": ROOT / "tests" / "phrases" / "heldout.tsv"}
HEARD = ROOT / "scripts" / "training" / "heard-en.tsv"

NEAR = 92.0
"""Likeness, of 100, from which two phrases of one meaning are the same phrase."""

Phrases = dict[str, list[str]]
"""Phrases by label."""


def read_tsv(paths: Iterable[Path]) -> Phrases:
    """Phrases by label, in order."""
    found: Phrases = defaultdict(list)
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            label, tab, phrase = line.partition("\t")
            if tab and normalise(phrase):
                found[label.strip()].append(" ".join(phrase.split()))
    return found


def write_tsv(path: Path, phrases: Mapping[str, list[str]]) -> None:
    """Write phrases by label."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{label}\t{phrase}\n" for label in sorted(phrases) for phrase in phrases[label]), encoding="utf-8")


def learnt() -> Phrases:
    """What the program learns from, by label."""
    found: Phrases = defaultdict(list)
    for path in sorted(LEARNT.glob("*.txt")):
        found[_label(path)] += path.read_text(encoding="utf-8").splitlines()
    return found


def listed() -> Phrases:
    """What stands in the files of the intents, by label."""
    found: Phrases = defaultdict(list)
    for path in LEARNT.parent.glob("*.yaml"):
        intent = yaml.safe_load(path.read_text(encoding="utf-8"))
        found[path.stem] += [*intent.get("examples", ()), *intent.get("escape", ())]
    return found


def misheard() -> list[tuple[str, str, list[str]]]:
    """What is learnt besides, by scripts/heard.py: label, what was heard, and the lines that were said."""
    lines = [line.split("\t") for line in HEARD.read_text(encoding="utf-8").splitlines()]
    return [(label, heard, said.split(" / ")) for label, heard, said in lines]


def _label(path: Path) -> str:
    return f"not:{path.name.removesuffix('.not.txt')}" if path.name.endswith(".not.txt") else path.stem


def _file(label: str) -> Path:
    return LEARNT / (f"{label.removeprefix('not:')}.not.txt" if label.startswith("not:") else f"{label}.txt")


def without_near_duplicates(old: list[str], new: list[str]) -> list[str]:
    """Those of `new` that say something which neither `old` nor the new ones before them say."""
    plain = [normalise(phrase) for phrase in old]
    kept = []
    for phrase in new:
        text = normalise(phrase)
        if process.extractOne(text, plain, scorer=fuzz.token_sort_ratio, score_cutoff=NEAR) is None:
            plain.append(text)
            kept.append(phrase)
    return kept


def add(paths: list[Path], where: str) -> None:
    """Take in the phrases of some writers."""
    new = read_tsv(paths)
    if where == "learn":
        LEARNT.mkdir(parents=True, exist_ok=True)
        old = learnt()
        judged = read_tsv(JUDGED.values())
        taken = (listed(), old, judged)
        elsewhere = {normalise(phrase): label for found in taken for label, phrases in found.items() for phrase in phrases}
        for label, phrases in new.items():
            unclaimed = [phrase for phrase in phrases if elsewhere.setdefault(normalise(phrase), label) == label]
            kept = without_near_duplicates([*old[label], *judged[label]], unclaimed)
            _file(label).write_text("".join(f"{phrase}\n" for phrase in [*old[label], *kept]), encoding="utf-8")
    else:
        others = read_tsv([path for name, path in JUDGED.items() if name != where and path.exists()])
        known = {normalise(phrase) for found in (learnt(), others) for phrases in found.values() for phrase in phrases}
        judged = read_tsv([path for path in [JUDGED[where]] if path.exists()])
        for label, phrases in new.items():
            unseen = [phrase for phrase in phrases if normalise(phrase) not in known]
            judged[label] += without_near_duplicates(judged[label], unseen)
        write_tsv(JUDGED[where], judged)


def leaks() -> list[str]:
    """Phrases that are judged on and learnt from, or judged on twice."""
    owner = {normalise(phrase): "learnt" for phrases in learnt().values() for phrase in phrases}
    found = []
    for name, path in JUDGED.items():
        for label, phrases in read_tsv([path]).items():
            told_twice = [phrase for phrase in phrases if owner.setdefault(normalise(phrase), name) != name]
            found += [f"{name}: {label}: {phrase!r} also stands among the {owner[normalise(phrase)]}" for phrase in told_twice]
    for label, heard, said in misheard():
        judged = [phrase for phrase in (heard, *said) if owner.get(normalise(phrase)) in JUDGED]
        found += [f"misheard: {label}: {phrase!r} also stands among the {owner[normalise(phrase)]}" for phrase in judged]
    return found


def check() -> int:
    """Print counts and leaks."""
    counts = {label: len(phrases) for label, phrases in learnt().items()}
    for label, count in sorted(counts.items(), key=lambda pair: pair[1]):
        print(f"{count:5} {label}")
    for name, path in JUDGED.items():
        print(f"{name}: {sum(map(len, read_tsv([path]).values()))}")
    problems = leaks()
    print("\n".join(problems))
    return 1 if problems else 0


def main() -> int:
    """Run a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    adding = commands.add_parser("add")
    adding.add_argument("files", nargs="+", type=Path)
    adding.add_argument("--to", default="learn", choices=["learn", *JUDGED])
    commands.add_parser("check")
    arguments = parser.parse_args()
    if arguments.command == "check":
        return check()
    add(arguments.files, arguments.to)
    return 0


if __name__ == "__main__":
    sys.exit(main())

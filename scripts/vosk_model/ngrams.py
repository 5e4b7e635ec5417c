"""Which word follows which: bigrams with interpolated Kneser-Ney smoothing (Chen and Goodman 1999), pruned by relative entropy."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_DISCOUNT = 0.75

Costs = dict[str, float]
"""Negative natural logarithm of the probability of each word; "" is the end of the sentence."""


@dataclass(frozen=True, slots=True)
class Bigrams:
    """`singles`: after any word. `pairs`: after one word ("" is the beginning), where it differs; else `back_off` and `singles`."""

    singles: Costs
    pairs: Mapping[str, Costs]
    back_off: Costs


def bigrams(sentences: Iterable[Sequence[str]], vocabulary: Iterable[str], *, most: int) -> Bigrams:
    """Count the pairs of words in sentences and keep the `most` that tell most. Words of the vocabulary not seen count as seen half."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        for first, second in zip(["", *sentence], [*sentence, ""], strict=True):
            counts[first][second] += 1
    followed = Counter(second for each in counts.values() for second in each)
    seen = {word: max(0.5, followed[word]) for word in ["", *sorted(set(vocabulary))]}
    total = sum(seen.values())
    single = {word: count / total for word, count in seen.items()}

    everything = sum(each.total() for each in counts.values())
    worth = []
    for first, each in counts.items():
        before = each.total()
        for second, count in each.items():
            spared = _DISCOUNT * len(each) / before
            probability = (count - _DISCOUNT) / before + spared * single[second]
            gain = (before / everything) * probability * math.log(probability / (spared * single[second]))
            worth.append((-gain, first, second, probability))
    kept: dict[str, dict[str, float]] = defaultdict(dict)
    for _, first, second, probability in sorted(worth)[:most]:
        kept[first][second] = probability
    kept.setdefault("", {})
    rest = {first: 1 - sum(each.values()) for first, each in kept.items()}
    left = {first: 1 - sum(single[second] for second in each) for first, each in kept.items()}
    return Bigrams(
        singles={word: -math.log(share) for word, share in single.items()},
        pairs={first: {second: -math.log(share) for second, share in each.items()} for first, each in kept.items()},
        back_off={first: -math.log(max(rest[first], 1e-6) / max(left[first], 1e-6)) for first in kept},
    )

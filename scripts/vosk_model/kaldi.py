"""Kaldi's binary files, as far as a Vosk model needs them (https://kaldi-asr.org/doc/io.html).

The acoustic model `final.mdl` is a `TransitionModel` followed by an `nnet3` network and its priors. Every phone has one state, with one
output of the network for the frame that enters it and one for those that stay. The network is made of affine layers over some
frames of the layer before, each but the last rectified.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.vosk_model.phones import PHONES, outputs_of

Matrix = NDArray[np.float32]
"""Shape (rows, columns)."""

HALF = math.log(2.0)
"""The cost of either way out of a state: to stay, or to leave."""


@dataclass(frozen=True, slots=True)
class Layer:
    """`weights` of shape (outputs, len(offsets) * inputs) over frames at these `offsets` from the present one, in frames of 10 ms."""

    offsets: tuple[int, ...]
    weights: Matrix
    bias: Matrix
    rectified: bool = True


def stays(phone: int) -> int:
    """The number of the transition that stays in a phone."""
    return 2 * phone - 1


def enters(phone: int) -> int:
    """The number of the transition out of a phone's state, which consumes its first frame: these graphs enter by it."""
    return 2 * phone


DISAMBIGUATION = 2 * len(PHONES) + 1
"""A transition that no phone has: Vosk asks for one."""


def write_acoustic_model(path: Path, layers: Sequence[Layer], inputs: int) -> None:
    """Write `final.mdl` for features of so many values a frame, the weights in 8 bits. ValueError for layers that do not fit."""
    path.write_bytes(b"\0B" + _transition_model() + _network(layers, inputs) + _token("<Priors>") + _vector([]))


def save_layers(path: Path, layers: Sequence[Layer]) -> None:
    """Keep layers as they are, for `load_layers`."""
    arrays = {f"{kind}{number}": getattr(layer, kind) for number, layer in enumerate(layers) for kind in ("weights", "bias")}
    about = json.dumps([[layer.offsets, layer.rectified] for layer in layers])
    np.savez(path, about=np.array(about), **arrays)


def load_layers(path: Path) -> list[Layer]:
    """What `save_layers` kept."""
    with np.load(path) as kept:
        about = json.loads(str(kept["about"]))
        return [Layer(tuple(offsets), kept[f"weights{n}"], kept[f"bias{n}"], rectified) for n, (offsets, rectified) in enumerate(about)]


def _token(text: str) -> bytes:
    return text.encode() + b" "


def _integer(value: int) -> bytes:
    return struct.pack("<bi", 4, value)


def _integers(values: Iterable[int]) -> bytes:
    listed = np.array(list(values), "<i4")
    return _integer(len(listed)) + listed.tobytes()


def _float(value: float) -> bytes:
    return struct.pack("<bf", 4, value)


def _double(value: float) -> bytes:
    return struct.pack("<bd", 8, value)


def _vector(values: Iterable[float]) -> bytes:
    listed = np.array(list(values), "<f4")
    return b"FV " + _integer(len(listed)) + listed.tobytes()


def in_eight_bits(matrix: Matrix) -> tuple[float, float, NDArray[np.uint8]]:
    """Kaldi's CM3: the least value, the range of values, and where in the range each lies."""
    least = float(matrix.min())
    span = float(matrix.max()) - least or 1e-6
    return least, span, np.rint((matrix - least) / span * 255).astype(np.uint8)


def _matrix(matrix: Matrix) -> bytes:
    least, span, places = in_eight_bits(matrix)
    return _token("CM3") + struct.pack("<ffii", least, span, *matrix.shape) + places.tobytes()


def _transition_model() -> bytes:
    numbers = range(1, len(PHONES) + 1)
    # One entry, not of the plain kind (-1): state 0 with its two outputs, then the state where the phone ends.
    topology = [
        _integers(numbers),
        _integers([-1, *(0 for _ in numbers)]),
        *map(_integer, (-1, 1, 2)),
        *map(_integer, (0, 1)),
        *(_integer(2), _integer(0), _float(0.5), _integer(1), _float(0.5)),
        *map(_integer, (-1, -1, 0)),
    ]
    tuples = [_integer(value) for number in numbers for value in (number, 0, *outputs_of(number))]
    parts = [_token("<TransitionModel>"), _token("<Topology>"), *topology, _token("</Topology>")]
    parts += [_token("<Tuples>"), _integer(len(PHONES)), *tuples, _token("</Tuples>")]
    parts += [_token("<LogProbs>"), _vector([0.0, *(-HALF for _ in range(2 * len(PHONES)))]), _token("</LogProbs>")]
    return b"".join([*parts, _token("</TransitionModel>")])


def _network(layers: Sequence[Layer], inputs: int) -> bytes:
    nodes, components = [f"input-node name=input dim={inputs}"], []
    before, width = "input", inputs
    for number, layer in enumerate(layers, 1):
        if layer.weights.shape != (len(layer.bias), width * len(layer.offsets)):
            raise ValueError(
                f"layer {number} has weights of shape {layer.weights.shape}, for {width} inputs at {len(layer.offsets)} offsets"
            )
        spliced = ", ".join(f"Offset({before}, {offset})" if offset else before for offset in layer.offsets)
        spliced = f"Append({spliced})" if len(layer.offsets) > 1 else spliced
        affine = _token("<FixedAffineComponent>") + _token("<LinearParams>") + _matrix(layer.weights)
        affine += _token("<BiasParams>") + _vector(layer.bias) + _token("</FixedAffineComponent>")
        steps = [(f"layer{number}.affine", spliced, affine)]
        width = len(layer.bias)
        if layer.rectified:
            steps.append((f"layer{number}.relu", f"layer{number}.affine", _rectifier(width)))
        for name, source, component in steps:
            nodes.append(f"component-node name={name} component={name} input={source}")
            components.append(_token("<ComponentName>") + _token(name) + component)
        before = steps[-1][0]
    nodes.append(f"output-node name=output input={before} objective=linear")
    # The description ends with an empty line. Contexts of 0 are computed anew by who reads them.
    described = "".join(f"{node}\n" for node in nodes)
    head = [_token("<Nnet3>"), f"\n{described}\n".encode(), _token("<NumComponents>"), _integer(len(components))]
    contexts = [_token("<LeftContext>"), _integer(0), _token("<RightContext>"), _integer(0)]
    return b"".join([*head, *components, _token("</Nnet3>"), *contexts])


def _rectifier(width: int) -> bytes:
    parts = [_token("<RectifiedLinearComponent>"), _token("<Dim>"), _integer(width), _token("<ValueAvg>"), _vector([])]
    parts += [_token("<DerivAvg>"), _vector([]), _token("<Count>"), _double(0.0), _token("</RectifiedLinearComponent>")]
    return b"".join(parts)

"""Teaches the network which sound is said in each frame.

It is a time-delay network (Peddinti and others 2015): affine layers over frames ever further apart, of which all but the first look at
every third frame. It learns by frame cross-entropy; what is written divides its answers by how frequent each sound is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from scripts.vosk_model.features import CEPSTRA, SUBSAMPLING, Frames, outputs_at
from scripts.vosk_model.kaldi import Layer
from scripts.vosk_model.phones import OUTPUTS

_WIDTH = 256
_OFFSETS = ((-2, -1, 0, 1, 2), (-1, 0, 1), (-3, 0, 3), (-3, 0, 3), (-6, 0, 6), (-6, 0, 6))
"""Frames that each hidden layer looks at, in 10 ms."""

_THINNING = 1
"""The layer that looks at every third frame; those after it see only its answers."""

CONTEXT = sum(offsets[-1] for offsets in _OFFSETS)
"""Frames on either side of the present one that decide."""

_BATCH = 32
_ANSWERS = 50
"""Answers in each piece of a recording that is learnt from: a second and a half."""

_WARM_UP = 100
_CHECKPOINT_STEPS = 250
_NOT_LEARNT = -100

_MASKED = 0.3
_LEVELS = 6.0
"""Deviation of the first cepstrum that is added, since nobody knows how loud a voice will be."""


class Network(nn.Module):  # type: ignore[misc] # PyTorch is not there where types are checked
    """Logits of the OUTPUTS for every third frame. Input of shape (batch, frames, CEPSTRA) with CONTEXT frames more on either side."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(CEPSTRA))
        self.register_buffer("scale", torch.ones(CEPSTRA))
        widths = [CEPSTRA, *(_WIDTH for _ in _OFFSETS[1:])]
        self.layers = nn.ModuleList([nn.Linear(width * len(offsets), _WIDTH) for width, offsets in zip(widths, _OFFSETS, strict=True)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(_WIDTH, affine=False, momentum=0.05) for _ in _OFFSETS])
        self.answer = nn.Linear(_WIDTH, OUTPUTS)

    def forward(self, cepstra: torch.Tensor) -> torch.Tensor:
        """Logits of shape (batch, answers, OUTPUTS)."""
        hidden, apart = (cepstra - self.mean) * self.scale, 1
        for number, (layer, norm, offsets) in enumerate(zip(self.layers, self.norms, _OFFSETS, strict=True)):
            places = [(offset - offsets[0]) // apart for offset in offsets]
            length, stride = hidden.shape[1] - places[-1], SUBSAMPLING if number == _THINNING else 1
            hidden = functional.relu(layer(torch.cat([hidden[:, place : place + length : stride] for place in places], 2)))
            hidden = norm(hidden.flatten(0, 1)).unflatten(0, hidden.shape[:2])
            apart *= stride
        return self.answer(hidden)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares of frames: the right output, and the right sound."""

    output: float
    sound: float


class Lessons:
    """Pieces of recordings in any order, the same for the same seed and step."""

    def __init__(self, frames: Frames, seed: int) -> None:
        self._frames = frames
        self._ends = np.cumsum(frames.lengths)
        self._seed = seed

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Cepstra and the right outputs, as Network takes and gives them."""
        chance = np.random.default_rng([self._seed, step])
        width = SUBSAMPLING * (_ANSWERS - 1) + 1 + 2 * CONTEXT
        cepstra = np.empty((_BATCH, width, CEPSTRA), np.float32)
        right = np.full((_BATCH, _ANSWERS), _NOT_LEARNT, np.int64)
        for row in range(_BATCH):
            which = int(np.searchsorted(self._ends, chance.integers(self._ends[-1]), side="right"))
            end, length = int(self._ends[which]), int(self._frames.lengths[which])
            begin, phase = end - length, int(chance.integers(SUBSAMPLING))
            outputs = outputs_at(self._frames.sounds[begin:end], self._frames.segments[begin:end], phase)
            first = int(chance.integers(max(0, len(outputs) - _ANSWERS) + 1))
            piece = outputs[first : first + _ANSWERS]
            right[row, : len(piece)] = piece
            places = phase + SUBSAMPLING * first - CONTEXT + np.arange(width)
            cepstra[row] = self._frames.cepstra[begin + np.clip(places, 0, length - 1)]
            if chance.random() < _MASKED:
                at = int(chance.integers(width - 12))
                cepstra[row, at : at + int(chance.integers(2, 12))] = cepstra[row].mean(0)
        cepstra[:, :, 0] += chance.normal(0, _LEVELS, (_BATCH, 1))
        return torch.from_numpy(cepstra), torch.from_numpy(right)


def accuracy(network: Network, frames: Frames) -> Accuracy:
    """On whole recordings."""
    network.eval()
    right = right_sounds = total = 0
    with torch.no_grad():
        for end, length in zip(np.cumsum(frames.lengths), frames.lengths, strict=True):
            span = slice(end - length, end)
            outputs = outputs_at(frames.sounds[span], frames.segments[span], 0)
            width = SUBSAMPLING * (len(outputs) - 1) + 1 + 2 * CONTEXT
            places = np.clip(np.arange(width) - CONTEXT, 0, length - 1)
            found = network(torch.from_numpy(frames.cepstra[span][places].astype(np.float32))[None])[0].argmax(1).numpy()
            right += int((found == outputs).sum())
            right_sounds += int((found // 2 == outputs // 2).sum())
            total += len(outputs)
    network.train()
    return Accuracy(right / total, right_sounds / total)


def train(frames: Frames, dev: Frames, checkpoint: Path, *, steps: int, rate: float, seed: int, report: Callable[[str], None]) -> Network:
    """Train for so many steps, from the checkpoint on where there is one. The same seed gives the same network on the same machine."""
    torch.manual_seed(seed)
    network = Network()
    sample = frames.cepstra[np.random.default_rng(seed).integers(0, len(frames.cepstra), 50_000)].astype(np.float32)
    network.mean.copy_(torch.from_numpy(sample.mean(0)))
    network.scale.copy_(torch.from_numpy(1 / sample.std(0)))
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    done = 0
    if checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(kept["network"])
        optimiser.load_state_dict(kept["optimiser"])
        done = kept["done"]
        report(f"resumed at step {done}")
    lessons = Lessons(frames, seed)
    began, first, losses = time.monotonic(), done, []
    for step in range(done, steps):
        torch.manual_seed(seed * 1_000_003 + step)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / _WARM_UP) * (1 - step / steps) + 1e-5
        cepstra, right = lessons.batch(step)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(cepstra)
        loss = functional.cross_entropy(
            logits.float().reshape(-1, OUTPUTS), right.reshape(-1), ignore_index=_NOT_LEARNT, label_smoothing=0.03
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        losses.append(loss.item())
        if (step + 1) % _CHECKPOINT_STEPS == 0 or step + 1 == steps:
            beside = checkpoint.with_suffix(".part")
            torch.save({"network": network.state_dict(), "optimiser": optimiser.state_dict(), "done": step + 1}, beside)
            beside.replace(checkpoint)
            found = accuracy(network, dev)
            left = (time.monotonic() - began) / (step + 1 - first) * (steps - step - 1) / 60
            report(
                f"step {step + 1} of {steps}: loss {np.mean(losses[-_CHECKPOINT_STEPS:]):.3f}, on other voices {found.output:.3f} of "
                f"frames right, {found.sound:.3f} of sounds, {left:.0f} minutes left"
            )
    network.eval()
    return network


def frequencies(frames: Frames) -> NDArray[np.float64]:
    """How frequent each output is among the frames."""
    counts = np.ones(OUTPUTS)
    for end, length in zip(np.cumsum(frames.lengths), frames.lengths, strict=True):
        span = slice(end - length, end)
        counts += np.bincount(outputs_at(frames.sounds[span], frames.segments[span], 0), minlength=OUTPUTS)
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares


def layers_of(network: Network, frequency: NDArray[np.float64]) -> list[Layer]:
    """The network as plain affine layers: normalisations folded in, and the logarithm of each output's frequency taken off."""
    shift, scale = -(network.mean * network.scale).double().numpy(), network.scale.double().numpy()
    found = []
    for number, layer in enumerate([*network.layers, network.answer]):
        weights = layer.weight.detach().double().numpy()
        frames = weights.shape[1] // len(scale)
        bias = layer.bias.detach().double().numpy() + weights @ np.tile(shift, frames)
        weights = weights * np.tile(scale, frames)
        last = number == len(_OFFSETS)
        if last:
            bias = bias - np.log(frequency)
        else:
            norm = network.norms[number]
            scale = (1 / torch.sqrt(norm.running_var + norm.eps)).double().numpy()
            shift = -norm.running_mean.double().numpy() * scale
        offsets = (0,) if last else _OFFSETS[number]
        found.append(Layer(offsets, weights.astype(np.float32), bias.astype(np.float32), rectified=not last))
    return found

"""What the device costs, in instructions for a second of sound: unlike times, they do not depend on what else the machine does.

Counted by Valgrind (callgrind), which simulates the processor, so that it counts the same everywhere, with or without counters in the
processor. Only what the device does is counted, not its start, and nothing of the simulated microphone.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import rich.progress

from scripts.bench_suite.tables import Cell, Table
from voiceskill.edges.wav import read_wav
from voiceskill.ports import HEARING_RATE, Fault

_STATES: dict[str, tuple[str, float]] = {
    "idle": ("idle: a quiet room", 60.0),
    "listening": ("listening: a question, until the answer begins", 0.0),
    "speaking": ("speaking: an answer that was rendered before", 8.0),
}
"""What is measured: its name, and for how many seconds of sound, if it does not end by itself."""

_COLLECTED = re.compile(r"Collected : (\d+)")
_MILLION = 1e6
_LINE = "Stop and let the bed or floor hold you. Breathe in softly, and out long and slow."

_PROCESSORS: dict[str, tuple[int, float]] = {"Zero 2 W": (1000, 0.7), "Pi 4": (1500, 1.2), "Pi 5": (2400, 2.0)}
"""MHz, and instructions in a cycle that such programs are taken to reach there: guesses, for an order of magnitude."""


def measure_cost(data: Path, scratch: Path) -> list[Table]:
    """One table: millions of instructions for a second of sound, and the share of one core that would be on a Pi."""
    if shutil.which("valgrind") is None:
        raise Fault("Instructions are counted by Valgrind: type `sudo apt install valgrind`")
    counted = {
        name: _count(kind, seconds, data, scratch)
        for kind, (name, seconds) in rich.progress.track(_STATES.items(), "counting", transient=True)
    }
    counted["rendering a sentence with flite, of its sound"] = _count_flite(scratch)
    rows = tuple(_row(name, instructions) for name, instructions in counted.items())
    columns = ("state", "million instructions a second of sound", *(f"% of a core, {name}" for name in _PROCESSORS))
    assumed = ", ".join(f"{name} {mhz} MHz at {per_cycle:g}" for name, (mhz, per_cycle) in _PROCESSORS.items())
    return [Table("Instructions", columns, rows, digits=1, note=f"x86-64; instructions a cycle assumed: {assumed}")]


def _row(name: str, instructions: float) -> tuple[Cell, ...]:
    shares = (100 * instructions / (mhz * _MILLION * per_cycle) for mhz, per_cycle in _PROCESSORS.values())
    return (name, instructions / _MILLION, *shares)


def _count(kind: str, seconds: float, data: Path, scratch: Path) -> float:
    """Instructions of the device between the two marks of the child, for a second of sound."""
    lived = 1.0
    child = [sys.executable, "-m", "scripts.bench_suite.cost_child", kind, str(seconds), str(data), str(scratch)]
    tool = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--callgrind-out-file=/dev/null", *child]
    with subprocess.Popen(tool, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdin is not None  # noqa: S101 - for the type checker
        assert process.stdout is not None  # noqa: S101 - for the type checker
        for mark, state in (("begin", "on"), ("end", "off")):
            while (words := process.stdout.readline().split())[:1] != [mark]:
                if not words:
                    raise Fault(f"the device ended before it was counted: {process.communicate()[1][-500:]}")
            lived = float(words[-1]) if mark == "end" else lived
            subprocess.run(["callgrind_control", "-i", state, str(process.pid)], check=True, capture_output=True)  # noqa: S603, S607
            process.stdin.write("\n")
            process.stdin.flush()
        return _collected(process.communicate()[1]) / lived


def _count_flite(scratch: Path) -> float:
    """Instructions of flite for a second of its speech, its start included."""
    file = scratch / "flite.wav"
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "flite", "-voice", "rms", "-t", _LINE, "-o", str(file)]
    done = subprocess.run(tool, check=True, capture_output=True, text=True)  # noqa: S603
    return _collected(done.stderr) / (len(read_wav(file)) / HEARING_RATE)


def _collected(told: str) -> float:
    found = _COLLECTED.search(told)
    if found is None:
        raise Fault(f"Valgrind told no count: {told[-500:]}")
    return float(found[1])

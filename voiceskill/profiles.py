"""What a machine can bear: profiles, one of which is chosen by its memory and processor, and outranked by the owner's settings.

A profile is named after the smallest machine that it is for. Any other computer has the one that suits it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Literal["pi-zero2", "pi4", "pi5"]
Engine = Literal["vosk", "moonshine"]

_GIBIBYTE = 2**30
_LITTLE_MEMORY = 0.9 * _GIBIBYTE
_MUCH_MEMORY = 1.8 * _GIBIBYTE
"""Between a machine of 512 MB and one of 1 GB, and between that and 2 GB: the system takes some of it for itself, up to a tenth."""

_FEW_CORES = 2
_WIDE = 64


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer, as far as it decides what can run.

    `memory` in bytes, or None where the system does not tell; `cores` that we may use. `quick` processors multiply eight-bit numbers four
    at a time, as x86-64 and the Pi 5 do and the Pi 4 does not. `bits` are those of Python: a 64-bit kernel may run a 32-bit system.
    """

    memory: int | None
    cores: int
    quick: bool
    bits: int

    def __str__(self) -> str:
        """In words."""
        memory = "unknown memory" if self.memory is None else f"{self.memory / _GIBIBYTE:.1f} GB"
        return f"{memory}, {self.cores} {'core' if self.cores == 1 else 'cores'}, {self.bits}-bit"


Engines = Annotated[tuple[Engine, ...], Field(strict=False, min_length=1)]
ModelSize = Annotated[int, Field(ge=1, le=10_000)]
OneThreadOrAll = Annotated[int, Field(ge=0, le=1)]
Reading = Annotated[int, Field(ge=5, le=30)]
Ahead = Literal["danger", "all"]
Share = Annotated[float, Field(ge=0.1, le=1.0)]
Room = Annotated[int, Field(ge=10, le=1000)]

UNITS = {"largest_model": "MB", "longest_utterance": "s", "speech_cache": "MB"}
"""Of the values that have one."""


class Profile(BaseModel):
    """How the program spends memory and processor."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    engines: Engines = Field(
        description='recognisers that `recogniser = "auto"` tries, in this order; the small Vosk model that comes with the program is last'
    )
    largest_model: ModelSize = Field(description="Vosk models that take more than this on the disk, in MB, are passed over unless named")
    recogniser_threads: OneThreadOrAll = Field(
        description="threads of Moonshine: 1, or 0 for one on each core, which is done sooner and costs twice as much"
    )
    longest_utterance: Reading = Field(
        description="how much of an utterance Moonshine reads, in seconds up to its end; time and memory grow with it"
    )
    trained_judge: bool = Field(description="whether meaning is found by the trained judge too, not by listed phrases alone")
    render_ahead: Ahead = Field(description="replies made into sound before they are needed: those about danger, or all")
    render_share: Share = Field(description="share of one core that making them may take")
    speech_cache: Room = Field(description="room on the disk for replies as sound, in MB; all of them take 150 to 200")


PROFILES: dict[Name, Profile] = {
    "pi-zero2": Profile(
        engines=("vosk", "moonshine"),
        largest_model=60,
        recogniser_threads=0,
        longest_utterance=12,
        trained_judge=True,
        render_ahead="all",
        render_share=0.5,
        speech_cache=200,
    ),
    "pi4": Profile(
        engines=("vosk", "moonshine"),
        largest_model=300,
        recogniser_threads=0,
        longest_utterance=20,
        trained_judge=True,
        render_ahead="all",
        render_share=1.0,
        speech_cache=200,
    ),
    "pi5": Profile(
        engines=("vosk", "moonshine"),
        largest_model=4000,
        recogniser_threads=1,
        longest_utterance=30,
        trained_judge=True,
        render_ahead="all",
        render_share=1.0,
        speech_cache=200,
    ),
}


def _as_in_profile(name: str) -> Any:
    return Field(None, description=Profile.model_fields[name].description)


class MachineSettings(BaseModel):
    """`[machine]`: single values that outrank the profile. What is not given is as the profile has it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    engines: Engines | None = _as_in_profile("engines")
    largest_model: ModelSize | None = _as_in_profile("largest_model")
    recogniser_threads: OneThreadOrAll | None = _as_in_profile("recogniser_threads")
    longest_utterance: Reading | None = _as_in_profile("longest_utterance")
    trained_judge: bool | None = _as_in_profile("trained_judge")
    render_ahead: Ahead | None = _as_in_profile("render_ahead")
    render_share: Share | None = _as_in_profile("render_share")
    speech_cache: Room | None = _as_in_profile("speech_cache")


def profile_for(machine: Machine) -> Name:
    """The profile that suits a machine. Where the memory is not known, it is taken for small."""
    memory = machine.memory or 0
    if memory < _LITTLE_MEMORY or machine.cores < _FEW_CORES:
        return "pi-zero2"
    return "pi5" if machine.quick and memory >= _MUCH_MEMORY else "pi4"


def fitted(name: Name, machine: Machine, own: MachineSettings) -> Profile:
    """The profile of that name with the owner's own values, without what cannot run on that machine."""
    chosen = PROFILES[name].model_copy(update=own.model_dump(exclude_none=True))
    if machine.bits >= _WIDE:
        return chosen
    engines = tuple(engine for engine in chosen.engines if engine != "moonshine")
    return chosen.model_copy(update={"engines": engines or ("vosk",), "trained_judge": False})


def cannot_run(machine: Machine) -> str | None:
    """What a machine is too old for, and the way out, in one line; None where everything runs."""
    if machine.bits >= _WIDE:
        return None
    return (
        "This system is 32-bit, and Moonshine, the trained judge and the echo canceller are not made for that: it hears with Vosk and "
        "understands listed phrases only. Install the 64-bit system; every Pi from the 3 on and the Zero 2 W can run it"
    )

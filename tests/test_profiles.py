"""What the machine can bear, and what its owner wants."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vosk_toy_model import write_toy_model
from voiceskill.app import App, Home
from voiceskill.doctor import Health, told_of_machine
from voiceskill.edges.machine import this_machine
from voiceskill.edges.recognisers.choose import build_recogniser, first_choice
from voiceskill.ports import ModelMissing
from voiceskill.profiles import PROFILES, UNITS, Machine, MachineSettings, Name, Profile, fitted, profile_for
from voiceskill.settings import BadSettings, Settings, load_settings

GB = 2**30
MB = 2**20

ZERO_2 = Machine(memory=416 * MB, cores=4, quick=False, bits=64)
PI_4 = Machine(memory=1846 * MB, cores=4, quick=False, bits=64)
PI_5 = Machine(memory=4 * GB, cores=4, quick=True, bits=64)
OLD_SYSTEM = Machine(memory=1846 * MB, cores=4, quick=False, bits=32)


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        (ZERO_2, "pi-zero2"),
        (PI_4, "pi4"),
        (Machine(memory=8 * GB, cores=4, quick=False, bits=64), "pi4"),
        (PI_5, "pi5"),
        (Machine(memory=24 * GB, cores=2, quick=True, bits=64), "pi5"),
        (Machine(memory=24 * GB, cores=1, quick=True, bits=64), "pi-zero2"),
        (Machine(memory=512 * MB, cores=8, quick=True, bits=64), "pi-zero2"),
        (Machine(memory=1 * GB, cores=4, quick=True, bits=64), "pi4"),
        (Machine(memory=None, cores=4, quick=True, bits=64), "pi-zero2"),
    ],
    ids=str,
)
def test_a_machine_gets_the_profile_that_suits_it(machine: Machine, name: Name) -> None:
    assert profile_for(machine) == name


def test_the_owners_values_outrank_the_profile_and_the_profile_outranks_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('profile = "pi4"\n[machine]\nlongest_utterance = 9\nengines = ["moonshine", "vosk"]\n')
    with App(Home.find(file, tmp_path / "data"), machine=PI_5) as app:
        assert app.profile_name == "pi4"
        assert app.profile == PROFILES["pi4"].model_copy(update={"longest_utterance": 9, "engines": ("moonshine", "vosk")})


def test_a_value_that_no_machine_could_have_is_told_of_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[machine]\nspeech_cache = 100\nlongest_utterance = 600\n")
    with pytest.raises(BadSettings, match=r"settings.toml:3: machine.longest_utterance: .*30"):
        load_settings(file)


def test_every_value_of_a_profile_can_be_set_by_the_owner_and_is_explained() -> None:
    assert MachineSettings.model_fields.keys() == Profile.model_fields.keys() >= UNITS.keys()
    assert all(field.description for field in MachineSettings.model_fields.values())
    assert fitted("pi5", PI_5, Settings().machine) == PROFILES["pi5"]


def test_on_a_32_bit_system_it_hears_with_vosk_and_the_doctor_says_why() -> None:
    profile = fitted(profile_for(OLD_SYSTEM), OLD_SYSTEM, MachineSettings())
    assert (profile.engines, profile.trained_judge) == (("vosk",), False)
    told = told_of_machine(OLD_SYSTEM, "pi4", profile)
    assert told.health is Health.SO_SO
    assert "32-bit" in told.advice[0]
    assert "Install the 64-bit system" in told.advice[0]


def test_the_doctor_shows_the_profile_with_its_units() -> None:
    told = told_of_machine(ZERO_2, "pi-zero2", PROFILES["pi-zero2"])
    assert told.health is Health.WELL
    assert told.seen.startswith("0.4 GB, 4 cores, 64-bit; profile pi-zero2: engines vosk, then moonshine, largest_model 60 MB")
    assert told.figures["longest_utterance"] == 12


def test_a_vosk_model_too_large_for_the_machine_is_taken_only_where_it_is_named(tmp_path: Path) -> None:
    write_toy_model(tmp_path / "vosk-model-en-us-0.22")
    tiny = PROFILES["pi-zero2"].model_copy(update={"engines": ("vosk",), "largest_model": 1})
    (tmp_path / "vosk-model-en-us-0.22" / "README").write_bytes(b"0" * 1_000_001)
    with pytest.raises(ModelMissing, match="no speech model"):
        build_recogniser("auto", tmp_path, None, profile=tiny)
    assert first_choice("auto", tmp_path, None, tiny) == "vosk-bedside-en"
    assert build_recogniser("auto", tmp_path, "vosk-model-en-us-0.22", profile=tiny).name == "vosk vosk-model-en-us-0.22"


def test_asking_for_an_engine_that_the_machine_cannot_run_is_told_of() -> None:
    with pytest.raises(ModelMissing, match="doctor says why"):
        build_recogniser("moonshine", Path(), None, profile=PROFILES["pi4"].model_copy(update={"engines": ("vosk",)}))


def test_this_machine_is_known() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.bits in (32, 64)
    assert machine.memory is None or machine.memory > 2**26

"""A device that was switched on before its microphone was plugged in."""

from __future__ import annotations

import pytest

from tests.fakes import FakeSupervisor
from tests.test_tend import World
from voiceskill.standby import await_sound_of


@pytest.mark.parametrize("devices", [("microphone",), ("loudspeaker",), ("microphone", "loudspeaker")])
def test_what_is_missing_is_told_once_and_looked_for_until_it_is_plugged_in(devices: tuple[str, ...]) -> None:
    world, systemd, printed = World(), FakeSupervisor(), list[str]()
    world.unplug(*devices)
    world.look_again()
    world.at(3_600, lambda: world.plug(*devices))
    await_sound_of(world, systemd, printed.append, world.pass_time)
    assert 3_600 <= world.seconds() < 3_620
    assert world.open == set()
    missing = "loudspeaker" if "loudspeaker" in devices else "microphone"
    assert printed == [f"There is no {missing}. Looking for it until it is there."]
    assert set(systemd.told) == {"ready", f"There is no {missing}."}
    assert systemd.signs > 600
    assert systemd.waits == [300.0], "the models may take longer to load than a device that runs may be silent"


def test_a_microphone_that_is_listed_but_cannot_be_opened_is_looked_for_too() -> None:
    world, printed = World(), list[str]()
    world.unplug("microphone")
    world.at(60, lambda: world.plug("microphone"))
    await_sound_of(world, FakeSupervisor(), printed.append, world.pass_time)
    assert printed[0].startswith("The microphone cannot be opened.")
    assert world.open == set()


def test_where_all_is_there_nobody_is_told_anything_and_nothing_stays_open() -> None:
    world, systemd, printed = World(), FakeSupervisor(), list[str]()
    await_sound_of(world, systemd, printed.append, world.pass_time)
    assert (systemd.told, systemd.signs, printed, world.open) == ([], 0, [], set())

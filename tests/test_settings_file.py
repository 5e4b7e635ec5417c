"""Changing the owner's settings file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceskill.ports import Fault
from voiceskill.settings import BadSettings, load_settings
from voiceskill.settings_file import change_settings, changed


def test_what_the_owner_wrote_beside_it_stays(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('# mine\nvoice = "slt"  # the soft one\nvolume = 0.5\n')
    change_settings(file, {"voice": "rms", "country": "GB"})
    assert file.read_text() == '# mine\nvoice = "rms"\nvolume = 0.5\ncountry = "GB"\n'


def test_a_file_is_made_where_there_is_none(tmp_path: Path) -> None:
    change_settings(tmp_path / "new" / "settings.toml", {"words_per_minute": 120})
    assert load_settings(tmp_path / "new" / "settings.toml").words_per_minute == 120


@pytest.mark.parametrize("changes", [{"words_per_minute": 900}, {"nonsense": 1}, {"wake_phrase": "hey"}, {"quiet_from": "25:00"}])
def test_settings_that_cannot_be_used_change_nothing(tmp_path: Path, changes: dict[str, str | int]) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("volume = 0.5\n")
    with pytest.raises(BadSettings):
        change_settings(file, changes)
    assert file.read_text() == "volume = 0.5\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_new_setting_comes_before_the_tables_and_tables_stay_as_they_are() -> None:
    assert changed('volume = 1.0\n\n[other]\nvoice = "x"\n', {"voice": "rms"}) == 'volume = 1.0\n\nvoice = "rms"\n[other]\nvoice = "x"\n'


def test_who_may_read_the_file_stays_so(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("")
    file.chmod(0o600)
    change_settings(file, {"volume": 0.5})
    assert file.stat().st_mode & 0o777 == 0o600


@given(st.text(max_size=40))
def test_no_text_can_become_more_than_a_setting(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("settings") / "settings.toml"
    try:
        change_settings(file, {"microphone": text})
    except Fault:
        assert not file.exists()
    else:
        assert load_settings(file).microphone == text

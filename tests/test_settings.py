from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceskill.app import Home
from voiceskill.settings import AlertSettings, BadSettings, CommandSettings, Settings, WebhookSettings, load_settings


def complaint(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadSettings) as caught:
        load_settings(path)
    return str(caught.value)


def test_without_a_file_everything_has_its_usual_value() -> None:
    assert load_settings(None) == Settings()


def test_a_setting_is_taken_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('recogniser = "vosk"\nvolume = 0.5\n')
    settings = load_settings(tmp_path / "s.toml")
    assert (settings.recogniser, settings.volume) == ("vosk", 0.5)


def test_every_error_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    lines = complaint(tmp_path / "s.toml", 'recogniser = "siri"\n\nvolum = 1.0\nwords_per_minute = 5\n').splitlines()
    assert [line.split(": ")[0].rsplit(":", 1)[1] for line in lines] == ["1", "3", "4"]
    assert "'auto', 'vosk', 'moonshine' or 'wyoming'" in lines[0]
    assert "no such setting" in lines[1]


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    assert "line 1" in complaint(tmp_path / "s.toml", "recogniser = vosk")


def test_a_file_that_is_not_text_is_said_to_be_so(tmp_path: Path) -> None:
    assert "not a text file" in complaint(tmp_path / "s.toml", b"\xff\xfe\x00")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"nowhere\.toml: cannot be read"):
        load_settings(tmp_path / "nowhere.toml")


@settings(deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_at_all_give_settings_or_one_kind_of_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("settings") / "s.toml"
    path.write_bytes(content)
    with suppress(BadSettings):
        load_settings(path)


def test_a_wake_phrase_too_short_is_refused_with_its_line_and_what_to_choose(tmp_path: Path) -> None:
    (line,) = complaint(tmp_path / "s.toml", 'attention = "wake"\nwake_phrase = "hey"\n').splitlines()
    assert line.split(": ")[0].endswith(":2")
    assert "choose two to four words" in line


def test_an_address_and_networks_are_checked_and_each_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('wyoming = "tcp://localhost:10500"\nwyoming_allow = ["192.168.1.0/24", "fd00::/64"]\n')
    settings = load_settings(tmp_path / "s.toml")
    assert (settings.wyoming, settings.wyoming_allow) == ("tcp://127.0.0.1:10500", ("192.168.1.0/24", "fd00::/64"))
    first, second = complaint(tmp_path / "s.toml", 'wyoming = "kitchen"\nwyoming_allow = ["home"]\n').splitlines()
    assert "s.toml:1: wyoming: " in first
    assert "s.toml:2: wyoming_allow: " in second


def test_every_setting_is_explained() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_a_settings_folder_that_may_not_be_looked_into_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_file", forbidden)
    file = Home.find(data=tmp_path, intents=tmp_path).settings_file
    assert file is not None
    monkeypatch.setattr(Path, "read_text", forbidden)
    with pytest.raises(BadSettings, match="cannot be read: Permission denied"):
        load_settings(file)


ALERTS = """\
volume = 0.5

[alerts]
device = "Mum's bed"
people = "Anna and Tom"

[[alerts.webhook]]
name = "Anna"
url = "https://example.org/hook"
secret = "correct horse"

[[alerts.webhook]]
name = "Tom"
url = "http://192.168.1.4/hook"

[[alerts.command]]
name = "siren"
run = ["/usr/local/bin/siren", "--loud"]
"""


def test_who_is_told_of_alerts_is_read_and_secrets_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(ALERTS)
    alerts = load_settings(tmp_path / "s.toml").alerts
    assert alerts.names == ("Anna", "Tom", "siren")
    assert alerts.webhook[0].secret.get_secret_value() == "correct horse"
    assert "correct horse" not in repr(alerts)
    assert alerts.countdown == 10


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("http://192.168.1.4/hook", "http://example.org/hook", 14, "alerts.webhook.url: would be sent where everybody can read it"),
        ('run = ["/usr/local/bin/siren", "--loud"]', "run = []", 18, "alerts.command.run: "),
        ('run = ["/usr/local/bin/siren", "--loud"]', "run = 'siren'", 18, "alerts.command.run: "),
        ('secret = "correct horse"', "secret = 12345678", 10, "alerts.webhook.secret: "),
        ('secret = "correct horse"', 'secrets = "correct horse"', 10, "alerts.webhook.secrets: no such setting"),
        ('url = "http://192.168.1.4/hook"\n', "", 12, "alerts.webhook.url: Field required"),
        ('name = "Tom"', 'name = "Anna"', 3, 'alerts: two of them have the name "Anna"'),
        ('people = "Anna and Tom"', 'people = "Anna and Tom and all of their neighbours"', 5, "alerts.people: is too long"),
        ('people = "Anna and Tom"', "countdown = 1", 5, "alerts.countdown: "),
        ("[[alerts.command]]", "[[alerts.pigeon]]", 16, "alerts.pigeon: no such setting"),
    ],
)
def test_a_mistake_in_who_is_told_is_named_with_its_line_and_no_secret(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in ALERTS
    (told,) = complaint(tmp_path / "s.toml", ALERTS.replace(old, new)).splitlines()
    assert told.startswith(f"{tmp_path / 's.toml'}:{line}: {message}")
    assert "correct horse" not in told
    assert "12345678" not in told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('recogniser = "wyoming"\n', "1: recogniser: there is no server to be asked; set recogniser_server"),
        ('synthesiser = "wyoming"\n', "1: synthesiser: there is no server to be asked; set synthesiser_server"),
        ('volume = 1.0\nrecogniser_server = "192.168.1.5:10300"\n', "2: recogniser_server: "),
        ('synthesiser_server = "tcp://192.168.1.5"\n', "1: synthesiser_server: "),
        ('recogniser_server = "tcp://8.8.8.8:10300"\n', "1: recogniser_server: is not at home"),
        ('recogniser_server = "tcp://speech.example.org:10300"\n', "1: recogniser_server: is not at home"),
        ("[alerts]\nhousehold = true\n", "1: alerts.household: there is no broker to be told; set host under [mqtt]"),
    ],
)
def test_a_server_that_is_missing_or_out_in_the_world_is_a_mistake(tmp_path: Path, text: str, message: str) -> None:
    assert complaint(tmp_path / "s.toml", text).startswith(f"{tmp_path / 's.toml'}:{message}")


@pytest.mark.parametrize("address", ["tcp://192.168.1.5:10300", "tcp://nas:10300", "tcp://nas.local:10300", "tcp://127.0.0.1:10300"])
def test_a_server_at_home_may_have_a_name(tmp_path: Path, address: str) -> None:
    (tmp_path / "s.toml").write_text(f'recogniser = "wyoming"\nrecogniser_server = "{address}"\n')
    settings = load_settings(tmp_path / "s.toml")
    assert (settings.recogniser_server, settings.own_recogniser) == (address, "auto")


def test_every_setting_of_alerts_is_explained() -> None:
    for table in (AlertSettings, WebhookSettings, CommandSettings):
        assert all(field.description for field in table.model_fields.values())

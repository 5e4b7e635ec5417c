"""What the pages do for those who may come in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screen.fake_device import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.mark.parametrize("name", ["stop", "pause", "carry_on", "repeat", "slower", "louder", "hurts", "help"])
def test_every_button_of_now_works_without_script(house: House, name: str) -> None:
    browser = house.bedside()
    if name != "carry_on":
        assert f'formaction="/press/{name}"' in browser.get("/").text
    assert browser.post(f"/press/{name}").headers["location"] == "/"
    assert house.device.wishes == [{"press": name}]


def test_a_script_is_told_only_that_it_is_done(house: House) -> None:
    browser = house.bedside()
    headers = {"origin": browser.address, "x-csrf-token": browser.token(), "x-requested-with": "fetch"}
    answer = browser.client.post("/press/stop", headers=headers, data={"": ""})
    assert answer.status_code == 204


def test_what_means_nothing_is_told_so(house: House) -> None:
    assert house.bedside().post("/press/nonsense").status_code == 409


def test_a_routine_and_a_question_are_one_tap_away(house: House) -> None:
    browser = house.bedside()
    page = browser.get("/start").text
    assert 'value="routine_breathing"' in page
    assert 'value="relief_heat"' in page
    browser.post("/wish", ask="routine_breathing")
    assert house.device.wishes == [{"ask": "routine_breathing"}]


@pytest.mark.parametrize("path", ["/start", "/diary", "/set-up", "/set-up/doctor"])
def test_stop_stands_on_every_page(house: House, path: str) -> None:
    assert 'data-press="stop"' in house.bedside().get(path).text


def test_the_diary_is_deleted_only_when_asked_twice(house: House) -> None:
    browser = house.bedside()
    assert "Delete everything" in browser.post("/diary/delete").text
    assert house.device.forgotten == 0
    assert browser.post("/diary/delete", sure="yes").headers["location"] == "/diary"
    assert house.device.forgotten == 1


def test_the_diary_comes_as_csv(house: House) -> None:
    answer = house.bedside().get("/diary.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]


def test_the_chart_says_in_words_what_it_shows(house: House) -> None:
    assert "One score: 6." in house.bedside().get("/diary").text


def test_a_disk_that_fails_is_told_of_in_words(house: House) -> None:
    house.device.full = True
    answer = house.bedside().get("/diary")
    assert (answer.status_code, answer.text) == (503, "The diary cannot be read: see who owns it\n")


def test_settings_that_cannot_be_used_are_told_of(house: House) -> None:
    browser = house.bedside()
    answer = browser.post("/set-up/settings", wake_phrase="hey")
    assert answer.status_code == 400
    assert "wake_phrase: too short" in answer.text
    assert "next start" in browser.post("/set-up/settings", wake_phrase="hey bedside").text


@pytest.mark.parametrize(("pace", "heard"), [("120", 120), ("9999", 260), ("", None), ("fast", None), ("²", None), ("9" * 5_000, None)])
def test_a_voice_can_be_listened_to_at_a_pace(house: House, pace: str, heard: int | None) -> None:
    answer = house.bedside().post("/set-up/listen", voice="rms", words_per_minute=pace)
    assert (answer.headers["content-type"], answer.content) == ("audio/wav", b"RIFF")
    assert house.device.listened == ("rms", heard)


def test_a_model_can_be_installed_and_is_told_of_where_it_cannot(house: House) -> None:
    browser = house.bedside()
    assert "Install, 40 MB" in browser.get("/set-up").text
    assert "cannot be installed" not in browser.post("/set-up/install", model="ears").text
    assert "cannot be installed" in browser.post("/set-up/install", model="../../etc").text
    assert house.device.installed == ["ears", "../../etc"]


def test_who_is_told_of_alerts_can_be_tried_out(house: House) -> None:
    browser = house.bedside()
    assert "Bed tells: Anna." in browser.get("/set-up").text
    assert "Anna: took it" in browser.post("/set-up/test-alerts").text


def test_the_doctor_speaks_in_words(house: House) -> None:
    page = house.bedside().get("/set-up/doctor").text
    assert "Disk: could be better." in page
    assert "Delete something" in page


def test_at_night_the_page_is_dark_from_its_first_byte(house: House) -> None:
    assert '<html lang="en" class="day"' in house.bedside().get("/").text
    house.device.dark = True
    page = house.bedside().get("/").text
    assert '<html lang="en" class="night"' in page
    assert '<meta name="color-scheme" content="dark">' in page


def test_where_only_this_machine_may_come_in_there_is_no_talk_of_codes(tmp_path: Path) -> None:
    assert "Show a code" not in House(tmp_path, names=frozenset()).bedside().get("/set-up").text
    assert "Show a code" in House(tmp_path).bedside().get("/set-up").text

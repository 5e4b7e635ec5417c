"""Who may come in, and what strangers can do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st
from starlette.routing import Route
from starlette.websockets import WebSocketDisconnect

from tests.screen.fake_device import House
from voiceskill.edges.web.guard import HEADERS, MOST_BYTES
from voiceskill.edges.web.pairing import CODE_SECONDS

FORMS = [
    *("/press/stop", "/wish", "/diary/delete", "/pair"),
    *("/set-up/settings", "/set-up/listen", "/set-up/install", "/set-up/test-alerts", "/set-up/code", "/set-up/revoke"),
]
PAGES = ["/", "/start", "/diary", "/diary.csv", "/set-up", "/set-up/doctor"]
LIVE = ["/live", "/live/gauges"]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_browser_at_the_bedside_needs_no_code(house: House) -> None:
    assert house.bedside().get("/").status_code == 200


def test_a_telephone_reaches_it_by_its_name_and_by_its_number(house: House) -> None:
    for host in ("bedside", "bedside.local", "192.168.1.5"):
        assert house.telephone(host=host).get("/pair").status_code == 200


def test_all_forms_are_tried_here(house: House) -> None:
    routes = {route.path for route in house.app.routes if isinstance(route, Route) and "POST" in (route.methods or ())}
    assert {path.replace("/press/stop", "/press/{name}") for path in FORMS} == routes


# Strangers.


@pytest.mark.parametrize("path", PAGES)
def test_a_telephone_without_a_code_is_asked_for_one(house: House, path: str) -> None:
    answer = house.telephone().get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/pair")


@pytest.mark.parametrize("path", LIVE)
def test_what_is_said_in_the_room_is_not_shown_without_a_code(house: House, path: str) -> None:
    assert house.telephone().get(path, accept="text/event-stream").status_code == 401


@pytest.mark.parametrize("path", [path for path in FORMS if path != "/pair"])
def test_without_a_code_nothing_can_be_pressed(house: House, path: str) -> None:
    telephone = house.telephone()
    assert telephone.post(path, page="/pair", sure="yes").status_code == 401
    assert not house.device.wishes
    assert not house.device.forgotten


def test_where_only_this_machine_may_come_in_nobody_else_gets_as_far_as_a_code(tmp_path: Path) -> None:
    house = House(tmp_path, names=frozenset())
    assert house.telephone().get("/pair").status_code == 400
    assert house.telephone(host="192.168.1.5").get("/pair").status_code == 400


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
def test_who_comes_through_a_proxy_on_this_machine_is_not_taken_to_be_at_the_bedside(house: House, header: str) -> None:
    assert house.bedside().client.get("/", headers={header: "127.0.0.1"}).status_code == 303


def test_a_stranger_who_claims_to_be_at_the_bedside_is_not_believed(house: House) -> None:
    assert house.telephone().client.get("/", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 303
    assert house.telephone(host="localhost").get("/").status_code == 400


# Pages of others, in a browser that may come in.


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "8.8.8.8", "", "a b", "[::1", "bedside@evil"]
)
def test_another_name_for_this_machine_gets_nothing(house: House, host: str) -> None:
    browser = house.bedside()
    for path in [*PAGES, *LIVE, "/static/now.js"]:
        assert browser.client.get(path, headers={"host": host}).status_code == 400


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://localhost:8480", "http://localhost:9999", "", "http://localhost:8480.evil"]
)
def test_a_form_of_another_page_does_nothing(house: House, path: str, origin: str) -> None:
    browser = house.bedside()
    fields = {"csrf": browser.token(), "sure": "yes", "ask": "routine_breathing"}
    assert browser.client.post(path, data=fields, headers={"origin": origin}).status_code == 403
    assert browser.client.post(path, data=fields).status_code == 403
    assert not house.device.wishes
    assert not house.device.forgotten


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_form_without_the_token_of_its_page_does_nothing(house: House, path: str, token: str) -> None:
    browser = house.bedside()
    assert browser.post(path, token=token, sure="yes").status_code == 403
    assert not house.device.wishes
    assert not house.device.forgotten


def test_the_token_of_one_visit_is_of_no_use_in_another(house: House) -> None:
    assert house.bedside().post("/press/stop", token=house.bedside().token()).status_code == 403


def test_a_page_left_open_over_a_restart_goes_on_working(tmp_path: Path) -> None:
    before, after = House(tmp_path), House(tmp_path)
    before.pairing.keep_secret()
    old = before.bedside()
    token = old.token()
    again = House(tmp_path).bedside()
    again.client.cookies = old.client.cookies
    assert again.post("/press/stop", token=token).status_code == 303
    assert after.bedside().post("/press/stop").status_code == 303


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_cannot_fetch_ours(house: House, site: str) -> None:
    browser = house.bedside()
    for path in [*PAGES, *LIVE]:
        assert browser.get(path, sec_fetch_site=site, sec_fetch_mode="no-cors", sec_fetch_dest="image").status_code == 403
        assert browser.get(path, sec_fetch_site=site, sec_fetch_mode="navigate", sec_fetch_dest="iframe").status_code == 403


def test_a_link_from_another_page_leads_here(house: House) -> None:
    assert house.bedside().get("/", sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="document").status_code == 200


@pytest.mark.parametrize("path", [*PAGES, "/pair", "/static/now.js", "/static/../pages.py", "/nothing"])
def test_every_answer_forbids_foreign_scripts_frames_and_guessing(house: House, path: str) -> None:
    for browser in (house.bedside(), house.telephone()):
        headers = browser.get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("path", [*PAGES, "/pair"])
def test_no_page_has_script_or_style_within_itself(house: House, path: str) -> None:
    for browser in (house.bedside(), house.telephone()):
        page = browser.get(path).text
        assert "<style" not in page
        assert " style=" not in page
        assert " on" not in "".join(part.split(">")[0] for part in page.split("<button"))
        assert page.count("<script") == page.count('<script type="module" src="/static/')


def test_words_of_the_diary_cannot_become_part_of_the_page(house: House) -> None:
    assert "out of 10 &lt;b&gt;" in house.bedside().get("/diary").text


# Strange requests.


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_other_methods_are_refused(house: House, method: str) -> None:
    assert house.bedside().client.request(method, "/press/stop").status_code == 405


def test_a_form_that_is_too_long_is_not_read(house: House) -> None:
    assert house.bedside().post("/wish", ask="x" * MOST_BYTES).status_code == 413


def test_a_form_of_unknown_length_is_not_read(house: House) -> None:
    browser = house.bedside()
    headers = {"origin": browser.address, "content-type": "application/x-www-form-urlencoded"}
    assert browser.client.post("/wish", content=iter([b"ask=routine_breathing"]), headers=headers).status_code == 411


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
def test_what_is_no_form_is_not_read(house: House, kind: str) -> None:
    browser = house.bedside()
    answer = browser.client.post("/wish", content=b"ask=routine_breathing", headers={"origin": browser.address, "content-type": kind})
    assert answer.status_code == 415


def test_a_websocket_is_closed(house: House) -> None:
    with pytest.raises(WebSocketDisconnect), house.bedside().client.websocket_connect("/live"):
        pass


@pytest.mark.parametrize("path", ["/static/../pages.py", "/static/%2e%2e/pages.py", "/static//etc/passwd", "/static/..%2f..%2fguard.py"])
def test_no_file_but_those_of_the_pages_is_served(house: House, path: str) -> None:
    assert house.bedside().get(path).status_code == 404


@rules(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.sampled_from(["host", "origin", "cookie", "content-type", "content-length", "sec-fetch-site", "x-csrf-token", "transfer-encoding"]),
    st.binary(max_size=60).filter(lambda value: not set(value) & {0, 10, 13}),
    st.sampled_from([*FORMS, *PAGES, "/pair"]),
)
def test_nothing_in_a_header_breaks_the_door(house: House, name: str, value: bytes, path: str) -> None:
    telephone = house.telephone(peer=f"10.0.0.{len(value)}")
    house.clock.time += 60
    for method in ("GET", "POST"):
        assert telephone.client.request(method, path, headers={name.encode(): value}).status_code < 500
    assert not house.device.wishes


# Often.


def test_who_asks_too_often_is_refused_for_a_while_and_others_are_not(house: House) -> None:
    telephone = house.telephone()
    answers = {telephone.get("/pair").status_code for _ in range(200)}
    assert answers == {200, 429}
    assert house.telephone(peer="192.168.1.8").get("/pair").status_code == 200
    house.clock.time += 20
    assert telephone.get("/pair").status_code == 200


def test_stop_is_never_pressed_too_often(house: House) -> None:
    browser = house.bedside()
    token = browser.token()
    assert {browser.post("/press/stop", token=token).status_code for _ in range(300)} == {303}


# The code.


def test_the_code_connects_a_telephone_once(house: House) -> None:
    telephone, code = house.telephone(), house.pairing.new_code()
    answer = telephone.connect(f"{code[:4]} {code[4:]}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert all(part in answer.headers["set-cookie"] for part in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert telephone.get("/").status_code == 200
    assert house.telephone().connect(code).status_code == 403


def test_a_code_is_over_after_ten_minutes(house: House) -> None:
    code = house.pairing.new_code()
    house.now += timedelta(seconds=CODE_SECONDS)
    assert house.telephone().connect(code).status_code == 403


def test_guessing_ends_after_five_tries_and_goes_on_slowly(house: House) -> None:
    code = house.pairing.new_code()
    telephone = house.telephone()
    wrong = "1" * 8 if code != "1" * 8 else "2" * 8
    assert [telephone.connect(wrong).status_code for _ in range(6)] == [403] * 5 + [429]
    assert telephone.connect(code).status_code == 429
    house.clock.time += 120
    assert telephone.connect(code).status_code == 303


def test_a_code_is_void_when_many_have_guessed(house: House) -> None:
    code = house.pairing.new_code()
    wrong = "1" * 8 if code != "1" * 8 else "2" * 8
    for peer in range(20):
        assert house.telephone(peer=f"192.168.1.{peer + 10}").connect(wrong).status_code == 403
    assert house.telephone().connect(code).status_code == 403


def test_without_a_code_no_guess_is_right(house: House) -> None:
    assert house.telephone().connect("").status_code == 403
    assert house.telephone().connect("00000000").status_code == 403


def test_a_telephone_stays_connected_over_a_restart_until_it_is_disconnected(tmp_path: Path) -> None:
    house = House(tmp_path)
    telephone = house.telephone()
    telephone.connect(house.pairing.new_code())
    again = House(tmp_path)
    later = again.telephone()
    later.client.cookies = telephone.client.cookies
    assert later.get("/").status_code == 200
    (one,) = again.pairing.paired
    assert one.name == "Anna's telephone"
    again.bedside().post("/set-up/revoke", id=one.id)
    assert later.get("/").status_code == 303


def test_no_token_stands_on_the_disk_and_only_the_owner_reads_what_does(house: House, tmp_path: Path) -> None:
    telephone = house.telephone()
    telephone.connect(house.pairing.new_code())
    token = telephone.client.cookies["voiceskill_paired"]
    files = [file for file in tmp_path.iterdir() if file.is_file()]
    assert files
    for file in files:
        assert token not in file.read_text()
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"secret": "zz", "paired": []}', '{"paired": [{"id": 1}]}', '{"secret": 5, "paired": null}']
)
def test_with_damaged_files_everybody_connects_anew(tmp_path: Path, damage: str) -> None:
    (tmp_path / "screen.json").write_text(damage)
    (tmp_path / "screen-code.json").write_text(damage)
    house = House(tmp_path)
    assert house.telephone().connect("12345678").status_code == 403
    assert house.telephone().connect(house.pairing.new_code()).status_code == 303


def test_a_code_can_be_shown_and_said_at_the_bedside(house: House) -> None:
    page = house.bedside().post("/set-up/code", aloud="yes")
    (code,) = house.device.spoken
    assert f"{code[:4]} {code[4:]}" in page.text
    assert house.telephone().connect(code).status_code == 303

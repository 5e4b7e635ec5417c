"""What the pages look like in a real browser: sizes, colours, and for those who use no eyes or no hands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.screen.browser import SIZES, accessibility_faults, chromium, page_of
from tests.screen.fake_device import FakeScreen
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.web.pairing import Pairing
from voiceskill.edges.web.server import ScreenServer

PAGES = ["/", "/start", "/diary", "/set-up", "/set-up/doctor"]

LONG = "Use a wrapped warm pack for fifteen minutes at a time, and check your skin now and then while you do."
SAID = {"id": "say-1", "text": LONG, "before": "Warmth is one of the best things to try.", "seconds": 6.0, "elapsed": 60.0, "urgent": False}
NEXT = "And out through your mouth, slow and soft. Let it go."
RING = {"kind": "in", "seconds": 4.0, "elapsed": 2.0, "number": 3, "count": 4}
LEAD = {"name": "two minute breathing", "step": 2, "steps": 5, "words": "Breathe in.", "next": "And out.", "held": False, "ring": RING}


class Shown:
    """A screen that is served, and a browser to look at it."""

    def __init__(self, browser: Browser, server: ScreenServer, device: FakeScreen) -> None:
        self.browser, self.server, self.device = browser, server, device
        self.address = f"http://127.0.0.1:{server.port}"

    def show(self, words: str, **scene: object) -> None:
        self.device.words = words
        self.device.shown = {"doing": "ready", "heard": None, "said": None, "lead": None, **scene}
        self.server.board.show()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    device = FakeScreen()
    pairing = Pairing(tmp_path_factory.mktemp("screen"))
    with ScreenServer(device, pairing, MonotonicClock(), "127.0.0.1", 0, shared=False) as server, chromium() as browser:
        yield Shown(browser, server, device)


def font_sizes(page: Page, selector: str) -> set[float]:
    sizes: list[float] = page.locator(selector).evaluate_all("all => all.map(one => parseFloat(getComputedStyle(one).fontSize))")
    return set(sizes)


def test_on_a_small_screen_all_of_now_is_large_and_nothing_is_cut_off(shown: Shown) -> None:
    shown.show("Speaking", doing="speaking", said={**SAID, "over": True}, heard={"text": "does heat help", "settled": True}, lead=LEAD)
    with page_of(shown.browser, shown.address) as page:
        page.goto("/")
        expect(page.locator("#said")).to_contain_text("while you do")
        for selector in ("#words", "#said", "#heard", "#lead", ".buttons button", "nav a"):
            assert min(font_sizes(page, selector)) >= 48
        width, height = page.evaluate("[document.scrollingElement.scrollWidth, document.scrollingElement.scrollHeight]")
        assert (width, height) == (800, 480)
        for button in page.locator(".buttons button").all():
            assert button.evaluate("one => one.scrollWidth <= one.clientWidth && one.scrollHeight <= one.clientHeight")
        stop = page.get_by_role("button", name="Stop").bounding_box()
        assert stop
        assert stop["width"] >= 240
        assert stop["height"] >= 140


def test_at_night_hardly_any_of_the_screen_gives_light(shown: Shown) -> None:
    shown.device.dark = True
    shown.show("Speaking", doing="speaking", said={**SAID, "over": True}, lead=LEAD)
    try:
        with page_of(shown.browser, shown.address) as page:
            page.goto("/")
            expect(page.locator("html")).to_have_class("night")
            assert page.locator("html").evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(0, 0, 0)"
    finally:
        shown.device.dark = False


def test_night_falls_on_an_open_page_without_loading_it(shown: Shown) -> None:
    shown.show("Ready")
    try:
        with page_of(shown.browser, shown.address) as page:
            page.goto("/")
            expect(page.locator("html")).to_have_class("day")
            shown.device.dark = True
            shown.server.board.show()
            expect(page.locator("html")).to_have_class("night")
    finally:
        shown.device.dark = False


@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
def test_nothing_serious_is_found_by_the_accessibility_check(shown: Shown, dark: bool) -> None:
    shown.device.dark = dark
    shown.show("Listening", doing="listening", said={**SAID, "over": True}, heard={"text": "stop", "settled": False}, lead=LEAD)
    try:
        with page_of(shown.browser, shown.address) as page:
            for path in PAGES:
                page.goto(path)
                assert accessibility_faults(page) == []
    finally:
        shown.device.dark = False


@pytest.mark.parametrize("size", SIZES)
def test_no_page_is_wider_than_the_screen(shown: Shown, size: str) -> None:
    with page_of(shown.browser, shown.address, size) as page:
        for path in PAGES:
            page.goto(path)
            assert page.evaluate("document.scrollingElement.scrollWidth") <= SIZES[size][0]


def test_words_appear_as_they_are_spoken(shown: Shown) -> None:
    shown.show("Speaking", doing="speaking", said={**SAID, "before": "", "elapsed": 0.0, "seconds": 600.0, "over": False})
    with page_of(shown.browser, shown.address) as page:
        page.goto("/")
        expect(page.locator("#said .current")).to_have_text("Use")
        assert page.locator("#said .later").count() == len(LONG.split()) - 1
        shown.show("Ready", said={**SAID, "before": "", "over": True})
        expect(page.locator("#said .later")).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
def test_what_is_not_sure_yet_is_paler_than_what_was_heard(shown: Shown, dark: bool) -> None:
    def light(page: Page) -> float:
        colour: str = page.locator("#heard").evaluate("one => getComputedStyle(one).color")
        return abs(sum(map(int, re.findall(r"\d+", colour))) - (0 if dark else 3 * 255))

    shown.device.dark = dark
    shown.show("Listening", doing="listening", heard={"text": "does heat", "settled": False})
    try:
        with page_of(shown.browser, shown.address) as page:
            page.goto("/")
            expect(page.locator("#heard")).to_have_text("does heat")
            partial = light(page)
            shown.show("Thinking", doing="thinking", heard={"text": "does heat help", "settled": True})
            expect(page.locator("#heard.settled")).to_have_text("does heat help")
            assert partial < light(page)
    finally:
        shown.device.dark = False


def test_the_circle_grows_with_a_breath_in_and_shrinks_with_a_breath_out(shown: Shown) -> None:
    with page_of(shown.browser, shown.address) as page:
        sizes = []
        for kind, share in (("in", 0.25), ("in", 0.75), ("out", 0.25), ("out", 0.75)):
            ring = {**RING, "kind": kind, "seconds": 4_000.0, "elapsed": 4_000.0 * share}
            shown.show("Speaking", doing="speaking", lead={**LEAD, "ring": ring})
            page.goto("/")
            expect(page.locator("#ring .breath")).to_be_visible()
            drawn = page.wait_for_function(
                "() => { const r = document.querySelector('#ring .breath').r.baseVal.value; return r % 1 ? r : 0; }"
            )
            sizes.append(drawn.json_value())
        assert sizes == pytest.approx([47.5, 74.5, 74.5, 47.5], abs=1)  # of 34 to 88


COUNT_PICTURES = """() => {
    window.pictures = 0;
    const draw = window.requestAnimationFrame;
    window.requestAnimationFrame = (drawing) => { window.pictures += 1; return draw(drawing); };
}"""


def test_a_page_on_which_nothing_moves_takes_nothing_from_the_machine_beside_the_bed(shown: Shown) -> None:
    shown.show("Ready", said={**SAID, "over": True})
    with page_of(shown.browser, shown.address) as page:
        page.clock.install()
        page.goto("/")
        expect(page.locator("#words")).to_have_text("Ready")
        page.clock.run_for(1_000)
        page.evaluate(COUNT_PICTURES)
        page.clock.run_for(60_000)
        assert page.evaluate("pictures") == 0
        shown.show("Breathing", lead={**LEAD, "ring": {**RING, "seconds": 4_000.0, "elapsed": 0.0}})
        expect(page.locator("#words")).to_have_text("Breathing")
        page.clock.run_for(10_000)
        assert page.evaluate("pictures") > 100


def test_a_hold_is_a_ring_that_fills(shown: Shown) -> None:
    shown.show("Ready", lead={**LEAD, "ring": {**RING, "kind": "hold", "seconds": 4_000.0, "elapsed": 3_000.0}})
    with page_of(shown.browser, shown.address) as page:
        page.goto("/")
        expect(page.locator("#ring .arc")).to_have_css("stroke-dasharray", re.compile(r"^75"))
        expect(page.locator("#ring .breath")).to_be_hidden()


def test_what_comes_next_can_be_read_to_its_end_beside_the_circle(shown: Shown) -> None:
    shown.show("Speaking", doing="speaking", said={**SAID, "text": "Breathe in gently.", "before": ""}, lead={**LEAD, "next": NEXT})
    with page_of(shown.browser, shown.address) as page:
        page.goto("/")
        expect(page.locator("#lead")).to_have_text("2/5 Next: And out through your mouth")
        assert page.locator("#lead").evaluate("one => one.scrollHeight <= one.clientHeight")


@pytest.mark.parametrize(
    ("doing", "shape"),
    [("ready", "ready"), ("listening", "listening"), ("thinking", "thinking"), ("speaking", "speaking"), ("hearing off", "hearing-off")],
)
def test_the_state_is_told_by_its_shape(shown: Shown, doing: str, shape: str) -> None:
    shown.show(doing, doing=doing)
    with page_of(shown.browser, shown.address) as page:
        page.goto("/")
        expect(page.locator("#words")).to_have_text(doing)
        seen = page.locator(".shape").evaluate_all(
            "all => all.filter(one => getComputedStyle(one).display != 'none').map(one => one.classList[1])"
        )
        assert seen == [shape]


def test_stop_is_pressed_by_touch_by_keyboard_and_once_each(shown: Shown) -> None:
    shown.show("Ready")
    shown.device.wishes.clear()
    with page_of(shown.browser, shown.address) as page:
        page.goto("/")
        stop = page.get_by_role("button", name="Stop")
        with page.expect_response("**/press/stop"):
            stop.tap()
        with page.expect_response("**/press/stop"):
            stop.click()
        with page.expect_response("**/press/stop"):
            stop.press("Enter")
        with page.expect_response("**/press/stop"):
            page.keyboard.press("Escape")
        assert shown.device.wishes == [{"press": "stop"}] * 4


def test_pause_becomes_go_on_while_a_routine_is_held(shown: Shown) -> None:
    shown.device.wishes.clear()
    shown.show("Ready", lead={**LEAD, "held": True, "ring": None})
    with page_of(shown.browser, shown.address) as page:
        page.goto("/")
        with page.expect_response("**/press/carry_on"):
            page.get_by_role("button", name="Go on").click()
        assert shown.device.wishes == [{"press": "carry_on"}]


def test_a_lost_link_is_told_and_comes_back_by_itself(tmp_path: Path, shown: Shown) -> None:
    device, pairing = FakeScreen(), Pairing(tmp_path)
    with ScreenServer(device, pairing, MonotonicClock(), "127.0.0.1", 0, shared=False) as server:
        port = server.port
        context = shown.browser.new_context()  # what a browser says in its console of a lost link is no fault of the page
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        expect(page.locator("#words")).to_have_text("Ready")
    expect(page.locator("#words")).to_have_text("No link")
    device.words = "Back"
    with ScreenServer(device, pairing, MonotonicClock(), "127.0.0.1", port, shared=False):
        expect(page.locator("#words")).to_have_text("Back", timeout=20_000)
    context.close()


def test_a_question_is_found_by_its_words(shown: Shown) -> None:
    with page_of(shown.browser, shown.address) as page:
        page.goto("/start")
        page.get_by_label("Find").fill("mattress")
        expect(page.locator(".questions button:visible")).to_have_text(["Which mattress is best"])


def test_the_level_of_the_microphone_moves(shown: Shown) -> None:
    with page_of(shown.browser, shown.address) as page:
        page.goto("/set-up")
        expect(page.locator("#level")).to_have_js_property("value", -32)


def test_a_switch_of_set_up_shows_how_things_stand_now(shown: Shown) -> None:
    shown.device.wishes.clear()
    shown.show("Ready", hears=True, quiet=False, loudness=1.0, pace=1.0)
    with page_of(shown.browser, shown.address) as page:
        page.goto("/set-up")
        with page.expect_response("**/wish"):
            page.get_by_role("button", name="Stop listening").click()
        assert shown.device.wishes == [{"hearing": "off"}]
        shown.show("Not listening", doing="hearing off", hears=False, quiet=False, loudness=2.0, pace=1.0)
        expect(page.get_by_role("button", name="Listen again")).to_be_visible()
        expect(page.get_by_label("Loudness")).to_have_value("2")


def test_a_page_says_so_when_the_device_cannot_do_what_was_tapped(shown: Shown) -> None:
    shown.device.able = False
    context = shown.browser.new_context(base_url=shown.address)  # a browser complains in its console of an answer that says no
    page = context.new_page()
    page.goto("/start")
    page.get_by_role("button", name="Two minute breathing").click()
    expect(page.get_by_role("alert")).to_have_text("The device cannot do that now.")
    context.close()
    shown.device.able = True


def test_no_line_of_the_captions_is_cut_in_half(shown: Shown) -> None:
    shown.show("Speaking", doing="speaking", said={**SAID, "text": f"{LONG} {LONG}", "over": True}, lead=LEAD)
    with page_of(shown.browser, shown.address) as page:
        page.goto("/")
        expect(page.locator("#said")).to_contain_text("while you do")
        lines = page.locator("#captions").evaluate("one => one.clientHeight / parseFloat(getComputedStyle(one).lineHeight)")
        assert lines == pytest.approx(round(lines), abs=0.03)
        assert lines >= 2


def test_installing_a_model_has_a_bar(shown: Shown) -> None:
    shown.device.fetching = {"words": "Fetching ears", "done": 30, "total": 40, "busy": True}
    with page_of(shown.browser, shown.address) as page:
        page.goto("/set-up")
        expect(page.locator("#fetching-words")).to_have_text("Fetching ears")
        expect(page.locator("#fetched")).to_have_js_property("position", 0.75)
    shown.device.fetching = None

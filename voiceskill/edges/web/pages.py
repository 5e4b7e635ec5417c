"""The pages and what can be done on them, as a Starlette application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from anyio import to_thread
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from voiceskill.edges.web.device import Device, Refused, Values
from voiceskill.edges.web.guard import CSRF_FIELD, PAIRED_COOKIE, Guard, Visitor, forged, visitor_of
from voiceskill.edges.web.live import Board, LiveResponse, Places
from voiceskill.edges.web.pairing import Pairing
from voiceskill.edges.web.rates import Rate
from voiceskill.ports import Clock, Fault

_HERE = Path(__file__).parent
_PAIRED_FOR_SECONDS = 365 * 24 * 3600
_GAUGE_SECONDS = 0.1
_SLOWEST, _FASTEST = 80, 260

Handler = Callable[[Request, Mapping[str, str]], Awaitable[Response]]


class Pages:
    """The pages of one device.

    `names` are the names by which others in the house may call it: none, where only this machine may come in.
    """

    def __init__(self, device: Device, pairing: Pairing, board: Board, clock: Clock, names: frozenset[str] = frozenset()) -> None:
        self._device = device
        self._pairing = pairing
        self._board = board
        self._shared = bool(names)
        self._attempts = Rate(burst=5, seconds=120.0, clock=clock)
        self._places = Places()
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        get, post = partial(Route, methods=["GET"]), self._post
        self.app = Starlette(
            routes=[
                get("/", self._now),
                get("/start", self._start),
                get("/diary", self._diary),
                get("/diary.csv", self._diary_csv),
                get("/set-up", self._set_up),
                get("/set-up/doctor", self._doctor),
                get("/pair", self._pair),
                get("/live", self._live),
                get("/live/gauges", self._gauges),
                post("/press/{name}", self._press),
                post("/wish", self._wish),
                post("/diary/delete", self._delete_diary),
                post("/set-up/settings", self._change_settings),
                post("/set-up/listen", self._listen),
                post("/set-up/install", self._install),
                post("/set-up/test-alerts", self._test_alerts),
                post("/set-up/code", self._code),
                post("/set-up/revoke", self._revoke),
                post("/pair", self._try_code),
                Mount("/static", _Static(directory=_HERE / "static")),
            ],
            middleware=[Middleware(Guard, pairing=pairing, clock=clock, names=names)],
            exception_handlers={Fault: _told, 404: _not_found},
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self._board.open()
        yield

    # The pages.

    async def _now(self, request: Request) -> Response:
        return self._page(request, "now.html", {"scene": self._device.scene()})

    async def _start(self, request: Request) -> Response:
        return self._page(request, "start.html", self._device.start())

    async def _diary(self, request: Request) -> Response:
        asked = request.query_params
        shown = await to_thread.run_sync(self._device.diary, asked.get("span", "week"), asked.get("day", ""))
        return self._page(request, "diary.html", shown)

    async def _diary_csv(self, _request: Request) -> Response:
        text = await to_thread.run_sync(self._device.diary_csv)
        return Response(text, media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="diary.csv"'})

    async def _set_up(self, request: Request) -> Response:
        return await self._set_up_page(request)

    async def _doctor(self, request: Request) -> Response:
        return self._page(request, "doctor.html", {"parts": await to_thread.run_sync(self._device.examine)})

    async def _set_up_page(self, request: Request, told: Values | None = None, status: int = 200) -> Response:
        shown = await to_thread.run_sync(self._device.set_up)
        usual = {"told": None, "wrong": None, "code": None, "paired": self._pairing.paired, "shared": self._shared}
        return self._page(request, "set_up.html", usual | dict(shown) | dict(told or {}), status)

    async def _pair(self, request: Request) -> Response:
        if visitor_of(request.scope).admitted:
            return RedirectResponse("/", status_code=303)
        return self._page(request, "pair.html", {"wrong": None})

    # What goes on while a page is open.

    async def _live(self, request: Request) -> Response:
        return self._looking(request, lambda: {"night": self._device.night(), **self._device.scene()}, None)

    async def _gauges(self, request: Request) -> Response:
        return self._looking(request, self._device.gauges, _GAUGE_SECONDS)

    def _looking(self, request: Request, look: Callable[[], Values], seconds: float | None) -> Response:
        visitor = visitor_of(request.scope)
        if not self._places.take(visitor.peer):
            return PlainTextResponse("Too many screens look at once. Close one.\n", status_code=429)
        token = request.cookies.get(PAIRED_COOKIE, "")
        return _Leaving(
            LiveResponse(self._board, look, lambda: not (visitor.local or self._pairing.knows(token)), seconds),
            lambda: self._places.leave(visitor.peer),
        )

    # What can be done.

    async def _press(self, request: Request, _form: Mapping[str, str]) -> Response:
        return self._done(request, done=self._device.wish({"press": request.path_params["name"]}))

    async def _wish(self, request: Request, form: Mapping[str, str]) -> Response:
        return self._done(request, done=self._device.wish(form))

    def _done(self, request: Request, *, done: bool) -> Response:
        if not done:
            return PlainTextResponse("The device cannot do that now.\n", status_code=409)
        return Response(status_code=204) if _by_script(request) else RedirectResponse(_back(request), status_code=303)

    async def _delete_diary(self, request: Request, form: Mapping[str, str]) -> Response:
        if form.get("sure") != "yes":
            return self._page(request, "delete.html", {})
        await to_thread.run_sync(self._device.forget_diary)
        return RedirectResponse("/diary", status_code=303)

    async def _change_settings(self, request: Request, form: Mapping[str, str]) -> Response:
        refused = await to_thread.run_sync(self._device.change_settings, form)
        if isinstance(refused, Refused):
            return await self._set_up_page(request, {"wrong": refused.why}, 400)
        return await self._set_up_page(request, {"told": "Kept. It holds from the next start of the device."})

    async def _listen(self, _request: Request, form: Mapping[str, str]) -> Response:
        sound = await to_thread.run_sync(self._device.listen_to, form.get("voice", ""), _pace(form.get("words_per_minute", "")))
        return Response(sound, media_type="audio/wav")

    async def _install(self, request: Request, form: Mapping[str, str]) -> Response:
        begun = await to_thread.run_sync(self._device.install, form.get("model", ""))
        return await self._set_up_page(request, {} if begun else {"wrong": "It cannot be installed now: another one is."})

    async def _test_alerts(self, request: Request, _form: Mapping[str, str]) -> Response:
        lines = await to_thread.run_sync(self._device.test_alerts)
        return await self._set_up_page(request, {"told": ". ".join(lines)})

    async def _code(self, request: Request, form: Mapping[str, str]) -> Response:
        code = await to_thread.run_sync(self._pairing.new_code)
        if form.get("aloud") == "yes":
            self._device.say_code(code)
        return await self._set_up_page(request, {"code": code})

    async def _revoke(self, request: Request, form: Mapping[str, str]) -> Response:
        await to_thread.run_sync(self._pairing.revoke, form.get("id", ""))
        return await self._set_up_page(request, {"told": "It may look no longer."})

    async def _try_code(self, request: Request, form: Mapping[str, str]) -> Response:
        visitor = visitor_of(request.scope)
        if not self._attempts.take(visitor.peer):
            return self._page(request, "pair.html", {"wrong": "Too many tries. Wait ten minutes."}, 429)
        figures = "".join(form.get("code", "").split())
        name = " ".join(form.get("name", "").split())[:40] or "A browser"
        token = await to_thread.run_sync(self._pairing.pair, figures, name)
        if token is None:
            return self._page(request, "pair.html", {"wrong": "That is not the code, or it is too old. Ask the device for a new one."}, 403)
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(PAIRED_COOKIE, token, max_age=_PAIRED_FOR_SECONDS, httponly=True, samesite="strict", path="/")
        return response

    def _post(self, path: str, handler: Handler) -> Route:
        """A route for forms that come from a page we gave to this very visitor."""

        async def checked(request: Request) -> Response:
            form = _texts(await request.form(max_files=0, max_fields=40))
            token = form.pop(CSRF_FIELD, request.headers.get("x-csrf-token", ""))
            if forged(visitor_of(request.scope), self._pairing, token):
                return PlainTextResponse("This page is too old. Load it again.\n", status_code=403)
            return await handler(request, form)

        return Route(path, checked, methods=["POST"])

    def _page(self, request: Request, template: str, values: Values, status: int = 200) -> Response:
        visitor: Visitor = visitor_of(request.scope)
        common: dict[str, Any] = {
            "csrf": self._pairing.sign(visitor.visit),
            "night": self._device.night(),
            "run": self._board.run,
            "here": request.url.path,
        }
        return HTMLResponse(self._templates.get_template(template).render(common | dict(values)), status_code=status)


class _Static(StaticFiles):
    """Files that a browser asks about again each time: they change with the program."""

    def file_response(self, *arguments: Any, **named: Any) -> Response:
        """See StaticFiles."""
        response = super().file_response(*arguments, **named)
        response.headers["Cache-Control"] = "no-cache"
        return response


class _Leaving(Response):
    """A response after which something is to be done, whatever became of it."""

    def __init__(self, response: Response, leave: Callable[[], None]) -> None:
        self._response = response
        self._leave = leave

    async def __call__(self, *arguments: Any) -> None:
        """See ASGI."""
        try:
            await self._response(*arguments)
        finally:
            self._leave()


def _texts(form: FormData) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _back(request: Request) -> str:
    """Where whoever pressed something goes on, without script."""
    return "/set-up" if urlsplit(request.headers.get("referer", "")).path == "/set-up" else "/"


def _pace(text: str) -> int | None:
    """Words a minute, as far as anybody speaks so."""
    return min(max(int(text), _SLOWEST), _FASTEST) if text.isdecimal() and len(text) < 5 else None


def _by_script(request: Request) -> bool:
    return request.headers.get("x-requested-with") == "fetch"


async def _told(_request: Request, fault: Exception) -> Response:
    return PlainTextResponse(f"{fault}\n", status_code=503)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("There is no such page. Go back to the beginning: /\n", status_code=404)

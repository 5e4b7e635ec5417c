"""The door of the screen: whoever comes in must come from where they say, seldom enough, and be at the bedside or be paired.

Laws of this module:
- A page of somebody else can neither read ours nor press our buttons: not by another name for this machine (DNS rebinding), not by a form
  or script of its own, not in a frame.
- Nothing about a request is believed that a stranger can write: no forwarding header counts, except as a sign that it was forwarded.
- "Stop" is never refused for coming too often.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import socket
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voiceskill.edges.web.pairing import Pairing
from voiceskill.edges.web.rates import Rate
from voiceskill.ports import Clock

_log = logging.getLogger(__name__)

PAIRED_COOKIE = "voiceskill_paired"
VISIT_COOKIE = "voiceskill_visit"
CSRF_FIELD = "csrf"

MOST_BYTES = 16_384
"""How much a form may hold."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'; "
    "media-src 'self' blob:; "
    "require-trusted-types-for 'script'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer, a browser tells no origin with a form either
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

_OPEN = ("/pair", "/static/")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_NEVER_TOO_OFTEN = "/press/stop"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: from which address, whether from this machine itself, whether they may come in, and by what visit."""

    peer: str
    local: bool
    admitted: bool
    visit: str


def visitor_of(scope: Scope) -> Visitor:
    """Who asks, as the guard saw them."""
    found: Visitor = scope["state"]["visitor"]
    return found


def own_names() -> frozenset[str]:
    """The names by which this machine is known in the house."""
    name = socket.gethostname().lower().partition(".")[0]
    return frozenset({name, f"{name}.local"}) if name else frozenset()


class Guard:
    """Stands before `app`. `names` are the names by which others in the house may call this machine; nobody may where there are none."""

    def __init__(self, app: ASGIApp, pairing: Pairing, clock: Clock, names: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._pairing = pairing
        self._names = names
        self._requests = Rate(burst=120, seconds=0.1, clock=clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":  # the server begins or ends
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        visitor = self._visitor(scope, headers)
        scope.setdefault("state", {})["visitor"] = visitor
        refusal = self._refusal(scope, headers, visitor)
        await (refusal or self._app)(scope, receive, _with_headers(send, visitor, headers))

    # Who asks.

    def _visitor(self, scope: Scope, headers: Headers) -> Visitor:
        peer = scope["client"][0] if scope.get("client") else ""
        cookies = _cookies(headers)
        forwarded = any(name in headers for name in _FORWARDED)
        local = _is_loopback(peer) and _is_loopback_name(_host(headers)) and not forwarded
        token = cookies.get(PAIRED_COOKIE, "")
        admitted = local or bool(token and self._pairing.knows(token))
        return Visitor(peer, local, admitted, cookies.get(VISIT_COOKIE) or secrets.token_urlsafe(16))

    # Whether they may.

    def _refusal(self, scope: Scope, headers: Headers, visitor: Visitor) -> Response | None:
        path, method = scope["path"], scope["method"]
        if not self._is_ours(scope, headers):
            return _refuse(400, "This is not the name of this device. Use the address that it shows when it starts.")
        if not (path == _NEVER_TOO_OFTEN and visitor.admitted) and not self._requests.take(visitor.peer):
            return _refuse(429, "Too often. Wait a moment.")
        if method not in {"GET", "HEAD", "POST"}:
            return _refuse(405, "This cannot be done here.")
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"} and not _is_navigation(scope, headers):
            return _refuse(403, "Another page may not ask for this.")
        if method == "POST" and (refusal := _refuse_form(headers)):
            return refusal
        if visitor.admitted or path.startswith(_OPEN):
            return None
        if method != "POST" and _is_for_people(headers):
            return RedirectResponse("/pair", status_code=303)
        return _refuse(401, "Connect this browser to the device first.")

    def _is_ours(self, scope: Scope, headers: Headers) -> bool:
        """Whether the request calls us by an address or name of ours: others' names may lead here too, by their own doing."""
        if len(headers.getlist("host")) != 1:
            return False
        host = _host(headers)
        if host in self._names:
            return True
        if _is_loopback_name(host):
            return _is_loopback(scope["client"][0] if scope.get("client") else "")
        return bool(self._names) and host == _plain_text(scope["server"][0])


def forged(visitor: Visitor, pairing: Pairing, token: str) -> bool:
    """Whether a form does not come from a page that we gave this visitor."""
    return not hmac.compare_digest(pairing.sign(visitor.visit).encode(), token.encode())


def _refuse(status: int, why: str) -> Response:
    return PlainTextResponse(f"{why}\n", status_code=status)


def _refuse_form(headers: Headers) -> Response | None:
    origin = headers.get("origin")
    if origin is None or origin.lower() != f"http://{headers.get('host', '').lower()}":
        return _refuse(403, "This form does not come from a page of this device.")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return _refuse(415, "Only forms are taken.")
    length = headers.get("content-length", "")
    if not length.isdecimal() or "transfer-encoding" in headers:
        return _refuse(411, "A form must tell how long it is.")
    if int(length) > MOST_BYTES:
        return _refuse(413, "This form is too long.")
    return None


def _is_navigation(scope: Scope, headers: Headers) -> bool:
    """Whether somebody follows a link here from another page; they get the page, and that page cannot read it."""
    return scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _is_for_people(headers: Headers) -> bool:
    return "text/html" in headers.get("accept", "")


def _with_headers(send: Send, visitor: Visitor, request: Headers) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
            if _cookies(request).get(VISIT_COOKIE) != visitor.visit:
                headers.append("Set-Cookie", f"{VISIT_COOKIE}={visitor.visit}; HttpOnly; SameSite=Strict; Path=/")
        await send(message)

    return sending


def _cookies(headers: Headers) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def _host(headers: Headers) -> str:
    """The host that was asked for, without its port; nothing where it is none."""
    try:
        return (urlsplit(f"//{headers.get('host', '')}").hostname or "").lower()
    except ValueError:
        return ""


def _is_loopback_name(host: str) -> bool:
    return host == "localhost" or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_loopback


def _plain_text(host: str) -> str:
    return str(_address(host) or host)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

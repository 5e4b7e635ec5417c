"""The live part: how things stand, to all who look, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).

Laws of this module:
- Only the latest scene is ever sent. Whoever is slow skips those between; nothing is queued for anybody.
- `show` may be called in any thread, and waits for nobody.
- Whoever goes is let go, whatever is shown at that moment. Hence anyio: before Python 3.12, asyncio.wait_for forgets to be cancelled
  where what it waits for happens just then.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

AGAIN_SECONDS = 10.0
"""How often the scene is sent though nothing has changed: night falls, and a connection that broke is noticed."""

_PATIENCE_SECONDS = 10.0
"""How long a browser may take nothing of what is sent before it is let go."""


class Board:
    """Where it is written that there is something new to see."""

    def __init__(self) -> None:
        self.run = secrets.token_hex(8)
        """Another value each time the program runs, so that a page left open is loaded anew."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._number = 0
        self._told = False
        self._closed = False

    def open(self) -> None:
        """Begin; called in the loop that serves."""
        self._loop = asyncio.get_running_loop()

    def show(self) -> None:
        """There is something new."""
        loop = self._loop
        if loop is None or self._told:
            return
        self._told = True
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(self._turn)

    def close(self) -> None:
        """Send everybody away. Called in the loop that serves."""
        self._closed = True
        self._turn()

    @property
    def closed(self) -> bool:
        """Whether everybody is to go."""
        return self._closed

    @property
    def number(self) -> int:
        """Goes up with all that is new."""
        return self._number

    async def wait_for_news(self, seen: int, seconds: float) -> None:
        """Return when there is something newer than `seen`, or after that long."""
        if self._closed or self._number != seen:
            return
        with anyio.move_on_after(seconds):
            await self._news.wait()

    def _turn(self) -> None:
        self._told = False
        self._number += 1
        news, self._news = self._news, asyncio.Event()
        news.set()


class Places:
    """How many may look at a time, in all and from one address."""

    def __init__(self, in_all: int = 24, from_one: int = 6) -> None:
        self._in_all = in_all
        self._from_one = from_one
        self._taken: dict[str, int] = {}

    def take(self, peer: str) -> bool:
        """Whether there is a place; it is taken then."""
        if sum(self._taken.values()) >= self._in_all or self._taken.get(peer, 0) >= self._from_one:
            return False
        self._taken[peer] = self._taken.get(peer, 0) + 1
        return True

    def leave(self, peer: str) -> None:
        """Give a place back."""
        left = self._taken[peer] - 1
        if left:
            self._taken[peer] = left
        else:
            del self._taken[peer]


class LiveResponse(Response):
    """Sends what `look` sees, whenever the board has news, or every `seconds` in their stead, until somebody goes."""

    media_type = "text/event-stream"

    def __init__(self, board: Board, look: Callable[[], Mapping[str, Any]], over: Callable[[], bool], seconds: float | None = None) -> None:
        """`over` tells, from time to time, whether they may look no longer."""
        super().__init__()
        self._board = board
        self._look = look
        self._over = over
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the signature of ASGI
        """See ASGI."""
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async with anyio.create_task_group() as both:
            both.start_soon(_until_gone, receive, both.cancel_scope)
            await self._send(send)
            both.cancel_scope.cancel()

    async def _send(self, send: Send) -> None:
        while not self._board.closed and not self._over():
            seen = self._board.number
            line = f"data: {json.dumps({'run': self._board.run, **self._look()}, ensure_ascii=False)}\n\n"
            with anyio.move_on_after(_PATIENCE_SECONDS) as patience:
                await send({"type": "http.response.body", "body": line.encode(), "more_body": True})
            if patience.cancelled_caught:
                return
            if self._seconds is None:
                await self._board.wait_for_news(seen, AGAIN_SECONDS)
            else:
                await anyio.sleep(self._seconds)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive, looking: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    looking.cancel()

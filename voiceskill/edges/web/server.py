"""Serves the pages, in a thread and an event loop of their own: nothing that happens there waits for, or holds up, the voice."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Self

import uvicorn

from voiceskill.edges.web.device import Device
from voiceskill.edges.web.guard import own_names
from voiceskill.edges.web.live import Board
from voiceskill.edges.web.pages import Pages
from voiceskill.edges.web.pairing import Pairing
from voiceskill.ports import Clock, Fault

_MOST_CONNECTIONS = 100
_START_SECONDS = 20.0
_END_SECONDS = 3.0


class ScreenServer:
    """Serves while its `with` block lasts. Raises Fault where that cannot be."""

    def __init__(self, device: Device, pairing: Pairing, clock: Clock, host: str, port: int, *, shared: bool) -> None:
        """`host` is a numeric address of this machine; port 0 is any that is free. `shared` is whether others in the house may come in."""
        self.board = Board()
        self._socket = _listen(host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        pages = Pages(device, pairing, self.board, clock, own_names() if shared else frozenset())
        config = uvicorn.Config(
            pages.app,
            log_config=None,
            access_log=False,  # addresses of pages are nobody's business either
            proxy_headers=False,  # or whoever writes X-Forwarded-For would be who they like
            server_header=False,
            lifespan="on",
            ws="none",
            limit_concurrency=_MOST_CONNECTIONS,
            h11_max_incomplete_event_size=16_384,
            timeout_keep_alive=20,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config, self.board)
        self._thread = threading.Thread(target=self._serve, name="screen", daemon=True)

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        if not self._server.begun.wait(_START_SECONDS):
            raise Fault("The screen could not be served: see the messages above, or start without it")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(_END_SECONDS)

    def _serve(self) -> None:
        with self._socket:
            self._server.run(sockets=[self._socket])


class _Server(uvicorn.Server):
    """Tells when it serves, and sends away who looks before it ends: they would look for ever."""

    def __init__(self, config: uvicorn.Config, board: Board) -> None:
        super().__init__(config)
        self._board = board
        self.begun = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn.Server."""
        await super().startup(sockets)
        self.begun.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn.Server."""
        self._board.close()
        await asyncio.sleep(0)
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(64)
    except OSError as error:
        listening.close()
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise Fault(f"The screen cannot be served at {shown} ({error.strerror}): end what else uses it, or choose another port") from error
    return listening

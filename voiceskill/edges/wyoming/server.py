"""The Wyoming server: one TCP port for our conversation, our ears and our voice, in a thread of its own."""

from __future__ import annotations

import asyncio
import errno
import logging
import threading
from collections.abc import Callable
from typing import Self

from voiceskill.addresses import Address, Door
from voiceskill.edges.wyoming.announce import announced
from voiceskill.edges.wyoming.client import Client, Desk
from voiceskill.edges.wyoming.hearing import SharedRecogniser
from voiceskill.edges.wyoming.offer import Offer
from voiceskill.edges.wyoming.wire import HEADER_BYTES, Patience
from voiceskill.ports import Clock, Fault

MOST_CLIENTS = 256
"""Connections at once. Where there are more, the one that has been silent longest must go."""

_MOST_TOLD = 16
"""Strangers of whom the log tells."""

_log = logging.getLogger(__name__)


class WyomingServer:
    """Serves `offer` at `address` to whomever `door` admits, between `start` and `close`."""

    def __init__(
        self,
        offer: Offer,
        address: Address,
        door: Door,
        clock: Clock,
        *,
        patience: Patience | None = None,
        most_clients: int = MOST_CLIENTS,
    ) -> None:
        self._address = address
        self._door = door
        self._most_clients = most_clients
        self._desk = Desk(offer, SharedRecogniser(offer.recogniser, clock), patience or Patience())
        self._clients: dict[asyncio.Task[None], Client] = {}
        self._turned_away: set[str] = set()
        self._begun = threading.Event()
        self._over: Callable[[], object] = lambda: None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="wyoming", daemon=True)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self._address

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def start(self) -> None:
        """Listen from now on. Raises Fault where the address cannot be had."""
        self._thread.start()
        self._begun.wait()
        if self._failure:
            self.close()
            raise self._failure

    def close(self) -> None:
        """Let everybody go, and finish the work in hand."""
        self._over()
        self._thread.join()
        self._desk.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as failure:
            self._failure = Fault(_advice(self._address, failure))
        except BaseException as failure:  # noqa: BLE001 - it is raised in the thread that starts us
            self._failure = failure
        finally:
            self._begun.set()

    async def _serve(self) -> None:
        server = await asyncio.start_server(
            self._welcome, self._address.host, self._address.port, limit=HEADER_BYTES, backlog=self._most_clients
        )
        self._address = Address(self._address.host, server.sockets[0].getsockname()[1])
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        self._over = lambda: loop.call_soon_threadsafe(over.set)
        self._begun.set()
        try:
            async with announced(self._address, self._door):
                await over.wait()
        finally:
            self._over = lambda: None
            server.close()
            for task in self._clients:
                task.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = (writer.get_extra_info("peername") or ("",))[0]
        if not self._door.admits(peer):
            self._tell_of(peer)
            writer.transport.abort()
            return
        if len(self._clients) >= self._most_clients and not self._make_room():
            writer.transport.abort()
            return
        client = Client(reader, writer, self._desk, peer)
        task = asyncio.create_task(client.serve())
        self._clients[task] = client
        task.add_done_callback(lambda over: self._clients.pop(over, None))

    def _make_room(self) -> bool:
        """Let the client go that has been silent longest. False where all are being served."""
        idle = {
            task: client.idle_since for task, client in self._clients.items() if client.idle_since is not None and not task.cancelling()
        }
        if not idle:
            return False
        min(idle, key=lambda task: idle[task]).cancel()
        return True

    def _tell_of(self, peer: str) -> None:
        if peer not in self._turned_away and len(self._turned_away) < _MOST_TOLD:
            self._turned_away.add(peer)
            _log.warning("%s asked over Wyoming and was turned away: its network is not in the setting wyoming_allow", peer)


def _advice(address: Address, failure: OSError) -> str:
    match failure.errno:
        case errno.EADDRINUSE:
            return f"tcp://{address} is taken by another program: stop that, or choose another port with --wyoming"
        case errno.EADDRNOTAVAIL:
            return f"tcp://{address} is no address of this machine: use one that it has, or tcp://0.0.0.0:{address.port} for all of them"
        case errno.EACCES:
            return f"tcp://{address} may not be used by this user: choose a port above 1023 with --wyoming"
        case _:
            return f"tcp://{address} cannot be used ({failure.strerror}): choose another address with --wyoming"

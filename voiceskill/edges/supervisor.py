"""systemd, or whatever else speaks its protocol: datagrams of lines to the socket that the environment names, see sd_notify(3)."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress

from voiceskill.ports import Supervisor

_log = logging.getLogger(__name__)

_SOCKET, _WATCHDOG, _WATCHED = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"


class NotifySocket:
    """A Supervisor at the other end of a notify socket."""

    def __init__(self, address: str, patience: float | None) -> None:
        """`address` is a path, or a name in the abstract namespace with @ before it; `patience` as in ports.Supervisor."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._patience = patience

    @property
    def patience(self) -> float | None:
        """See ports.Supervisor."""
        return self._patience

    def ready(self) -> None:
        """See ports.Supervisor."""
        self._tell("READY=1")

    def status(self, line: str) -> None:
        """See ports.Supervisor."""
        self._tell(f"STATUS={' '.join(line.split())}")

    def alive(self, patience: float | None = None) -> None:
        """See ports.Supervisor."""
        if self._patience is not None:
            self._tell("WATCHDOG=1", *([f"WATCHDOG_USEC={round(patience * 1_000_000)}"] if patience is not None else []))

    def stopping(self) -> None:
        """See ports.Supervisor."""
        self._tell("STOPPING=1")

    def _tell(self, *lines: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(1.0)
                channel.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            _log.info("whoever started us can't be told that we are %s (%s)", lines[0].partition("=")[0].lower(), error)


class Nobody:
    """A Supervisor that is not there."""

    patience: float | None = None

    def ready(self) -> None:
        """See ports.Supervisor."""

    def status(self, line: str) -> None:
        """See ports.Supervisor."""

    def alive(self, patience: float | None = None) -> None:
        """See ports.Supervisor."""

    def stopping(self) -> None:
        """See ports.Supervisor."""


def supervisor(environment: MutableMapping[str, str] = os.environ) -> Supervisor:
    """Whoever watches over us, as the `environment` tells. Its variables are taken out: programs that we start are not to use them."""
    address, microseconds, watched = (environment.pop(name, "") for name in (_SOCKET, _WATCHDOG, _WATCHED))
    if not address:
        return Nobody()
    patience: float | None = None
    with suppress(ValueError):
        patience = int(microseconds) / 1_000_000 if not watched or int(watched) == os.getpid() else None
    return NotifySocket(address, patience if patience else None)

"""An address on the network that is told of alerts: JSON by HTTP POST, signed with a secret of the owner's."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from voiceskill.core.addresses import is_home
from voiceskill.edges.alerting.body import as_json
from voiceskill.ports import Fault, Notice

LIMIT_SECONDS = 6.0
"""How long one try may take, from the first packet to the last."""

_MOST_BYTES = 4_096


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What the header X-Voiceskill-Signature says: HMAC-SHA256 over `timestamp`, a full stop and `body`, in hexadecimal."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"


class Webhook:
    """An AlertSink that posts each notice to `url`, once. `now` is the time of day, for the signature; without a `secret` there is none.

    No redirect is followed and no proxy used. An answer `{"acknowledged_by": "Anna"}` says that somebody has seen it.
    """

    def __init__(self, name: str, url: str, secret: str, now: Callable[[], datetime], limit_seconds: float = LIMIT_SECONDS) -> None:
        self.name = name
        self._url: SplitResult = urlsplit(url)
        self._secret = secret
        self._now = now
        self._limit = limit_seconds

    def send(self, notice: Notice) -> str | None:
        """See ports.AlertSink."""
        body = as_json(notice)
        headers = {"Content-Type": "application/json", "User-Agent": "voiceskill", "Connection": "close"}
        if self._secret:
            timestamp = str(int(self._now().timestamp()))
            headers |= {"X-Voiceskill-Timestamp": timestamp, "X-Voiceskill-Signature": signature(self._secret, timestamp, body)}
        try:
            status, answer = self._post(body, headers)
        except ssl.SSLCertVerificationError as error:
            raise self._fault(f"shows a certificate that this machine does not trust ({error.verify_message})", "mend that") from error
        except ssl.SSLError as error:
            raise self._fault("does not speak TLS", "see whether its address begins with http") from error
        except TimeoutError as error:
            raise self._fault(f"does not answer within {self._limit:.0f} seconds", "see whether it is switched on") from error
        except OSError as error:
            raise self._fault(f"cannot be reached ({error.strerror or error})", "see whether it is switched on") from error
        except http.client.HTTPException as error:
            raise self._fault("gives no answer that can be understood", "see whether its address is right") from error
        if not 200 <= status < 300:
            raise self._fault(f"refuses the alert (HTTP {status})", "see whether its address and secret are right")
        return _acknowledged_by(answer)

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = self._connection()
        late = threading.Event()

        def cut() -> None:
            late.set()
            with suppress(OSError):
                if connection.sock:
                    socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)  # that of TLS would pull it from under who reads

        watchdog = threading.Timer(self._limit, cut)
        watchdog.daemon = True
        with closing(connection):
            watchdog.start()
            try:
                self._connect(connection)
                target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
                connection.request("POST", target, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read(_MOST_BYTES)
            except (OSError, http.client.HTTPException) as error:
                if late.is_set():
                    raise TimeoutError from error
                raise
            finally:
                watchdog.cancel()

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        return kind(self._url.hostname or "", self._url.port)

    def _connect(self, connection: http.client.HTTPConnection) -> None:
        """Connect it, so that the watchdog can cut it in every stage: as it connects by itself, it could not while TLS begins."""
        connection.sock = socket.create_connection((connection.host, connection.port), self._limit)
        if self._url.scheme == "https":
            secure = ssl.create_default_context().wrap_socket(
                connection.sock, server_hostname=connection.host, do_handshake_on_connect=False
            )
            connection.sock = secure
            secure.do_handshake()
        elif not is_home(connection.sock.getpeername()[0]):
            raise self._fault("is not at home, and what is sent to it could be read by everybody", "use https")

    def _fault(self, what: str, advice: str) -> Fault:
        return Fault(f'The webhook "{self.name}" {what}: {advice}')


def _acknowledged_by(answer: bytes) -> str | None:
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    by = told.get("acknowledged_by") if isinstance(told, dict) else None
    return by if isinstance(by, str) and by else None

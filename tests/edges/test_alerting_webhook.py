"""Webhooks against a real server on this machine, well-behaved and otherwise."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voiceskill.core.addresses import fault_of, is_home
from voiceskill.edges.alerting.webhook import Webhook
from voiceskill.ports import Fault, Notice

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
NOTICE = Notice("one", "redflag_both_legs", "emergency", "trouble in both legs", "Mum's bed — étage", NOW, 2)
SECRET = "correct horse battery staple"

Serve = Callable[[socket.socket], None]


@contextmanager
def server(serve: Serve) -> Iterator[int]:
    """A port on which each connection gets what `serve` does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def read_request(connection: socket.socket) -> tuple[dict[str, str], bytes]:
    """The headers, by their names in lower case, and the body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65_536)
    return {**headers, "": first}, body


def answering(status: str, body: bytes = b"") -> Serve:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body))

    return serve


def hook(port: int, *, scheme: str = "http", secret: str = "", limit: float = 20.0, host: str = "127.0.0.1") -> Webhook:
    return Webhook("Anna", f"{scheme}://{host}:{port}/hook?key=topsecret", secret, lambda: NOW, limit)


def complaint(webhook: Webhook) -> str:
    with pytest.raises(Fault) as caught:
        webhook.send(NOTICE)
    message = str(caught.value)
    assert message.startswith('The webhook "Anna" ')
    assert "\n" not in message
    assert "topsecret" not in message
    assert SECRET not in message
    return message


def test_the_receiver_gets_what_happened_and_can_check_who_says_so() -> None:
    got: list[tuple[dict[str, str], bytes]] = []

    def serve(connection: socket.socket) -> None:
        got.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with server(serve) as port:
        assert hook(port, secret=SECRET).send(NOTICE) is None
    ((headers, body),) = got
    assert headers[""] == "POST /hook?key=topsecret HTTP/1.1"
    assert json.loads(body) == {
        "id": "one",
        "status": "raised",
        "kind": "redflag_both_legs",
        "level": "emergency",
        "at": "2026-01-05T03:00:00+00:00",
        "attempt": 2,
        "device": "Mum's bed — étage",
        "message": "Mum's bed — étage: trouble in both legs",
    }
    signed = hmac.new(SECRET.encode(), headers["x-voiceskill-timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["x-voiceskill-signature"] == f"sha256={signed}"
    assert headers["x-voiceskill-timestamp"] == str(int(NOW.timestamp()))


def test_without_a_secret_nothing_is_signed() -> None:
    got: list[dict[str, str]] = []

    def serve(connection: socket.socket) -> None:
        got.append(read_request(connection)[0])
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with server(serve) as port:
        hook(port).send(NOTICE)
    assert not any("signature" in name for name in got[0])


@pytest.mark.parametrize(
    ("answer", "seen_by"),
    [
        (b'{"acknowledged_by": "Anna"}', "Anna"),
        (b'{"acknowledged_by": ""}', None),
        (b'{"acknowledged_by": ["Anna"]}', None),
        (b"ok", None),
        (b"[1, 2", None),
        (b"\xff\xfe", None),
        (b"[" * 4_000, None),
        (b" " * 10_000 + b'{"acknowledged_by": "Anna"}', None),
    ],
)
def test_an_answer_may_name_who_has_seen_it_and_any_other_is_passed_over(answer: bytes, seen_by: str | None) -> None:
    with server(answering("200 OK", answer)) as port:
        assert hook(port).send(NOTICE) == seen_by


@pytest.mark.parametrize("status", ["500 Oh Dear", "404 Not Found", "401 Unauthorized", "302 Found\r\nLocation: http://127.0.0.1:1/"])
def test_what_the_receiver_refuses_is_not_passed_on(status: str) -> None:
    with server(answering(status)) as port:
        assert f"HTTP {status[:3]}" in complaint(hook(port))


def test_a_receiver_that_says_nothing_is_given_up() -> None:
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        over.wait(30)

    with server(serve) as port:
        assert "does not answer within" in complaint(hook(port, limit=0.3))
        over.set()


def test_a_receiver_that_answers_a_letter_at_a_time_is_given_up() -> None:
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        while not over.wait(0.02):
            connection.sendall(b"H")

    with server(serve) as port:
        assert "does not answer within" in complaint(hook(port, limit=0.5))
        over.set()


def test_a_connection_that_breaks_off_is_a_fault() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with server(reset) as port:
        assert "cannot be reached" in complaint(hook(port))


@pytest.mark.parametrize("nonsense", [b"220 mail.example ready\r\n", b"\x00\x01\x02", b"", b"HTTP/1.1 abc def\r\n\r\n"])
def test_something_else_that_listens_there_is_a_fault(nonsense: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(nonsense)

    with server(serve) as port:
        complaint(hook(port))


def test_nobody_there_is_a_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert "cannot be reached" in complaint(hook(port))


def test_a_name_that_leads_nowhere_is_a_fault() -> None:
    assert "cannot be reached" in complaint(hook(80, host="nobody.invalid"))


# TLS.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine's own, and its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "key"), "-out", str(folder / "certificate")),
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_bytes((folder / "key").read_bytes() + (folder / "certificate").read_bytes())
    return both


@contextmanager
def tls_server(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            answering("200 OK", b'{"acknowledged_by": "Anna"}')(wrapped)

    with server(serve) as port:
        yield port


def test_over_tls_it_is_passed_on_where_the_certificate_is_trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with tls_server(certificate) as port:
        assert hook(port, scheme="https", host="localhost").send(NOTICE) == "Anna"


def test_a_certificate_of_unknown_origin_is_refused(certificate: Path) -> None:
    with tls_server(certificate) as port:
        assert "does not trust" in complaint(hook(port, scheme="https", host="localhost"))


def test_a_certificate_for_another_name_is_refused(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with tls_server(certificate) as port:
        assert "does not trust" in complaint(hook(port, scheme="https"))


def test_a_server_that_begins_tls_a_byte_at_a_time_is_given_up() -> None:
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"\x16\x03\x03\x40\x00")  # the beginning of a long record
        while not over.wait(0.02):
            connection.sendall(b"\x02")

    with server(serve) as port:
        assert "does not answer within" in complaint(hook(port, scheme="https", limit=0.5))
        over.set()


def test_a_server_without_tls_is_told_apart() -> None:
    with server(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        assert "does not speak TLS" in complaint(hook(port, scheme="https"))


# Addresses.


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://example.org/hook",
            "https://example.org:8443",
            "http://localhost:8123/api/webhook/abc",
            "http://192.168.1.4/",
            "http://[::1]/",
        ),
        *("http://homeassistant.local:8123/", "http://nas/", "http://10.0.0.7:80/x?y=z", "http://[fd00::1]:9/"),
    ],
)
def test_addresses_that_alerts_may_be_sent_to(url: str) -> None:
    assert fault_of(url) is None


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/hook", "http://8.8.8.8/", "ftp://example.org", "example.org/hook", "", "https://", "http://nas:notaport/"),
        *(
            "https://anna:secret@example.org/",
            "https://exa mple.org/",
            "http://[::ffff:8.8.8.8]/",
            "https://example.org/\r\nX: y",
            "http://[::1",
        ),
    ],
)
def test_addresses_that_alerts_may_not_be_sent_to(url: str) -> None:
    assert fault_of(url)


def test_a_name_at_home_that_leads_elsewhere_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[bytes] = []
    monkeypatch.setattr("voiceskill.edges.alerting.webhook.is_home", lambda _: False)
    with server(lambda connection: got.append(connection.recv(100))) as port:
        assert "use https" in complaint(hook(port))
    assert not any(got)


def test_what_is_at_home() -> None:
    assert all(
        is_home(address) for address in ("127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "fe80::1%eth0", "100.64.0.1", "::ffff:10.0.0.1")
    )
    assert not any(is_home(address) for address in ("8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"))

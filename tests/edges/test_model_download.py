"""A model is fetched by a network that fails in every way, or it is said in one line why it can't be."""

from __future__ import annotations

import hashlib
import random
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edges.model_server import (
    Answer,
    Request,
    Server,
    Told,
    closes,
    in_chunks,
    knows_no_parts,
    lies_about_length,
    resets,
    says,
    sends_a_part_of_another_edition,
    sends_another_part,
    serving,
    stalls,
    tells_no_length,
)
from voiceskill.edges.model_management.download import Downloader
from voiceskill.edges.model_management.manifest import RemoteFile
from voiceskill.ports import Fault

CONTENT = random.Random(1).randbytes(1_000_000)
MUCH, LITTLE = 400_000, 5_000
"""More and less than what counts as worth while."""

PAGE = b"<!DOCTYPE html><title>Welcome to the hotel</title>"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        server.files["x.zip"] = CONTENT
        yield server


class Fetching:
    def __init__(self, server: Server, path: Path) -> None:
        self.server = server
        self.path = path / "x.zip"
        self.told = Told()
        self.slept: list[float] = []
        self.time = 0.0
        self.step = 0.0

    def now(self) -> float:
        self.time += self.step
        return self.time

    def __call__(self, *answers: Answer, file: RemoteFile | None = None) -> str:
        self.server.answers[:] = answers
        self.server.seen.clear()
        self.slept.clear()
        downloader = Downloader(self.told, sleep=self.slept.append, now=self.now, connect_s=5, stall_s=1)
        return downloader.fetch(file or self.server.file("x.zip"), self.path)

    @property
    def asked(self) -> list[str | None]:
        """Which part was asked for, in each request."""
        return [headers.get("range") for headers in self.server.seen]

    def fails(self, *answers: Answer, file: RemoteFile | None = None) -> str:
        with pytest.raises(Fault) as caught:
            self(*answers, file=file)
        assert "\n" not in str(caught.value)
        assert not self.path.exists()
        return str(caught.value)

    def whole(self) -> bool:
        return self.path.read_bytes() == CONTENT and [path.name for path in self.path.parent.iterdir()] == [self.path.name]


@pytest.fixture
def fetch(server: Server, tmp_path: Path) -> Fetching:
    (tmp_path / "downloads").mkdir()
    return Fetching(server, tmp_path / "downloads")


def test_a_file_is_fetched_and_its_digest_told(fetch: Fetching) -> None:
    assert fetch() == hashlib.sha256(CONTENT).hexdigest()
    assert fetch.whole()
    assert fetch.asked == [None]
    assert fetch.slept == []
    assert [what for what, _, _ in fetch.told.stages] == ["Fetching x.zip", "Checking x.zip"]
    assert fetch.told.done == len(CONTENT)


@pytest.mark.parametrize(
    "trouble", [resets(MUCH), closes(MUCH), stalls(MUCH), in_chunks(cut=MUCH)], ids=["reset", "closed", "stalled", "chunks"]
)
def test_what_came_before_a_break_is_not_fetched_again(fetch: Fetching, trouble: Answer) -> None:
    fetch(trouble)
    assert fetch.whole()
    first, second = fetch.asked
    assert first is None
    if second is not None:  # a reset may take with it what was under way
        assert 0 < int(second.removeprefix("bytes=").removesuffix("-")) <= MUCH + 10_000
    assert fetch.slept == [1.0]
    assert len(fetch.told.said) == 1


def test_it_goes_on_through_any_number_of_breaks_as_long_as_much_comes_between_them(fetch: Fetching) -> None:
    fetch.server.files["x.zip"] = content = random.Random(2).randbytes(10 * MUCH)
    fetch(*[closes(MUCH)] * 9)
    assert fetch.path.read_bytes() == content
    assert fetch.slept == [1.0] * 9


def test_it_gives_up_when_little_comes_many_times_in_a_row_and_goes_on_from_there_the_next_time(fetch: Fetching) -> None:
    told = fetch.fails(*[closes(LITTLE)] * 10)
    assert fetch.slept == [1.0, 2.0, 4.0, 8.0]
    assert "broke off" in told
    assert "25 kB of it are here" in told
    assert "Type the same command again later" in told
    fetch()
    assert fetch.whole()
    assert fetch.asked == [f"bytes={5 * LITTLE}-"]
    assert fetch.server.seen[0]["if-range"] == '"one"'
    assert ("Fetching x.zip", len(CONTENT), 5 * LITTLE) in fetch.told.stages


def test_a_server_that_never_answers_is_given_up_soon(fetch: Fetching) -> None:
    told = fetch.fails(*[stalls(0)] * 9)
    assert "does not answer" in told
    assert fetch.slept == [1.0, 2.0]


def test_a_trickle_counts_as_stalled(fetch: Fetching) -> None:
    fetch.step = 100.0
    told = fetch.fails(*[closes(1_000)] * 9)
    assert "sent only 1 kB in" in told


def test_nobody_there_is_said_in_one_line(fetch: Fetching) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        file = fetch.server.file("x.zip").model_copy(update={"url": f"http://127.0.0.1:{taken.getsockname()[1]}/x.zip"})
        assert "the connection to 127.0.0.1 failed (Connection refused)" in fetch.fails(file=file)
    assert fetch.slept == [1.0, 2.0]


def test_no_network_is_said_in_one_line(fetch: Fetching) -> None:
    file = fetch.server.file("x.zip").model_copy(update={"url": "https://models.invalid/x.zip"})
    assert "the address of models.invalid cannot be found, as without a network" in fetch.fails(file=file)


@pytest.mark.parametrize("status", [404, 403, 410, 451, 204, 501])
def test_a_refusal_is_said_at_once(fetch: Fetching, status: int) -> None:
    assert f"does not give x.zip (it answers {status}" in fetch.fails(says(status, b""))
    assert fetch.slept == []


@pytest.mark.parametrize(("wish", "pause"), [("7", 7.0), ("9999", 60.0), ("soon", 1.0), ("", 1.0)])
def test_a_busy_server_is_asked_again_when_it_wishes(fetch: Fetching, wish: str, pause: float) -> None:
    fetch(says(503, Retry_After=wish))
    assert fetch.whole()
    assert fetch.slept == [pause]


# Lies.


def test_a_length_that_is_too_long_is_a_break_and_a_digest_settles_it(fetch: Fetching) -> None:
    file = fetch.server.file("x.zip", exact=False)
    fetch(lies_about_length(5_000), file=file)
    assert fetch.whole()


@pytest.mark.parametrize("by", [-500_000, 5_000])
def test_a_length_that_cannot_be_is_another_file(fetch: Fetching, by: int) -> None:
    told = fetch.fails(lies_about_length(by))
    assert f"offers 1 MB ({len(CONTENT) + by} bytes)" in told or f"({len(CONTENT) + by} bytes)" in told
    assert fetch.slept == []


def test_a_file_without_end_is_stopped(fetch: Fetching) -> None:
    file = fetch.server.file("x.zip").model_copy(update={"bytes": 300_000, "exact": False})
    assert "sends more than 300 kB as x.zip" in fetch.fails(in_chunks(), file=file)
    assert not list(fetch.path.parent.glob("*.part.json"))
    assert (fetch.path.parent / "x.zip.part").stat().st_size == 0


def test_without_a_length_the_end_of_the_connection_is_the_end_of_the_file(fetch: Fetching) -> None:
    fetch(tells_no_length)
    assert fetch.whole()


@pytest.mark.parametrize("exact", [True, False])
def test_another_file_of_the_same_size_is_refused(fetch: Fetching, exact: bool) -> None:
    file = fetch.server.file("x.zip", exact=exact)
    fetch.server.files["x.zip"] = random.Random(3).randbytes(len(CONTENT))
    told = fetch.fails(file=file)
    assert "is not the file that is expected" in told
    assert str(file.sha256) in told
    assert (fetch.path.parent / "x.zip.part").stat().st_size == 0


def test_a_web_page_in_its_place_is_the_log_in_of_a_network(fetch: Fetching) -> None:
    told = fetch.fails(says(200, PAGE, Content_Type="text/html; charset=utf-8"))
    assert "does this network want somebody to log in" in told


def test_a_body_packed_unasked_is_refused(fetch: Fetching) -> None:
    assert "packed in a way that was not asked for" in fetch.fails(says(200, CONTENT, Content_Encoding="gzip"))
    assert fetch.server.seen[0]["accept-encoding"] == "identity"


# Parts.


def test_a_server_that_knows_no_parts_sends_all_of_it_again(fetch: Fetching) -> None:
    fetch(closes(MUCH), knows_no_parts)
    assert fetch.whole()


def test_a_part_that_was_not_asked_for_is_thrown_away(fetch: Fetching) -> None:
    fetch(closes(MUCH), sends_another_part)
    assert fetch.whole()
    assert fetch.asked == [None, f"bytes={MUCH}-", None]


def test_a_part_that_nobody_asked_for_is_thrown_away(fetch: Fetching) -> None:
    fetch(sends_another_part)
    assert fetch.whole()
    assert fetch.asked == [None, None]


def test_parts_of_two_editions_are_never_put_together(fetch: Fetching) -> None:
    file = fetch.server.file("x.zip", known=False)
    fetch(closes(MUCH), sends_a_part_of_another_edition, file=file)
    assert fetch.whole()
    assert fetch.asked == [None, f"bytes={MUCH}-", None]


def test_an_edition_that_changed_meanwhile_is_fetched_anew(fetch: Fetching) -> None:
    def changed(request: Request) -> None:
        request.server.names = {"ETag": '"two"'}
        request.wfile.write(request.content[request.rest() :])

    fetch(closes(MUCH), changed, file=fetch.server.file("x.zip", known=False))
    assert fetch.whole()
    assert fetch.server.seen[1]["if-range"] == '"one"'


@pytest.mark.parametrize(
    ("names", "meant"), [({"ETag": 'W/"weak"', "Last-Modified": "Sat, 14 Mar 2026 03:00:00 GMT"}, "Sat, 14"), ({}, "")]
)
def test_an_edition_is_named_by_what_is_good_for_that(fetch: Fetching, names: dict[str, str], meant: str) -> None:
    fetch.server.names = names
    fetch(closes(MUCH))
    assert fetch.asked == [None, f"bytes={MUCH}-"]  # the digest settles whether it fits
    assert fetch.server.seen[1].get("if-range", "").startswith(meant)


def test_what_nothing_vouches_for_is_fetched_as_a_whole(fetch: Fetching) -> None:
    fetch.server.names = {}
    fetch(closes(MUCH), file=fetch.server.file("x.zip", known=False))
    assert fetch.whole()
    assert fetch.asked == [None, None]


def test_a_server_that_cannot_go_on_is_asked_for_all_of_it(fetch: Fetching) -> None:
    fetch(closes(MUCH), says(416))
    assert fetch.whole()
    assert fetch.asked == [None, f"bytes={MUCH}-", None]


def test_an_earlier_part_that_does_not_fit_is_found_out_by_the_digest_and_fetched_anew(fetch: Fetching) -> None:
    fetch.fails(*[closes(LITTLE)] * 5)
    part = fetch.path.parent / "x.zip.part"
    part.write_bytes(bytes(part.stat().st_size))
    fetch()
    assert fetch.whole()
    assert "does not fit the rest" in fetch.told.said[-1]
    assert fetch.asked == [f"bytes={5 * LITTLE}-", None]


@pytest.mark.parametrize(
    "about", ["", "{", "[]", "null", '{"url": 1}', '{"url": "elsewhere", "validator": "", "total": 1, "safe": 5}', "\udcff"]
)
def test_a_spoilt_note_beside_a_part_means_all_of_it_anew(fetch: Fetching, about: str) -> None:
    fetch.fails(*[closes(LITTLE)] * 5)
    (fetch.path.parent / "x.zip.part.json").write_bytes(about.encode(errors="surrogateescape"))
    fetch()
    assert fetch.whole()
    assert fetch.asked == [None]


def test_a_part_that_is_whole_already_needs_no_network(fetch: Fetching) -> None:
    file = fetch.server.file("x.zip")
    fetch.fails(*[closes(LITTLE)] * 5)
    fetch.server.server_close()
    part = fetch.path.parent / "x.zip.part"
    part.write_bytes(CONTENT)
    note = fetch.path.parent / "x.zip.part.json"
    note.write_text(note.read_text().replace(f'"safe": {5 * LITTLE}', f'"safe": {len(CONTENT)}'))
    fetch(file=file)
    assert fetch.whole()


# Where we are sent.


def test_a_redirect_is_followed_and_the_part_asked_for_there(fetch: Fetching) -> None:
    fetch.server.files["other"] = CONTENT
    elsewhere = says(302, Location="/other")
    fetch(elsewhere, closes(MUCH), elsewhere)
    assert fetch.whole()
    assert fetch.asked == [None, None, f"bytes={MUCH}-", f"bytes={MUCH}-"]


def test_a_redirect_without_encryption_is_not_followed(fetch: Fetching) -> None:
    told = fetch.fails(says(302, Location="http://login.example/welcome"))
    assert "sends us on to login.example without encryption: does this network want somebody to log in" in told
    assert len(fetch.server.seen) == 1


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "https://"])
def test_a_redirect_to_something_else_is_not_followed(fetch: Fetching, target: str) -> None:
    fetch.fails(says(302, Location=target))
    assert len(fetch.server.seen) == 1


def test_a_circle_of_redirects_ends(fetch: Fetching) -> None:
    told = fetch.fails(*[says(302, Location="/x.zip")] * 99)
    assert "from one address to the next" in told
    assert len(fetch.server.seen) == 6


def test_no_password_is_sent_anywhere(fetch: Fetching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    fetch()
    assert "authorization" not in fetch.server.seen[0]


# Encryption.


@pytest.fixture
def encrypted(server: Server, tmp_path: Path) -> Path:
    """The server's own certificate, which nobody knows; from now on it encrypts."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    try:
        made = subprocess.run(
            [*command, "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no openssl to make a certificate with")
    assert made.returncode == 0, made.stderr
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return certificate


def test_who_cannot_prove_who_they_are_gets_no_second_try(fetch: Fetching, encrypted: Path) -> None:
    file = fetch.server.file("x.zip").model_copy(update={"url": f"https://localhost:{fetch.server.server_port}/x.zip"})
    told = fetch.fails(file=file)
    assert "localhost cannot prove that it is localhost: is the clock right" in told
    assert fetch.slept == []


def test_from_encryption_nobody_is_led_away(fetch: Fetching, encrypted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(encrypted))
    file = fetch.server.file("x.zip").model_copy(update={"url": f"https://localhost:{fetch.server.server_port}/x.zip"})
    assert "without encryption" in fetch.fails(says(301, Location="http://alphacephei.com/x.zip"), file=file)
    fetch(closes(MUCH), file=file)
    assert fetch.whole()

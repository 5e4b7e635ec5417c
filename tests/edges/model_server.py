"""A server of files on this machine that behaves as badly as it is told to, and a zip to be served."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.vosk_toy_model import write_toy_model
from voiceskill.edges.model_management.manifest import Kind, Manifest, Model, RemoteFile

TOY = "vosk-model-small-en-toy-1"
DATE = "Sat, 14 Mar 2026 03:00:00 GMT"


class Request(BaseHTTPRequestHandler):
    """A request that is answered by the next of the server's answers, by `whole` when there is none."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.close_connection = True
        self.server.seen.append({name.lower(): value for name, value in self.headers.items()})
        answer = self.server.answers.pop(0) if self.server.answers else whole
        with suppress(OSError):  # whoever asked has gone
            answer(self)

    @property
    def content(self) -> bytes:
        return self.server.files[self.path.lstrip("/")]

    def begin(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def rest(self) -> int:
        """Answer up to the body, with the part that is asked for if this edition is meant. Returns where it begins."""
        asked, edition = self.headers.get("Range"), self.headers.get("If-Range")
        names = self.server.names
        if not asked or (edition and edition not in names.values()):
            self.begin(200, len(self.content), Content_Type="application/zip", **names)
            return 0
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        span = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        self.begin(206, len(self.content) - start, Content_Range=span, **names)
        return start

    def reset(self) -> None:
        """Break the connection off as a router does that was switched off and on."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        pass


Answer = Callable[[Request], None]


class Server(ThreadingHTTPServer):
    """Serves `files` by their names, and notes the headers of every request in `seen`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.files: dict[str, bytes] = {}
        self.names = {"ETag": '"one"', "Last-Modified": DATE}
        self.answers: list[Answer] = []
        self.seen: list[dict[str, str]] = []
        self.over = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked has gone, or doesn't trust us."""

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def file(self, name: str, *, known: bool = True, exact: bool = True) -> RemoteFile:
        content = self.files[name]
        digest = {"sha256": hashlib.sha256(content).hexdigest(), "digest_from": "this test"} if known else {}
        return RemoteFile.model_validate({"url": self.address(name), "bytes": len(content), "exact": exact, **digest})

    def toy(self, *, known: bool = True, exact: bool = True) -> Model:
        file = self.file(f"{TOY}.zip", known=known, exact=exact)
        return Model(name=TOY, kind=Kind.VOSK, about="hears", licence="Apache-2.0", files=(file,))


@contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


# How it may behave.


def whole(request: Request) -> None:
    """As it should."""
    request.wfile.write(request.content[request.rest() :])


def stalls(after: int) -> Answer:
    def answer(request: Request) -> None:
        start = request.rest()
        request.wfile.write(request.content[start : start + after])
        request.wfile.flush()
        request.server.over.wait()

    return answer


def resets(after: int) -> Answer:
    def answer(request: Request) -> None:
        start = request.rest()
        request.wfile.write(request.content[start : start + after])
        request.reset()

    return answer


def closes(after: int) -> Answer:
    """Says how much there is, and ends earlier."""

    def answer(request: Request) -> None:
        start = request.rest()
        request.wfile.write(request.content[start : start + after])

    return answer


def says(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(request: Request) -> None:
        request.begin(status, len(body), **headers)
        request.wfile.write(body)

    return answer


def knows_no_parts(request: Request) -> None:
    """Sends all of it, whatever part is asked for."""
    request.begin(200, len(request.content), **request.server.names)
    request.wfile.write(request.content)


def tells_no_length(request: Request) -> None:
    request.begin(200, None, **request.server.names)
    request.wfile.write(request.content)


def in_chunks(cut: int | None = None) -> Answer:
    def answer(request: Request) -> None:
        request.begin(200, None, Transfer_Encoding="chunked")
        for at in range(0, len(request.content), 10_000):
            piece = request.content[at : at + 10_000]
            request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            if cut is not None and at >= cut:
                return
        request.wfile.write(b"0\r\n\r\n")

    return answer


def lies_about_length(by: int) -> Answer:
    def answer(request: Request) -> None:
        request.begin(200, len(request.content) + by)
        request.wfile.write(request.content)

    return answer


def sends_another_part(request: Request) -> None:
    size = len(request.content)
    request.begin(206, size - 1, Content_Range=f"bytes 1-{size - 1}/{size}", **request.server.names)
    request.wfile.write(request.content[1:])


def sends_a_part_of_another_edition(request: Request) -> None:
    """Pays no heed to If-Range."""
    request.server.names = {"ETag": '"two"'}
    start, size = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-")), len(request.content)
    request.begin(206, size - start, Content_Range=f"bytes {start}-{size - 1}/{size}", **request.server.names)
    request.wfile.write(bytes(size - start))


# What it may serve.


def zipped(folder: Path, to: Path) -> bytes:
    """The folder as a zip, as its publisher would make one."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, f"{folder.name}/{path.relative_to(folder)}")
    return to.read_bytes()


def toy_zip(folder: Path, *, name: str = TOY, more: bytes = b"") -> bytes:
    """A zip with a model that loads. `more` makes it larger."""
    model = write_toy_model(folder / name)
    (model / "README").write_bytes(more)
    return zipped(model, folder / f"{name}.zip")


def listed(*models: Model) -> Manifest:
    return Manifest(models=models)


class Told:
    """A Watch that remembers."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int | None, int]] = []
        self.said: list[str] = []
        self.done = 0

    def stage(self, what: str, total: int | None, done: int = 0) -> None:
        self.stages.append((what, total, done))
        self.done = done

    def advance(self, count: int) -> None:
        self.done += count

    def say(self, line: str) -> None:
        self.said.append(line)

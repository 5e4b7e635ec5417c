"""Fetching a file over HTTP, by a network that stalls, breaks off, lies, or wants somebody to log in first.

What came stays when anything goes wrong, and the next try goes on from there (RFC 9110, sections 13.1.5 and 14): with the name that the
server gave to that edition of the file, so that parts of two editions are never put together. What has a digest is compared with it.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from voiceskill import __version__
from voiceskill.edges.model_management.manifest import RemoteFile, is_safe_address
from voiceskill.edges.model_management.part import PartialFile
from voiceskill.edges.model_management.watch import Watch, readable
from voiceskill.ports import Fault

_PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds between tries that brought nothing worth while. After the last of them we give up."""

_PAUSES_IN_SILENCE = 2
"""As many of them before we give up a server that sent not one byte: there is no network, most likely."""

_WORTH_WHILE = 256 * 1024
"""A try that brought this many bytes was none in vain."""

_LONGEST_PAUSE = 60.0
_MOST_REDIRECTS = 5
_CHUNK = 64 * 1024

_LEAST_BYTES, _LEAST_SECONDS = 60_000, 60.0
"""Fewer bytes than this in that time, and the connection counts as stalled."""

_PASSING = {408, 425, 429, 500, 502, 503, 504}
"""Answers that may be other ones in a moment."""

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_TYPE_ANEW = "Type the same command again later: it goes on from what is here"
_LOGIN = "does this network want somebody to log in first? Open a web page on a device in it, then type the same command again"


class _Broken(Exception):  # noqa: N818 - a passing trouble, which is no error yet
    """A try that came to nothing, or not to the end. `pause` is how long the server wants us to wait, in seconds."""

    def __init__(self, what: str, pause: float = 0.0) -> None:
        super().__init__(what)
        self.pause = pause


class Downloader:
    """Fetches files. `connect_s` and `stall_s` are how long a server may take to answer and, after that, to send the next byte."""

    def __init__(
        self,
        watch: Watch,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
        connect_s: float = 15.0,
        stall_s: float = 30.0,
    ) -> None:
        self._watch = watch
        self._sleep = sleep
        self._now = now
        self._timeouts = (connect_s, stall_s)

    def fetch(self, file: RemoteFile, path: Path) -> str:
        """Have `file` at `path`, going on with what came before. Returns its SHA-256.

        Raises Fault when it can't be had, or is another file than the one expected; OSError as the disk does.
        """
        with PartialFile(path, file.url) as part, requests.Session() as session:
            session.auth = _nobody
            before = part.size
            self._have_all(session, file, part)
            digest = self._digest(file, part)
            if digest != file.sha256 and file.sha256 and before:
                self._watch.say(f"{file.name}: what was fetched earlier does not fit the rest; fetching all of it anew")
                part.restart()
                self._have_all(session, file, part)
                digest = self._digest(file, part)
            if digest != file.sha256 and file.sha256:
                part.restart()
                raise Fault(
                    f"{file.name} from {_host(file.url)} is not the file that is expected: its SHA-256 is {digest}, not {file.sha256}. "
                    "It was thrown away; try again later, or install from a file that you trust with --from"
                )
            part.become(path)
            return digest

    def _have_all(self, session: requests.Session, file: RemoteFile, part: PartialFile) -> None:
        """Try until all of it is there. Raises Fault when several tries in a row brought nothing worth while."""
        in_vain, came = 0, 0
        while True:
            before = part.size
            try:
                self._try(session, file, part)
            except _Broken as broken:
                came = max(came, part.size - before)
                in_vain = 0 if part.size - before >= _WORTH_WHILE else in_vain + 1
                if in_vain > (len(_PAUSES) if came else _PAUSES_IN_SILENCE):
                    so_far = f"; {readable(part.size)} of it are here" if part.size else ""
                    raise Fault(f"{file.name} cannot be fetched: {broken}{so_far}. {_TYPE_ANEW}") from broken
                pause = min(max(_PAUSES[max(in_vain, 1) - 1], broken.pause), _LONGEST_PAUSE)
                self._watch.say(f"{broken}; trying again in {pause:.0f} s")
                self._sleep(pause)
            else:
                return

    def _try(self, session: requests.Session, file: RemoteFile, part: PartialFile) -> None:
        """Fetch what is missing. Raises _Broken when the rest did not come, Fault when trying again is of no use."""
        whole = file.bytes if file.exact else part.total
        if part.size and part.size == whole:
            return
        if part.size and not part.validator and not file.sha256:
            part.restart()  # nothing would tell if the rest were of another edition
        asked = {"Range": f"bytes={part.size}-", **({"If-Range": part.validator} if part.validator else {})} if part.size else {}
        with _told(file), self._answer(session, file, asked) as answer:
            total = _agree(answer, file, part)
            self._watch.stage(f"Fetching {file.name}", total or file.bytes, part.size)
            self._take(answer, file, part)
        expected = file.bytes if total is None and file.exact else total
        if expected is not None and part.size != expected:
            raise _Broken(f"{_host(file.url)} broke off after {readable(part.size)}")

    def _take(self, answer: requests.Response, file: RemoteFile, part: PartialFile) -> None:
        """Write down what comes."""
        since, came = self._now(), 0
        # read1 hands out what has come. What gathers larger pieces loses them when the connection breaks.
        while data := answer.raw.read1(_CHUNK, decode_content=False):
            if part.size + len(data) > file.most:
                part.restart()
                raise Fault(f"{_host(file.url)} sends more than {readable(file.bytes)} as {file.name}: it is another file. {_OTHER_WAY}")
            part.write(data)
            self._watch.advance(len(data))
            came += len(data)
            if (passed := self._now() - since) >= _LEAST_SECONDS:
                if came < _LEAST_BYTES:
                    raise _Broken(f"{_host(file.url)} sent only {readable(came)} in {passed:.0f} s")
                since, came = self._now(), 0

    @contextmanager
    def _answer(self, session: requests.Session, file: RemoteFile, asked: dict[str, str]) -> Iterator[requests.Response]:
        """Ask for the file, and follow where the server sends us, as long as that is safe."""
        address = file.url
        headers = {"User-Agent": f"voiceskill/{__version__}", "Accept-Encoding": "identity", **asked}
        for _ in range(_MOST_REDIRECTS + 1):
            with session.get(address, headers=headers, stream=True, timeout=self._timeouts, allow_redirects=False) as answer:
                if not answer.is_redirect:
                    yield answer
                    return
                address = urljoin(address, answer.headers["Location"])
            if not is_safe_address(address):
                raise Fault(f"{_host(file.url)} sends us on to {_host(address)} without encryption: {_LOGIN}")
        raise Fault(f"{_host(file.url)} sends us from one address to the next: {_LOGIN}")

    def _digest(self, file: RemoteFile, part: PartialFile) -> str:
        self._watch.stage(f"Checking {file.name}", part.size)
        digest = hashlib.sha256()
        with part.path.open("rb") as stream:
            while data := stream.read(2**20):
                digest.update(data)
                self._watch.advance(len(data))
        return digest.hexdigest()


_OTHER_WAY = "Try again later, or install from a file that you trust with --from"


def _agree(answer: requests.Response, file: RemoteFile, part: PartialFile) -> int | None:
    """Look at what the server answers before its body is read, and make `part` ready for that. Returns the size of the whole, if told.

    Raises _Broken or Fault where the body is nothing for us.
    """
    host, status = _host(file.url), answer.status_code
    if status in _PASSING:
        raise _Broken(f"{host} answers {status} {answer.reason}", _retry_after(answer))
    if status == requests.codes.requested_range_not_satisfiable:
        part.restart()
        raise _Broken(f"{host} cannot go on from where we were")
    if status not in (requests.codes.ok, requests.codes.partial_content):
        raise Fault(f"{host} does not give {file.name} (it answers {status} {answer.reason}). {_OTHER_WAY}")
    if answer.headers.get("Content-Type", "").partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml"):
        raise Fault(f"{host} sends a web page in place of {file.name}: {_LOGIN}")
    if answer.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise Fault(f"{host} sends {file.name} packed in a way that was not asked for. {_OTHER_WAY}")
    validator = _validator(answer)
    if status == requests.codes.partial_content:
        told = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        total = int(told[2]) if told and told[2] != "*" else None
        if not told or int(told[1]) != part.size or not part.size or (part.validator and validator and part.validator != validator):
            part.restart()
            raise _Broken(f"{host} sends another part than the one asked for")
    else:
        length = answer.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        part.restart(validator, total)
    if total is not None and (total != file.bytes if file.exact else total > file.most):
        part.restart()
        raise Fault(f"{host} offers {readable(total)} ({total} bytes) as {file.name}, not {file.bytes}: it is another file. {_OTHER_WAY}")
    return total


def _validator(answer: requests.Response) -> str:
    """What the server calls this edition of the file; empty where it gives no name that is good for If-Range."""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def _retry_after(answer: requests.Response) -> float:
    told = answer.headers.get("Retry-After", "")
    return float(told) if told.isdecimal() else 0.0


@contextmanager
def _told(file: RemoteFile) -> Iterator[None]:
    """Say what the libraries and the system call by many names."""
    host = _host(file.url)
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        causes = tuple(_causes(error))
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            raise Fault(f"{host} cannot prove that it is {host}: is the clock right (type `date`)? If it is, {_LOGIN}") from error
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            raise _Broken(f"the address of {host} cannot be found, as without a network") from error
        if any(isinstance(cause, TimeoutError | requests.Timeout) for cause in causes):
            raise _Broken(f"{host} does not answer") from error
        if any(isinstance(cause, http.client.IncompleteRead) for cause in causes):
            raise _Broken(f"{host} broke off") from error
        raise _Broken(f"the connection to {host} failed ({_innermost(causes)})") from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what led to it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _innermost(causes: Sequence[BaseException]) -> str:
    """The first cause, in one line."""
    first = causes[-1]
    told = first.strerror if isinstance(first, OSError) and first.strerror else str(first)
    return told.partition("\n")[0] or type(first).__name__


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Log in nowhere: requests would look for a password in ~/.netrc."""
    return request


def _host(address: str) -> str:
    return urlsplit(address).hostname or address

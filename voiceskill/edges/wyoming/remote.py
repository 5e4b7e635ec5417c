"""A Wyoming server of somebody else's, asked to hear or to speak: a thread for the network, and a connection for each thing it is asked.

Laws of this module:
- Nobody here waits: what is asked is answered by a Future, which can be cancelled at any time.
- What a server sends is bounded in length and time, and none of it enters a message.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from functools import cached_property
from typing import TypeVar

import numpy as np
from wyoming.asr import Transcribe
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event, Eventable, async_write_event
from wyoming.tts import Synthesize, SynthesizeVoice

from voiceskill.edges.wyoming.hearing import samples
from voiceskill.edges.wyoming.wire import HEADER_BYTES, Malformed, read_event
from voiceskill.ports import HEARING_RATE, Clip, Fault, Pcm

LONGEST_SECONDS = 90.0
"""How long one thing that is asked may take in all, an utterance with the time in which it is spoken; whoever asked has gone by then."""

_MOST_BYTES = 16 * 2**20
"""Sound of a sentence: minutes of it."""

_RATES = range(8_000, 48_001)
_WIDTHS = range(1, 5)
_CHANNELS = range(1, 9)

Result = TypeVar("Result")


class Utterance:
    """Something that is said, on its way to a server. `answer` will be its words; it fails with a Fault where there are none to be had."""

    def __init__(self, answer: Future[str], send: Callable[[Pcm | None], object]) -> None:
        self.answer = answer
        self._send = send

    def hear(self, pcm: Pcm) -> None:
        """More of it, at HEARING_RATE."""
        self._send(pcm)

    def finish(self) -> None:
        """That was all of it."""
        self._send(None)


class RemoteServer:
    """The Wyoming server at `host` and `port`. It is asked for `language`, and to speak with `voice` if that is not empty."""

    def __init__(self, host: str, port: int, language: str, voice: str = "") -> None:
        self._host = host
        self._port = port
        self._language = language
        self._thread: threading.Thread | None = None
        self._voice = SynthesizeVoice(name=voice) if voice else None
        self.name = f"the server at {host}:{port}"
        self.voice = f"wyoming {host}:{port} {voice}".strip()

    def listen(self) -> Utterance:
        """Begin an utterance."""
        sound: asyncio.Queue[Pcm | None] = asyncio.Queue()
        answer = self._ask(self._transcribe(sound))

        def send(pcm: Pcm | None) -> None:
            with suppress(RuntimeError):  # it was closed meanwhile
                self._loop.call_soon_threadsafe(sound.put_nowait, pcm)

        return Utterance(answer, send)

    def speak(self, text: str) -> Future[Clip]:
        """Have a sentence spoken; fails with a Fault."""
        return self._ask(self._synthesize(text))

    def close(self) -> None:
        """Ask nothing any more; what was asked is cancelled. May be called more than once."""
        if self._thread is None or not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()

        def run() -> None:
            loop.run_forever()
            loop.close()

        self._thread = threading.Thread(target=run, name=f"ask {self._host}", daemon=True)
        self._thread.start()
        return loop

    def _ask(self, asked: Coroutine[None, None, Result]) -> Future[Result]:
        return asyncio.run_coroutine_threadsafe(self._told_as_fault(asked), self._loop)

    async def _told_as_fault(self, asked: Coroutine[None, None, Result]) -> Result:
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await asked
        except TimeoutError as error:
            raise self._fault("takes too long") from error
        except OSError as error:
            raise self._fault(f"cannot be reached ({error.strerror or type(error).__name__})") from error
        except (Malformed, ValueError, KeyError, TypeError) as error:
            raise self._fault("gives no answer that can be understood") from error

    def _fault(self, what: str) -> Fault:
        return Fault(f"{self.name} {what}")

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=HEADER_BYTES)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def _transcribe(self, sound: asyncio.Queue[Pcm | None]) -> str:
        async with self._connected() as (reader, writer):
            await _send(writer, Transcribe(language=self._language), AudioStart(HEARING_RATE, 2, 1))
            while (pcm := await sound.get()) is not None:
                await _send(writer, AudioChunk(HEARING_RATE, 2, 1, pcm.astype("<i2").tobytes()))
            await _send(writer, AudioStop())
            while True:
                event = await self._next(reader)
                if event.type == "transcript":
                    text = event.data["text"]
                    if not isinstance(text, str):
                        raise TypeError
                    return text

    async def _synthesize(self, text: str) -> Clip:
        pieces: list[bytes] = []
        kind = (0, 0, 0)
        async with self._connected() as (reader, writer):
            await _send(writer, Synthesize(text, voice=self._voice))
            while (event := await self._next(reader)).type != "audio-stop":
                if event.type in {"audio-start", "audio-chunk"}:
                    kind = (event.data["rate"], event.data["width"], event.data["channels"])
                if event.type == "audio-chunk":
                    pieces.append(event.payload or b"")
                if sum(map(len, pieces)) > _MOST_BYTES:
                    raise self._fault("sends more sound than a sentence has")
        return self._clip(b"".join(pieces), *kind)

    def _clip(self, sound: bytes, rate: int, width: int, channels: int) -> Clip:
        if rate not in _RATES or width not in _WIDTHS or channels not in _CHANNELS:
            raise self._fault("sends sound of a kind that is not known here")
        whole = len(sound) - len(sound) % (width * channels)
        if not whole:
            raise self._fault("sends no sound")
        mono = samples(sound[:whole], width).reshape(-1, channels).mean(axis=1, dtype=np.float32)
        return Clip(np.clip(np.rint(mono), -32_768, 32_767).astype(np.int16), rate)

    async def _next(self, reader: asyncio.StreamReader) -> Event:
        event = await read_event(reader, LONGEST_SECONDS, LONGEST_SECONDS)
        if event is None:
            raise self._fault("ends the connection without an answer")
        if event.type == "error":
            raise self._fault("says that it failed")
        return event


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # in which their connections are closed


async def _send(writer: asyncio.StreamWriter, *events: Eventable) -> None:
    for event in events:
        await async_write_event(event.event(), writer)

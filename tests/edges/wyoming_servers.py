"""Wyoming servers as they are found in houses: some work, some do not. Made with the `wyoming` package, on real sockets."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, async_read_event, async_write_event

Kind = Literal["works", "says nothing", "stalls", "resets", "garbage", "an error", "hangs up", "no text"]
BROKEN_AT_ONCE: tuple[Kind, ...] = ("resets", "garbage", "an error", "hangs up", "no text")
SILENT: tuple[Kind, ...] = ("says nothing", "stalls")


class SomebodysServer:
    """Hears "the server heard", and speaks a tenth of a second of sound; or fails, as its `kind` is now. Counts its `visits`."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.visits = 0
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self, port: int = 0) -> None:
        self._thread.start()
        listening = asyncio.start_server(self._welcome, "127.0.0.1", port)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        async def end() -> None:
            while rest := asyncio.all_tasks() - {asyncio.current_task(), *self._tasks}:
                await asyncio.wait(rest)  # whoever is being let in by asyncio when it closes is never closed
            self._server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        self._writers.append(writer)
        self._tasks.append(asyncio.get_running_loop().create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.kind == "stalls":
                await asyncio.Event().wait()  # takes nothing
            while (event := await async_read_event(reader)) is not None:
                if event.type in {"audio-stop", "synthesize"}:
                    await self._answer(event, writer)
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, event: Event, writer: asyncio.StreamWriter) -> None:
        match self.kind:
            case "works" if event.type == "synthesize":
                for one in (AudioStart(8_000, 2, 1), AudioChunk(8_000, 2, 1, b"\x00\x10" * 800), AudioStop()):
                    await async_write_event(one.event(), writer)
            case "works":
                await async_write_event(Transcript("the server heard").event(), writer)
            case "resets":
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            case "garbage":
                writer.write(b"\x16\x03\x01 what is this\n" * 100)
                await writer.drain()
            case "an error":
                await async_write_event(Error("no").event(), writer)
            case "hangs up":
                writer.close()
            case "no text":
                await async_write_event(Event("transcript", {"text": 5}), writer)
                await async_write_event(Event("audio-chunk", {"rate": "x"}), writer)
            case _:
                await asyncio.Event().wait()


@contextmanager
def somebodys_server(kind: Kind, port: int = 0) -> Iterator[SomebodysServer]:
    """One, for the time of a test."""
    server = SomebodysServer(kind)
    server.start(port)
    try:
        yield server
    finally:
        server.stop()

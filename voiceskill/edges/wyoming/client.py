"""One client: its events are answered one after another, as long as it keeps to the protocol and its time.

Home Assistant makes a connection for each turn, sends one `transcript`, and waits for `handled` or `not-handled`. It waits for ever for
the end of a recognition or of speech; so where either fails, the connection is closed.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import soxr
from wyoming.asr import Transcript, TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable, async_write_event
from wyoming.handle import Handled, NotHandled
from wyoming.ping import Pong
from wyoming.tts import SynthesizeStopped

from voiceskill.core.sentences import begun, sentences
from voiceskill.edges.wyoming.hearing import Busy, NoSound, SharedRecogniser, SoundIn, Utterance
from voiceskill.edges.wyoming.offer import Offer
from voiceskill.edges.wyoming.wire import Malformed, Patience, read_event
from voiceskill.edges.wyoming.work import Worker
from voiceskill.ports import HEARING_RATE, Fault

LONGEST_TEXT = 5_000
"""Letters that are spoken at most in one request, or in one sentence of a stream: about five minutes."""

_LONGEST_NAME = 200
_SAMPLES_A_CHUNK = 1_024
_PAUSE_SECONDS = 0.25

_AT_ONCE = struct.pack("ii", 1, 0)
"""Close, and throw away what was not taken yet."""

_log = logging.getLogger(__name__)


class Unspeakable(Exception):  # noqa: N818 - the client's error, and told to it
    """A text that will not be spoken. The message says why."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What all clients share."""

    offer: Offer
    hearing: SharedRecogniser
    patience: Patience
    answers: Worker = field(default_factory=lambda: Worker("answer"))
    ears: Worker = field(default_factory=lambda: Worker("hear others"))
    voice: Worker = field(default_factory=lambda: Worker("speak to others"))

    def close(self) -> None:
        """Finish the work in hand."""
        for worker in (self.answers, self.ears, self.voice):
            worker.close()


@dataclass(slots=True)
class _Speech:
    """Text on its way to being spoken: what of it is no whole sentence yet, and the rate of its sound once there is any."""

    text: str = ""
    rate: int | None = None


class Client:
    """Answers one client. `peer` is its IP address."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, desk: Desk, peer: str) -> None:
        self._reader = reader
        self._writer = writer
        self._desk = desk
        self._peer = peer
        self.idle_since: float | None = None
        """When we began to wait for its next event, in the loop's time; None while it is served."""
        self._utterance: Utterance | None = None
        self._sound: SoundIn | None = None
        self._stream: _Speech | None = None
        self._takes: dict[str, Callable[[Event], Awaitable[None]]] = {
            "describe": self._describe,
            "ping": self._ping,
            "transcript": self._asked,
            "recognize": self._asked,
            "transcribe": self._begin_anew,
            "audio-start": self._begin_anew,
            "audio-chunk": self._hear,
            "audio-stop": self._read,
            "synthesize": self._speak,
            "synthesize-start": self._begin_stream,
            "synthesize-chunk": self._stream_on,
            "synthesize-stop": self._end_stream,
        }

    async def serve(self) -> None:
        """Answer until it goes, or must."""
        try:
            await self._serve()
            await self._leave()
        except OSError:  # TimeoutError is one
            _log.debug("a client went away, or took too long")
        finally:
            self._end_utterance()
            self._writer.transport.abort()

    async def _serve(self) -> None:
        try:
            while (event := await self._next()) is not None:
                if takes := self._takes.get(event.type):
                    await takes(event)
        except OSError:
            raise
        except (Malformed, NoSound, Unspeakable) as error:
            await self._send(Error(f"This cannot be used: {error}.", code="bad-request"))
        except Busy as error:
            await self._send(Error(f"Too much to do: {error}.", code="busy"))
        except Fault as fault:
            _log.warning("%s", fault)
            await self._send(Error(str(fault), code="failed"))
        except Exception as error:  # noqa: BLE001 - whatever an engine raises, the others are to be served; the message may hold what was said
            _log.error("a client could not be served: %s", type(error).__name__)
            await self._send(Error("Something went wrong here.", code="failed"))

    async def _next(self) -> Event | None:
        patience = self._desk.patience
        self.idle_since = asyncio.get_running_loop().time()
        event = await read_event(self._reader, patience.event if self._utterance else patience.idle, patience.event)
        self.idle_since = None
        return event

    async def _send(self, *events: Eventable) -> None:
        try:
            async with asyncio.timeout(self._desk.patience.write):
                for event in events:
                    await async_write_event(event.event(), self._writer)
        except TimeoutError:
            # Otherwise the system would keep for minutes what the client does not take.
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            raise

    async def _leave(self) -> None:
        """Send what it was not sent yet, and say goodbye."""
        self._writer.close()
        async with asyncio.timeout(self._desk.patience.write):
            await self._writer.wait_closed()

    # What we are, and the conversation.

    async def _describe(self, _: Event) -> None:
        await self._send(self._desk.offer.info())

    async def _ping(self, event: Event) -> None:
        text = event.data.get("text")
        await self._send(Pong(text if isinstance(text, str) else None))

    async def _asked(self, event: Event) -> None:
        answering = self._desk.offer.answering
        answer = await self._desk.answers.do(answering.answer, _visitor(event, self._peer), _text(event))
        await self._send(Handled(answer.text) if answer.understood else NotHandled(answer.text))

    # Hearing.

    async def _begin_anew(self, _: Event) -> None:
        self._end_utterance()

    async def _hear(self, event: Event) -> None:
        chunk = _chunk(event)
        kind = (chunk.rate, chunk.width, chunk.channels)
        if self._sound is None or self._sound.kind != kind:
            self._sound = SoundIn(*kind)
        if self._utterance is None:
            self._utterance = self._desk.hearing.begin()
        self._utterance.add(self._sound.take(chunk.audio))
        so_far = await self._desk.ears.do(self._desk.hearing.words_so_far, self._utterance)
        await self._tell(self._utterance, so_far)

    async def _tell(self, utterance: Utterance, text: str, *, last: bool = False) -> None:
        begun = bool(utterance.told)
        words = utterance.settled(text, last=last)
        if words:
            start = [] if begun else [TranscriptStart(language=self._desk.offer.language)]
            await self._send(*start, TranscriptChunk(" ".join(["", *words] if begun else words)))

    async def _read(self, _: Event) -> None:
        utterance, sound = self._utterance, self._sound
        text = ""
        if utterance and sound:
            utterance.add(sound.take(b"", last=True))
            text = await self._desk.ears.do(self._desk.hearing.words, utterance)
            await self._tell(utterance, text, last=True)
            if utterance.told:
                await self._send(TranscriptStop())
        self._end_utterance()
        await self._send(Transcript(text, language=self._desk.offer.language))

    def _end_utterance(self) -> None:
        if self._utterance:
            self._desk.ears.soon(self._desk.hearing.drop, self._utterance)
            self._desk.hearing.end()
        self._utterance = self._sound = None

    # Speaking.

    async def _speak(self, event: Event) -> None:
        if self._stream:
            return  # Home Assistant sends the whole text once more after its pieces, for those who know no pieces
        text = _text(event)
        if len(text) > LONGEST_TEXT:
            raise Unspeakable(f"the text is longer than {LONGEST_TEXT} letters")
        speech = _Speech()
        for sentence in sentences(text):
            await self._say(speech, sentence)
        await self._end_sound(speech)

    async def _begin_stream(self, _: Event) -> None:
        self._stream = _Speech()

    async def _stream_on(self, event: Event) -> None:
        stream = self._stream
        if stream is None:
            return
        whole, stream.text = begun(stream.text + _text(event))
        if len(stream.text) > LONGEST_TEXT:
            raise Unspeakable(f"a sentence is longer than {LONGEST_TEXT} letters")
        for sentence in whole:
            await self._say(stream, sentence)

    async def _end_stream(self, _: Event) -> None:
        stream, self._stream = self._stream, None
        if stream is None:
            return
        for sentence in sentences(stream.text):
            await self._say(stream, sentence)
        await self._end_sound(stream)
        await self._send(SynthesizeStopped())

    async def _say(self, speech: _Speech, sentence: str) -> None:
        clip = await self._desk.voice.do(self._desk.offer.synthesiser.render, sentence)
        first = speech.rate is None
        rate = speech.rate = speech.rate or clip.rate
        pcm = clip.pcm if clip.rate == rate else soxr.resample(clip.pcm, clip.rate, rate)
        sound = pcm.astype("<i2").tobytes()
        if first:
            await self._send(AudioStart(rate, 2, 1))
        else:
            sound = bytes(2 * round(_PAUSE_SECONDS * rate)) + sound
        for begin in range(0, len(sound), 2 * _SAMPLES_A_CHUNK):
            await self._send(AudioChunk(rate, 2, 1, sound[begin : begin + 2 * _SAMPLES_A_CHUNK]))

    async def _end_sound(self, speech: _Speech) -> None:
        if speech.rate is None:
            await self._send(AudioStart(HEARING_RATE, 2, 1))
        await self._send(AudioStop())


def _text(event: Event) -> str:
    """The text of an event, in letters that can be written anywhere; nothing where there is none."""
    text = event.data.get("text")
    return text.encode("utf-8", "replace").decode("utf-8") if isinstance(text, str) else ""


def _visitor(event: Event, peer: str) -> str:
    """Who asks: the satellite, or else the conversation, as newer cores of Home Assistant name them; or else wherever it comes from."""
    context = event.data.get("context")
    if isinstance(context, dict):
        for name in ("satellite_id", "device_id", "conversation_id"):
            value = context.get(name)
            if isinstance(value, str) and value:
                return f"{name} {value[:_LONGEST_NAME]}"
    return f"address {peer}"


def _chunk(event: Event) -> AudioChunk:
    try:
        return AudioChunk.from_event(event)
    except KeyError as error:
        raise Malformed(f"a piece of sound tells no {error.args[0]}") from None

"""Events off the wire, with a bound on everything that a client says about itself.

An event is a line of JSON, `{"type", "data", "data_length", "payload_length"}`, then as many bytes of JSON and of payload as it tells. The
reader of the `wyoming` package believes the lengths: told of two gigabytes it waits for them, and keeps in memory what comes; told of a
length that is no number, or of JSON nested a thousandfold, it raises.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from wyoming.event import Event

HEADER_BYTES = 2**15
"""The longest header. Old clients write the data, a sentence or two, into it."""

DATA_BYTES = 2**16

PAYLOAD_BYTES = 2**19
"""The largest payload: sixteen seconds of sound as it is usually sent, which comes in pieces of a twentieth of a second."""


class Malformed(Exception):  # noqa: N818 - the client's error, and told to it
    """What came is no event. There is no telling where the next one would begin. The message holds nothing of what came."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a client may take: `idle` between two events, `event` over one, and between those of its speech, `write` to get one."""

    idle: float = 60.0
    event: float = 10.0
    write: float = 30.0


async def read_event(reader: asyncio.StreamReader, begin_within: float, end_within: float) -> Event | None:
    """The next event, whose first byte comes within so many seconds, and the rest within so many more; None at the end.

    Raises Malformed, and TimeoutError for a client that takes longer.
    """
    try:
        async with asyncio.timeout(begin_within):
            first = await reader.readexactly(1)
        async with asyncio.timeout(end_within):
            return await _rest_of_event(first, reader)
    except asyncio.IncompleteReadError:
        return None


async def _rest_of_event(first: bytes, reader: asyncio.StreamReader) -> Event:
    try:
        line = first if first == b"\n" else first + await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError as error:
        raise Malformed("the header is too long") from error
    header = _object(line, "header")
    kind, data = header.get("type"), header.get("data")
    data = {} if data is None else data
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise Malformed("the header names no event")
    more = await reader.readexactly(_length(header, "data_length", DATA_BYTES))
    if more:
        data = {**data, **_object(more, "data")}
    payload = await reader.readexactly(_length(header, "payload_length", PAYLOAD_BYTES))
    return Event(kind, data, payload or None)


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed(f"the {what} is no JSON") from None
    if not isinstance(found, dict):
        raise Malformed(f"the {what} is no JSON object")
    return found


def _length(header: dict[str, Any], name: str, most: int) -> int:
    length = header.get(name)
    if length is None:
        return 0
    if not isinstance(length, int) or not 0 <= length <= most:
        raise Malformed(f"{name} is not a number from 0 to {most}")
    return length

"""Events off the wire, byte by byte."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.event import Event

from voiceskill.edges.wyoming.wire import DATA_BYTES, HEADER_BYTES, PAYLOAD_BYTES, Malformed, read_event


def read(sent: bytes, *, ends: bool = True, seconds: float = 60.0) -> list[Event]:
    """The events in what a client sends before it closes its side."""

    async def take() -> list[Event]:
        reader = asyncio.StreamReader(limit=HEADER_BYTES)
        reader.feed_data(sent)
        if ends:
            reader.feed_eof()
        events = []
        while event := await read_event(reader, seconds, seconds):
            events.append(event)
        return events

    return asyncio.run(take())


def written(kind: str = "transcript", data: object = None, payload: bytes = b"", **lengths: object) -> bytes:
    more = b"" if data is None else json.dumps(data).encode()
    header = {"type": kind, "version": "1.10.2", "data_length": len(more), "payload_length": len(payload), **lengths}
    return json.dumps(header).encode() + b"\n" + more + payload


def test_events_are_read_one_after_another_with_their_data_and_payload() -> None:
    events = read(written(data={"text": "help"}) + written("audio-chunk", {"rate": 16_000}, b"\n{sound}\n") + written("ping"))
    assert events == [Event("transcript", {"text": "help"}), Event("audio-chunk", {"rate": 16_000}, b"\n{sound}\n"), Event("ping")]


def test_data_inside_the_header_as_old_clients_write_it_is_read_and_added_to() -> None:
    sent = b'{"type": "transcript", "data": {"text": "help", "language": "en"}, "data_length": 16}\n{"text": "stop"}'
    assert read(sent) == [Event("transcript", {"text": "stop", "language": "en"})]


@pytest.mark.parametrize("header", ['{"type": "ping", "data": null, "data_length": null, "payload_length": null}', '{"type":"ping"}\r'])
def test_what_other_programs_write_for_nothing_is_nothing(header: str) -> None:
    assert read(header.encode() + b"\n") == [Event("ping")]


@pytest.mark.parametrize(
    "header",
    [
        *("", "{", "hello", "GET / HTTP/1.1", "[]", '"ping"', "null", "5", "{}", '{"type": 5}', '{"type": "x", "data": []}', "\xff\xfe"),
        *('{"type": "x", "data_length": "5"}', '{"type": "x", "data_length": -1}', '{"type": "x", "data_length": 2.5}'),
        *('{"type": "x", "payload_length": -1}', '{"type": "x", "payload_length": {}}', '{"type": "x", "payload_length": 1e9}'),
        *('{"type": "x", "data_length": 2147483648}', '{"type": "x", "payload_length": 2147483648}', "[" * 20_000, '{"type":' * 3_000),
        *(f'{{"type": "x", "data_length": {DATA_BYTES + 1}}}', f'{{"type": "x", "payload_length": {PAYLOAD_BYTES + 1}}}'),
        *("9" * 5_000, '{"type": "' + "x" * HEADER_BYTES + '"}'),
    ],
)
def test_what_is_no_event_or_too_large_is_refused_before_it_comes(header: str) -> None:
    with pytest.raises(Malformed):
        read(header.encode("latin-1") + b"\n", ends=False)


def test_a_header_without_an_end_is_refused_once_it_is_too_long() -> None:
    with pytest.raises(Malformed, match="too long"):
        read(b"x" * (2 * HEADER_BYTES), ends=False)


@pytest.mark.parametrize("data", [b"{", b"[]", b"\xff", b"[" * 60_000])
def test_data_that_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read(b'{"type": "x", "data_length": %d}\n' % len(data) + data, ends=False)


def test_the_largest_event_that_is_allowed_is_read() -> None:
    data = {"text": "x" * (DATA_BYTES - 100)}
    (event,) = read(written(data=data, payload=b"x" * PAYLOAD_BYTES))
    assert event == Event("transcript", data, b"x" * PAYLOAD_BYTES)


@given(cut=st.integers(1, 60))
def test_an_event_that_breaks_off_is_none(cut: int) -> None:
    whole = written(data={"text": "help"}, payload=b"12345678")
    assert read(whole[: max(1, len(whole) - cut)]) == []


@pytest.mark.parametrize("sent", [b"", b"{", b'{"type": "x", "data_length": 5}\n{', b'{"type": "x", "payload_length": 5}\nab'])
def test_a_client_that_takes_too_long_over_an_event_is_not_waited_for(sent: bytes) -> None:
    with pytest.raises(TimeoutError):
        read(sent, ends=False, seconds=0.01)


@given(
    sent=st.binary(max_size=300)
    | st.lists(st.sampled_from([b"{", b"}", b'"type":', b'"x"', b"\n", b",", b'"data_length":', b"9"])).map(b"".join)
)
def test_any_bytes_at_all_are_events_or_one_kind_of_error(sent: bytes) -> None:
    with suppress(Malformed):
        read(sent)


def test_what_is_told_of_an_error_holds_nothing_of_what_came() -> None:
    with pytest.raises(Malformed) as caught:
        read(b'{"type": "transcript", "data_length": 14}\n"I am Margaret"')
    assert "Margaret" not in str(caught.value)
    assert caught.value.__cause__ is None

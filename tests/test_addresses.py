from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceskill.addresses import Address, Door, parse_address, parse_network


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tcp://127.0.0.1:10500", Address("127.0.0.1", 10500)),
        ("tcp://localhost:10500", Address("127.0.0.1", 10500)),
        ("tcp://0.0.0.0:10500/", Address("0.0.0.0", 10500)),
        ("tcp://[::1]:10500", Address("::1", 10500)),
        ("tcp://192.168.1.20:0", Address("192.168.1.20", 0)),
    ],
)
def test_an_address_is_read_as_it_is_written(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(f"tcp://{address}") == address


@pytest.mark.parametrize(
    "text",
    [
        *("", "10500", "127.0.0.1:10500", "tcp://127.0.0.1", "tcp://:10500", "tcp://raspberrypi.local:10500", "http://127.0.0.1:10500"),
        *(
            "tcp://127.0.0.1:70000",
            "tcp://127.0.0.1:-1",
            "tcp://127.0.0.1:x",
            "tcp://me@127.0.0.1:1",
            "tcp://127.0.0.1:1/x",
            "tcp://[::1:1",
        ),
    ],
)
def test_what_is_no_address_is_answered_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as tcp://127\.0\.0\.1:10500"):
        parse_address(text)


@given(text=st.text(max_size=40) | st.text("tcp:/0123456789.[]@?#", max_size=40))
def test_any_text_is_an_address_or_one_kind_of_error(text: str) -> None:
    with suppress(ValueError):
        assert 0 <= parse_address(text).port <= 65_535


@pytest.mark.parametrize("text", ["", "192.168.1.5/24", "home", "192.168.1.0/33", "192.168.1.*"])
def test_what_is_no_network_is_answered_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 192\.168\.1\.0/24"):
        parse_network(text)


@pytest.mark.parametrize(
    ("peer", "admitted"),
    [
        *(("127.0.0.1", True), ("::1", True), ("192.168.1.7", True), ("::ffff:192.168.1.7", True), ("fd00::5", True)),
        *(("192.168.2.7", False), ("8.8.8.8", False), ("::ffff:8.8.8.8", False), ("fe80::1%eth0", False), ("", False), ("nonsense", False)),
    ],
)
def test_only_this_machine_and_the_networks_named_are_let_in(peer: str, *, admitted: bool) -> None:
    assert Door.of(["192.168.1.0/24", "fd00::/64"]).admits(peer) == admitted


def test_with_no_network_named_only_this_machine_is_let_in() -> None:
    assert Door().admits("127.0.0.1")
    assert not Door().admits("192.168.1.7")

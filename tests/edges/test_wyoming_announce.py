"""Being found on the local network, with real multicast on this machine's own networks."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket

import ifaddr
import pytest
from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from voiceskill.addresses import Address, Door
from voiceskill.edges.wyoming.announce import announced, reachable

TYPE = "_wyoming._tcp.local."
GUARD_SECONDS = 60.0


def own_address() -> str:
    """An IPv4 address of this machine that others can reach."""
    ours = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    others = [host for host in ours if not ipaddress.ip_address(host).is_loopback]
    if not others:
        pytest.skip("this machine has no network")
    return others[0]


def test_where_it_listens_everywhere_only_addresses_on_admitted_networks_are_told() -> None:
    host = own_address()
    assert reachable(Address("0.0.0.0", 1), Door.of([f"{host}/32"])) == [host]
    assert reachable(Address("0.0.0.0", 1), Door.of(["203.0.113.0/24"])) == []
    assert reachable(Address("203.0.113.5", 1), Door.of(["203.0.113.0/24"])) == ["203.0.113.5"]
    assert all(ipaddress.ip_address(host).version == 6 for host in reachable(Address("::", 1), Door.of(["::/0"])))


class Finder:
    """Looks for Wyoming servers as Home Assistant does."""

    def __init__(self) -> None:
        self.changes: asyncio.Queue[tuple[ServiceStateChange, str]] = asyncio.Queue()

    def __call__(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        self.changes.put_nowait((state_change, name))

    async def wait_for(self, change: ServiceStateChange) -> str:
        """The name of the next server of which this is told."""
        while True:
            happened, name = await self.changes.get()
            if happened is change and socket.gethostname().partition(".")[0] in name:
                return name


def test_home_assistant_finds_the_server_with_its_address_and_port_until_it_ends() -> None:
    host = own_address()

    async def body() -> None:
        finder = Finder()
        network = AsyncZeroconf(interfaces=[host])
        browser = AsyncServiceBrowser(network.zeroconf, TYPE, handlers=[finder])
        try:
            async with asyncio.timeout(GUARD_SECONDS):
                async with announced(Address("0.0.0.0", 10_500), Door.of([f"{host}/32"])):
                    name = await finder.wait_for(ServiceStateChange.Added)
                    found = AsyncServiceInfo(TYPE, name)
                    assert await found.async_request(network.zeroconf, 3_000)
                    assert (found.parsed_addresses(), found.port) == ([host], 10_500)
                assert await finder.wait_for(ServiceStateChange.Removed) == name
        finally:
            await browser.async_cancel()
            await network.async_close()

    asyncio.run(body())


@pytest.mark.parametrize("address", [Address("127.0.0.1", 10_500), Address("0.0.0.0", 10_500)])
def test_where_nobody_else_may_come_nothing_is_told(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", lambda **_: pytest.fail("it was told"))

    async def body() -> None:
        async with announced(address, Door()):
            pass

    asyncio.run(body())


def test_that_nobody_can_be_told_is_no_reason_not_to_serve(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_multicast(**_: object) -> None:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", no_multicast)

    async def body() -> None:
        async with announced(Address("203.0.113.5", 10_500), Door.of(["203.0.113.0/24"])):
            pass

    asyncio.run(body())
    assert "enter its address, 203.0.113.5:10500, in Home Assistant by hand" in caplog.text

"""Announcing the server on the local network (mDNS), where Home Assistant finds it within a second."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import ifaddr

from voiceskill.addresses import Address, Door

_TYPE = "_wyoming._tcp.local."
_NAME = "voiceskill"

_log = logging.getLogger(__name__)


@asynccontextmanager
async def announced(address: Address, door: Door) -> AsyncIterator[None]:
    """Tell the local network meanwhile of a server at `address`. That nobody can be told is no reason not to serve."""
    hosts = [] if address.is_loopback else reachable(address, door)
    async with AsyncExitStack() as stack:
        try:
            if hosts:
                await _announce(address.port, hosts, stack)
        except Exception as error:  # noqa: BLE001 - whatever a network does to zeroconf, the server goes on
            _log.warning("this server could not be announced (%s); enter its address, %s, in Home Assistant by hand", error, address)
        yield


async def _announce(port: int, hosts: list[str], stack: AsyncExitStack) -> None:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

    machine = socket.gethostname().partition(".")[0] or _NAME
    service = AsyncServiceInfo(_TYPE, f"{_NAME} on {machine}.{_TYPE}", port=port, parsed_addresses=hosts, server=f"{machine}.local.")
    network = AsyncZeroconf(interfaces=hosts)
    stack.push_async_callback(network.async_close)  # which says goodbye
    await network.async_register_service(service, allow_name_change=True)


def reachable(address: Address, door: Door) -> list[str]:
    """The addresses of this machine at which somebody whom `door` admits reaches a server that listens at `address`."""
    listening = ipaddress.ip_address(address.host)
    if not listening.is_unspecified:
        return [address.host]
    ours = [str(ip.ip if ip.is_IPv4 else ip.ip[0]) for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    others = [host for host in ours if not ipaddress.ip_address(host).is_loopback]
    return [host for host in others if ipaddress.ip_address(host).version == listening.version and door.admits(host)]

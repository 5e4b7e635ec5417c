"""Announcing the server on the local network (mDNS), where Home Assistant finds it within a second."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import ifaddr

from voiceskill.addresses import Address, Door

_TYPE = "_wyoming._tcp.local."
_NAME = "voiceskill"

_log = logging.getLogger(__name__)


@asynccontextmanager
async def announced(address: Address, door: Door) -> AsyncIterator[None]:
    """Tell the local network meanwhile of a server at `address`. That nobody can be told is no reason not to serve."""
    hosts = [] if address.is_loopback else reachable(address, door)
    if not hosts:
        yield
        return
    from zeroconf import Error
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

    machine = socket.gethostname().partition(".")[0] or _NAME
    service = AsyncServiceInfo(
        _TYPE, f"{_NAME} on {machine}.{_TYPE}", port=address.port, parsed_addresses=hosts, server=f"{machine}.local."
    )
    try:
        network = AsyncZeroconf(interfaces=hosts)
    except OSError as error:
        _log.warning(_NOT_ANNOUNCED, error, address)
        yield
        return
    try:
        try:
            await network.async_register_service(service, allow_name_change=True)
        except (OSError, Error) as error:
            _log.warning(_NOT_ANNOUNCED, error, address)
        yield
        await network.async_unregister_all_services()
    finally:
        await network.async_close()


_NOT_ANNOUNCED = "this server could not be announced (%s); enter its address, %s, in Home Assistant by hand"


def reachable(address: Address, door: Door) -> list[str]:
    """The addresses of this machine at which somebody whom `door` admits reaches a server that listens at `address`."""
    listening = ipaddress.ip_address(address.host)
    if not listening.is_unspecified:
        return [address.host]
    ours = [str(ip.ip if ip.is_IPv4 else ip.ip[0]) for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    others = [host for host in ours if not ipaddress.ip_address(host).is_loopback]
    return [host for host in others if ipaddress.ip_address(host).version == listening.version and door.admits(host)]

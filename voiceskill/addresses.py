"""Where a service listens, and who may come in.

Nobody who asks over the network says who they are. So a service listens on this machine alone, unless its owner names the networks that
may ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

_MOST_PORTS = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """A numeric IP address of this machine, and a TCP port; port 0 is any that is free."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach it."""
        return ip_address(self.host).is_loopback

    def __str__(self) -> str:
        """As it is written in the settings, without its scheme."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, scheme: str = "tcp") -> Address:
    """Read `tcp://127.0.0.1:10500`. Raises ValueError, which says how it is to be written."""
    advice = f'"{text}" is no address: write {scheme}://, the number of this machine and a port, such as {scheme}://127.0.0.1:10500'
    try:
        parts = urlsplit(text)
        host = "127.0.0.1" if parts.hostname == "localhost" else str(ip_address(parts.hostname or ""))
        port = parts.port
    except ValueError as error:
        raise ValueError(advice) from error
    if parts.scheme != scheme or port is None or port > _MOST_PORTS or parts.username is not None or parts.path.strip("/") or parts.query:
        raise ValueError(advice)
    return Address(host, port)


def parse_server(text: str) -> tuple[str, int]:
    """Read `tcp://192.168.1.5:10300`, a server of somebody's, by number or name. Raises ValueError, which says how it is to be written."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or parts.scheme != "tcp" or parts.username is not None or parts.path.strip("/") or parts.query:
        raise ValueError(f'"{text}" is no address: write tcp://, a machine and a port, such as tcp://192.168.1.5:10300')
    return host, port


def parse_network(text: str) -> Network:
    """Read `192.168.1.0/24`, or one address. Raises ValueError, which says how it is to be written."""
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(f'"{text}" is no network: write it such as 192.168.1.0/24, with nothing behind the part before the /') from error


@dataclass(frozen=True, slots=True)
class Door:
    """Lets in this machine itself, and whoever comes from one of `networks`."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[str]) -> Door:
        """The door for networks as the settings name them. Raises ValueError."""
        return cls(tuple(map(parse_network, networks)))

    def admits(self, peer: str) -> bool:
        """Whether somebody at the IP address `peer` may come in."""
        try:
            address = _plain(ip_address(peer.partition("%")[0]))
        except ValueError:
            return False
        return address.is_loopback or any(address in network for network in self.networks)


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address that came in by an IPv6 socket, as what it is."""
    return getattr(address, "ipv4_mapped", None) or address

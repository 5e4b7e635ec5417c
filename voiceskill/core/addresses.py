"""Addresses that alerts may be sent to: what goes over the open internet is encrypted."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

_HOME = (".local", ".lan", ".home", ".internal", ".home.arpa", ".localdomain")
"""Endings of names that only the network at home knows."""


def fault_of(url: str) -> str | None:
    """Why an alert cannot be sent to `url`, and what to do; None where it can."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no address; write one like https://example.org/alert"
    if parts.scheme not in {"https", "http"} or not host or not url.isascii() or not url.isprintable() or " " in url:
        return "is no address; write one like https://example.org/alert"
    if parts.username is not None:
        return "holds a user name; leave that out, and use a secret"
    if parts.scheme == "http" and not may_be_home(host):
        return "would be sent where everybody can read it; use https, or http with an address at home"
    return None


def may_be_home(host: str) -> bool:
    """Whether a machine, by number or name, may be one at home."""
    try:
        return is_home(host)
    except ValueError:
        return "." not in host or host.endswith(_HOME)


def is_home(address: str) -> bool:
    """Whether an IP address is one of this machine or of a network at home. Raises ValueError where it is none."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return not ip.is_global

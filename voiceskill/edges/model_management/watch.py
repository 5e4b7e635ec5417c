"""What an installation tells whoever looks on."""

from __future__ import annotations

from typing import Protocol

MEGABYTE = 1_000_000


class Watch(Protocol):
    """Somebody who looks on."""

    def stage(self, what: str, total: int | None, done: int = 0) -> None:
        """A new piece of work begins: of `total` bytes, where that is known, `done` are behind us."""
        ...

    def advance(self, count: int) -> None:
        """So many bytes more."""
        ...

    def say(self, line: str) -> None:
        """Something to be read."""
        ...


def readable(count: int) -> str:
    """Bytes as people read them, in the unit that suits."""
    if count >= 1000 * MEGABYTE:
        return f"{count / (1000 * MEGABYTE):.1f} GB"
    return f"{count / MEGABYTE:.0f} MB" if count >= MEGABYTE else f"{-(-count // 1000)} kB"

"""When a device that failed is looked for: soon at first, then ever more seldom.

    Works --failed--> Away --missed--> Away --found--> Works

A device that fails again before it has worked for a while is not new trouble: it is looked for as seldom as before, so that a loose plug
doesn't keep us busy.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 10.0
STEADY_SECONDS = 10.0
"""How long a device must have worked to be trusted again."""


@dataclass(frozen=True, slots=True)
class Works:
    """It does, since that time. `waited` seconds were waited last, if it had failed before."""

    since: float
    waited: float = 0.0

    def failed(self, at: float) -> Away:
        """It stopped."""
        wait = FIRST_WAIT_SECONDS if at - self.since >= STEADY_SECONDS else _longer(self.waited)
        return Away(at + wait, wait)


@dataclass(frozen=True, slots=True)
class Away:
    """It doesn't, and is to be looked for at `due`, `wait` seconds after it was seen last."""

    due: float
    wait: float

    def missed(self, at: float) -> Away:
        """It was looked for, and isn't back."""
        wait = _longer(self.wait)
        return Away(at + wait, wait)

    def found(self, at: float) -> Works:
        """It is back."""
        return Works(at, self.wait)


def _longer(wait: float) -> float:
    return min(LONGEST_WAIT_SECONDS, max(FIRST_WAIT_SECONDS, 2 * wait))

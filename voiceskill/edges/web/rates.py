"""How often somebody may do something: a bucket of tokens for each, that fills again with time."""

from __future__ import annotations

from collections import OrderedDict

from voiceskill.ports import Clock

_MOST_REMEMBERED = 1_024
"""How many are told apart; who was not seen for longest is forgotten first."""


class Rate:
    """Lets each do something `burst` times at once, and once more every `seconds`."""

    def __init__(self, burst: int, seconds: float, clock: Clock) -> None:
        self._burst = burst
        self._seconds = seconds
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> bool:
        """Whether `who` may do it once more now."""
        now = self._clock.now()
        left, at = self._left.pop(who, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) / self._seconds)
        allowed = left >= 1
        self._left[who] = (left - 1 if allowed else left, now)
        if len(self._left) > _MOST_REMEMBERED:
            self._left.popitem(last=False)
        return allowed

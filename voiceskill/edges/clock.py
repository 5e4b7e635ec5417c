"""The computer's clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from voiceskill.ports import Clock

_UNNOTICED_SECONDS = 5.0

_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class TimeOfDay:
    """Notices when the computer's time of day is set: a device without a battery learns it some time after it was switched on."""

    def __init__(self, clock: Clock, keeps_time: Callable[[], bool] = lambda: True) -> None:
        """Compare with `clock`, which runs evenly. `keeps_time` tells whether something has told the computer the time, and is quick."""
        self._clock = clock
        self._keeps_time = keeps_time
        self._unset = not keeps_time()
        self._offset = self._measured()

    @property
    def unset(self) -> bool:
        """Whether it is only what the computer began with when it was switched on, as far as we know."""
        return self._unset

    def now(self) -> datetime:
        """The time of day, with its zone."""
        return datetime.now().astimezone()

    def was_set(self) -> bool:
        """Whether it was set since this was asked last, or is known to be right since then."""
        offset = self._measured()
        if abs(offset - self._offset) < _UNNOTICED_SECONDS and not (self._unset and self._keeps_time()):
            return False
        self._offset, self._unset = offset, False
        return True

    def _measured(self) -> float:
        return time.time() - self._clock.now()


class MonotonicClock:
    """Seconds since an arbitrary moment; never set back, whatever happens to the time of day.

    Where the system can tell (Linux), it goes on while the machine is suspended: a hot pack goes on being hot.
    """

    def now(self) -> float:
        """Seconds since some fixed moment."""
        return time.clock_gettime(_CLOCK)

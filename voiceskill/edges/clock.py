"""The computer's clock."""

from __future__ import annotations

import time
from datetime import datetime

from voiceskill.ports import Clock

_UNNOTICED_SECONDS = 5.0

_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class TimeOfDay:
    """Notices when the computer's time of day is set: a device without a battery learns it some time after it was switched on."""

    def __init__(self, clock: Clock) -> None:
        """Compare with `clock`, which runs evenly."""
        self._clock = clock
        self._offset = self._measured()

    def now(self) -> datetime:
        """The time of day, with its zone."""
        return datetime.now().astimezone()

    def was_set(self) -> bool:
        """Whether it was set since this was asked last."""
        offset = self._measured()
        if abs(offset - self._offset) < _UNNOTICED_SECONDS:
            return False
        self._offset = offset
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

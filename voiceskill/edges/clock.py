"""The computer's clock."""

from __future__ import annotations

import time


class MonotonicClock:
    """Seconds since an arbitrary moment; never set back, whatever happens to the time of day."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

"""How far speech may be stretched and still be followed."""

from __future__ import annotations

_QUICKEST, _SLOWEST = 0.6, 2.5


def bounded(pace: float) -> float:
    """Return the pace nearest to `pace` that engines are asked for: 0.6 to 2.5 times as long as usual."""
    return min(_SLOWEST, max(_QUICKEST, pace))

"""A light on a pin of a Raspberry Pi, by way of gpiozero and lgpio, which knows all models up to the Pi 5."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import warnings
from importlib.machinery import PathFinder
from typing import Any

from voiceskill.ports import Fault

_PACKAGES_OF_DEBIAN = "/usr/lib/python3/dist-packages"

_FREQUENCY = 200
"""Hertz at which it is switched to be dim: the eye sees no flicker, and a Pi Zero has next to nothing to do."""


class GpioLight:
    """A light at `pin`, as Broadcom counts them. `factory` is gpiozero's; without one it is the Raspberry Pi's own."""

    def __init__(self, pin: int, factory: Any = None) -> None:
        """Raises Fault where it cannot be used."""
        for name in ("colorzero", "gpiozero", "_lgpio", "lgpio"):
            borrow(name)
        try:
            from gpiozero import PWMLED, GPIOZeroError
        except ImportError as error:
            raise Fault("led: gpiozero is not installed. Install it: sudo apt install python3-gpiozero python3-lgpio") from error
        self._factory = factory or _lgpio()
        try:
            self._led = PWMLED(pin, frequency=_FREQUENCY, pin_factory=self._factory)
        except (GPIOZeroError, OSError, RuntimeError) as error:
            raise Fault(f"led: pin {pin} cannot be used ({error}): choose a free GPIO pin, such as 17") from error

    def shine(self, level: float) -> None:
        """As bright as this share of full."""
        self._led.value = level

    def close(self) -> None:
        """Go dark and let go of the pin; may be called more than once."""
        self._led.close()


def _lgpio() -> Any:
    os.environ.setdefault("LG_WD", tempfile.gettempdir())  # or it leaves a pipe wherever it was started
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from gpiozero.pins.lgpio import LGPIOFactory

            return LGPIOFactory()
    except ImportError as error:
        raise Fault("led: lgpio is not installed. Install it: sudo apt install python3-lgpio") from error
    except Exception as error:  # lgpio has an error class of its own, which stands on nothing
        raise Fault(f"led: the pins cannot be used ({error}): is this a Raspberry Pi, and may you use them (group gpio)?") from error


def borrow(name: str, packages: str = _PACKAGES_OF_DEBIAN) -> None:
    """Where our environment has no such module, take Debian's, which a virtual environment does not see; that one, and no other.

    Raspberry Pi OS comes with them, and pip has no wheel of lgpio for Python 3.13.
    """
    if name in sys.modules or importlib.util.find_spec(name) is not None:
        return
    spec = PathFinder.find_spec(name, [packages])
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError:  # it is of another Python
        del sys.modules[name]

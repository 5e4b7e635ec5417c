"""A voice-driven bedside helper for back spasms: offline, hands-free, and interruptible at any moment."""

__version__ = "0.1.0"

"""The device as Home Assistant sees it."""

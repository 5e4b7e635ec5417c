"""The Wyoming protocol: what Home Assistant and its satellites speak."""

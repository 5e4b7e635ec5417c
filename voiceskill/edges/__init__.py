"""The edges: one device, engine or format of the world each."""

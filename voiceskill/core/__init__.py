"""The core: pure rules, without I/O, clock, thread or chance."""

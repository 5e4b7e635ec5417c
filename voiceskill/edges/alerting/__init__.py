"""Ways to tell the household: each file is a sink, but the outbox, which keeps what nobody has seen yet."""

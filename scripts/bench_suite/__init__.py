"""Measurements for docs/benchmarks.md: `scripts/bench`. Tests never depend on what is measured here."""

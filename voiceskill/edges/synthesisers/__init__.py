"""Engines that speak, behind the Synthesiser port, and what wraps them."""

"""Checking the sound: what the microphone gives, how noisy the room is, and what of our own sound comes back."""

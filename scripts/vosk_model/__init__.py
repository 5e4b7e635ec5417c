"""Makes models/vosk-bedside-en: a small acoustic model, lexicon and grammar in the format that Vosk loads."""

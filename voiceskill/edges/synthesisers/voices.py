"""Finding the voice that somebody asked for."""

from __future__ import annotations

from collections.abc import Sequence

from voiceskill.ports import Fault, VoiceInfo

_LISTED = 20


def chosen(wanted: str | None, voices: Sequence[VoiceInfo], best: str, engine: str) -> str:
    """Find a voice by id, name or language, with a `+variant` if any; `best` for None. Raises Fault listing the voices."""
    asked, plus, variant = (wanted if wanted is not None else best).partition("+")
    for key in ("id", "name", "language"):
        for voice in voices:
            if getattr(voice, key).lower() == asked.lower():
                return voice.id + plus + variant
    if wanted is None and voices:
        return voices[0].id
    raise unknown_voice(wanted or best, voices, engine)


def unknown_voice(wanted: str, voices: Sequence[VoiceInfo], engine: str) -> Fault:
    """Make the fault of asking `engine` for a voice it lacks."""
    english = [voice.id for voice in voices if voice.language.startswith("en")]
    others = len(voices) - len(english)
    listed = ", ".join(english[:_LISTED]) or "none"
    more = f" and {others} in other languages" if others else ""
    return Fault(f"{engine} has no voice `{wanted}`. Choose one of: {listed}{more}.")

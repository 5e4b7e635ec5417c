"""What we offer over Wyoming, and how we describe it.

Home Assistant makes an entity of each kind of program, and fails where a field that stands here is missing. It wants languages by name; a
satellite block beside them would make it take us for a microphone.
"""

from __future__ import annotations

from dataclasses import dataclass

from wyoming.info import AsrModel, AsrProgram, Attribution, HandleModel, HandleProgram, Info, TtsProgram, TtsVoice

from voiceskill.ports import Answering, Recogniser, Synthesiser

NAME = "voiceskill"

_BY = Attribution(NAME, "")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server offers: our conversation, ears and voice, which nobody else uses. `about` says in a few words what it helps with."""

    answering: Answering
    recogniser: Recogniser
    synthesiser: Synthesiser
    about: str
    language: str
    version: str

    def info(self) -> Info:
        """The answer to `describe`."""
        languages, here = [self.language], True
        ears, voice, version = self.recogniser.name, self.synthesiser.name, self.version
        model = HandleModel(NAME, _BY, here, self.about, version, languages)
        heard_by = AsrModel(ears, _BY, here, ears, version, languages)
        spoken_by = TtsVoice(voice, _BY, here, voice, version, languages)
        return Info(
            handle=[HandleProgram(NAME, _BY, here, self.about, version, [model])],
            asr=[AsrProgram(NAME, _BY, here, ears, version, [heard_by], supports_transcript_streaming=True)],
            tts=[TtsProgram(NAME, _BY, here, voice, version, [spoken_by], supports_synthesize_streaming=True)],
        )

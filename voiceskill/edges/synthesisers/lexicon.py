"""Words that an engine mispronounces, respelled so that people understand them.

The table is YAML, engine -> word -> how to spell it for that engine; `"*"` is every engine, and an engine's own entry goes before it:

    "*":   {"999": "nine nine nine"}
    flite: {"ibuprofen": "eye bew pro fen"}
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from voiceskill.edges.synthesisers.fingerprint import fingerprint_of
from voiceskill.ports import BadInput, Clip, Synthesiser, VoiceInfo

EVERY_ENGINE = "*"

Table = Mapping[str, Mapping[str, str]]
"""Engine -> lower-case word -> respelling."""


def load_lexicon(path: Path) -> Table:
    """Read a pronunciation table; none, or an empty one, is an empty table. Raises BadInput naming the file and, where it can, the line."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not a text file in UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = f"{error.problem_mark.line + 1}: " if error.problem_mark else " "
        raise BadInput(f"{path}:{line}{error.problem}") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{path}: is not YAML") from error
    table: dict[str, dict[str, str]] = {}
    for engine, words in _mapping(content, f"{path}: expected engine names, each with its words").items():
        entries = _mapping(words, f"{path}: `{engine}` must hold words, each with its respelling")
        for word, respelling in entries.items():
            if not isinstance(respelling, str) or not respelling.strip() or not str(word).strip():
                raise BadInput(f"{path}: `{engine}`: `{word}`: the word and its respelling must be text; put numbers in quotes")
        table[str(engine)] = {str(word).lower(): str(respelling) for word, respelling in entries.items()}
    return table


def _mapping(value: object, complaint: str) -> dict[object, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput(complaint)
    return value


class Respelling:
    """A Synthesiser that respells words before `synthesiser` says them. Whole words only, whatever their case; punctuation stays."""

    def __init__(self, synthesiser: Synthesiser, table: Table) -> None:
        self._synthesiser = synthesiser
        engine = synthesiser.name.partition(" ")[0]
        self._words = {**table.get(EVERY_ENGINE, {}), **table.get(engine, {})}
        # Longest first, so that "cauda equina" is found before "cauda".
        ordered = sorted(self._words, key=len, reverse=True)
        alternatives = "|".join(r"\s+".join(map(re.escape, word.split())) for word in ordered)
        self._pattern = re.compile(rf"(?<![\w.,-])(?:{alternatives})(?![\w]|[.,-]\w)", re.IGNORECASE) if ordered else None

    @property
    def name(self) -> str:
        """Engine and voice."""
        return self._synthesiser.name

    @property
    def fingerprint(self) -> str:
        """Everything but the text that the sound depends on."""
        table = hashlib.sha256(json.dumps(self._words, sort_keys=True).encode()).hexdigest()[:16]
        return f"{fingerprint_of(self._synthesiser)} {table}"

    def respelled(self, text: str) -> str:
        """Return the text as the engine is given it."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._words[" ".join(found[0].lower().split())], text)

    def render(self, text: str, pace: float = 1.0) -> Clip:
        """Speak one sentence into memory. Raises Fault."""
        return self._synthesiser.render(self.respelled(text), pace)

    def voices(self) -> tuple[VoiceInfo, ...]:
        """List the voices of the engine."""
        return self._synthesiser.voices()

    def close(self) -> None:
        """End the engine."""
        self._synthesiser.close()

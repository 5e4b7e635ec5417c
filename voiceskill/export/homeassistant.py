"""Custom sentences, scripts that answer them, and a blueprint, for Home Assistant.

Formats: https://www.home-assistant.io/voice_control/custom_sentences_yaml/, https://www.home-assistant.io/integrations/intent_script/,
https://www.home-assistant.io/docs/blueprint/schema/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

import yaml
from hassil.util import PUNCTUATION_STR

from voiceskill.core.skill import Intent, Kind, Skill
from voiceskill.export.replies import needs_a_conversation, replies

PREFIX = "voiceskill_"
"""Of all names: those of lists, rules and intents are Home Assistant's own, too."""

EVENT = "voiceskill_happening"
"""The event that a script fires in Home Assistant for a sign of danger and a call for help. The blueprint listens to it."""

_FILE_OF = {Kind.FLAG: "danger", Kind.ANSWER: "answers", Kind.ROUTINE: "routines", Kind.DIARY: "diary", Kind.CONTROL: "controls"}

_REFERENCE = re.compile(r"(?<!\\)(?:<\s*(?P<rule>[^<>]+?)\s*>|\{\s*(?P<list>[^{}:]+?)\s*(?::\s*(?P<slot>[^{}]+?)\s*)?\})")
_RANGE = re.compile(r"\d+\.\.\d+(,\d+)?")
_SPECIAL = re.compile(r"[\\()\[\]{}<>|;]")
_UNHEARD = re.compile(rf"(?<!\w)[{re.escape(PUNCTUATION_STR)}]+|[{re.escape(PUNCTUATION_STR)}]+(?!\w)")
_JINJA = re.compile(r"\{[{%#]")

_NOTE = """\
# {title}, from voiceskill {version}: {what}.
# It is written anew with each export; change the skill instead.
"""


def home_assistant_files(skill: Skill, version: str) -> dict[str, str]:
    """Text by path, for the configuration folder of Home Assistant; `version` is ours. Raises BadInput as `replies` does."""
    sentences: dict[str, dict[str, Any]] = {}
    for intent in skill.intents.values():
        folder = "optional/custom_sentences" if needs_a_conversation(intent) else "custom_sentences"
        path = f"{folder}/{skill.language}/{PREFIX}{_FILE_OF[intent.kind]}.yaml"
        sentences.setdefault(path, {})[PREFIX + intent.id] = {"data": [{"sentences": _sentences(intent)}]}

    def written(what: str, content: Mapping[str, Any]) -> str:
        return _NOTE.format(title=skill.name, version=version, what=what) + _yaml(content)

    shared = {
        "language": skill.language,
        "lists": {PREFIX + name: {"values": [_plain(value) for value in values]} for name, values in skill.lists.items()},
        "expansion_rules": {PREFIX + name: _renamed(body) for name, body in skill.rules.items()},
    }
    said = replies(skill)
    scripts = {PREFIX + intent.id: _script(intent, said[intent.id]) for intent in skill.intents.values()}
    packaged = files(__package__)
    return {
        "README.md": packaged.joinpath("homeassistant.md").read_text(encoding="utf-8"),
        "blueprints/automation/voiceskill/help_at_the_bedside.yaml": packaged.joinpath("help_at_the_bedside.yaml").read_text(
            encoding="utf-8"
        ),
        f"custom_sentences/{skill.language}/{PREFIX}shared.yaml": written("lists and rules of the sentences", shared),
        **{path: written("sentences", {"language": skill.language, "intents": intents}) for path, intents in sentences.items()},
        "packages/voiceskill.yaml": written("what is said to the sentences", {"intent_script": scripts}),
    }


def _sentences(intent: Intent) -> list[str]:
    """Templates first, then the plain sentences; each once."""
    plain = (_plain(sentence) for sentence in (*intent.examples, *intent.escape))
    return list(dict.fromkeys(filter(None, (*map(_renamed, intent.templates), *plain))))


def _renamed(template: str) -> str:
    """The template with our names of rules, lists and slots, which must not be taken for those of Home Assistant."""

    def rename(found: re.Match[str]) -> str:
        if rule := found["rule"]:
            return f"<{PREFIX}{rule}>"
        values, slot = found["list"], found["slot"]
        if _RANGE.fullmatch(values):
            return f"{{{values}:{PREFIX}{slot}}}"
        return f"{{{PREFIX}{values}:{PREFIX}{slot}}}" if slot else f"{{{PREFIX}{values}}}"

    return _REFERENCE.sub(rename, template)


def _plain(sentence: str) -> str:
    """The template that stands for this sentence alone, as it is heard: punctuation is taken from what was said, but not from templates."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(_UNHEARD.sub("", sentence).split()))


def _script(intent: Intent, said: tuple[str, ...]) -> dict[str, Any]:
    """One of `intent_script`. No platforms: a language model that were offered it as a tool would put our lines in its own words."""
    script: dict[str, Any] = {"platforms": []}
    happening = "danger" if intent.kind is Kind.FLAG else "help" if intent.alerts else None
    if happening:
        script["action"] = [{"event": EVENT, "event_data": {"event_type": happening}}]
    return {**script, "speech": {"text": _speech(said)}}


def _speech(said: Iterable[str]) -> str:
    """A Jinja template that says one of these."""
    one, *others = said
    if others:
        return f"{{{{ {json.dumps([one, *others], ensure_ascii=False)} | random }}}}"
    return f"{{{{ {json.dumps(one, ensure_ascii=False)} }}}}" if _JINJA.search(one) else one


def _yaml(content: Mapping[str, Any]) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1_000_000)

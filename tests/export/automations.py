"""Runs an automation made from a blueprint as Home Assistant does, as far as ours needs it, with actions that a test gives.

After https://www.home-assistant.io/docs/scripts/ and https://www.home-assistant.io/docs/automation/templating/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import yaml
from jinja2 import StrictUndefined
from jinja2.nativetypes import NativeEnvironment

TEMPLATES = NativeEnvironment(undefined=StrictUndefined)

Perform = Callable[[str, Mapping[str, Any]], Any]
"""What an action does: its name, its data with the target's; what it answers. May raise Refused."""


class Refused(Exception):  # noqa: N818 - Home Assistant's HomeAssistantError
    """An action failed."""


class Stopped(Exception):  # noqa: N818 - no error
    """The automation is over."""


@dataclass(frozen=True)
class Input:
    """`!input name`."""

    name: str


class Loader(yaml.SafeLoader):
    """YAML with `!input`."""


Loader.add_constructor("!input", lambda _, node: Input(str(node.value)))


def load(text: str) -> dict[str, Any]:
    """A blueprint."""
    loaded: dict[str, Any] = yaml.load(text, Loader)
    return loaded


def filled(value: Any, inputs: Mapping[str, Any]) -> Any:
    """The automation with the inputs in their places."""
    match value:
        case Input(name=name):
            return inputs[name]
        case dict():
            return {key: filled(inner, inputs) for key, inner in value.items()}
        case list():
            return [filled(inner, inputs) for inner in value]
        case _:
            return value


def rendered(value: Any, variables: Mapping[str, Any]) -> Any:
    match value:
        case str() if "{{" in value:
            return TEMPLATES.from_string(value).render(variables)
        case dict():
            return {key: rendered(inner, variables) for key, inner in value.items()}
        case list():
            return [rendered(inner, variables) for inner in value]
        case _:
            return value


@dataclass
class Automation:
    """One that was made from a blueprint."""

    blueprint: Mapping[str, Any]
    inputs: Mapping[str, Any]
    perform: Perform
    waited: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        declared = self.blueprint["blueprint"]["input"]
        defaults = {name: one["default"] for name, one in declared.items() if "default" in one}
        self._automation = filled(dict(self.blueprint), {**defaults, **self.inputs})

    def topics(self) -> list[str]:
        """What it listens to over MQTT."""
        return [rendered(one["topic"], self._automation["trigger_variables"]) for one in self._automation["triggers"] if "topic" in one]

    def run(self, trigger: Mapping[str, Any]) -> bool:
        """Trigger it. Whether its conditions held."""
        variables: dict[str, Any] = {"trigger": trigger}
        for name, value in self._automation["variables"].items():
            variables[name] = rendered(value, variables)
        if not all(rendered(one["value_template"], variables) is True for one in self._automation["conditions"]):
            return False
        with suppress(Stopped):
            self._sequence(self._automation["actions"], variables)
        return True

    def _sequence(self, steps: list[dict[str, Any]], variables: dict[str, Any]) -> None:
        for step in steps:
            try:
                self._step(step, variables)
            except Refused:
                if not step.get("continue_on_error"):
                    raise

    def _step(self, step: dict[str, Any], variables: dict[str, Any]) -> None:
        match step:
            case {"action": action}:
                data = rendered({**step.get("data", {}), **step.get("target", {})}, variables)
                answer = self.perform(action, data)
                if "response_variable" in step:
                    variables[step["response_variable"]] = answer
            case {"condition": "template", "value_template": template}:
                if rendered(template, variables) is not True:
                    raise Stopped
            case {"if": conditions, "then": then}:
                if all(rendered(one["value_template"], variables) is True for one in conditions):
                    self._sequence(then, variables)
            case {"repeat": {"count": count, "sequence": sequence}}:
                for _ in range(int(count)):
                    self._sequence(sequence, variables)
            case {"repeat": {"for_each": items, "sequence": sequence}}:
                for item in rendered(items, variables):
                    self._sequence(sequence, {**variables, "repeat": {"item": item}})
            case {"delay": {"seconds": seconds}}:
                self.waited += float(seconds)
            case {"sequence": sequence}:
                self._sequence(sequence, variables)
            case {"stop": _}:
                raise Stopped
            case _:
                raise AssertionError(f"unknown step: {step}")

"""The skill for Open Voice OS: what it listens to, and what it says."""

from __future__ import annotations

import importlib.util
import itertools
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hassil import parse_sentence
from hassil.intents import SlotList, TextSlotList
from hassil.sample import sample_sentence
from wyoming.asr import Transcript
from wyoming.event import Event, Eventable, read_event, write_event
from wyoming.handle import Handled, NotHandled

from tests.export.said import odd_skill, skills
from tests.test_serve import port_of, start
from voiceskill.core.skill import Kind, Skill
from voiceskill.export.ovos import ovos_files
from voiceskill.export.ovos_templates import OvosTemplates
from voiceskill.export.replies import needs_a_conversation, replies
from voiceskill.ports import BadInput

BACKS = "ovos_skill_back_spasm"


def expanded(line: str) -> set[str]:
    """All sentences of a line, put together as the readers of intent files do: letter by letter, and stripped at the ends."""

    def either(at: int) -> tuple[list[str], int]:
        options, so_far = [], [""]
        while at < len(line) and line[at] != ")":
            if line[at] == "(":
                inner, at = either(at + 1)
                assert len(inner) > 1, f"a group of one keeps its brackets: {line}"
                so_far = [one + two for one, two in itertools.product(so_far, inner)]
            elif line[at] == "|":
                options += so_far
                so_far = [""]
            else:
                assert line[at] not in "[]", line
                so_far = [one + line[at] for one in so_far]
            at += 1
        return options + so_far, at

    sentences, end = either(0)
    assert end == len(line), f"too many brackets are closed: {line}"
    return {sentence.strip() for sentence in sentences}


def allowed(template: str, skill: Skill) -> set[str]:
    """All sentences of a template, as hassil has them, with the slots by their names."""
    rules = {name: parse_sentence(body) for name, body in skill.rules.items()}
    lists: dict[str, SlotList] = {name: TextSlotList.from_strings(list(values)) for name, values in skill.lists.items()}
    sampled = sample_sentence(parse_sentence(template), lists, rules, language="en", expand_lists=False, expand_ranges=False)
    return {" ".join(sentence.lower().replace("{0..100}", "{percent}").split()) for sentence in sampled}


@pytest.mark.parametrize("name", ["backs", "lamps"])
def test_a_line_stands_for_the_same_sentences_as_its_template(name: str) -> None:
    skill = skills()[name]
    templates = OvosTemplates(skill.rules, skill.lists)
    for intent in skill.intents.values():
        for template in intent.templates:
            assert expanded(templates.line(template)) == allowed(template, skill), template


@pytest.mark.parametrize(
    ("template", "sentences"),
    [
        ("light[s] on", {"light on", "lights on"}),
        ("[un]do it", {"do it", "undo it"}),
        ("(please|[just] now) go", {"please go", "just now go", "now go"}),
        ("go [[very] far|on]", {"go", "go very far", "go far", "go on"}),
        ("re(open|close) it", {"reopen it", "reclose it"}),
        ("(only)", {"only"}),
        ("[a] [b] [c]", {"", "a", "b", "c", "a b", "a c", "b c", "a b c"}),
        ("go (now;there)", {"go now there", "go there now"}),
        ("a [b|] c", {"a c", "a b c"}),
    ],
)
def test_spaces_are_where_words_are(template: str, sentences: set[str]) -> None:
    assert expanded(OvosTemplates({}, {}).line(template)) == sentences


# The files.


@pytest.mark.parametrize("skill", [*skills().values(), odd_skill()], ids=["backs", "lamps", "odd"])
def test_every_intent_has_its_sentences_and_its_words(skill: Skill) -> None:
    files, said = ovos_files(skill, "1"), replies(skill)
    (module,) = {path.split("/")[0] for path in files if path.endswith("/__init__.py")}
    for intent in skill.intents.values():
        sentences = files.get(f"{module}/locale/en-US/{intent.id}.intent")
        dialog = files.get(f"{module}/locale/en-US/{intent.id}.dialog")
        if needs_a_conversation(intent):
            assert sentences is None
            assert dialog is None
            continue
        assert sentences
        assert dialog
        assert {example.lower() for example in (*intent.examples, *intent.escape)} <= set(sentences.splitlines())
        assert [line.format() for line in dialog.splitlines()] == list(said[intent.id])


def test_a_sign_of_danger_has_its_whole_line() -> None:
    skill = skills()["backs"]
    files = ovos_files(skill, "1")
    flags = [intent for intent in skill.intents.values() if intent.kind is Kind.FLAG]
    assert flags
    for flag in flags:
        assert files[f"{BACKS}/locale/en-US/{flag.id}.dialog"] == f"{flag.answers[0]}\n"


@pytest.mark.parametrize("name", ["backs", "lamps"])
def test_every_slot_of_a_sentence_has_its_values(name: str) -> None:
    files = ovos_files(skills()[name], "1")
    entities = {Path(path).stem for path in files if path.endswith(".entity")}
    slots = {part.split("}")[0] for path, text in files.items() if path.endswith(".intent") for part in text.split("{")[1:]}
    assert slots == entities
    assert slots


def test_the_package_names_its_skill_as_open_voice_os_looks_for_it() -> None:
    project = tomllib.loads(ovos_files(skills()["backs"], "1.2.3")["pyproject.toml"])
    assert project["project"]["entry-points"]["opm.skill"] == {"ovos-skill-back-spasm.voiceskill": f"{BACKS}:BedsideSkill"}
    assert project["project"]["version"] == "1.2.3"


def test_a_skill_may_be_called_anything_that_has_letters() -> None:
    name = 'Rücken & "Co."\\ 2\n'
    files = ovos_files(replace(skills()["backs"], name=name), "1")
    assert tomllib.loads(files["pyproject.toml"])["project"]["name"] == "ovos-skill-rucken-co-2"
    with pytest.raises(BadInput, match="name"):
        ovos_files(replace(skills()["backs"], name="спина"), "1")


def test_a_skill_that_says_nothing_to_those_elsewhere_is_refused() -> None:
    with pytest.raises(BadInput, match="visitors"):
        ovos_files(replace(skills()["backs"], visitors=None), "1")


def test_the_same_skill_gives_the_same_files() -> None:
    once, again = (ovos_files(skills()["backs"], "1") for _ in range(2))
    assert list(once.items()) == list(again.items())


# The skill itself, on a stand-in for Open Voice OS.


@dataclass
class Message:
    msg_type: str
    data: dict[str, Any]
    session: str = "default"


class StandIn:
    """What our skill uses of the two base classes of ovos_workshop."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.log = self
        self.warnings: list[str] = []
        self.files: dict[str, Callable[[Message], None]] = {}
        self.entities: list[str] = []
        self.fallbacks: list[tuple[int, Callable[[Message], bool]]] = []
        self.spoken: list[tuple[str, bool]] = []
        self.dialogs: list[str] = []

    def register_entity_file(self, name: str) -> None:
        self.entities.append(name)

    def register_intent_file(self, name: str, handler: Callable[[Message], None]) -> None:
        self.files[name] = handler

    def register_fallback(self, handler: Callable[[Message], bool], priority: int) -> None:
        self.fallbacks.append((priority, handler))

    def speak(self, utterance: str, *, expect_response: bool) -> None:
        self.spoken.append((utterance, expect_response))

    def speak_dialog(self, name: str) -> None:
        self.dialogs.append(name)

    def warning(self, text: str) -> None:
        self.warnings.append(text)


class Device:
    """A device that answers over Wyoming as it is told to, one turn a connection."""

    def __init__(self) -> None:
        self.answers: list[Eventable | None] = []
        self.heard: list[Transcript] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as reader, connection.makefile("wb") as writer:
                event = read_event(reader)
                assert event
                self.heard.append(Transcript.from_event(event))
                answer = self.answers.pop(0)
                if answer is not None:
                    write_event(Event("something-new", {"text": "of a later version"}), writer)
                    write_event(answer.event(), writer)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@dataclass
class Assistant:
    """The skill, loaded from the exported files."""

    skill: Any
    device: Device
    session: str = field(default="default")

    def say(self, sentence: str, intent: str) -> None:
        """A sentence was recognised as one of the intent's."""
        name = f"{intent}.intent"
        self.skill.files[name](Message(f"ovos-skill-back-spasm.voiceskill:{name}", {"utterance": sentence}, self.session))

    def fall_back(self, *readings: str) -> bool:
        ((_, handler),) = self.skill.fallbacks
        answered: bool = handler(Message("fallback", {"utterances": list(readings)}, self.session))
        return answered

    def go_on(self, text: str) -> bool | None:
        """Something is said while the skill is active; None where it does not want to hear it."""
        message = Message("converse", {"utterances": [text]}, self.session)
        answered: bool | None = self.skill.converse(message) if self.skill.can_converse(message) else None
        return answered


def module(name: str, **content: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(content)
    return made


@pytest.fixture
def device() -> Iterator[Device]:
    there = Device()
    yield there
    there.close()


@pytest.fixture
def assistant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, device: Device) -> Assistant:
    """Open Voice OS with the exported skill, and a device that answers."""

    class Sessions:
        @staticmethod
        def get(message: Message) -> Any:
            return module("session", session_id=message.session)

    converse, fallback = type("ConversationalSkill", (StandIn,), {}), type("FallbackSkill", (StandIn,), {})
    modules: dict[str, dict[str, Any]] = {
        "ovos_bus_client": {},
        "ovos_bus_client.message": {"Message": Message},
        "ovos_bus_client.session": {"SessionManager": Sessions},
        "ovos_utils": {"classproperty": property},
        "ovos_utils.process_utils": {"RuntimeRequirements": dict},
        "ovos_workshop": {},
        "ovos_workshop.skills": {},
        "ovos_workshop.skills.converse": {"ConversationalSkill": converse},
        "ovos_workshop.skills.fallback": {"FallbackSkill": fallback},
    }
    for name, content in modules.items():
        monkeypatch.setitem(sys.modules, name, module(name, **content))
    write(tmp_path, ovos_files(skills()["backs"], "1"))
    spec = importlib.util.spec_from_file_location(BACKS, tmp_path / BACKS / "__init__.py")
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    skill = loaded.BedsideSkill()
    skill.settings["wyoming"] = device.address
    skill.initialize()
    return Assistant(skill, device)


def write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def test_all_sentences_are_listened_to(assistant: Assistant) -> None:
    told = {f"{intent.id}.intent" for intent in skills()["backs"].intents.values() if not needs_a_conversation(intent)}
    assert set(assistant.skill.files) == told
    assert assistant.skill.entities == ["person.entity"]


def test_the_device_is_asked_word_for_word_and_its_answer_is_said(assistant: Assistant, device: Device) -> None:
    device.answers = [Handled("Warmth is good.")]
    assistant.session = "kitchen"
    assistant.say("does heat help my bad back", "relief_heat")
    assert assistant.skill.spoken == [("Warmth is good.", False)]
    assert device.heard == [Transcript("does heat help my bad back", context={"conversation_id": "kitchen"})]


def test_without_the_device_danger_still_gets_its_line(assistant: Assistant, device: Device) -> None:
    assistant.skill.settings["wyoming"] = "127.0.0.1:1"
    assistant.say("my chest hurts", "redflag_chest_pain")
    assert assistant.skill.dialogs == ["redflag_chest_pain"]
    assert len(assistant.skill.warnings) == 1


@pytest.mark.parametrize("answer", [NotHandled("I only know backs."), None])
def test_a_listed_sentence_that_the_device_makes_nothing_of_gets_its_reply(
    assistant: Assistant, device: Device, answer: Eventable | None
) -> None:
    device.answers = [answer]
    assistant.say("does heat help", "relief_heat")
    assert assistant.skill.dialogs == ["relief_heat"]
    assert assistant.skill.spoken == []


@pytest.mark.parametrize("address", ["", "nonsense:port", "127.0.0.1:99999999"])
def test_an_address_that_is_none_is_as_good_as_no_device(assistant: Assistant, address: str) -> None:
    assistant.skill.settings["wyoming"] = address or "127.0.0.1:"
    assistant.say("does heat help", "relief_heat")
    assert assistant.skill.dialogs == ["relief_heat"]


def test_a_question_of_the_device_is_answered_by_what_is_said_next(assistant: Assistant, device: Device) -> None:
    device.answers = [Handled("Yes. Shall I tell you how?"), Handled("Like this.")]
    assistant.say("does heat help", "relief_heat")
    assert assistant.skill.spoken == [("Yes. Shall I tell you how?", True)]
    assert assistant.go_on("yes please") is True
    assert assistant.skill.spoken[1:] == [("Like this.", False)]
    assert assistant.go_on("yes please") is None


def test_what_is_no_answer_is_left_to_others(assistant: Assistant, device: Device) -> None:
    device.answers = [Handled("Shall I tell you how?"), NotHandled("I only know backs.")]
    assistant.say("does heat help", "relief_heat")
    assert assistant.go_on("play some music") is False
    assert assistant.go_on("play some music") is None


def test_a_question_asked_in_one_room_is_not_open_in_another(assistant: Assistant, device: Device) -> None:
    device.answers = [Handled("Shall I tell you how?")]
    assistant.say("does heat help", "relief_heat")
    assistant.session = "hall"
    assert assistant.go_on("yes") is None


def test_what_nobody_understood_is_shown_to_the_device(assistant: Assistant, device: Device) -> None:
    device.answers = [Handled("Call now."), NotHandled("I only know backs.")]
    assert assistant.fall_back("me legs have gone dead", "my legs have gone dead") is True
    assert assistant.skill.spoken == [("Call now.", False)]
    assert assistant.fall_back("what is the capital of peru") is False
    assert assistant.skill.spoken == [("Call now.", False)]
    assert [one.text for one in device.heard] == ["me legs have gone dead", "what is the capital of peru"]


def test_it_asks_for_no_internet(assistant: Assistant) -> None:
    requirements = assistant.skill.runtime_requirements
    assert not any(needed for name, needed in requirements.items() if not name.endswith("fallback"))


@pytest.mark.long
def test_a_real_device_answers_it(assistant: Assistant, tmp_path: Path) -> None:
    with start(tmp_path / "data") as process:
        try:
            assistant.skill.settings["wyoming"] = f"127.0.0.1:{port_of(process)}"
            assistant.say("can I use a hot water bottle", "relief_heat")
            answer, _ = assistant.skill.spoken.pop()
            assert answer.startswith("Warmth is one of the best things to try.")
            assert assistant.fall_back("I can't feel my legs any more") is True
            assert "call your emergency number" in assistant.skill.spoken.pop()[0].lower()
            assert assistant.fall_back("nice weather for the match on saturday") is False
            assert assistant.skill.spoken == assistant.skill.dialogs == assistant.skill.warnings == []
        finally:
            process.terminate()


# Open Voice OS itself.

REHEARSAL = """
import sys
from ovos_plugin_manager.skills import find_skill_plugins
from ovos_utils.fakebus import FakeBus
from ovos_bus_client.message import Message
from padacioso import IntentContainer

name = "ovos-skill-back-spasm.voiceskill"
bus, spoken, files = FakeBus(), [], {}
bus.on("speak", lambda message: spoken.append(message.data["utterance"]))
bus.on("padatious:register_intent", lambda message: files.update({message.data["name"]: message.data["file_name"]}))
skill = find_skill_plugins()[name](bus=bus, skill_id=name)
skill.settings["wyoming"] = "127.0.0.1:1"

container = IntentContainer()
for intent, file in files.items():
    with open(file, encoding="utf-8") as lines:
        container.add_intent(intent, lines.read().splitlines())


def heard(sentence):
    found = [container._match(sentence, intent, lines) for intent, lines in container.intent_samples.items()]
    return max((one for one in found if one), key=lambda one: one["conf"])["name"]


for sentence, intent in [line.split("\\t") for line in sys.stdin.read().splitlines()]:
    assert heard(sentence) == f"{name}:{intent}.intent", (sentence, heard(sentence))
    if intent.startswith("redflag"):
        bus.emit(Message(heard(sentence), {"utterance": sentence}))
assert skill.can_answer(Message("x", {"utterances": ["hello"]})) is True
assert skill.runtime_requirements.internet_before_load is False
print("\\n".join(spoken))
"""


@pytest.mark.long
def test_open_voice_os_finds_loads_and_asks_it(tmp_path: Path) -> None:
    skill = skills()["backs"]
    write(tmp_path / "package", ovos_files(skill, "1"))
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", str(tmp_path / "package")], check=True)
    intents = [intent for intent in skill.intents.values() if not needs_a_conversation(intent)]
    lines = "".join(f"{intent.examples[0].lower()}\t{intent.id}\n" for intent in intents)
    environment = {"HOME": str(tmp_path), "PATH": str(python.parent)}
    done = subprocess.run([str(python), "-c", REHEARSAL], input=lines, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = [intent.answers[0] for intent in intents if intent.id.startswith("redflag")]
    assert [line for line in done.stdout.splitlines() if line in said] == said

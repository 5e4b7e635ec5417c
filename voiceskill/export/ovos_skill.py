"""A skill of Open Voice OS that answers with the words of a voiceskill device.

What was said goes to the device (`voiceskill serve`) over Wyoming, word for word: it understands more than the listed sentences, looks out
for danger, and raises the alarm. Where the device does not answer, the skill says the reply to the listed sentence by itself. A question of
the device is answered by what is said next; what no skill understood is shown to the device, too.

The address of the device is `wyoming` in the settings of this skill, such as "192.168.1.20:10500".
"""

from __future__ import annotations

import socket
from pathlib import Path

from ovos_bus_client.message import Message
from ovos_bus_client.session import SessionManager
from ovos_utils import classproperty
from ovos_utils.process_utils import RuntimeRequirements
from ovos_workshop.skills.converse import ConversationalSkill
from ovos_workshop.skills.fallback import FallbackSkill
from wyoming.asr import Transcript
from wyoming.event import read_event, write_event
from wyoming.handle import Handled, NotHandled

USUAL_ADDRESS = "127.0.0.1:10500"
USUAL_PORT = 10500

CONNECT_SECONDS = 1.0
"""How long a device that is switched off may hold up what other skills would say."""

ANSWER_SECONDS = 5.0

FALLBACK_PRIORITY = 50
"""After all skills that are sure, before those that answer anything."""

RESOURCES = Path(__file__).parent / "locale"


class BedsideSkill(ConversationalSkill, FallbackSkill):  # type: ignore[misc] # Open Voice OS tells no types
    """Hands what is said to the device, and says what it answers."""

    @classproperty  # type: ignore[untyped-decorator]
    def runtime_requirements(self) -> RuntimeRequirements:
        """Neither the internet nor a network: the device may be this machine, and without it there are still the replies."""
        return RuntimeRequirements(
            network_before_load=False,
            internet_before_load=False,
            requires_internet=False,
            requires_network=False,
            no_internet_fallback=True,
            no_network_fallback=True,
        )

    def initialize(self) -> None:
        """Register all sentences, and the fallback."""
        self._asked: set[str] = set()
        for name in _names("entity"):
            self.register_entity_file(f"{name}.entity")
        for name in _names("intent"):
            self.register_intent_file(f"{name}.intent", self.handle_sentence)
        self.register_fallback(self.handle_fallback, FALLBACK_PRIORITY)

    def handle_sentence(self, message: Message) -> None:
        """A listed sentence was said."""
        if not self._answered(message, message.data.get("utterance", "")):
            self.speak_dialog(message.msg_type.rpartition(":")[2].removesuffix(".intent"))

    def can_answer(self, message: Message) -> bool:
        """Whether it may be worth showing the device what nobody understood: only asking it can tell."""
        return bool(_utterance(message))

    def handle_fallback(self, message: Message) -> bool:
        """Nobody understood what was said. Whether the device did."""
        return self._answered(message, _utterance(message))

    def can_converse(self, message: Message) -> bool:
        """Whether a question of the device is open."""
        return _session(message) in self._asked

    def converse(self, message: Message) -> bool:
        """Answer the device's question. Whether that was an answer."""
        self._asked.discard(_session(message))
        return self._answered(message, _utterance(message))

    def _answered(self, message: Message, utterance: str) -> bool:
        """Whether the device understood, and its answer was spoken."""
        try:
            answer = ask(self.settings.get("wyoming") or USUAL_ADDRESS, utterance, _session(message))
        except (OSError, ValueError) as error:
            self.log.warning(f"the voiceskill device does not answer: {error}")
            return False
        if answer is None:
            return False
        asks = answer.endswith("?")
        if asks:
            self._asked.add(_session(message))
        self.speak(answer, expect_response=asks)
        return True


def ask(address: str, utterance: str, conversation: str) -> str | None:
    """What the device at `address` ("host:port") answers; None where it did not understand. Raises OSError and ValueError."""
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    place = (host or address, int(port) if host else USUAL_PORT)
    with (
        socket.create_connection(place, timeout=CONNECT_SECONDS) as connection,
        connection.makefile("rb") as reader,
        connection.makefile("wb") as writer,
    ):
        connection.settimeout(ANSWER_SECONDS)
        write_event(Transcript(text=utterance, context={"conversation_id": conversation}).event(), writer)
        while event := read_event(reader):
            if Handled.is_type(event.type):
                return Handled.from_event(event).text
            if NotHandled.is_type(event.type):
                return None
    raise OSError("the connection was closed without an answer")


def _names(kind: str) -> list[str]:
    return sorted({file.stem for file in RESOURCES.glob(f"*/*.{kind}")})


def _utterance(message: Message) -> str:
    """What was most likely said."""
    said = message.data.get("utterances") or [message.data.get("utterance", "")]
    return str(said[0])


def _session(message: Message) -> str:
    return str(SessionManager.get(message).session_id)

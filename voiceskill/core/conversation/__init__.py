"""The conversation: rules, and how things stand."""

from voiceskill.core.conversation.conversation import Conversation, Step
from voiceskill.core.conversation.state import State
from voiceskill.core.conversation.turn import Manners

__all__ = ["Conversation", "Manners", "State", "Step"]

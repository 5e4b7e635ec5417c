"""Who may speak: we give way to whoever speaks over us."""

from __future__ import annotations

from tests.core.small_skill import SKILL
from voiceskill.core.actions import Action, DuckSpeaking, PauseSpeaking, ResumeSpeaking, Say, StopSpeaking
from voiceskill.core.conversation import Conversation, State
from voiceskill.core.conversation.floor import audible
from voiceskill.core.conversation.state import Idle, Interrupted
from voiceskill.core.events import Event, Heard, Hypothesis, NotHeard, Partial, SentenceBegun, SpeechStarted, Spoken
from voiceskill.core.interpret import Interpreter
from voiceskill.core.understanding.matcher import Matcher

CONVERSATION = Conversation(SKILL, Interpreter(SKILL, Matcher(SKILL, None)))


class Talk:
    """We have begun to speak, and somebody speaks over us."""

    def __init__(self, question: str = "does heat help") -> None:
        self.state = State(introduced=True)
        self.utterance = 1
        said = [action for action in self.event(Heard(0.0, 1, (Hypothesis(question),))) if isinstance(action, Say)]
        self.reply = said[0]
        self.event(SentenceBegun(0.5, self.reply.id, self.reply.text))

    def event(self, event: Event) -> list[Action]:
        self.state, actions = CONVERSATION.step(self.state, event)
        return [action for action in actions if isinstance(action, Say | StopSpeaking | DuckSpeaking | PauseSpeaking | ResumeSpeaking)]

    def begins(self) -> list[Action]:
        self.utterance += 1
        return self.event(SpeechStarted(2.0, self.utterance))

    def goes_on(self, text: str) -> list[Action]:
        return self.event(Partial(2.4, self.utterance, text))

    def says(self, text: str) -> list[Action]:
        """Nobody speaks over us any more."""
        for say in self.state.speaking:
            self.event(Spoken(5.0, say.id, interrupted=False, heard_fraction=1.0))
        return self.event(Heard(9.0, self.utterance + 100, (Hypothesis(text),)))

    def ends(self, text: str) -> list[Action]:
        return self.event(Heard(4.0, self.utterance, (Hypothesis(text),)) if text else NotHeard(4.0, self.utterance, 0.5))


def test_it_ducks_as_soon_as_somebody_speaks() -> None:
    assert Talk().begins() == [DuckSpeaking()]


def test_nobody_ducks_an_emergency_line() -> None:
    talk = Talk("I can't feel my legs")
    assert talk.reply.urgent
    assert talk.begins() == []
    assert talk.goes_on("what do I do") == []


def test_stop_is_obeyed_before_the_sentence_is_over() -> None:
    talk = Talk()
    talk.begins()
    assert StopSpeaking() in talk.goes_on("stop")
    assert talk.state.speaking == ()


def test_a_stop_that_was_obeyed_is_not_obeyed_a_second_time() -> None:
    talk = Talk()
    talk.begins()
    talk.goes_on("stop")
    assert talk.goes_on("stop it") == []
    assert talk.ends("stop it please") == []


def test_what_follows_a_stop_in_the_same_breath_is_still_answered() -> None:
    talk = Talk()
    talk.begins()
    talk.goes_on("stop")
    assert any(isinstance(action, Say) for action in talk.ends("stop I can't feel my legs"))


def test_it_is_silent_while_somebody_goes_on_speaking_over_it() -> None:
    talk = Talk()
    talk.begins()
    assert talk.goes_on("and what") == [PauseSpeaking()]
    assert talk.goes_on("and what about the") == []


def test_it_goes_on_where_it_was_when_it_was_nothing() -> None:
    talk = Talk()
    talk.begins()
    talk.goes_on("blah blah blah")
    assert talk.ends("") == [ResumeSpeaking()]
    assert talk.state.speaking == (talk.reply,)


def test_a_single_word_that_is_no_command_only_ducks_it() -> None:
    talk = Talk()
    talk.begins()
    assert talk.goes_on("hm") == []
    assert talk.ends("") == [ResumeSpeaking()]


def test_our_own_voice_coming_back_neither_silences_it_nor_is_answered() -> None:
    talk = Talk()
    talk.begins()
    assert talk.goes_on("warmth often eases") == []
    assert talk.ends("warmth often eases a spasm") == [ResumeSpeaking()]


def test_a_question_asked_over_it_takes_the_place_of_the_reply() -> None:
    talk = Talk()
    talk.begins()
    talk.goes_on("I was lifting")
    actions = talk.ends("I was lifting a heavy box")
    assert actions[0] == StopSpeaking()
    assert isinstance(actions[1], Say)
    assert talk.reply not in talk.state.speaking


def test_somebody_who_spoke_before_we_began_is_given_way_to() -> None:
    talk = Talk()
    talk.utterance += 1
    assert talk.goes_on("and when I sneeze") == [DuckSpeaking(), PauseSpeaking()]


def test_a_stop_is_heard_although_an_earlier_sentence_of_ours_contained_the_word() -> None:
    talk = Talk()
    talk.event(SentenceBegun(0.6, talk.reply.id, "Say stop at any time."))
    talk.event(SentenceBegun(1.5, talk.reply.id, "Warmth often eases a spasm."))
    talk.begins()
    assert StopSpeaking() in talk.goes_on("stop")


def test_only_sentences_that_sounded_meanwhile_can_be_echoes() -> None:
    state = State(aloud=((0.0, "one"), (2.0, "two"), (4.0, "three")), speaking=(Say("say-1", "one two three"),))
    assert audible(state, 2.5, 3.5) == "two"
    assert audible(state, 2.2, 4.5) == "one two three"
    assert audible(state, 5.0, 6.0) == "three"


def test_what_begins_well_after_we_have_spoken_is_no_echo() -> None:
    talk = Talk()
    talk.event(Spoken(3.0, talk.reply.id, interrupted=False, heard_fraction=1.0))
    assert audible(talk.state, 3.1, 4.0) == talk.reply.text
    assert audible(talk.state, 3.5, 4.0) == ""


def test_a_word_that_is_not_understood_silences_it_and_it_asks_whether_to_go_on() -> None:
    talk = Talk()
    talk.begins()
    talk.goes_on("stuff")
    assert talk.ends("stuff") == [StopSpeaking(), Say("say-2", "Shall I go on?")]
    assert talk.state.phase == Interrupted("Warmth often eases a spasm.")
    assert talk.says("yes") == [Say("say-3", "Warmth often eases a spasm.")]


def test_no_to_going_on_is_the_end_of_it() -> None:
    talk = Talk()
    talk.begins()
    talk.ends("stuff")
    assert talk.says("no") == []
    assert talk.state.phase == Idle()


def test_a_television_that_talks_on_does_not_keep_it_from_answering() -> None:
    talk = Talk()
    actions: list[Action] = []
    for _ in range(9):
        actions += talk.begins() + talk.goes_on("and now the weather") + talk.ends("and now the weather for tomorrow in the north")
    assert actions.count(PauseSpeaking()) == 1
    assert actions.count(DuckSpeaking()) == 3
    assert StopSpeaking() not in actions
    talk.begins()
    assert StopSpeaking() in talk.goes_on("stop")


def test_after_something_was_understood_whoever_speaks_over_it_is_given_way_to_again() -> None:
    talk = Talk()
    talk.begins()
    talk.goes_on("and now the weather")
    talk.ends("and now the weather for tomorrow")
    talk.begins()
    talk.ends("I was lifting a heavy box")
    talk.event(SentenceBegun(5.0, talk.state.speaking[0].id, talk.state.speaking[0].text))
    assert talk.begins() == [DuckSpeaking()]
    assert talk.goes_on("and what about") == [PauseSpeaking()]

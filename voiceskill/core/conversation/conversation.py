"""The conversation: what we were told and how things stand, in; what to do, out.

Laws of this module:
- `step` is a pure function of state and event. Time comes with the event.
- Flags are looked for in every utterance, whatever the state, before anything else; then escape words; then meaning.
- Reports about a reply that is no longer ours change nothing.
"""

from __future__ import annotations

from dataclasses import replace

from voiceskill.core.actions import Action, LookAgain, Understood
from voiceskill.core.conversation import (
    answers,
    attending,
    by_hand,
    calling,
    flags,
    floor,
    guide,
    notes,
    screening,
    sound,
    steering,
    timing,
    troubles,
)
from voiceskill.core.conversation.controls import Controls
from voiceskill.core.conversation.state import (
    AskingWhatHelped,
    CheckingSound,
    Clarifying,
    Confirming,
    CountingDown,
    Flagged,
    Guided,
    Held,
    Hurt,
    Idle,
    Phase,
    Scoring,
    Screening,
    State,
)
from voiceskill.core.conversation.turn import QUESTION_SECONDS, QUESTION_TIMER, Manners, Turn
from voiceskill.core.diary import ConditionTold
from voiceskill.core.echo_guard import is_echo
from voiceskill.core.events import (
    Adjusted,
    AlertAcknowledged,
    AlertFailed,
    AlertLeft,
    AlertSent,
    AskedToSay,
    ClockSet,
    DeviceFailed,
    DeviceRecovered,
    Event,
    Failed,
    Heard,
    HearingSwitched,
    MemoryChanged,
    Missed,
    NotHeard,
    Partial,
    Pressed,
    Saved,
    SentenceBegun,
    SoundChecked,
    SpeechStarted,
    Spoken,
    Started,
    TimerFired,
)
from voiceskill.core.interpret import Interpretation, Interpreter
from voiceskill.core.routines import Manner
from voiceskill.core.skill import Control, Intent, Kind, Note, Skill, Tier
from voiceskill.core.understanding.hedges import hedged
from voiceskill.core.understanding.moans import is_moan
from voiceskill.core.understanding.normalise import normalise, says_any, words
from voiceskill.core.understanding.outcome import Match, NoMatch, Outcome
from voiceskill.core.understanding.slots import SlotReader

_MUMBLE = (0.4, 5.0)
"""Voiced seconds of somebody who mumbled an answer. What is shorter is a cough or a door, what is longer is music."""

_SURE = 0.9
"""A score from which a meaning is believed although a flag is suspected."""

_FEW_WORDS = 3
"""Words of an answer that is hardly more than a number."""

_ADDRESSED = frozenset({"i", "i'm", "i've", "my", "me", "should", "can", "could", "how", "what"})
"""Words of which one is in a question that somebody in the room asks for themselves."""

Step = tuple[State, tuple[Action, ...]]


class Conversation:
    """The rules of the conversation about one skill. Holds no state of its own."""

    def __init__(self, skill: Skill, interpreter: Interpreter, manners: Manners | None = None) -> None:
        self._skill = skill
        self._interpreter = interpreter
        self._manners = manners or Manners()
        self._slots = SlotReader(skill)
        self._controls = Controls(self._turn_to)

    def step(self, state: State, event: Event) -> Step:
        """Take in one event."""
        turn = Turn(self._skill, self._manners, state, event.at)
        match event:
            case Heard():
                self._heard(turn, event)
                floor.take_back(turn)
            case Partial():
                self._overheard(turn, event)
            case SentenceBegun(at=at, text=text):
                floor.sounded(turn, at, text)
            case Spoken(say=say, interrupted=True) if troubles.is_mute(state):
                troubles.unheard(turn, say)
            case Spoken(say=say, interrupted=interrupted):
                if turn.said(say) and not interrupted:
                    guide.spoken(turn, say)
                    sound.spoken(turn, say)
            case NotHeard(voiced=voiced):
                if state.asked and _MUMBLE[0] <= voiced <= _MUMBLE[1]:
                    turn.cue("failed")
                floor.take_back(turn)
            case Failed(what="speech", ref=str(say)):
                turn.cue("failed")
                if turn.said(say):
                    guide.unspoken(turn, say)
                    sound.unspoken(turn, say)
            case SoundChecked(ref=ref, findings=findings):
                sound.checked(turn, ref, findings)
            case Failed(what="memory", ref=ref):
                notes.not_saved(turn, ref)
                self._go_on(turn)
            case Saved(ref=ref):
                notes.saved(turn, ref)
                self._go_on(turn)
            case MemoryChanged(memory=memory):
                notes.renew(turn, memory)
            case TimerFired(timer=timer) if timer == QUESTION_TIMER:
                self._lapse(turn)
            case TimerFired(timer=timer):
                if not any(fired(turn, timer) for fired in (calling.fired, timing.fired, troubles.fired)):
                    guide.fired(turn, timer)
            case AlertSent() | AlertFailed() | AlertAcknowledged() | AlertLeft():
                calling.told(turn, event)
            case SpeechStarted(at=at, utterance=utterance, typed=typed):
                turn.change(began=(utterance, at))
                if not typed:
                    floor.duck(turn, utterance)
                turn.do(LookAgain())
            case Pressed(intent=intent):
                self._pressed(turn, intent)
            case Adjusted():
                by_hand.adjust(turn, event)
            case HearingSwitched(on=on):
                by_hand.switch_hearing(turn, on=on)
            case AskedToSay(text=text):
                by_hand.say(turn, text)
            case DeviceFailed():
                troubles.failed(turn, event)
            case DeviceRecovered(device=device):
                troubles.recovered(turn, device)
            case Missed():
                troubles.missed(turn)
            case ClockSet(at=at, wall=wall):
                turn.change(clock=(at, wall), unset=False)
                notes.put_right(turn)
            case Started(at=at, wall=wall, recording=recording, boot=boot, unset=unset):
                if wall is not None:
                    turn.change(clock=(at, wall), boot=boot, unset=unset)
                notes.put_right(turn)
                if recording:
                    turn.say(self._skill.lines.recording, urgent=True)
                turn.change(introduced=state.introduced or bool(state.memory.entries))
                self._pick_up(turn)
            case _:
                pass
        return turn.result()

    def _pick_up(self, turn: Turn) -> None:
        """After a power cut in the middle of a routine, say where we were."""
        progress = turn.state.memory.resumable(turn.now)
        intent = self._skill.intents.get(progress.routine) if progress else None
        if progress is None or intent is None or intent.routine is None or screening.refusal(turn, intent):
            return
        manner = Manner(easier=progress.easier, conditions=screening.conditions(turn))
        turn.change(topic=intent.id, guided=Guided(intent.id, progress.cursor, Held(turn.at), manner))
        guide.wait_to_carry_on(turn)
        guide.say_where_we_were(turn)

    def _lapse(self, turn: Turn) -> None:
        """Nobody answered our question. Silence after asking about danger counts as yes."""
        match turn.state.phase:
            case Confirming(intent):
                flags.raise_flag(turn, self._skill.intents[intent])
            case Flagged() if troubles.is_mute(turn.state):  # it is said again when it can be heard
                turn.start_when_said(QUESTION_TIMER, QUESTION_SECONDS)
            case Flagged() as flagged:
                flags.lapse(turn, flagged)
            case Screening() as asking:
                screening.ask_again(turn, asking)
            case CheckingSound() as checking:
                sound.lapse(turn, checking)
            case _:
                turn.change(phase=Idle())

    # What was heard, in order of rank: danger, escape words, our own echo, meaning.

    def _overheard(self, turn: Turn, partial: Partial) -> None:
        """Somebody speaks over us: "stop" and its like need not wait for the end of the sentence."""
        state = turn.state
        if not state.speaking or floor.obeyed(state, partial.utterance):
            return
        saying = floor.audible(state, state.began[1], partial.at)
        if is_moan(partial.text):
            return
        meant = self._interpreter.interpret([partial.text], spotted=partial.spotted, saying=saying, busy=True)
        if meant.escape in floor.AT_ONCE and not meant.flags:
            floor.obey(turn, partial.utterance, meant.escape)
            self._controls.do(turn, meant.escape, meant.outcome)
        elif not is_echo(partial.text, saying):
            floor.give_way(turn, partial.utterance, partial.text)

    def _heard(self, turn: Turn, heard: Heard) -> None:
        utterance, at = turn.state.began
        began = at if utterance == heard.utterance else heard.at
        saying = "" if heard.typed else floor.audible(turn.state, began, heard.at)
        obeyed = floor.obeyed(turn.state, heard.utterance)
        only_spotted = heard.spotted is not None and heard.hypotheses == (heard.spotted,)
        if only_spotted and heard.text in self._skill.spotted.dangers:  # one ear alone hears danger in anything
            turn.cue("failed")
            return
        readings = [hypothesis.text for hypothesis in heard.hypotheses]
        questions = self._questions(turn.state, heard)
        busy = bool(obeyed) or turn.state.busy
        meant = self._interpreter.interpret([*questions, *readings], spotted=heard.spotted, saying=saying, busy=busy)
        in_danger = isinstance(turn.state.phase, Confirming | Screening) or isinstance(turn.state.help, CountingDown)
        if in_danger and heard.spotted and self._is_plain_no(meant.outcome):
            # Danger is denied in words that dictation reads, too.
            if only_spotted:
                turn.cue("failed")
                return
            meant = self._interpreter.interpret([*questions, *readings], saying=saying, busy=busy)
        if saying and all(is_echo(reading, saying) for reading in readings) and not meant.escape:
            return
        if questions:
            attending.called(turn, heard.utterance)
        if questions and attending.only_called(turn, questions[0], meant):
            return
        turn.do(Understood(heard.utterance, meant.outcome))
        text = normalise(heard.spotted.text if heard.spotted and meant.spotted else [*questions, *readings][0])
        called_off = calling.is_called_off(turn, text)
        if obeyed and not meant.flags and not called_off and (meant.escape == obeyed or isinstance(meant.outcome, NoMatch)):
            return
        if not heard.typed and not called_off and not attending.hears(turn, meant, began):
            return
        meant = attending.after_a_call(turn, meant)
        if isinstance(meant.outcome, Match) and not meant.flags and not meant.escape and not turn.state.asleep and not is_moan(text):
            turn.cue("heard")
        self._respond(turn, meant, text)

    def _is_plain_no(self, outcome: Outcome) -> bool:
        return isinstance(outcome, Match) and self._skill.intents[outcome.intent].control is Control.NO

    def _pressed(self, turn: Turn, name: str) -> None:
        """Do what a button means. It is surely meant, and for us."""
        intent = self._skill.intents.get(name)
        if intent is None:
            return
        if intent.kind is Kind.FLAG:
            flags.raise_flag(turn, intent)
            return
        turn.change(asleep=False)
        meant = Interpretation((), intent.control, Match(intent.id, 1.0))
        self._respond(turn, meant, normalise(intent.examples[0]) if intent.examples else "")

    def _questions(self, state: State, heard: Heard) -> list[str]:
        """What is asked besides the phrase that calls us, in each reading that has it: nothing where nobody does."""
        phrase = None if heard.typed else self._manners.wake_phrase
        if phrase is None:
            return []
        found = [phrase.question(hypothesis.text) for hypothesis in heard.hypotheses]
        if heard.called and not attending.awaits_words(state) and all(question is None for question in found):
            found = [phrase.besides(heard.text)]
        return [question for question in found if question or (question is not None and not attending.awaits_words(state))]

    def _respond(self, turn: Turn, meant: Interpretation, text: str) -> None:
        phase = turn.state.phase
        if self._is_number_asked_for(phase, meant, text):
            meant = replace(meant, flags=())
        self._note_conditions(turn, meant, text)
        sure = tuple(flag.intent for flag in meant.flags if flag.sure)
        if isinstance(meant.outcome, Match) and self._heeds(turn.state, meant, text):
            turn.drop_postponed()
        if sure:
            flags.raise_flag(turn, sure[0], sure[1:], heard=text)
        elif isinstance(phase, Confirming) and not _is_no(self._skill, meant.outcome):
            flags.raise_flag(turn, self._skill.intents[phase.intent])
        elif calling.is_called_off(turn, text):
            self._controls.call_off(turn, meant.escape)
        elif calling.is_kept_on(turn, text) and not meant.escape:
            turn.change(misses=0)
        elif not self._heeds(turn.state, meant, text):
            pass
        elif meant.escape:
            self._controls.do(turn, meant.escape, meant.outcome)
        elif (doubtful := self._doubtful(turn.state, meant)) and doubtful.invitation:
            flags.ask(turn, doubtful, doubtful.invitation)
        else:
            outcome, turn.also = self._in_order(meant)
            if not self._told_what_was_asked(turn, outcome, text):
                self._understood(turn, outcome, text)
            self._go_on(turn)

    def _in_order(self, meant: Interpretation) -> tuple[Outcome, tuple[Match, ...]]:
        """What to turn to first, and what then: a routine keeps the floor, so it comes last, and only one does."""
        if not isinstance(meant.outcome, Match):
            return meant.outcome, ()
        wishes = (meant.outcome, *meant.also)
        routines = [wish for wish in wishes if self._skill.intents[wish.intent].routine]
        first, *also = [*(wish for wish in wishes if wish not in routines), *routines[:1]]
        return first, tuple(also)

    def _go_on(self, turn: Turn) -> None:
        """Turn to what else was meant, until we ask something ourselves: one question at a time. What is to be saved is settled first."""
        while turn.also and isinstance(turn.state.phase, Idle) and not turn.postpone():
            outcome, *also = turn.also
            turn.also = tuple(also)
            self._turn_to(turn, outcome)

    def _note_conditions(self, turn: Turn, meant: Interpretation, text: str) -> None:
        """Remember what somebody tells of themselves that rules things out, whatever else they say."""
        if isinstance(meant.outcome, NoMatch) and meant.outcome.reason == "unrelated":
            return
        known = turn.state.memory.conditions(turn.now)
        for condition, phrases in self._skill.condition_words.items():
            if condition not in known and says_any(text, phrases) and not hedged(text):
                turn.save(ConditionTold(turn.now, condition))

    def _heeds(self, state: State, meant: Interpretation, text: str) -> bool:
        """Whether it is for us at all.

        A moan is not, unless we lead somebody whom it may hurt; after "good night" or while we check the sound little is.
        """
        if meant.escape or self._doubtful(state, meant) or (state.guided and self._hurts(meant.outcome)):
            return True
        if isinstance(state.phase, CheckingSound):
            return False
        return not is_moan(text) and (not state.asleep or self._wakes(meant))

    def _hurts(self, outcome: Outcome) -> bool:
        return isinstance(outcome, Match) and self._skill.intents[outcome.intent].control is Control.HURTS

    def _wakes(self, meant: Interpretation) -> bool:
        intent = self._skill.intents[meant.outcome.intent] if isinstance(meant.outcome, Match) else None
        return intent is not None and (intent.wakes or intent.control in {Control.HELLO, Control.HELP, Control.CALL_SOMEONE})

    def _doubtful(self, state: State, meant: Interpretation) -> Intent | None:
        """A flag to ask about: nobody is asked twice, and a meaning that is sure outweighs a suspicion."""
        if isinstance(meant.outcome, Match) and meant.outcome.score >= _SURE:
            return None
        return next((flag.intent for flag in meant.flags if flag.intent.id not in state.denied), None)

    def _is_number_asked_for(self, phase: Phase, meant: Interpretation, text: str) -> bool:
        """Whether hardly more than a number answers how strong the pain is: one too high for that only sounds like an age."""
        urgent = any(flag.intent.tier is not Tier.TODAY for flag in meant.flags)
        short = len(text.split()) <= _FEW_WORDS
        return isinstance(phase, Scoring) and short and not urgent and self._slots.beyond("score", text) is not None

    def _told_what_was_asked(self, turn: Turn, outcome: Outcome, text: str) -> bool:
        """Take a number, a remedy or a feeling that was asked for, whatever the sentence round it; or that we misheard the last one."""
        phase, guided = turn.state.phase, turn.state.guided
        score = self._slots.number("score", text)
        if notes.taken_back(turn, text, score):
            return True
        if isinstance(phase, Scoring) and (len(text.split()) <= _FEW_WORDS or not _is_control(self._skill, outcome)):
            if score is not None:
                notes.scored(turn, score)
                return True
            beyond = self._slots.beyond("score", text)
            if beyond is not None:
                notes.beyond_scale(turn, beyond)
                return True
        if isinstance(phase, AskingWhatHelped):
            what = self._slots.value("remedy", text)
            if isinstance(what, str):
                notes.helped(turn, what, better=self._slots.value("effect", text) != "worse")
                return True
        if guided and isinstance(phase, Idle):
            feeling = self._slots.value("feeling", text)
            if isinstance(feeling, str) and steering.feel(turn, feeling):
                return True
        return False

    def _understood(self, turn: Turn, outcome: Outcome, text: str) -> None:
        turn.change(asleep=False)
        phase = turn.state.phase
        match outcome:
            case NoMatch() if isinstance(phase, Clarifying) and outcome.best and outcome.best.intent in (phase.first, phase.second):
                self._turn_to(turn, Match(outcome.best.intent, outcome.best.score))
            case NoMatch(reason="unclear") if isinstance(phase, Screening):
                screening.ask_again(turn, phase)
            case NoMatch(reason="unclear") if isinstance(phase, Hurt):
                screening.begin_whole(turn)
            case NoMatch() if floor.cut_short(turn, text):
                pass
            case NoMatch() if self._is_elsewhere(text):
                answers.elsewhere(turn)
            case NoMatch():
                answers.missed(turn, outcome)
            case Match():
                self._turn_to(turn, outcome, distressed=self._is_distressed(text))

    def _is_distressed(self, text: str) -> bool:
        return says_any(text, self._skill.distress)

    def _is_elsewhere(self, text: str) -> bool:
        said = frozenset(words(text))
        return bool(said & _ADDRESSED) and says_any(text, self._skill.elsewhere)

    def _turn_to(self, turn: Turn, outcome: Match, *, distressed: bool = False) -> None:
        """Do what was meant."""
        intent = self._skill.intents[outcome.intent]
        phase = turn.state.phase
        if intent.kind is Kind.FLAG:
            flags.raise_flag(turn, intent)
        elif intent.control:
            self._controls.do(turn, intent.control, outcome)
        elif intent.note is Note.SCREENED and isinstance(phase, Screening):
            self._controls.do(turn, Control.NO, outcome)
        elif isinstance(phase, Screening) and notes.tells(intent, outcome.slots):
            turn.close()
            notes.note(turn, intent, outcome.slots)
            screening.ask_when_saved(turn, phase)
        elif isinstance(phase, Screening) and not intent.routine:
            turn.silence()
            turn.say(intent.answers[0] if intent.answers else turn.skill.lines.declined)
            screening.ask_again(turn, replace(phase, asked=1))
        elif intent.note:
            notes.note(turn, intent, outcome.slots)
        elif intent.routine:
            self._begin(turn, intent, outcome)
        else:
            answers.answer(turn, intent, distressed=distressed)

    def _begin(self, turn: Turn, intent: Intent, outcome: Match) -> None:
        if screening.admit(turn, intent):
            turn.silence()
            place = outcome.slots.get("place")
            told = frozenset({place}) & self._skill.conditions.keys() if isinstance(place, str) else frozenset()
            guide.begin(turn, intent, conditions=screening.conditions(turn) | told)


def _is_no(skill: Skill, outcome: Outcome) -> bool:
    intent = skill.intents[outcome.intent] if isinstance(outcome, Match) else None
    return intent is not None and intent.control in {Control.NO, Control.STOP, Control.CANCEL}


def _is_control(skill: Skill, outcome: Outcome) -> bool:
    return isinstance(outcome, Match) and skill.intents[outcome.intent].control is not None

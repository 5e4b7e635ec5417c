"""The way through setting the device up: one question after another, and what follows from each answer.

Laws of this module:
- `begin` and `step` are pure. Of the actions that they give, exactly one, the last, brings an event about; after the last there is `Over`.
- Whatever is asked can be answered by speaking or by typing. Nobody has to answer: silence keeps what there is, and the end comes.
- Nothing is kept before the end, and nothing if they stop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from voiceskill.core.setting_up.lines import SetupLines
from voiceskill.core.setting_up.values import (
    Action,
    Answered,
    AnswerQuestion,
    Checked,
    Checking,
    CheckSound,
    Choices,
    Confirming,
    End,
    Event,
    FindVoice,
    Hear,
    Keep,
    Loudness,
    Naming,
    Over,
    Placing,
    Questioning,
    Replied,
    Reply,
    Sampling,
    Say,
    Searching,
    SetVolume,
    Silence,
    Softening,
    SoundTone,
    Stage,
    Trying,
    Turned,
    Turning,
    TurnMicrophone,
    UseLoudspeaker,
    UseMicrophone,
    VoiceFound,
    Walk,
)
from voiceskill.core.sound import GOOD, Finding
from voiceskill.core.spoken_values import number
from voiceskill.core.understanding.normalise import normalise

_TRIES = 2
"""How often a question is asked to which nobody answers, or not in words that we can use; how often all loudspeakers are tried."""

_MISHEARD = 4
"""How often words of their own may be heard wrongly: then somebody is there, and corrects us."""

_SEARCHES = 3
_LEVELLINGS = 3

_LOUDER = 1.4
LOUDEST, SOFTEST = 1.0, 0.05
_TURN = 6.0
"""Decibels by which the microphone is turned up or down."""

_SHORT, _USUAL, _LONG = 8.0, 12.0, 30.0
"""Seconds in which an answer is to begin: yes or no, some words, a question of their own."""

_TYPED = 120.0
"""The same where answers can only be typed."""

_HEARD = frozenset({Reply.YES, Reply.KEEP, Reply.LOUDER, Reply.SOFTER})
_SKIPS = frozenset({Reply.KEEP, Reply.YES})

Steps = tuple[Walk, tuple[Action, ...]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What depends on the skill: the lines, and whether a phrase `fits` to call us by."""

    lines: SetupLines
    fits: Callable[[str], bool]

    def begin(self, choices: Choices, microphones: int, loudspeakers: int) -> Steps:
        """Begin, with what is set already and so many devices to be tried."""
        walk = Walk(Over(), replace(choices, microphone=None, loudspeaker=None), microphones, loudspeakers)
        welcome = Say(self.lines.welcome)
        if microphones:
            return self._to(walk, Searching(), welcome, Say(self.lines.say_something))
        return self._loudspeakers(walk, welcome, UseMicrophone(None), Say(self.lines.no_microphone))

    def step(self, walk: Walk, event: Event) -> Steps:
        """What is to be done, now that this has happened."""
        if isinstance(event, Answered):
            walk = replace(walk, typed=walk.typed or event.typed)
            if event.warning and not isinstance(walk.stage, Questioning | Sampling):  # the answer tells of it, or it is said below
                return self._to(walk, walk.stage, Say(event.warning), *self._asking(walk, walk.stage))
            if event.reply is Reply.STOP:
                return self._over(walk, End(), Say(self.lines.stopped))
            if event.reply is Reply.REPEAT:
                return self._to(walk, walk.stage, *self._asking(walk, walk.stage))
        match walk.stage:
            case Searching() as stage:
                return self._searched(walk, stage, event)
            case Trying() as stage:
                return self._tried(walk, stage, event)
            case Loudness():
                return self._loudness(walk, event)
            case Sampling() as stage:
                warning = (Say(event.warning),) if isinstance(event, Answered) and event.warning else ()
                return self._to(walk, Checking(stage.rounds), *warning, Say(self.lines.be_quiet))
            case Checking() as stage:
                return self._checked(walk, stage, event)
            case Turning() as stage:
                return self._turned(walk, stage, event)
            case Softening() as stage:
                return self._softened(walk, stage, event)
            case Naming() as stage:
                return self._named(walk, stage, event)
            case Placing() as stage:
                return self._placed(walk, stage, event)
            case Confirming() as stage:
                return self._confirmed(walk, stage, event)
            case Questioning() as stage:
                return self._questioned(walk, stage, event)
            case Over():
                return walk, ()

    # Microphone and loudspeaker.

    def _searched(self, walk: Walk, stage: Searching, event: Event) -> Steps:
        match event:
            case VoiceFound(microphone=int(found)):
                walk = replace(walk, choices=replace(walk.choices, microphone=found))
                return self._loudspeakers(walk, UseMicrophone(found), Say(self.lines.i_hear_you))
            case Answered(text=text) if text.strip().isdecimal() and 0 < int(text) <= walk.microphones:
                walk = replace(walk, choices=replace(walk.choices, microphone=int(text) - 1))
                return self._loudspeakers(walk, UseMicrophone(int(text) - 1))
            case VoiceFound() if stage.tries < _SEARCHES:
                return self._to(walk, Searching(stage.tries + 1), Say(self.lines.nobody_heard))
            case _:
                return self._loudspeakers(walk, UseMicrophone(None), Say(self.lines.type_answers))

    def _loudspeakers(self, walk: Walk, *before: Action) -> Steps:
        if walk.loudspeakers:
            return self._try(walk, Trying(0), *before)
        return self._without_loudspeaker(walk, *before)

    def _try(self, walk: Walk, stage: Trying, *before: Action) -> Steps:
        return self._to(walk, stage, *before, UseLoudspeaker(stage.number), *self._asking(walk, stage))

    def _tried(self, walk: Walk, stage: Trying, event: Event) -> Steps:
        match event:
            case Answered(reply=Reply.NO):
                pass
            case Answered(text=text, typed=True) if text.strip().isdecimal() and 0 < int(text) <= walk.loudspeakers:
                return self._try(walk, Trying(int(text) - 1, stage.tries))
            case Answered(reply=reply):
                # Of several, only a yes makes sure; of one, any word that came after the tone.
                if reply in _HEARD or (walk.loudspeakers == 1 and not event.typed):
                    walk = replace(walk, choices=replace(walk.choices, loudspeaker=stage.number))
                    found = Say(self.lines.loudspeaker_found)
                    return self._to(walk, Loudness(), found, Say(self.lines.loud_enough))
            case _:
                pass
        if stage.number + 1 < walk.loudspeakers:
            return self._try(walk, Trying(stage.number + 1, stage.tries))
        if stage.tries < _TRIES:
            return self._try(walk, Trying(0, stage.tries + 1))
        return self._without_loudspeaker(walk)

    def _without_loudspeaker(self, walk: Walk, *before: Action) -> Steps:
        actions = (*before, UseLoudspeaker(None), Say(self.lines.no_loudspeaker))
        if walk.choices.microphone is None and not walk.typed and (walk.microphones or walk.loudspeakers):
            return self._over(walk, End(deaf=True, mute=True), *actions)  # there is nobody, or nobody whom we could ask
        return self._name(walk, *actions)

    # Levels.

    def _loudness(self, walk: Walk, event: Event) -> Steps:
        volume = walk.choices.volume
        match event:
            case Answered(reply=Reply.LOUDER) if volume >= LOUDEST:
                return self._sample(walk, Say(self.lines.as_loud_as_i_get))
            case Answered(reply=Reply.SOFTER) if volume <= SOFTEST:
                return self._sample(walk, Say(self.lines.as_soft_as_i_get))
            case Answered(reply=Reply.LOUDER | Reply.NO):
                return self._again_as_loud(walk, min(LOUDEST, volume * _LOUDER))
            case Answered(reply=Reply.SOFTER):
                return self._again_as_loud(walk, max(SOFTEST, volume / _LOUDER))
            case _:
                return self._sample(walk)

    def _again_as_loud(self, walk: Walk, volume: float) -> Steps:
        walk = replace(walk, choices=replace(walk.choices, volume=round(volume, 2)))
        return self._to(walk, Loudness(), SetVolume(walk.choices.volume), Say(self.lines.like_this))

    def _sample(self, walk: Walk, *before: Action) -> Steps:
        if walk.choices.microphone is None or walk.choices.loudspeaker is None:
            return self._name(walk, *before)
        return self._to(walk, Sampling(), *before, Say(self.lines.say_a_sentence))

    def _checked(self, walk: Walk, stage: Checking, event: Event) -> Steps:
        if not isinstance(event, Checked):
            return self._name(walk)
        wrong = next((one for one in (Finding.CLIPPED, Finding.SPEECH_SOFT) if one in event.findings), None)
        if wrong and stage.rounds < _LEVELLINGS:
            turn = TurnMicrophone(_TURN if wrong is Finding.SPEECH_SOFT else -_TURN)
            return replace(walk, stage=Turning(stage.rounds, wrong)), (turn,)
        good = tuple(Say(self.lines.of(one)) for one in event.findings if one in GOOD)
        bad = tuple(Say(self.lines.of(one)) for one in event.findings if one not in GOOD | {Finding.ECHO_LOUD})
        if Finding.ECHO_LOUD in event.findings and event.quieter is not None and walk.choices.volume > SOFTEST:
            quieter = round(max(SOFTEST, event.quieter), 2)
            return self._to(walk, Softening(quieter), *(bad or good), Say(self.lines.speak_softer))
        return self._name(walk, *(bad or good))

    def _turned(self, walk: Walk, stage: Turning, event: Event) -> Steps:
        if event != Turned(done=True):
            return self._name(walk, Say(self.lines.of(stage.why)))
        line = self.lines.turned_up if stage.why is Finding.SPEECH_SOFT else self.lines.turned_down
        return self._to(walk, Sampling(stage.rounds + 1), Say(line), Say(self.lines.say_a_sentence))

    def _softened(self, walk: Walk, stage: Softening, event: Event) -> Steps:
        if isinstance(event, Answered) and event.reply in {Reply.YES, Reply.SOFTER}:
            walk = replace(walk, choices=replace(walk.choices, volume=stage.volume))
            return self._name(walk, SetVolume(stage.volume))
        return self._name(walk)

    # Wake phrase and country.

    def _name(self, walk: Walk, *before: Action) -> Steps:
        return self._to(walk, Naming(), *before, *self._asking(walk, Naming()))

    def _named(self, walk: Walk, stage: Naming, event: Event) -> Steps:
        if not isinstance(event, Answered) or event.reply in _SKIPS:
            return self._place(walk)
        phrase = normalise(event.text)
        if phrase == walk.choices.wake_phrase:
            return self._place(walk)
        if event.reply is Reply.NO or not self.fits(phrase):
            wrong = self._asking(walk, stage) if event.reply is Reply.NO else (Say(self.lines.unfit_phrase),)
            return self._place(walk, *wrong) if stage.tries >= _MISHEARD else self._to(walk, Naming(stage.tries + 1), *wrong)
        chosen = replace(walk.choices, wake_phrase=phrase)
        if event.typed:
            return self._place(replace(walk, choices=chosen))
        return self._confirm(walk, Confirming(chosen, phrase, Naming(stage.tries + 1)))

    def _place(self, walk: Walk, *before: Action) -> Steps:
        return self._to(walk, Placing(), *before, *self._asking(walk, Placing()))

    def _placed(self, walk: Walk, stage: Placing, event: Event) -> Steps:
        if not isinstance(event, Answered):
            return self._question(walk)
        code = self.lines.country_of(event.text)
        if code is None and event.reply in _SKIPS:
            return self._question(walk)
        if code is None:
            unknown = Say(self.lines.unknown_country)
            return self._question(walk, unknown) if stage.tries >= _MISHEARD else self._to(walk, Placing(stage.tries + 1), unknown)
        chosen = replace(walk.choices, country=code)
        if event.typed or code == walk.choices.country:
            return self._question(replace(walk, choices=chosen))
        return self._confirm(walk, Confirming(chosen, self.lines.place(code), Placing(stage.tries + 1)))

    def _confirm(self, walk: Walk, stage: Confirming) -> Steps:
        return self._to(walk, stage, *self._asking(walk, stage))

    def _confirmed(self, walk: Walk, stage: Confirming, event: Event) -> Steps:
        if isinstance(event, Answered) and event.reply is Reply.YES:
            walk = replace(walk, choices=stage.choices)
            return self._place(walk) if isinstance(stage.again, Naming) else self._question(walk)
        if isinstance(event, Answered) and event.reply is Reply.OTHER:  # they say it anew, without a no before it
            return self.step(replace(walk, stage=stage.again), event) if stage.again.tries <= _MISHEARD else self._after(walk, stage)
        if isinstance(event, Answered) and event.reply is Reply.NO and stage.again.tries <= _MISHEARD:
            return self._to(walk, stage.again, *self._asking(walk, stage.again))
        return self._after(walk, stage)

    def _after(self, walk: Walk, stage: Confirming) -> Steps:
        return self._place(walk) if isinstance(stage.again, Naming) else self._question(walk)

    # The first question.

    def _question(self, walk: Walk, *before: Action) -> Steps:
        return self._to(walk, Questioning(), *before, *self._asking(walk, Questioning()))

    def _questioned(self, walk: Walk, stage: Questioning, event: Event) -> Steps:
        match event:
            case Answered(text=text, reply=reply) if text.strip() and reply is not Reply.KEEP:
                return replace(walk, stage=stage), (AnswerQuestion(text, walk.choices),)
            case Replied(understood=False) | Silence() if stage.tries < _TRIES:
                return self._to(walk, Questioning(stage.tries + 1), Say(self.lines.ask_another))
            case _:
                end = End(kept=True, deaf=walk.choices.microphone is None, mute=walk.choices.loudspeaker is None)
                return self._over(walk, end, Keep(walk.choices), Say(self.lines.done))

    # Asking.

    def _asking(self, walk: Walk, stage: Stage) -> tuple[Action, ...]:
        """What is said to ask."""
        lines, choices = self.lines, walk.choices
        match stage:
            case Searching():
                return (Say(lines.say_something),)
            case Trying(number=tried):
                return Say(lines.try_loudspeaker.replace("{NUMBER}", number(tried + 1))), SoundTone()
            case Loudness():
                return (Say(lines.loud_enough),)
            case Sampling():
                return (Say(lines.say_a_sentence),)
            case Softening():
                return (Say(lines.speak_softer),)
            case Naming():
                return (Say(lines.call_me.replace("{PHRASE}", choices.wake_phrase)),)
            case Placing():
                now = lines.country_now.replace("{COUNTRY}", lines.place(choices.country))
                return (Say(now if choices.country else lines.which_country),)
            case Confirming(shown=shown):
                return (Say(lines.is_it.replace("{WORDS}", shown)),)
            case Questioning():
                return (Say(lines.ask_me),)
            case Checking() | Turning() | Over():
                return ()

    def _to(self, walk: Walk, stage: Stage, *actions: Action) -> Steps:
        """Go on to `stage`, after these actions, and wait for what it waits for."""
        return replace(walk, stage=stage), (*actions, _awaited(walk, stage))

    def _over(self, walk: Walk, end: End, *actions: Action) -> Steps:
        return replace(walk, stage=Over()), (*actions, end)


def _awaited(walk: Walk, stage: Stage) -> Action:
    match stage:
        case Searching():
            return FindVoice()
        case Checking():
            return CheckSound()
        case Naming() | Placing() | Sampling():
            seconds = _USUAL
        case Questioning():
            seconds = _LONG
        case _:
            seconds = _SHORT
    return Hear(_TYPED if walk.choices.microphone is None and (walk.typed or not walk.microphones) else seconds)

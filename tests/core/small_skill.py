"""A skill small enough to know by heart."""

from __future__ import annotations

from voiceskill.core.skill import Control, Intent, Kind, Lines, Skill, Tier

INTENTS = (
    Intent(
        "cause_lifting",
        Kind.ANSWER,
        title="lifting as the cause",
        templates=("why does lifting (hurt|set off) my back",),
        examples=("I was lifting a heavy box",),
        answers=("Lifting is a common trigger.", "Heavy or awkward lifting can set it off.", "Lifting tired muscles strains them."),
        more="Most strains settle in days to weeks.",
        offer="relief_heat",
    ),
    Intent(
        "relief_heat",
        Kind.ANSWER,
        title="using heat",
        examples=("does heat help", "can I use a hot water bottle"),
        answers=("Warmth often eases a spasm.",),
        invitation="Shall I tell you about heat?",
    ),
    Intent(
        "redflag_both_legs",
        Kind.FLAG,
        examples=("I can't feel my legs", "both my legs are numb"),
        answers=("Both legs being affected needs a hospital now.",),
        then="Is someone with you?",
        invitation="Are both your legs affected?",
        tier=Tier.EMERGENCY,
    ),
    Intent(
        "redflag_fever",
        Kind.FLAG,
        examples=("I have a fever",),
        answers=("Back pain with a fever needs a doctor today.",),
        confirm=False,
        tier=Tier.TODAY,
    ),
    Intent("control_stop", Kind.CONTROL, control=Control.STOP, escape=("stop",), examples=("be quiet",), answers=("Stopped.",)),
    Intent("control_hurts", Kind.CONTROL, control=Control.HURTS, escape=("that hurts", "ow"), answers=("Stopping. Ease back.",)),
    Intent("control_yes", Kind.CONTROL, control=Control.YES, examples=("yes", "yes please")),
    Intent("control_no", Kind.CONTROL, control=Control.NO, examples=("no", "no thanks")),
    Intent("control_more", Kind.CONTROL, control=Control.MORE, examples=("tell me more",)),
    Intent("control_repeat", Kind.CONTROL, control=Control.REPEAT, examples=("say that again",)),
    Intent(
        "control_help",
        Kind.CONTROL,
        control=Control.HELP,
        escape=("help me",),
        examples=("what can I say",),
        answers=("Ask why it happened.",),
    ),
)

SKILL = Skill(
    name="small",
    language="en",
    intents={intent.id: intent for intent in INTENTS},
    lines=Lines(
        greeting="I'm here.",
        first_use="I'm a helper, not a doctor.",
        not_understood=("I didn't get that.", "Say it another way."),
        nothing_to_repeat="I haven't said anything yet.",
        nothing_more="That's all I know about it.",
        yes_to_what="Yes to what?",
        agreed="All right.",
        declined="All right.",
        go_on="Shall I go on?",
        recording="I record what I hear.",
        did_you_mean="Did you mean",
    ),
    sources={},
    lists={},
    rules={},
)

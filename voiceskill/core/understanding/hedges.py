"""Ways of speaking of something without saying that it is so: asking what it means, supposing it, telling of somebody else.

English only, and only what is plain from the words; the trained judge knows more, but not surely enough to be silent about danger.
"""

from __future__ import annotations

import re

_RELATIVE = (
    r"mum|mom|mam|mother|dad|father|da|nan|nana|gran|granny|grandma|grandad|grandpa|grandmother|grandfather|sister|brother|aunt|auntie|uncle"
    r"|cousin|friend|mate|neighbour|neighbor|colleague|boss|husband|wife|partner|son|daughter|niece|nephew|buddy|dog|cat"
)

_HEDGES = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(?:so |and |um |but )*(?:what is|what's|whats|what are|what does|what do you mean by|define|explain)\b",
        r"\bwhat does .* mean\b",
        r"\b(?:how would|how do|how will|how can) (?:i|you|people|anyone|someone) (?:know|tell)\b",
        r"\b(?:what if|what happens if|what would happen if|if i ever|if i were to|if it ever|suppose|supposing|in case)\b",
        r"\bwhen (?:should|would) (?:i|you|people|anyone|someone) (?:worry|be worried|call|see|go)\b",
        rf"\bmy (?:late |old |poor )?(?:{_RELATIVE})(?:'s)? (?:once |also |always )?(?:had|got|died|used to|was|went|nearly|did)\b",
        r"\b(?:years ago|last year|when i was (?:a kid|a child|young|little|younger)|back in (?:nineteen|the))\b",
        r"\b(?:on the telly|on tv|on the tv|in a film|in the film|in a book|on the radio|on the news|a programme about)\b",
    )
)


def hedged(text: str) -> bool:
    """Whether normalised `text` speaks of something without saying that it is so, here and now, for the speaker."""
    return any(hedge.search(text) for hedge in _HEDGES)

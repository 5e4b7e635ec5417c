"""The number on a scale that someone gives for now, out of all the numbers in a sentence.

Laws of this module:
- What is a count, a length or a time of day is never a score.
- Of several, the present one counts, not what it was; and the last of those, since people correct themselves.
- A word that only sounds like a number ("ate") is one only where a number is due, and only where none was said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from voiceskill.core.skill import ScaleSlot
from voiceskill.core.understanding.numerals import Numeral, numerals, whole


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ARTICLES = _set("a an the about around roughly quite really like maybe even just my")
_UNITS = _set(
    "second seconds minute minutes min mins hour hours day days night nights week weeks month months year years o'clock oclock clock am pm "
    "percent times kilos stone pounds pound degrees metres miles thirty fifteen forty more other others people"
)
_NO_PLURALS = _set("is was this yes thanks as perhaps less us always thereabouts sometimes cheers plus its jesus across gas")
_COUNTED_AFTER = _set("took take taken taking swallowed had have having page step channel")
_TIME_AFTER = _set("at since till until by before after past")
_SCORE_AT = _set("it it's is its was pain put me sitting still down up back rate rated score stands steady stuck")
_ONE_AFTER = _set("this that which the bad good other last no another every any hard easy each big")
_PAST = _set("was were yesterday usually normally generally yesterday's earlier started began before had been used last")
_AGO = _set("yesterday before earlier night week time month")
_HABIT = _set("usually normally generally")
_NOW = _set("now today tonight currently")
_PRESENT = _NOW | _set("is it's its i'd i'm")
_MOVED = _set("gone went dropped came come jumped risen eased")
_CHANGE = _MOVED | _set("from down up")
_DENIALS = _set("not never wasn't isn't ain't")
_SPAN = frozenset(
    tuple(between.split())
    for between in ("", "or", "or maybe", "or a", "or an", "maybe", "perhaps", "possibly", "to", "to a", "to an", "stroke")
)
_OUT_OF = (("out", "of"), ("outta",), ("outa",), ("of",), ("over",), ("from",), ("on",))
_SOUNDS_LIKE = {
    word: float(number)
    for number, words in enumerate(
        (
            "won wan",
            "to too tu",
            "free tree",
            "for fore fourth",
            "fife hive",
            "sex sicks sics sick",
            "heaven sven sevens",
            "ate hate eighth aight",
            "nein nigh mine line night",
            "tan tin den tenth",
        ),
        start=1,
    )
    for word in words.split()
}
_DUE_AFTER = _set("a an about is it's its pain score to as like say maybe level around at down")
_ENDING = _set("now today tonight please thanks out of right i")
_LITTLE = _set("to too for")


@dataclass(frozen=True, slots=True)
class _Score:
    value: float
    first: int
    end: int
    denied: bool = False
    past: bool = False


def read_scale(words: Sequence[str], slot: ScaleSlot) -> int | float | None:
    """The value on the scale of `slot` that `words` give for now, if any."""
    scores = [one for one in (_on_scale(words, one, slot) for one in _told(words, slot)) if one]
    if not scores:
        scores = [_Score(value, at, at + 1) for at, value in _homophones(words) if slot.low <= value <= slot.high]
    return whole(_present(words, scores).value) if scores else None


def read_beyond(words: Sequence[str], slot: ScaleSlot) -> int | float | None:
    """The number that `words` give as a value where it can't be one, if they give no value."""
    if read_scale(words, slot) is not None:
        return None
    beyond = [one for one in _told(words, slot) if _on_scale(words, one, slot) is None]
    return whole(_present(words, beyond).value) if beyond else None


def _told(words: Sequence[str], slot: ScaleSlot) -> list[_Score]:
    """All that is told as a value, on the scale or not, from left to right."""
    phrases = list(_phrases(words, slot))
    taken = {at for score in phrases for at in range(score.first, score.end)}
    said = [one for one in numerals(words) if not taken & set(range(one.first, one.end))]
    said = [one for one in said if not _something_else(words, one, slot)]
    scores = [*_spans(words, [one for one in said if not _names_the_scale(words, one, slot)]), *phrases]
    return sorted(scores, key=lambda one: one.first)


def _present(words: Sequence[str], scores: Sequence[_Score]) -> _Score:
    judged: list[_Score] = []
    start = 0
    for score in scores:
        before = words[start : score.first]
        start = score.end
        past = any(word in _PAST for word in before) and not _turns_to_now(before)
        judged.append(replace(score, denied=_denied(words, score.first), past=past or _left_behind(words, score)))
    for kept in ([one for one in judged if not one.denied and not one.past], [one for one in judged if not one.denied], judged):
        if kept:
            return kept[-1]
    raise AssertionError("one of the scores is kept")


def _turns_to_now(before: Sequence[str]) -> bool:
    last_past = max(at for at, word in enumerate(before) if word in _PAST)
    turns = _NOW if before[last_past] in _HABIT else _PRESENT | _CHANGE
    return any(word in turns for word in before[last_past + 1 :])


def _left_behind(words: Sequence[str], score: _Score) -> bool:
    """Whether it was "from an eight", or "an eight this morning" or "before" with nothing of now about it."""
    at = score.first - 1
    while at >= 0 and words[at] in _ARTICLES:
        at -= 1
    after = words[score.end : score.end + 2]
    long_ago = after[1:] if after[:1] == ["last"] else after[:1]
    return (at >= 0 and words[at] == "from") or any(word in _AGO for word in long_ago)


def _denied(words: Sequence[str], first: int) -> bool:
    at = first - 1
    while at >= 0 and words[at] in _ARTICLES:
        at -= 1
    return at >= 0 and words[at] in _DENIALS


def _phrases(words: Sequence[str], slot: ScaleSlot) -> Iterator[_Score]:
    free = set(range(len(words)))
    for phrase in sorted(slot.words, key=lambda phrase: -len(phrase.split())):
        parts = phrase.split()
        for at in range(len(words) - len(parts) + 1):
            here = set(range(at, at + len(parts)))
            if list(words[at : at + len(parts)]) == parts and here <= free:
                free -= here
                yield _Score(slot.words[phrase], at, at + len(parts))


def _something_else(words: Sequence[str], one: Numeral, slot: ScaleSlot) -> bool:
    """Whether a number counts or times something."""
    before = words[one.first - 1] if one.first else ""
    earlier = words[one.first - 2] if one.first > 1 else ""
    after = words[one.end] if one.end < len(words) else ""
    plural = after.endswith("s") and not after.endswith("ss") and after not in _NO_PLURALS and before not in {"a", "an"}
    if plural or after in _UNITS or after in slot.not_before:
        return True
    if after == "of" and (words[one.end + 1 : one.end + 2] or [""])[0] in {"them", "those", "these", "my", "the", "us"}:
        return True
    if before in _COUNTED_AFTER or (before in _TIME_AFTER and not (before == "at" and earlier in _SCORE_AT)):
        return True
    if after in {"to", "past"} and earlier in {"at", "since"}:
        return True
    return one.value == 1 and before in _ONE_AFTER


def _names_the_scale(words: Sequence[str], one: Numeral, slot: ScaleSlot) -> bool:
    """Whether a number is an end of the scale and not a value: "out of ten", "from zero to ten", "if ten is the worst"."""
    if one.value not in (slot.low, slot.low + 1, slot.high):
        return False
    before, after = tuple(words[max(0, one.first - 4) : one.first]), tuple(words[one.end : one.end + 3])
    if "if" in words[: one.first] and before[-1:] in {("if",), ("and",)} and after[:1] in {("is",), ("being",), ("was",), ("means",)}:
        return True
    if one.value == slot.high:
        if before[-2:] == ("out", "of") or before[-1:] in {("outta",), ("outa",)} or before[-3:] == ("a", "scale", "of"):
            return True
        if before[-1:] in {("of",), ("over",), ("on",), ("from",)} and any(
            said.end == one.first - 1 for said in numerals(words[: one.first])
        ):
            return True
    if any(word in _MOVED for word in words[: one.first]):
        return False
    return (before[-1:] == ("to",) and one.value == slot.high and _is_end(before[-2:-1], slot)) or _leads_to_high(one, after, slot)


def _is_end(word: tuple[str, ...], slot: ScaleSlot) -> bool:
    return any(found.value in (slot.low, slot.low + 1) for found in numerals(word))


def _leads_to_high(one: Numeral, after: tuple[str, ...], slot: ScaleSlot) -> bool:
    return one.value < slot.high and after[:1] == ("to",) and any(found.value == slot.high for found in numerals(after[1:2]))


def _spans(words: Sequence[str], said: Sequence[Numeral]) -> Iterator[_Score]:
    """Numbers, two that stand for what lies between them made one."""
    at = 0
    while at < len(said):
        one = said[at]
        other = said[at + 1] if at + 1 < len(said) else None
        if other and _is_span(words, one, other):
            yield _Score((one.value + other.value) / 2, one.first, other.end)
            at += 2
        else:
            yield _Score(one.value, one.first, one.end)
            at += 1


def _is_span(words: Sequence[str], one: Numeral, other: Numeral) -> bool:
    between = tuple(words[one.end : other.first])
    before = words[max(0, one.first - 3) : one.first]
    if between in {("and",), ("and", "a"), ("and", "an")}:
        return "between" in before
    return between in _SPAN and other.value - one.value == 1 and not (between[:1] == ("to",) and any(word in _CHANGE for word in before))


def _on_scale(words: Sequence[str], one: _Score, slot: ScaleSlot) -> _Score | None:
    if slot.low <= one.value <= slot.high:
        return one
    beyond = one.value > slot.high and any(tuple(words[one.end : one.end + len(of)]) == of for of in _OUT_OF[:3])
    return replace(one, value=slot.high) if beyond else None


def _homophones(words: Sequence[str]) -> Iterator[tuple[int, float]]:
    found: Iterable[tuple[int, str]] = enumerate(words)
    for at, word in found:
        before = words[at - 1] if at else ""
        after = words[at + 1] if at + 1 < len(words) else ""
        if word not in _SOUNDS_LIKE or (after and after not in _ENDING):
            continue
        due = before in _DUE_AFTER if word not in _LITTLE else before in {"a", "an", "about", "pain", "score", "is"}
        if due or (after == "out" and words[at + 2 : at + 3] == ["of"]):
            yield at, _SOUNDS_LIKE[word]

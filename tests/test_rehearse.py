"""Rehearsals: what other programs rely on."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from tests.rehearsing import listed_only, skill
from voiceskill.core.conversation import Conversation, Manners
from voiceskill.ports import Fault
from voiceskill.rehearse import rehearse_lines


def rehearse(*lines: dict[str, Any] | str, manners: Manners | None = None) -> list[dict[str, Any]]:
    conversation = Conversation(skill(), listed_only(), manners)
    return list(rehearse_lines(conversation, [line if isinstance(line, str) else json.dumps(line) for line in lines]))


def said(happenings: list[dict[str, Any]]) -> list[str]:
    return [one["say"] for one in happenings if "say" in one]


def test_what_is_heard_is_answered_at_its_time() -> None:
    happenings = rehearse({"wait": 2.5}, {"hear": "does heat help"})
    say = next(one for one in happenings if "say" in one)
    assert say["t"] == 2.5
    assert say["id"] == "say-1"


def test_stop_is_seen_at_the_very_moment_it_is_heard() -> None:
    happenings = rehearse({"hear": "start breathing"}, {"wait": 3}, {"hear": "stop"}, {"wait": 600})
    assert [one["t"] for one in happenings if one.get("stop_speaking")] == [3.0]
    assert not said([one for one in happenings if one["t"] > 3])


def test_a_whole_routine_goes_by_at_once_and_every_count_is_exact() -> None:
    happenings = rehearse({"hear": "start breathing"}, {"wait": 1_200})
    times = [one["t"] for one in happenings if one.get("say") in {"One.", "Two.", "Three.", "Four."}]
    assert len(times) == 80
    assert [round(second - first, 3) for first, second in pairwise(times[:4])] == [1.0, 1.0, 1.0]
    assert {"routine", "step", "phase", "t"} <= next(one for one in happenings if "routine" in one).keys()


def test_an_alert_and_the_state_are_told() -> None:
    happenings = rehearse({"hear": "I can't feel my legs"})
    assert {"alert": "redflag_both_legs", "level": "emergency", "t": 0.0} in happenings
    assert [one["state"] for one in happenings if "state" in one] == ["idle", "flagged"]


def test_what_becomes_of_an_alert_can_be_rehearsed() -> None:
    happenings = rehearse(
        {"hear": "call for help"},
        {"wait": 60},
        {"alert": "failed"},
        {"alert": "sent"},
        {"wait": 60},
        {"alert": "seen", "by": "Anna"},
        {"wait": 60},
        manners=Manners(countdown=10),
    )
    assert [one.get("attempt", 1) for one in happenings if one.get("alert") == "help"] == [1, 2, 3]
    assert "alert sent" in [one["state"] for one in happenings if "state" in one]
    assert said(happenings)[-3:] == [
        "The alert isn't getting through. I'll keep trying. Call your emergency number, or shout for someone.",
        "The alert has gone out. I'll tell you when somebody has seen it.",
        "Anna has seen it.",
    ]


def test_a_power_cut_loses_what_was_not_kept_and_nothing_else() -> None:
    happenings = rehearse({"hear": "my pain is six"}, {"wait": 5}, {"restart": True}, {"hear": "how has my back been"})
    assert "six" in said(happenings)[-1]
    assert "Yes to what" in said(rehearse({"hear": "delete my log"}, {"restart": True}, {"hear": "yes"}))[-1]


def test_the_time_of_day_can_be_set() -> None:
    happenings = rehearse({"clock": "2026-01-05T03:10:00"}, {"hear": "what time is it"})
    assert said(happenings) == ["It's ten minutes past three at night."]


@pytest.mark.parametrize("line", ["not json", "[]", '{"hear": 3}', '{"wait": -1}', '{"wait": "long"}', '{"sing": "la"}', '"hear"', "null"])
def test_a_line_that_is_none_is_named(line: str) -> None:
    with pytest.raises(Fault, match="standard input, line 2"):
        rehearse({"hear": "hello"}, line)


def test_empty_lines_are_passed_over() -> None:
    assert said(rehearse("", {"hear": "hello"}, "  "))

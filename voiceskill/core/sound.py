"""What a check of the sound may find: microphone, room, loudspeaker and what of it comes back."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Finding(StrEnum):
    """One thing found, in the order in which they are told."""

    MICROPHONE_SILENT = "microphone_silent"  # nothing at all comes from it, as when it is muted
    SPEECH_SOFT = "speech_soft"
    SPEECH_GOOD = "speech_good"
    CLIPPED = "clipped"  # louder than the microphone can take
    ROOM_NOISY = "room_noisy"
    ROOM_QUIET = "room_quiet"
    HUM = "hum"  # of the mains
    OFFSET = "offset"  # a constant voltage under the sound: a faulty or badly supplied microphone
    LOUDSPEAKER_UNHEARD = "loudspeaker_unheard"  # what we play does not come back
    ECHO_LOUD = "echo_loud"  # it comes back about as loud as it was played, or as loud as the user
    ECHO_SOFT = "echo_soft"
    ECHO_LATE = "echo_late"
    DISTORTED = "distorted"  # the loudspeaker adds what was not played


GOOD = frozenset({Finding.SPEECH_GOOD, Finding.ROOM_QUIET, Finding.ECHO_SOFT})
"""What is as it should be."""


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once, as they are told."""
    found = frozenset(findings)
    return tuple(finding for finding in Finding if finding in found)

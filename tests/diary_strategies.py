"""Any diary at all, for properties that hold of every one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from voiceskill.core.diary import (
    ConditionTold,
    Ending,
    Fact,
    Helped,
    PaceSet,
    PainScored,
    Progress,
    RoutineEnded,
    Screened,
    ScreenResult,
    TookMedicine,
)
from voiceskill.core.routines import Cursor

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=timezone(timedelta(hours=1)))
"""The time of day in tests."""

_ZONES = [UTC, timezone(timedelta(hours=-11)), timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(minutes=19, seconds=32))]

moments = st.builds(
    lambda apart, zone: (NOW + apart).astimezone(zone),
    st.integers(-12, 12).map(lambda hours: timedelta(hours=hours)) | st.timedeltas(timedelta(days=-400), timedelta(days=400)),
    st.sampled_from(_ZONES),
)
"""Times around NOW, some of them equal, in zones whose texts do not sort."""

_names = st.text(max_size=20)
_scores = st.floats(0, 10)

entries: st.SearchStrategy[Fact] = st.one_of(
    st.builds(PainScored, moments, _scores),
    st.builds(Helped, moments, _names, st.booleans()),
    st.builds(TookMedicine, moments, moments, st.none() | _names, st.booleans()),
    st.builds(RoutineEnded, moments, _names, st.sampled_from(Ending)),
    st.builds(Screened, moments, st.sampled_from(ScreenResult), st.none() | _names, st.lists(_names, max_size=3).map(tuple)),
    st.builds(ConditionTold, moments, _names),
    st.builds(PaceSet, moments, _scores),
)

_places = st.builds(Cursor, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
progresses = st.builds(Progress, moments, _names, _places, st.booleans())

ONE_OF_EACH: tuple[Fact, ...] = (
    PainScored(NOW, 6.5),
    Helped(NOW, "heat", better=True),
    Helped(NOW, "sitting", better=False),
    TookMedicine(NOW, NOW - timedelta(minutes=20), "ibuprofen"),
    TookMedicine(NOW, NOW, drowsy=True),
    RoutineEnded(NOW, "routine_breathing", Ending.HURT),
    Screened(NOW, ScreenResult.DANGER, about="redflag_saddle_numbness"),
    Screened(NOW, ScreenResult.CLEAR, questions=("saddle", "legs")),
    ConditionTold(NOW, "weak_bones"),
    PaceSet(NOW, 1.3),
)
PROGRESS = Progress(NOW, "routine_knee_rolls", Cursor(1, 2, 3), easier=True)

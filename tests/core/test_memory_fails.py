"""When nothing can be kept, it says so once, and helps on."""

from __future__ import annotations

from tests.rehearsing import Bedside
from voiceskill.core.diary import Entry, Progress
from voiceskill.ports import Fault


def bedside_with_full_disk() -> Bedside:
    bed = Bedside()

    def full(_: Entry | Progress | None = None) -> None:
        raise Fault("the disk is full")

    bed.store.save = full  # type: ignore[method-assign,assignment]
    bed.store.save_progress = full  # type: ignore[method-assign,assignment]
    bed.store.forget = full  # type: ignore[method-assign]
    return bed


def test_a_full_disk_is_told_of_once_at_length_and_never_called_saved() -> None:
    bed = bedside_with_full_disk()
    assert bed.hear("my pain is six") == "I can't keep notes just now, but I can still help you."
    assert bed.hear("my pain is five") == "I couldn't note that."


def test_a_routine_goes_on_with_a_full_disk() -> None:
    bed = bedside_with_full_disk()
    bed.interrupt("start breathing")
    assert "One." in bed.wait(60)
    assert bed.under_way == "routine_breathing"


def test_what_could_not_be_deleted_is_not_called_deleted_nor_forgotten() -> None:
    bed = Bedside()
    bed.hear("my pain is six")
    full = bedside_with_full_disk().store
    bed.store.forget = full.forget  # type: ignore[method-assign]
    bed.hear("delete my log")
    assert "couldn't delete it" in bed.hear("yes")
    assert "six" in bed.hear("how has my back been")

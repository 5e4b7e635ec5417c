"""Scenes from tests/scenarios, as a person would live through them, with everything that understands."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rehearsing import AFTERNOON, Bedside, whole_interpreter
from voiceskill.core.conversation import Manners
from voiceskill.core.events import AlertAcknowledged, AlertSent

SCENES = yaml.safe_load((Path(__file__).parent / "scenarios" / "scenes.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene["name"])
def test_a_scene_goes_as_it_must(scene: dict[str, Any]) -> None:
    start = datetime.fromisoformat(f"{scene['clock']}+00:00") if "clock" in scene else AFTERNOON
    begin, end = map(time.fromisoformat, scene.get("quiet", ("00:00", "00:00")))
    manners = Manners(quiet=(begin, end) if "quiet" in scene else None, countdown=scene.get("countdown"))
    bed = Bedside(start=start, manners=manners, interpreter=whole_interpreter())
    for line in scene["script"]:
        before, alerts = len(bed.said), len(bed.alerts)
        match line:
            case {"hear": str(text)}:
                bed.interrupt(text)
            case {"wait": int() | float() as seconds}:
                bed.wait(seconds)
            case {"seen by": str(name)}:
                bed.rehearsal.device.happen(AlertAcknowledged(bed.now, bed.last_alert, name))
            case {"alert": "sent"}:
                bed.rehearsal.device.happen(AlertSent(bed.now, bed.last_alert))
            case {"restart": True}:
                bed.rehearsal.restart(line.get("seconds_off", 0))
            case _:
                raise AssertionError(f"no such line: {line}")
        said = bed.said[before:]
        heard = " ".join(say.text for _, say in said)
        if "exactly" in line:
            assert [say.text for _, say in said] == line["exactly"], f"after {line}"
        place = 0
        for piece in line.get("says", ()):
            found = heard.find(piece, place)
            assert found >= 0, f"after {line}: {piece!r} is missing in {heard!r}"
            place = found + len(piece)
        for piece in line.get("never", ()):
            assert piece not in heard, f"after {line}: {heard!r}"
        if "softly" in line:
            assert all((say.gain < 1) == line["softly"] for _, say in said)
        assert set(line.get("alerts", ())) <= set(bed.alerts[alerts:]), line


def test_a_breath_is_counted_in_seconds() -> None:
    bed = Bedside(interpreter=whole_interpreter())
    bed.interrupt("start breathing")
    bed.wait(60)
    times = {text: [at for at, say in bed.said if say.text == text] for text in ("One.", "Two.", "Three.", "Four.")}
    for first, second in zip(("One.", "Two.", "Three."), ("Two.", "Three.", "Four."), strict=True):
        for one, two in zip(times[first], times[second], strict=False):
            assert two - one == pytest.approx(1.0, abs=1e-6)


def test_slower_is_remembered_after_a_power_cut() -> None:
    bed = Bedside(interpreter=whole_interpreter())
    bed.interrupt("slower")
    bed.rehearsal.restart(7_200)
    bed.interrupt("start breathing")
    bed.wait(60)
    ones, twos = ([at for at, say in bed.said if say.text == text] for text in ("One.", "Two."))
    assert twos[0] - ones[0] == pytest.approx(1.3, abs=1e-6)

"""Fakes for the ports of the core. Each checks that its port is used rightly."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from voiceskill.core.actions import Alert, EndAlert, ForDiary, Say
from voiceskill.core.events import Hypothesis
from voiceskill.ports import FRAME_SAMPLES, Answer, Clip, Fault, Pcm, VoiceInfo


class FakeClock:
    """Stands still until moved."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time


class FakeDetector:
    """A voice detector that reads the probability from the frame itself: a loud frame is speech."""

    def probability(self, frame: Pcm) -> float:
        assert frame.shape == (FRAME_SAMPLES,)
        assert frame.dtype == np.int16
        return float(np.abs(frame).max()) / 10_000

    def reset(self) -> None:
        pass


class FakeRecogniser:
    """Hears what the test tells it, and refuses to be used out of order."""

    name = "fake"

    def __init__(self, *texts: str, partials: bool = True) -> None:
        self._texts = list(texts)
        self._partials = partials
        self._open = False
        self.accepted = 0
        self.asked = 0

    def start(self) -> None:
        self._open = True
        self.accepted = 0

    def accept(self, pcm: Pcm) -> str | None:
        assert self._open, "accept before start"
        assert pcm.dtype == np.int16
        self.accepted += len(pcm)
        return self._texts[0][:4] if self._texts and self._partials else None

    def hypotheses(self) -> tuple[Hypothesis, ...]:
        assert self._open, "hypotheses before start"
        self.asked += 1
        return (Hypothesis(self._texts[0]),) if self._texts and self._texts[0] else ()

    def close(self) -> None:
        self._open = False


class FakeSynthesiser:
    """Renders ten samples a letter, all at one level, at a rate of 1000 a second. What is `flaky` fails the first time."""

    name = "fake"
    rate = 1_000

    def __init__(self, broken: Iterable[str] = (), *, flaky: Iterable[str] = (), level: int = 1_000) -> None:
        self._broken = frozenset(broken)
        self._flaky = frozenset(flaky)
        self._level = level
        self.rendered: list[str] = []

    def render(self, text: str, pace: float = 1.0) -> Clip:
        assert pace > 0
        first = text not in self.rendered
        self.rendered.append(text)
        if text in self._broken or (first and text in self._flaky):
            raise Fault("the synthesiser is broken")
        return Clip(np.full(round(10 * len(text) * pace), self._level, np.int16), self.rate)

    def voices(self) -> tuple[VoiceInfo, ...]:
        return ()

    def close(self) -> None:
        pass


class FakeMouth:
    """Keeps what it is asked to say."""

    def __init__(self) -> None:
        self.says: list[Say] = []
        self.cues: list[str] = []
        self.stops = 0
        self.floor: list[str] = []

    def say(self, say: Say) -> None:
        assert say.id not in {one.id for one in self.says}, "an id was used twice"
        self.says.append(say)

    def cue(self, kind: str) -> None:
        self.cues.append(kind)

    def stop(self) -> None:
        self.stops += 1

    def duck(self) -> None:
        self.floor.append("duck")

    def pause(self) -> None:
        self.floor.append("pause")

    def resume(self) -> None:
        self.floor.append("resume")


class FakeAlerts:
    """Keeps the alerts."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.ended: list[EndAlert] = []

    def send(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def end(self, action: EndAlert) -> None:
        assert action.alert.id in {alert.id for alert in self.alerts}
        self.ended.append(action)


def at_once(job: Callable[[], None]) -> None:
    job()


def later(jobs: list[Callable[[], None]]) -> Callable[[Callable[[], None]], object]:
    """Collects jobs for the test to run when it likes."""
    return jobs.append


class FakeKeeper:
    """Remembers what it was asked to keep."""

    def __init__(self) -> None:
        self.kept: list[ForDiary] = []

    def keep(self, action: ForDiary) -> None:
        self.kept.append(action)


class FakeAnswering:
    """Answers with who asked what; does not understand what begins with "hmm"."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def answer(self, visitor: str, text: str) -> Answer:
        self.asked.append((visitor, text))
        return Answer(f"{visitor}: {text}", understood=not text.startswith("hmm"))


class FakeSupervisor:
    """Counts the signs of life and keeps what else it is told; None of `patience` is nobody who waits for any."""

    def __init__(self, patience: float | None = 30.0) -> None:
        self.patience = patience
        self.told: list[str] = []
        self.signs = 0
        self.waits: list[float] = []

    def ready(self) -> None:
        self.told.append("ready")

    def status(self, line: str) -> None:
        assert "\n" not in line
        self.told.append(line)

    def alive(self, patience: float | None = None) -> None:
        assert "ready" in self.told, "nobody waits for a sign of life before we are ready"
        self.signs += 1
        if patience is not None:
            self.waits.append(patience)

    def stopping(self) -> None:
        self.told.append("stopping")

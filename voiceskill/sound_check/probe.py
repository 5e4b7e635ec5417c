"""The sound that we play to hear it again, and how it is found in what the microphone heard.

The probe is a sweep whose frequency rises exponentially. Correlated with itself it is a single sharp peak, which is still found where noise
is much louder; and the harmonics that a bad loudspeaker adds to it appear as peaks of their own, earlier than the
first (A. Farina, "Simultaneous measurement of impulse response and distortion with a swept-sine technique", AES 2000).

It is looked for in the phases alone, of short stretches at each frequency (as in GCC-PHAT: C. Knapp and G. Carter, "The generalized
correlation method for estimation of time delay", IEEE 1976). So neither a voice nor hum nor clicks can outweigh the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceskill.ports import HEARING_RATE, Pcm
from voiceskill.sound_check.levels import FULL_SCALE

PROBE_SECONDS = 1.2
LONGEST_DELAY = 1.0
"""Seconds after which we no longer listen for it; a Bluetooth loudspeaker takes a fifth of this."""

LEAD_SECONDS = 0.7
"""Sound from before the probe that `find` wants: there its harmonics would appear."""

_LOWEST, _HIGHEST = 400.0, 4_000.0
"""Hertz. What a small loudspeaker gives, and a soft voice fills."""

_PEAK = 0.12
_SWELL_SECONDS = 0.2

_LEAST_LIKENESS = 0.07
"""Correlation of phases from which it is the probe. In noise alone it scatters by 0.011: the root of 1 / (2 * bandwidth * seconds)."""

_PIECES = 3
_ASTRAY = round(0.005 * HEARING_RATE)
_LEAST_LIKENESS_OF_PIECES = 0.095
"""The same for parts of the probe that may be so far astray: in noise their root mean square is up to 0.072, as many are tried."""

_CHANCE = 8.0
"""Times the median correlation up to which a harmonic may be chance: about five of its root mean squares."""

_SEGMENT = 1_024
_EDGE = 0.1
"""Share of the probe's strongest frequency up to which its ends are raised."""

_NOTHING = 1e-6
_REVERBERATION = round(0.2 * HEARING_RATE)
_PRECISION = round(0.003 * HEARING_RATE)
_HARMONICS = (2, 3)

Wave = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Echo:
    """What of the probe came back: after `delay` seconds, `gain` decibels louder than it was played, counted in shares of full scale.

    `distortion` is the share of its second and third harmonics, as far as it can be told from noise.
    """

    delay: float
    gain: float
    distortion: float


def probe(rate: int, gain: float = 1.0) -> Pcm:
    """Make the probe, shape (samples,), at `rate` samples per second: soft, and without a click at either end."""
    place = np.arange(round(PROBE_SECONDS * rate))
    pace = PROBE_SECONDS / np.log(_HIGHEST / _LOWEST)
    wave = np.sin(2 * np.pi * _LOWEST * pace * np.expm1(place / rate / pace))
    from_end = np.minimum(place, len(place) - 1 - place)
    swell = 0.5 - 0.5 * np.cos(np.pi * np.minimum(1.0, from_end / (_SWELL_SECONDS * rate)))
    sound: Pcm = np.rint(wave * swell * min(1.0, _PEAK * gain) * (FULL_SCALE - 1)).astype(np.int16)
    return sound


def find(heard: Pcm, room: Pcm, gain: float = 1.0) -> Echo | None:
    """Look for the probe, played with `gain`, in what was `heard`, both at HEARING_RATE; None where it isn't.

    `heard` begins LEAD_SECONDS before the probe was given to the loudspeaker. `room` is a second or two without it.
    """
    played, sound = probe(HEARING_RATE, gain).astype(np.float64), heard.astype(np.float64)
    first = round(LEAD_SECONDS * HEARING_RATE)
    lags = slice(first, first + round(LONGEST_DELAY * HEARING_RATE) + 1)
    likeness = _likeness(sound, played)[lags]
    whole = likeness.max(initial=0.0) >= _LEAST_LIKENESS
    delay = int(np.argmax(likeness)) if whole else _in_pieces(sound, played, lags)
    if delay is None:
        return None
    returned = _Returned(sound, room.astype(np.float64), played, first + delay)
    return Echo(delay / HEARING_RATE, returned.gain(), returned.distortion() if whole else 0.0)


def _in_pieces(heard: Wave, played: Wave, lags: slice) -> int | None:
    """The lag at which parts of the probe come back, each a little early or late: a busy computer leaves gaps in what it plays."""
    length = len(played) // _PIECES
    likenesses: list[Wave] = []
    for number in range(_PIECES):
        likeness = _likeness(heard, played[number * length : (number + 1) * length])[number * length :][lags]
        likenesses.append(likeness[: len(likeness) // _ASTRAY * _ASTRAY])
    best = [np.max(likeness.reshape(-1, _ASTRAY), axis=1) for likeness in likenesses]
    near = np.array([np.maximum(one[:-1], one[1:]) for one in best])
    together = np.sqrt(np.mean(near**2, axis=0))
    if together.max(initial=0.0) < _LEAST_LIKENESS_OF_PIECES:
        return None
    begin = int(np.argmax(together)) * _ASTRAY
    strongest = max((likeness[begin : begin + 2 * _ASTRAY] for likeness in likenesses), key=np.max)
    return begin + int(np.argmax(strongest))


def _likeness(heard: Wave, played: Wave) -> Wave:
    """The correlation of phases, in [0, 1], of the probe and what begins at each sample."""
    flat = _with_equal_powers(heard)
    size = len(heard) + len(played)
    band = _in_band(size)
    spectrum, model = np.fft.rfft(flat, size) * band, np.fft.rfft(played, size) * band
    model /= np.maximum(np.abs(model), _EDGE * np.abs(model).max())
    length = len(played)
    energy = _sums(np.fft.irfft(spectrum, size)[: len(heard)] ** 2)
    product = np.abs(np.fft.irfft(spectrum * model.conj(), size)[: max(0, len(heard) - length + 1)])
    # Where most of it is digital silence the rest must not count for all.
    expected = length * float(band.mean()) * 2 / _SEGMENT
    norm = np.maximum(energy[length:] - energy[:-length], expected) * float(np.sum(np.fft.irfft(model, size) ** 2))
    return np.asarray(product / np.sqrt(norm))


def _with_equal_powers(sound: Wave) -> Wave:
    """The same phases, with a power of one at every frequency of every segment."""
    step = _SEGMENT // 2
    window = np.sqrt(np.hanning(_SEGMENT + 1)[:-1])
    begins = np.arange(0, len(sound) - _SEGMENT + 1, step)
    places = begins[:, np.newaxis] + np.arange(_SEGMENT)
    spectra = np.fft.rfft(sound[places] * window)
    equal = np.fft.irfft(spectra / np.maximum(np.abs(spectra), _NOTHING), _SEGMENT) * window
    joined = np.zeros(len(sound))
    np.add.at(joined, places, equal)
    return joined


class _Returned:
    """The probe where it was found, at the sample `lag` of what was heard."""

    def __init__(self, heard: Wave, room: Wave, played: Wave, lag: int) -> None:
        size = len(heard) + len(played)
        band = _in_band(size)
        spectrum, model = np.fft.rfft(heard, size) * band, np.fft.rfft(played, size) * band
        self._lag = lag
        self._length = len(played)
        self._heard = np.fft.irfft(spectrum, size)[: len(heard)]
        self._played = float(np.sum(np.fft.irfft(model, size) ** 2))
        self._product = np.abs(np.fft.irfft(spectrum * model.conj(), size)[: len(heard)])
        self._noise = _power_in_band(room)

    def gain(self) -> float:
        """How much louder it is than it was played, in decibels."""
        stretch = self._heard[self._lag : self._lag + self._length + _REVERBERATION]
        noise = self._noise * len(stretch)
        # Where it is louder than the noise, count also what walls gave back and what a dull loudspeaker left.
        energy = float(np.sum(stretch**2)) - noise
        amplitude = float(self._product[self._lag]) / self._played
        return 10 * float(np.log10(energy / self._played if energy > noise else amplitude**2))

    def distortion(self) -> float:
        """The share of its harmonics."""
        chance = _CHANCE * float(np.median(self._product))
        shares = []
        for harmonic in _HARMONICS:
            octave = np.log(harmonic) / np.log(_HIGHEST / _LOWEST)
            at = self._lag - round(PROBE_SECONDS * octave * HEARING_RATE)
            peak = float(self._product[max(0, at - _PRECISION) : at + _PRECISION].max(initial=0.0))
            # Only the part of a harmonic that lies below the highest frequency was compared.
            shares.append((peak if peak > chance else 0.0) / float(self._product[self._lag]) / (1 - octave))
        return float(np.hypot(*shares))


def _power_in_band(sound: Wave) -> float:
    """The mean square of what lies within the frequencies of the probe."""
    return float(np.mean(np.fft.irfft(np.fft.rfft(sound) * _in_band(len(sound)), len(sound)) ** 2))


def _in_band(size: int) -> NDArray[np.bool_]:
    """Which frequencies of a transform of `size` samples are those of the probe."""
    hertz = np.fft.rfftfreq(size, 1 / HEARING_RATE)
    return (hertz >= _LOWEST) & (hertz <= _HIGHEST)


def _sums(values: Wave) -> Wave:
    return np.concatenate([[0.0], np.cumsum(values)])

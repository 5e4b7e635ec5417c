"""Which recogniser this device has, and which spotter beside it.

`auto` takes the first of these that is installed and sound, and that the profile of the machine has; it may change the order of 2 and 3:
1. the Vosk model named in the settings, whatever its size;
2. the official English Vosk models, large before small (by what they take on disk), but for those too large for the machine;
3. Moonshine, whose model comes with the program;
4. `vosk-bedside-en`, the project's own small model, which comes with the program too: a demonstration, and better than nothing.
A damaged model is passed over with a warning: someone in pain is better served by the next one than by none.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from voiceskill.core.spotting import Expecting
from voiceskill.edges.models import try_vosk_model
from voiceskill.edges.recognisers.moonshine_engine import MODEL as MOONSHINE_MODEL
from voiceskill.edges.recognisers.moonshine_engine import MoonshineRecogniser
from voiceskill.edges.recognisers.pocketsphinx_spotter import PocketSphinxSpotter
from voiceskill.edges.recognisers.pocketsphinx_wake_phrase import PocketSphinxWakePhrase
from voiceskill.edges.recognisers.second_opinion import SecondOpinion
from voiceskill.edges.recognisers.vosk_engine import VoskRecogniser
from voiceskill.edges.recognisers.vosk_spotter import VoskSpotter
from voiceskill.ports import ModelMissing, Recogniser, Spotter, WakeDetector
from voiceskill.profiles import PROFILES, Profile

OWN_MODEL = "vosk-bedside-en"

_MEGABYTE = 10**6
_UNBOUNDED = PROFILES["pi5"]

_OFFICIAL = re.compile(r"vosk-model-(small-)?en-")
_log = logging.getLogger(__name__)


def build_recogniser(
    engine: Literal["auto", "vosk", "moonshine"],
    models_dir: Path,
    model: str | None,
    *,
    shipped_dir: Path | None = None,
    cache_dir: Path | None = None,
    profile: Profile = _UNBOUNDED,
) -> Recogniser:
    """Build the recogniser that the settings ask for.

    `model` is the name of a folder in `models_dir`, or a path. `shipped_dir` holds the models that come with the program; of one name, the
    owner's goes before. `cache_dir` keeps which models were tried (default: `models_dir`). `profile` is what the machine can bear. Raises
    ModelMissing with the way out.
    """
    own = _own(models_dir, shipped_dir)
    vosk = partial(_vosk, cache_dir=cache_dir or models_dir)
    last = [partial(_demonstration, path, models_dir, vosk) for path in own]
    moonshine = partial(_moonshine, profile)
    match engine:
        case "moonshine":
            if model not in (None, MOONSHINE_MODEL):
                raise ModelMissing(f"Moonshine has no model {model} here: leave the model out of the settings, or name {MOONSHINE_MODEL}")
            if "moonshine" not in profile.engines:
                raise ModelMissing('Moonshine does not run on this machine (voiceskill doctor says why): set recogniser = "auto"')
            return moonshine()
        case "vosk":
            if model is not None:
                return vosk(_named(model, models_dir, own))
            builders: list[Callable[[], Recogniser]] = [*(partial(vosk, path) for path in _official(models_dir)), *last]
        case "auto":
            named = [_named(model, models_dir, own)] if model not in (None, MOONSHINE_MODEL) else []
            official = [partial(vosk, path) for path in _bearable(_official(models_dir), profile) if path not in named]
            by_engine: dict[str, list[Callable[[], Recogniser]]] = {"vosk": [*official], "moonshine": [moonshine]}
            builders = [*(partial(vosk, path) for path in named), *(one for name in profile.engines for one in by_engine[name]), *last]
    return _first(builders, models_dir)


def with_second_opinion(recogniser: Recogniser, profile: Profile = _UNBOUNDED) -> Recogniser:
    """Our own small model, which mishears people, beside Moonshine, where that is installed: no sign of danger rests on the one alone."""
    if not recogniser.name.endswith(OWN_MODEL) or "moonshine" not in profile.engines:
        return recogniser
    try:
        return SecondOpinion(recogniser, _moonshine(profile))
    except ModelMissing as error:
        _log.info("%s", error)
        return recogniser


def first_choice(engine: Literal["auto", "vosk", "moonshine"], models_dir: Path, model: str | None, profile: Profile = _UNBOUNDED) -> str:
    """The model that `build_recogniser` tries first, sound or not: the name of a folder in `models_dir`, or a path."""
    if model is not None:
        return model
    match engine:
        case "moonshine":
            return MOONSHINE_MODEL
        case "vosk":
            return next((path.name for path in _official(models_dir)), OWN_MODEL)
        case "auto":
            official = [path.name for path in _bearable(_official(models_dir), profile)]
            by_engine = {"vosk": official, "moonshine": [MOONSHINE_MODEL]}
            return next((name for engine in profile.engines for name in by_engine[engine]), OWN_MODEL)


def build_spotter(recogniser: Recogniser, expected: Mapping[Expecting, Iterable[str]], homophones: Mapping[str, str]) -> Spotter | None:
    """The ear beside `recogniser` that knows only what is expected.

    It is on the same model where that is one of Vosk's made from people's voices, else PocketSphinx; none where neither is installed.
    """
    if isinstance(recogniser, SecondOpinion):
        recogniser = recogniser.first
    if isinstance(recogniser, VoskRecogniser) and not recogniser.name.endswith(OWN_MODEL):
        return VoskSpotter(recogniser, expected, homophones)
    try:
        return PocketSphinxSpotter(expected, homophones)
    except ModelMissing as error:
        if not isinstance(recogniser, VoskRecogniser):
            _log.info("%s; short words over our own voice are heard by dictation alone", error)
            return None
        return VoskSpotter(recogniser, expected, homophones)


def build_wake_detector(phrase: str) -> WakeDetector | None:
    """The ear that knows only the wake phrase; none where there is nothing that could hear it."""
    try:
        return PocketSphinxWakePhrase(phrase)
    except ModelMissing as error:
        _log.info('%s; "%s" is heard by dictation alone', error, phrase)
        return None


def _first(builders: Sequence[Callable[[], Recogniser]], models_dir: Path) -> Recogniser:
    reason = ""
    for build in builders:
        try:
            return build()
        except ModelMissing as error:
            _log.warning("%s", error)
            reason = reason or f" ({error})"
    way_out = "`voiceskill models list` shows some to install, or put the folder of a Vosk model there"
    raise ModelMissing(f"There is no speech model in {models_dir}: {way_out}{reason}")


def _moonshine(profile: Profile) -> Recogniser:
    return MoonshineRecogniser(threads=profile.recogniser_threads, longest_seconds=profile.longest_utterance)


def _vosk(path: Path, *, cache_dir: Path) -> Recogniser:
    try_vosk_model(path, cache_dir)
    return VoskRecogniser(path)


def _demonstration(path: Path, models_dir: Path, build: Callable[[Path], Recogniser]) -> Recogniser:
    built = build(path)
    _log.warning(
        "%s knows synthetic voices only and mishears people: put the folder of an official Vosk model into %s", path.name, models_dir
    )
    return built


def _official(models_dir: Path) -> list[Path]:
    found = [path for path in models_dir.glob("vosk-model-*") if _OFFICIAL.match(path.name) and path.is_dir()]
    return sorted(found, key=lambda path: (-_bytes(path), path.name))


def _bearable(paths: Sequence[Path], profile: Profile) -> list[Path]:
    """Those that are not too large for the machine."""
    too_large = [path for path in paths if _bytes(path) > profile.largest_model * _MEGABYTE]
    for path in too_large:
        _log.info('%s is passed over as too large for this machine: model = "%s" in the settings takes it all the same', path, path.name)
    return [path for path in paths if path not in too_large]


def _own(models_dir: Path, shipped_dir: Path | None) -> list[Path]:
    """Where our own model is: at the owner's, and with the program."""
    places = [folder / OWN_MODEL for folder in (models_dir, shipped_dir) if folder is not None]
    return [path for path in places if path.is_dir()]


def _named(model: str, models_dir: Path, own: Sequence[Path]) -> Path:
    """The folder of a model that was asked for by name."""
    return next((path for path in own if path.name == model), models_dir / model)


def _bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())

"""Real sound devices for tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bedside.sound_server import SoundServer


@pytest.fixture(scope="session")
def sound_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    """One server for all tests that leave it whole."""
    yield from _serve(tmp_path_factory)


@pytest.fixture
def fragile_sound_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    """A server of the test's own, to break."""
    yield from _serve(tmp_path_factory)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder for all, so that replies are rendered once."""
    return tmp_path_factory.mktemp("home")


def _serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    if not (shutil.which("pulseaudio") and shutil.which("pactl")) and "CI" not in os.environ:
        pytest.skip("needs pulseaudio and pulseaudio-utils: scripts/setup --dev installs them")
    with SoundServer(tmp_path_factory.mktemp("sound")) as server:
        yield server

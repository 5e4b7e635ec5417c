"""Answering others in the house while somebody lies at the bedside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bedside.sound_server import SoundServer
from tests.bedside.test_main_job import spoken
from tests.test_serve import port_of, turn
from voiceskill.ports import HEARING_RATE


def test_beside_the_bed_others_are_answered_and_whoever_lies_there_too(sound_server: SoundServer, home: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "voiceskill", "serve", "--audio", "--wyoming", "tcp://127.0.0.1:0", "--data-dir", str(home)]
    with subprocess.Popen(command, env=sound_server.environment(), stderr=subprocess.PIPE, text=True) as process:
        try:
            port = port_of(process)
            assert process.stderr
            assert process.stderr.readline().startswith("Listening (")
            with sound_server.record_loudspeaker() as recording:
                sound_server.play_into_microphone(spoken("Should I use heat or ice?", "flite rms", tmp_path), HEARING_RATE)
                assert turn(port, "hall", "does heat help").startswith("Warmth")
                recording.wait_for(lambda pcm: bool(pcm.any()), "the answer at the bedside")
            process.terminate()
            assert process.wait(120) == 0
        finally:
            process.kill()

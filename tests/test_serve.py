"""`voiceskill serve` with the real conversation, recogniser and synthesiser, asked as Home Assistant asks."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event, Eventable
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize

from tests.test_cli import QUESTIONS, Run, one_line, voiceskill  # noqa: F401 - a fixture
from voiceskill.app import App, Home, shipped
from voiceskill.edges.wav import read_wav
from voiceskill.ports import HEARING_RATE
from voiceskill.serve import beside_the_bed
from voiceskill.settings import BadSettings
from voiceskill.skill_files import load_skill

SKILL = load_skill(shipped("intents") / "en")


def ask(port: int, *said: Eventable, until: str) -> list[Event]:
    """What is answered on a connection of its own, up to the event `until`."""

    async def talk() -> list[Event]:
        async with asyncio.timeout(120), AsyncTcpClient("127.0.0.1", port) as client:
            for one in said:
                await client.write_event(one.event())
            events = []
            while event := await client.read_event():
                events.append(event)
                if event.type == until:
                    return events
            raise AssertionError("the connection ended")

    return asyncio.run(talk())


def turn(port: int, who: str, text: str) -> str:
    (event,) = ask(port, Transcript(text, context={"conversation_id": who}), until="handled")
    return str(event.data["text"])


@dataclass
class Served:
    port: int
    data: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server as its owner starts it."""
    data = tmp_path_factory.mktemp("data")
    with start(data) as process:
        try:
            yield Served(port_of(process), data)
        finally:
            process.terminate()


def start(data: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "voiceskill", "serve", "--wyoming", "tcp://127.0.0.1:0", "--data-dir", str(data), *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def port_of(process: subprocess.Popen[str]) -> int:
    """Wait until it tells where it listens."""
    assert process.stderr
    told = process.stderr.readline()
    found = re.match(r"Answering others at tcp://127\.0\.0\.1:(\d+)\. Ctrl-C stops\.", told)
    assert found, told
    return int(found[1])


@pytest.mark.parametrize(("host", "shared"), [("127.0.0.1", False), ("0.0.0.0", True)], ids=["here", "in the house"])
def test_the_screen_beside_it_shows_a_code_where_others_in_the_house_may_come_in(tmp_path: Path, host: str, shared: bool) -> None:
    with start(tmp_path, "--http", f"{host}:0") as process:
        try:
            assert process.stderr
            assert process.stderr.readline().startswith(f"The bedside screen is at http://{host}:")
            if shared:
                assert re.search(r"type \d{4} \d{4} there", process.stderr.readline())
            port_of(process)
        finally:
            process.terminate()


def test_home_assistant_finds_a_conversation_ears_and_a_voice(served: Served) -> None:
    (event,) = ask(served.port, Describe(), until="info")
    info = Info.from_event(event)
    assert [program.name for program in (*info.handle, *info.asr, *info.tts)] == ["voiceskill"] * 3
    assert info.handle[0].description == SKILL.name


def test_a_question_an_offer_and_a_yes_go_over_connections_of_their_own(served: Served) -> None:
    assert turn(served.port, "offer", "does heat help").startswith("Warmth is one of the best things")
    assert "Heat has better proof than cold" in turn(served.port, "offer", "yes")


def test_danger_is_answered_in_full(served: Served) -> None:
    flag = SKILL.intents["redflag_both_legs"]
    assert turn(served.port, "danger", "I can't feel my legs") == f"{flag.answers[0]} {flag.then}"


def test_a_spoken_question_is_heard_and_answered_and_the_answer_is_spoken(served: Served) -> None:
    question = read_wav(QUESTIONS / "3-heat-or-ice.wav")
    pieces = [AudioChunk(HEARING_RATE, 2, 1, question[i : i + 1_024].tobytes()) for i in range(0, len(question), 1_024)]
    events = ask(served.port, Transcribe(language="en"), AudioStart(HEARING_RATE, 2, 1), *pieces, AudioStop(), until="transcript")
    answer = turn(served.port, "spoken", events[-1].data["text"])
    assert "try warmth first" in answer
    spoken = ask(served.port, Synthesize(answer), until="audio-stop")
    rate = spoken[0].data["rate"]
    assert 3 < sum(len(event.payload or b"") for event in spoken) / 2 / rate < 60


def test_two_hundred_who_ask_at_once_are_all_answered(served: Served) -> None:
    async def one(number: int) -> str:
        async with AsyncTcpClient("127.0.0.1", served.port) as client:
            await client.write_event(Transcript("does heat help", context={"conversation_id": f"one of many {number}"}).event())
            event = await client.read_event()
            assert event
            return str(event.data["text"])

    async def everybody() -> list[str]:
        async with asyncio.timeout(300):
            return await asyncio.gather(*map(one, range(200)))

    assert {answer.partition(".")[0] for answer in asyncio.run(everybody())} == {"Warmth is one of the best things to try"}


def test_nothing_is_kept_of_those_who_ask(served: Served) -> None:
    assert SKILL.visitors
    assert turn(served.port, "diary", "my pain is seven").startswith(SKILL.visitors.diary)
    assert not list(served.data.rglob("diary*"))


def test_another_device_hears_and_speaks_with_the_engines_of_this_one(served: Served, tmp_path: Path) -> None:
    address = f"tcp://127.0.0.1:{served.port}"
    (tmp_path / "s.toml").write_text(
        f'recogniser = "wyoming"\nrecogniser_server = "{address}"\nsynthesiser = "wyoming"\nsynthesiser_server = "{address}"\n'
        "words_per_minute = 80\nserver_patience = 10\n"
    )
    with App(Home.find(tmp_path / "s.toml", tmp_path / "data")) as app:
        question = read_wav(QUESTIONS / "3-heat-or-ice.wav")
        both, ours = app.recogniser(), app.own_recogniser()
        for recogniser in (both, ours):
            recogniser.start()
            recogniser.accept(question)
        assert both.hypotheses()[0].text == ours.hypotheses()[0].text
        assert f"the server at 127.0.0.1:{served.port}" in both.name
        speaker = app.voice()
        spoken = ask(served.port, Synthesize("Breathe out slowly."), until="audio-stop")
        samples = sum(len(event.payload or b"") for event in spoken) // 2
        assert len(speaker.render("Breathe out slowly.").pcm) == pytest.approx(samples, rel=0.1)
        assert len(app.synthesiser().render("Breathe out slowly.").pcm) > 1.3 * samples


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_whoever_is_connected(tmp_path: Path, number: signal.Signals) -> None:
    with start(tmp_path) as process, socket.create_connection(("127.0.0.1", port_of(process)), timeout=120) as client:
        client.sendall(b'{"type": "ping"}\n{')
        assert client.recv(1)
        process.send_signal(number)
        assert process.wait(120) == 0
        assert process.stderr
        assert process.stderr.read() == ""


# What its owner must mend.


@pytest.mark.parametrize("address", ["10500", "http://127.0.0.1:10500", "tcp://127.0.0.1", "tcp://kitchen:10500", "tcp://127.0.0.1:99999"])
def test_a_broken_address_is_refused_in_one_line(voiceskill: Run, address: str) -> None:  # noqa: F811 - the fixture
    done = voiceskill("serve", "--wyoming", address)
    assert done.code == 2
    assert "such as tcp://127.0.0.1:10500" in one_line(done)


@pytest.mark.parametrize("address", ["tcp://0.0.0.0:10500", "tcp://192.168.1.20:10500", "tcp://[::]:10500"])
def test_an_address_that_others_can_reach_needs_a_list_of_who_may_ask(voiceskill: Run, address: str) -> None:  # noqa: F811 - the fixture
    done = voiceskill("serve", "--wyoming", address)
    assert done.code == 2
    assert "wyoming_allow" in one_line(done)


def test_a_port_in_use_is_named_in_one_line(voiceskill: Run) -> None:  # noqa: F811 - the fixture
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = voiceskill("serve", "--wyoming", f"tcp://127.0.0.1:{taken.getsockname()[1]}")
    assert done.code == 1
    assert "taken by another program" in one_line(done)


def test_a_skill_without_words_for_those_who_ask_is_named(tmp_path: Path, voiceskill: Run) -> None:  # noqa: F811 - the fixture
    intents = tmp_path / "intents"
    shutil.copytree(shipped("intents") / "en", intents)
    written = (intents / "skill.yaml").read_text(encoding="utf-8")
    (intents / "skill.yaml").write_text(re.sub(r"^visitors:\n( .*\n)+", "", written, flags=re.MULTILINE), encoding="utf-8")
    done = voiceskill("serve", "--intents", intents)
    assert done.code == 2
    assert 'has no "visitors"' in one_line(done)


# Beside the bed.


def settings(folder: Path, text: str) -> Home:
    (folder / "s.toml").write_text(text)
    return Home.find(folder / "s.toml", folder / "data")


def test_the_settings_have_the_bedside_answer_others_too(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with App(settings(tmp_path, f'wyoming = "tcp://127.0.0.1:{port}"\n')) as app, beside_the_bed(app):
        assert turn(port, "hall", "does heat help").startswith("Warmth")


def test_without_a_setting_the_bedside_answers_nobody_else(tmp_path: Path) -> None:
    before = threading.active_count()
    with App(settings(tmp_path, "")) as app, beside_the_bed(app):
        assert threading.active_count() == before


def test_a_network_that_fails_is_no_reason_not_to_listen_at_the_bedside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        text = f'wyoming = "tcp://127.0.0.1:{taken.getsockname()[1]}"\n'
        with App(settings(tmp_path, text)) as app, beside_the_bed(app):
            assert "until then nobody elsewhere in the house is answered" in caplog.text


def test_a_setting_that_lets_everybody_in_stops_the_bedside_too(tmp_path: Path) -> None:
    app = App(settings(tmp_path, 'wyoming = "tcp://0.0.0.0:10500"\n'))
    with pytest.raises(BadSettings, match="wyoming_allow"), app, beside_the_bed(app):
        pass

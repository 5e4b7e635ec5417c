"""A model is whole in its place or not there, whatever interrupts, and every failure is told in one line."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.edges.model_server import TOY, Answer, Request, Server, Told, closes, listed, serving, toy_zip
from tests.edges.test_model_unpack import below
from tests.edges.test_synthesisers_piper import TONE
from tests.edges.test_synthesisers_piper import install as put_voice
from tests.vosk_toy_model import write_toy_model
from voiceskill.edges.model_management import folders
from voiceskill.edges.model_management.download import Downloader
from voiceskill.edges.model_management.folders import alone
from voiceskill.edges.model_management.library import Library
from voiceskill.edges.model_management.manifest import Kind, Manifest, Model
from voiceskill.edges.model_management.record import FILE_NAME, read_record
from voiceskill.edges.models import check_vosk_model
from voiceskill.edges.synthesisers.piper import installed_voices, try_voice
from voiceskill.ports import Fault, ModelMissing

PLENTY = 10**15
VOICE = "en_GB-tone-low"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


class Owner:
    """Somebody with a folder of models, and what they are told."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.server = server
        self.told = Told()
        self.free = PLENTY
        self.known: Manifest = listed()

    @property
    def library(self) -> Library:
        downloader = Downloader(self.told, sleep=lambda _: None, connect_s=5, stall_s=5)
        tries = {Kind.VOSK: lambda path, _: check_vosk_model(path), Kind.PIPER: lambda path, _: try_voice(path)}
        return Library(self.folder, self.known, tries, self.told, downloader, lambda _: self.free)

    def publish(self, content: bytes, **about: bool) -> Model:
        """Have the server offer `content` as the toy model, and the list know it."""
        self.server.files[f"{TOY}.zip"] = content
        model = self.server.toy(**about)
        self.known = listed(model)
        return model

    def fails(self, do: Callable[[], object]) -> str:
        before = below(self.folder)
        with pytest.raises(Fault) as caught:
            do()
        assert "\n" not in str(caught.value)
        assert {name: content for name, content in below(self.folder).items() if not name.startswith(".")} == {
            name: content for name, content in before.items() if not name.startswith(".")
        }
        assert not (self.folder / ".staging").exists()
        return str(caught.value)

    def states(self) -> dict[str, bool]:
        """What is installed, and whether it was put there by hand."""
        return {one.name: one.record is None for one in self.library.installed()}

    def damage(self, name: str = TOY) -> str:
        """What is wrong with an installed model; empty when it is whole."""
        one = self.library.find(name)
        assert one is not None
        try:
            self.library.check(one)
        except ModelMissing as fault:
            return str(fault)
        return ""


@pytest.fixture
def owner(server: Server, tmp_path: Path) -> Owner:
    return Owner(tmp_path / "models", server)


@pytest.fixture(scope="session")
def toys(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Two editions of one model."""
    return toy_zip(tmp_path_factory.mktemp("one")), toy_zip(tmp_path_factory.mktemp("two"), more=random.Random(2).randbytes(2_000_000))


@pytest.fixture
def toy(toys: tuple[bytes, bytes]) -> bytes:
    return toys[0]


# From the network.


def test_an_installed_model_is_whole_and_nothing_else_is_left(owner: Owner, toy: bytes) -> None:
    model = owner.publish(toy)
    assert owner.library.install(model)
    assert owner.states() == {TOY: False}
    assert owner.damage() == ""
    assert {path.name for path in owner.folder.iterdir()} == {TOY, ".lock", ".downloads"}
    assert not list((owner.folder / ".downloads").iterdir())
    record = read_record(owner.folder / TOY)
    assert record is not None
    (source,) = record.sources.values()
    assert (source.came_from, source.sha256, source.verified) == (model.files[0].url, model.files[0].sha256, True)
    assert owner.told.said == []


def test_what_is_installed_and_whole_is_not_fetched_again(owner: Owner, toy: bytes) -> None:
    model = owner.publish(toy)
    owner.library.install(model)
    owner.server.seen.clear()
    assert not owner.library.install(model)
    assert owner.server.seen == []


def test_what_is_installed_and_damaged_is_installed_anew(owner: Owner, toy: bytes) -> None:
    model = owner.publish(toy)
    owner.library.install(model)
    (owner.folder / TOY / "conf/model.conf").write_text("--beam=1\n")
    assert "conf/model.conf has changed" in owner.damage()
    assert owner.library.install(model)
    assert owner.damage() == ""
    assert any("conf/model.conf has changed" in line for line in owner.told.said)


def test_a_new_edition_takes_the_place_of_the_old_one(owner: Owner, toys: tuple[bytes, bytes]) -> None:
    for content in toys:
        assert owner.library.install(owner.publish(content))
        assert owner.damage() == ""
    assert (owner.folder / TOY / "README").stat().st_size == 2_000_000


def test_what_was_put_there_by_hand_is_replaced(owner: Owner, toy: bytes) -> None:
    write_toy_model(owner.folder / TOY)
    assert owner.states() == {TOY: True}
    assert owner.library.install(owner.publish(toy))
    assert owner.states() == {TOY: False}


def test_what_nobody_vouches_for_is_said_and_its_digest_kept(owner: Owner, toy: bytes) -> None:
    owner.library.install(owner.publish(toy, known=False, exact=False))
    record = read_record(owner.folder / TOY)
    assert record is not None
    (source,) = record.sources.values()
    assert not source.verified
    assert owner.told.said == [f"{TOY}.zip is not verified: nobody has told its digest. The SHA-256 of what came is {source.sha256}"]
    assert not owner.library.install(owner.known.models[0])


def test_a_break_keeps_what_came_for_the_next_time(owner: Owner, toys: tuple[bytes, bytes]) -> None:
    owner.library.install(owner.publish(toys[0]))
    model = owner.publish(toys[1])
    owner.server.answers[:] = [closes(100_000)] * 9
    assert "500 kB of it are here" in owner.fails(lambda: owner.library.install(model))
    assert owner.library.fetched(TOY) == 500_000
    assert owner.damage() == ""
    owner.server.answers.clear()
    owner.server.seen.clear()
    assert owner.library.install(model)
    assert [headers["range"] for headers in owner.server.seen] == ["bytes=500000-"]
    assert owner.library.fetched(TOY) == 0


def test_what_was_fetched_can_be_thrown_away(owner: Owner, toy: bytes) -> None:
    model = owner.publish(toy)
    owner.server.answers[:] = [closes(1_000)] * 9
    owner.fails(lambda: owner.library.install(model))
    owner.library.forget_fetched(TOY)
    assert owner.library.fetched(TOY) == 0


def test_a_zip_that_holds_another_model_is_refused(owner: Owner, tmp_path: Path) -> None:
    model = owner.publish(toy_zip(tmp_path, name="vosk-model-other"))
    assert f"holds vosk-model-other, not {TOY}" in owner.fails(lambda: owner.library.install(model))


def test_a_wrong_file_that_nothing_vouches_for_is_fetched_anew_the_next_time(owner: Owner, toy: bytes) -> None:
    model = owner.publish(toy, known=False, exact=False)
    owner.server.files[f"{TOY}.zip"] = toy[: len(toy) // 2]
    assert "is damaged" in owner.fails(lambda: owner.library.install(model))
    owner.server.files[f"{TOY}.zip"] = toy
    assert owner.library.install(model)


def test_a_model_that_does_not_load_never_takes_the_place_of_one_that_does(owner: Owner, toy: bytes, tmp_path: Path) -> None:
    owner.library.install(owner.publish(toy))
    broken = write_toy_model(tmp_path / "broken" / TOY)
    (broken / "am/final.mdl").write_text("nonsense")
    shutil.make_archive(str(tmp_path / "broken"), "zip", tmp_path / "broken", TOY)
    model = owner.publish((tmp_path / "broken.zip").read_bytes())
    told = owner.fails(lambda: owner.library.install(model))
    assert told == f"{TOY} was not installed, for what came is damaged (am/final.mdl is no acoustic model): fetch or copy it again"
    assert owner.damage() == ""


def test_a_download_that_is_complete_is_not_fetched_again(owner: Owner, toy: bytes) -> None:
    model = owner.publish(toy)
    place = owner.folder / ".downloads" / TOY
    place.mkdir(parents=True)
    for content, requests in ((b"something else", 1), (toy, 0)):
        (place / f"{TOY}.zip").write_bytes(content)
        owner.server.seen.clear()
        owner.library.install(model)
        assert len(owner.server.seen) == requests
        owner.library.remove(next(iter(owner.library.installed())))
        place.mkdir(parents=True)


# Voices.


def published_voice(server: Server, tmp_path: Path) -> Model:
    put_voice(tmp_path, VOICE)
    for name in (f"{VOICE}.onnx", f"{VOICE}.onnx.json"):
        server.files[name] = (tmp_path / name).read_bytes()
    return Model(
        name=VOICE,
        kind=Kind.PIPER,
        about="speaks",
        licence="CC0",
        files=(server.file(f"{VOICE}.onnx"), server.file(f"{VOICE}.onnx.json")),
    )


def test_a_voice_comes_as_two_files_and_is_found_by_the_engine(owner: Owner, tmp_path: Path) -> None:
    owner.known = listed(model := published_voice(owner.server, tmp_path))
    assert owner.library.install(model)
    assert [voice.id for voice in installed_voices(owner.folder / "piper")] == [VOICE]
    assert owner.states() == {VOICE: False}
    assert owner.damage(VOICE) == ""


def test_half_a_voice_is_none(owner: Owner, tmp_path: Path) -> None:
    owner.known = listed(model := published_voice(owner.server, tmp_path))
    settings = owner.server.files.pop(f"{VOICE}.onnx.json")
    owner.server.files[f"{VOICE}.onnx.json"] = bytes(len(settings))
    assert "is not the file that is expected" in owner.fails(lambda: owner.library.install(model))
    assert installed_voices(owner.folder / "piper") == ()


def test_a_voice_put_there_by_hand_gives_way_to_the_installed_one(owner: Owner, tmp_path: Path) -> None:
    (owner.folder / "piper").mkdir(parents=True)
    put_voice(owner.folder / "piper", VOICE)
    put_voice(owner.folder / "piper", "en_US-other-low")
    assert owner.states() == {VOICE: True, "en_US-other-low": True}
    assert owner.damage(VOICE) == owner.damage("en_US-other-low") == ""
    owner.known = listed(model := published_voice(owner.server, tmp_path))
    owner.library.install(model)
    assert owner.states() == {VOICE: False, "en_US-other-low": True}
    assert sorted(path.name for path in (owner.folder / "piper").iterdir()) == [VOICE, "en_US-other-low.onnx", "en_US-other-low.onnx.json"]


@pytest.mark.parametrize("content", [b"", b"not a network", TONE[: len(TONE) // 2]])
def test_a_voice_whose_network_does_not_load_is_refused(owner: Owner, tmp_path: Path, content: bytes) -> None:
    put_voice(tmp_path, VOICE, content)
    assert "was not installed, for what came is damaged" in owner.fails(lambda: owner.library.install_from(tmp_path / f"{VOICE}.onnx"))


# From a file.


def test_a_zip_on_a_stick_is_compared_with_the_list(owner: Owner, toys: tuple[bytes, bytes], tmp_path: Path) -> None:
    owner.publish(toys[0])
    stick = tmp_path / "any name.zip"
    stick.write_bytes(toys[0])
    assert owner.library.install_from(stick) == TOY
    assert owner.damage() == ""
    assert owner.told.said == []
    assert not owner.library.install(owner.known.models[0]) or owner.server.seen  # the name of the file does not matter
    stick.write_bytes(toys[1])
    told = owner.fails(lambda: owner.library.install_from(stick))
    assert f"is not the {TOY} that it is called after" in told
    assert stick.read_bytes() == toys[1]


def test_a_model_that_no_list_knows_is_installed_from_a_file_and_said_to_be_unverified(owner: Owner, tmp_path: Path) -> None:
    toy_zip(tmp_path, name="my-own-model")
    assert owner.library.install_from(tmp_path / "my-own-model.zip") == "my-own-model"
    assert owner.states() == {"my-own-model": False}
    assert owner.told.said[0].startswith("my-own-model.zip is not verified")


def test_a_voice_on_a_stick_needs_both_its_files(owner: Owner, tmp_path: Path) -> None:
    put_voice(tmp_path, VOICE)
    assert owner.library.install_from(tmp_path / f"{VOICE}.onnx") == VOICE
    (tmp_path / f"{VOICE}.onnx.json").unlink()
    assert f"{VOICE}.onnx.json cannot be read (No such file or directory)" in owner.fails(
        lambda: owner.library.install_from(tmp_path / f"{VOICE}.onnx")
    )


def test_a_model_copied_from_another_device_brings_no_record_of_its_own(owner: Owner, tmp_path: Path) -> None:
    model = write_toy_model(tmp_path / "my-own-model")
    (model / FILE_NAME).write_text("{}")
    shutil.make_archive(str(tmp_path / "a"), "zip", tmp_path, "my-own-model")
    owner.library.install_from(tmp_path / "a.zip")
    assert owner.states() == {"my-own-model": False}
    assert owner.damage("my-own-model") == ""


@pytest.mark.parametrize("name", ["nothing.zip", "folder.zip", "notes.txt", "empty.zip", "voice.onnx"])
def test_a_file_that_is_no_model_is_named(owner: Owner, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "empty.zip").write_bytes(b"")
    assert name in owner.fails(lambda: owner.library.install_from(tmp_path / name))


@pytest.mark.parametrize("name", ["piper", "Piper", "understanding-en"])
def test_a_name_that_means_something_else_is_refused(owner: Owner, tmp_path: Path, name: str) -> None:
    owner.known = listed(Model(name="understanding-en", kind=Kind.SHIPPED, about="understands", licence="Apache-2.0"))
    (owner.folder / "piper").mkdir(parents=True)
    put_voice(owner.folder / "piper", VOICE)
    toy_zip(tmp_path, name=name)
    assert "name" in owner.fails(lambda: owner.library.install_from(tmp_path / f"{name}.zip"))


def test_a_name_given_must_be_the_name_in_the_file(owner: Owner, tmp_path: Path, toy: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(toy)
    assert f"holds {TOY}, not other" in owner.fails(lambda: owner.library.install_from(tmp_path / "a.zip", "other"))
    assert owner.library.install_from(tmp_path / "a.zip", TOY) == TOY


# Checking and removing.


@pytest.mark.parametrize("name", ["am/final.mdl", "graph/Gr.fst", "README"])
def test_a_changed_file_is_named(owner: Owner, toys: tuple[bytes, bytes], name: str) -> None:
    owner.library.install(owner.publish(toys[1]))
    path = owner.folder / TOY / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert f"{name} has changed" in owner.damage()
    path.unlink()
    assert f"{name} is missing" in owner.damage()
    path.mkdir()
    assert f"{name} cannot be read" in owner.damage()


def test_a_model_put_there_by_hand_is_tried(owner: Owner) -> None:
    write_toy_model(owner.folder / "mine")
    assert owner.damage("mine") == ""
    (owner.folder / "mine/am/final.mdl").unlink()
    assert "am/final.mdl is missing" in owner.damage("mine")


@pytest.mark.parametrize("note", ["", "{}", "[]", '{"version": 2}', "\udcff"])
def test_a_spoilt_record_makes_of_it_a_model_put_there_by_hand(owner: Owner, toy: bytes, note: str) -> None:
    model = owner.publish(toy)
    owner.library.install(model)
    (owner.folder / TOY / FILE_NAME).write_bytes(note.encode(errors="surrogateescape"))
    assert owner.states() == {TOY: True}
    assert owner.damage() == ""
    assert owner.library.install(model)
    assert owner.states() == {TOY: False}


def test_removing_leaves_nothing_behind(owner: Owner, toy: bytes) -> None:
    owner.library.install(owner.publish(toy))
    (owner.folder / "piper").mkdir()
    put_voice(owner.folder / "piper", VOICE)
    for one in owner.library.installed():
        owner.library.remove(one)
    assert owner.states() == {}
    assert below(owner.folder).keys() == {".lock"}


def test_a_link_to_a_model_elsewhere_is_removed_and_the_model_left_alone(owner: Owner, tmp_path: Path) -> None:
    elsewhere = write_toy_model(tmp_path / "elsewhere")
    owner.folder.mkdir()
    (owner.folder / "linked").symlink_to(elsewhere)
    one = owner.library.find("linked")
    assert one is not None
    owner.library.remove(one)
    assert owner.states() == {}
    check_vosk_model(elsewhere)


def test_without_a_folder_there_are_no_models(owner: Owner) -> None:
    assert owner.library.installed() == ()
    assert owner.library.find(TOY) is None
    assert owner.library.fetched(TOY) == 0
    assert not owner.folder.exists()


# The disk.


def test_too_little_room_is_said_before_anything_is_fetched(owner: Owner, toy: bytes, tmp_path: Path) -> None:
    model = owner.publish(toy)
    owner.free = 1_000_000
    told = owner.fails(lambda: owner.library.install(model))
    assert f"needs 20 MB in {owner.folder}, and 1 MB are free" in told
    assert "--data-dir" in told
    assert owner.server.seen == []
    (tmp_path / "a.zip").write_bytes(toy)
    assert "1 MB are free" in owner.fails(lambda: owner.library.install_from(tmp_path / "a.zip"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of sixteen megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", place], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine lets nobody mount a small disk: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_disk_that_is_full_at_any_moment_leaves_the_old_model_whole(small_disk: Path, server: Server, toys: tuple[bytes, bytes]) -> None:
    owner = Owner(small_disk / "models", server)
    owner.library.install(owner.publish(toys[0]))
    model = owner.publish(toys[1])
    filler = small_disk / "filler"
    dice, full = random.Random(5), 0
    for _ in range(25):
        left = dice.choice([0, dice.randrange(50_000), dice.randrange(5_000_000)])
        space = os.statvfs(small_disk)
        filler.write_bytes(bytes(max(0, space.f_bavail * space.f_frsize - left)))
        try:
            owner.library.install(model)
        except Fault as fault:
            full += 1
            assert "is full: delete what you don't need there" in str(fault)  # noqa: PT017 - it need not fail
        assert owner.damage() == ""
        filler.unlink()
        if (owner.folder / TOY / "README").stat().st_size:
            owner.library.remove(owner.library.installed()[0])
            owner.library.install(owner.publish(toys[0]))
            model = owner.publish(toys[1])
    assert full > 5
    assert owner.library.install(model)
    assert owner.damage() == ""


def test_a_disk_that_has_become_read_only_is_named(small_disk: Path, server: Server, toy: bytes) -> None:
    owner = Owner(small_disk / "models", server)
    owner.library.install(model := owner.publish(toy))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for change in (lambda: owner.library.install(model), lambda: owner.library.remove(owner.library.installed()[0])):
        assert "cannot be written (Read-only file system)" in owner.fails(change)
    assert owner.damage() == ""


NOBODY = 65_534


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may write anywhere; be somebody else."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_folder_that_may_not_be_written_is_named(server: Server, toy: bytes, mode: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() == 0:
            os.chown(name, NOBODY, NOBODY)
        owner = Owner(Path(name) / "models", server)
        with ordinary_user():
            owner.folder.mkdir()
            owner.folder.chmod(mode)
            with pytest.raises(Fault, match=r"cannot be written \(Permission denied\): see who owns it"):
                owner.library.install(owner.publish(toy))
            assert owner.states() == {}
            owner.folder.chmod(stat.S_IRWXU)
            assert owner.library.install(owner.publish(toy))


# Others, and accidents.


def test_two_at_once_do_not_disturb_each_other(owner: Owner, toy: bytes) -> None:
    model = owner.publish(toy)
    with alone(owner.folder):
        assert "Another voiceskill is installing" in owner.fails(lambda: owner.library.install(model))
    assert owner.library.install(model)
    with alone(owner.folder):
        assert "Another voiceskill is installing" in owner.fails(lambda: owner.library.remove(owner.library.installed()[0]))


def test_where_folders_cannot_be_exchanged_it_takes_two_steps(
    owner: Owner, toys: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_exchange", lambda *_: False)
    for content in (*toys, *toys):
        assert owner.library.install(owner.publish(content))
        assert owner.damage() == ""
    assert not (owner.folder / ".staging").exists()


@pytest.mark.parametrize("new_one_is_there", [False, True])
def test_a_model_that_a_power_cut_left_between_two_steps_comes_back(
    owner: Owner, toys: tuple[bytes, bytes], new_one_is_there: bool
) -> None:
    owner.library.install(owner.publish(toys[0]))
    aside = owner.folder / ".staging/old/vosk" / TOY
    aside.parent.mkdir(parents=True)
    (shutil.copytree if new_one_is_there else shutil.move)(owner.folder / TOY, aside)
    owner.library.forget_fetched("anything")
    assert owner.damage() == ""
    assert not (owner.folder / ".staging").exists()


LIVES = """
import os, sys
from pathlib import Path
from voiceskill.edges.model_management import part
from voiceskill.edges.model_management.download import Downloader
from voiceskill.edges.model_management.library import Library
from voiceskill.edges.model_management.manifest import Kind, Manifest
from voiceskill.edges.models import check_vosk_model
from tests.edges.model_server import Told

part._SYNC_EVERY = 100_000
tries = {Kind.VOSK: lambda path, place: check_vosk_model(path)}

for line in sys.stdin:
    folder, known = line.split(" ", 1)
    pid = os.fork()
    if not pid:
        try:
            known = Manifest.model_validate_json(known)
            os.write(1, f"{os.getpid()}\\n".encode())
            told = Told()
            Library(Path(folder), known, tries, told, Downloader(told, sleep=lambda _: None)).install(known.models[0])
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    os.write(1, b"gone\\n")
"""
"""A program that lives once for each line it is given, and installs: the test ends most lives early."""


class Lives:
    """Programs that install what their owner's list names first."""

    def __init__(self, program: subprocess.Popen[str], owner: Owner) -> None:
        assert program.stdin
        assert program.stdout
        self._in, self._out = program.stdin, program.stdout
        self._owner = owner
        self.pid = 0

    def live(self, *answers: Answer, seconds: float | None = None) -> float:
        """Have one install from a server that answers so, and kill it after so long, if it lives then. Returns how long it lived."""
        self._owner.server.answers[:] = answers
        self._owner.server.seen.clear()
        self._in.write(f"{self._owner.folder} {self._owner.known.model_dump_json()}\n")
        self._in.flush()
        self.pid = int(self._out.readline())
        begun = time.perf_counter()
        if seconds is not None:
            self._owner.server.over.wait(seconds)
            self.kill()
        assert self._out.readline() == "gone\n"
        return time.perf_counter() - begun

    def kill(self) -> None:
        with suppress(ProcessLookupError):  # it was quicker
            os.kill(self.pid, 9)


@pytest.fixture
def lives(owner: Owner) -> Iterator[Lives]:
    command, root = [sys.executable, "-c", LIVES], Path(__file__).parent.parent.parent
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ, "PYTHONPATH": "."}
    ) as program:
        yield Lives(program, owner)


def slowly(request: Request) -> None:
    start = request.rest()
    for at in range(start, len(request.content), 50_000):
        request.wfile.write(request.content[at : at + 50_000])
        request.wfile.flush()
        request.server.over.wait(0.001)


def test_whenever_it_is_killed_the_old_model_or_the_new_one_is_there_and_whole(
    owner: Owner, lives: Lives, toys: tuple[bytes, bytes]
) -> None:
    dice = random.Random(11)
    owner.publish(toys[1])
    usual = lives.live(slowly)
    assert owner.damage() == ""
    interrupted = ended = 0
    for kill in range(60):
        for one in owner.library.installed() if kill % 15 == 14 else ():
            owner.library.remove(one)
        edition = dice.randrange(2)
        model = owner.publish(toys[edition])
        was_there = TOY in owner.states()
        lives.live(*[slowly] * 9, seconds=dice.uniform(0, usual * (0.2, 1.1)[edition]))
        found = read_record(owner.folder / TOY)
        assert (found is not None) == (owner.folder / TOY).exists()
        assert found is not None or not was_there
        if found is not None:
            assert owner.damage() == ""
            ended += found.sources[f"{TOY}.zip"].sha256 == model.files[0].sha256
        interrupted += (owner.folder / ".staging").exists() or owner.library.fetched(TOY) > 0
    assert interrupted
    assert ended
    owner.publish(toys[1])
    lives.live()
    assert owner.damage() == ""
    assert not (owner.folder / ".staging").exists()


def test_killed_while_it_fetches_it_goes_on_from_there(owner: Owner, lives: Lives, toys: tuple[bytes, bytes]) -> None:
    owner.publish(toys[1])
    note = owner.folder / ".downloads" / TOY / f"{TOY}.zip.part.json"

    def sends_half_then_kills(request: Request) -> None:
        start = request.rest()
        request.wfile.write(request.content[start : start + 1_000_000])
        request.wfile.flush()
        while not (note.exists() and json.loads(note.read_text())["safe"] >= 800_000):
            request.server.over.wait(0.001)
        lives.kill()

    lives.live(sends_half_then_kills)
    assert owner.states() == {}
    assert owner.library.fetched(TOY) >= 800_000
    lives.live()
    (headers,) = owner.server.seen
    assert int(headers["range"].removeprefix("bytes=").removesuffix("-")) >= 800_000
    assert owner.damage() == ""


def test_the_record_can_be_read_by_people(owner: Owner, toy: bytes) -> None:
    owner.library.install(owner.publish(toy))
    record = json.loads((owner.folder / TOY / FILE_NAME).read_text())
    assert record["name"] == TOY
    assert record["sources"][f"{TOY}.zip"]["verified"]

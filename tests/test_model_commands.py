"""What `voiceskill models` shows, installs, checks and removes, and what `scripts/run` offers."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.edges.model_server import TOY, Answer, Server, closes, says, serving, stalls, toy_zip
from tests.edges.test_synthesisers_piper import TONE
from tests.edges.test_synthesisers_piper import install as put_voice
from tests.vosk_toy_model import write_toy_model
from voiceskill.app import Home, shipped
from voiceskill.cli import main
from voiceskill.edges.model_management.manifest import Kind, Model, RemoteFile, is_safe_address, load_manifest
from voiceskill.edges.models import TRIED_FILE
from voiceskill.model_commands import OFFERED, OFFERED_FILE
from voiceskill.ports import Fault

ROOT = Path(__file__).parent.parent
BEFORE = "understanding-en: intact, in use\ntiny-en: intact"


@dataclass
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path) -> Run:
    """Run a command about models in this process; a list at `tmp_path/list.toml` is used if there is one."""

    def run(command: str, *arguments: object) -> Done:
        known = tmp_path / "list.toml"
        listed = ["--manifest", str(known)] if known.exists() else []
        config = ["--config", str(tmp_path / "settings.toml")] if (tmp_path / "settings.toml").exists() else []
        monkeypatch.setattr(sys, "argv", ["voiceskill", "models", command, *map(str, arguments), *listed, *config, "--data-dir", str(data)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
        return Done(code, *capsys.readouterr())

    return run


def toml(model: Model) -> str:
    lines = ["[[models]]", *(f'{key} = "{value}"' for key, value in model.model_dump(mode="json").items() if isinstance(value, str))]
    for file in model.files:
        lines.append("[[models.files]]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in file.model_dump(mode="json").items() if value is not None]
    return "\n".join(lines) + "\n"


UNDERSTANDING = '[[models]]\nname = "understanding-en"\nkind = "shipped"\nabout = "understands"\nlicence = "Apache-2.0"\n'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the toy model, and a list that knows it."""
    with serving() as server:
        server.files[f"{TOY}.zip"] = toy_zip(tmp_path / "served")
        (tmp_path / "list.toml").write_text(UNDERSTANDING + toml(server.toy()))
        yield server


def settings(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.toml").write_text(text)


def one_line(done: Done) -> str:
    told = [line for line in done.err.splitlines() if line.startswith("voiceskill: ")]
    (line,) = told
    assert "Traceback" not in done.err
    return line


# The list that comes with the program.


def test_the_list_names_every_model_that_is_shipped_and_no_other() -> None:
    known = load_manifest(shipped("models") / "manifest.toml")
    folders = {path.name for path in shipped("models").iterdir() if path.is_dir()}
    assert {model.name for model in known.of([Kind.SHIPPED])} == folders


def test_everything_to_be_fetched_comes_encrypted_from_its_publisher_and_has_a_licence() -> None:
    known = load_manifest(shipped("models") / "manifest.toml")
    for model in known.models:
        assert model.licence
        for file in model.files:
            assert file.url.startswith(
                ("https://alphacephei.com/vosk/models/", "https://huggingface.co/rhasspy/piper-voices/resolve/main/")
            )
    offered = known.find(OFFERED)
    assert offered is not None
    assert offered.verified


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('kind = "vosk"', 'kind = "magic"'), "models.1.kind"),
        (('licence = "Apache-2.0"\n[[models.files]]', "[[models.files]]"), "models.1.licence: Field required"),
        (("http://127.0.0.1", "http://example.org"), "must begin with https://"),
        (("http://127.0.0.1", "ftp://127.0.0.1"), "must begin with https://"),
        ((f'name = "{TOY}"', 'name = "../evil"'), "models.1.name"),
        ((f'name = "{TOY}"', 'name = "understanding-en"'), "listed twice: understanding-en"),
        (("bytes = ", "bytes = -"), "greater than 0"),
        (('digest_from = "this test"\n', ""), "sha256 and digest_from go together"),
        (('sha256 = "', 'sha256 = "0'), "sha256"),
        (('kind = "vosk"', 'kind = "piper"'), "a Piper voice is"),
        (('kind = "vosk"', 'kind = "shipped"'), "has no files to fetch"),
        ((f"{TOY}.zip", f"{TOY}.tar"), "a Vosk model is one zip"),
        (("[[models]]", "[[models]"), "is not valid TOML"),
        (('about = "hears"', 'about = "hears"\nprice = 3'), "price: Extra inputs are not permitted"),
    ],
)
def test_a_list_with_a_mistake_is_refused_with_its_place(
    models: Run, server: Server, tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    text = (tmp_path / "list.toml").read_text()
    first, found, rest = text.rpartition(change[0])
    assert found
    (tmp_path / "list.toml").write_text(first + change[1] + rest)
    done = models("list")
    assert done.code == 1
    assert told in one_line(done)


def test_a_list_that_is_not_there_is_named(models: Run, tmp_path: Path) -> None:
    with pytest.raises(Fault, match="cannot be read"):
        load_manifest(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        *(("https://a.example/x", True), ("http://127.0.0.1:80/x", True), ("http://localhost/x", True), ("http://[::1]/x", True)),
        *(("http://a.example/x", False), ("http://127.0.0.1.evil.example/x", False), ("https://", False), ("/x", False), ("", False)),
    ],
)
def test_an_address_is_safe_when_nobody_on_the_way_can_change_what_comes(address: str, safe: bool) -> None:
    assert is_safe_address(address) is safe


def test_an_address_must_end_with_the_name_of_a_file() -> None:
    for address in ("https://a.example/", "https://a.example/x/..", "https://a.example/a%20b"):
        with pytest.raises(ValueError, match="no name of a file"):
            RemoteFile(url=address, bytes=1)


# Seeing.


def test_list_tells_how_each_stands(models: Run, server: Server, data: Path, tmp_path: Path) -> None:
    def state() -> str:
        (found,) = (row["state"] for row in json.loads(models("list", "--json").out) if row["name"] == TOY)
        return str(found)

    assert state() == "not installed"
    server.answers[:] = [closes(2_000), says(404)]
    assert models("install", TOY).code == 1
    assert state() == "partly fetched, 2 kB"
    assert models("install", TOY).code == 0
    assert state() == "installed"
    write_toy_model(data / "models/mine")
    (data / "models/piper").mkdir()
    put_voice(data / "models/piper", "en_GB-tone-low")
    shown = models("list").out
    assert re.search(rf"{TOY} +hears +\d+ kB +Apache-2.0 +installed", shown)
    assert re.search(r"mine +hears +put there by hand", shown)
    assert re.search(r"en_GB-tone-low +speaks +put there by hand", shown)
    assert re.search(r"understanding-en .* comes with the program", shown)


def test_list_says_what_is_not_verified(models: Run, server: Server, tmp_path: Path) -> None:
    (tmp_path / "list.toml").write_text(toml(server.toy(known=False)))
    assert "not installed, not verified" in models("list").out
    done = models("install", TOY)
    assert "is not verified: nobody has told its digest" in done.err
    assert "installed, not verified" in models("list").out


def test_looking_makes_nothing_on_the_disk(models: Run, data: Path) -> None:
    assert models("list").code == 0
    assert models("verify").code == 0
    assert not (data / "models").exists()


# Installing.


def test_an_installed_model_is_in_use_from_the_next_start_on(models: Run, server: Server, data: Path) -> None:
    done = models("install", TOY)
    assert (done.code, done.out) == (0, f"{TOY} is installed, and in use from the next start on.\n")
    assert "Fetching" in done.err
    assert "100 %" in done.err
    tried = json.loads((data / "cache" / TRIED_FILE).read_text())
    assert list(tried) == [str((data / "models" / TOY).resolve())]
    verified = models("verify")
    assert (verified.code, verified.out) == (0, f"{BEFORE}\n{TOY}: intact, in use\n")
    assert json.loads((data / "cache" / TRIED_FILE).read_text()) == tried  # it need not be tried again
    assert models("install", TOY).out == f"{TOY} is installed already, and intact.\n"


def test_a_model_that_is_not_used_by_itself_comes_with_what_to_set(models: Run, server: Server, tmp_path: Path) -> None:
    toy_zip(tmp_path, name="my-own-model")
    done = models("install", "--from", tmp_path / "my-own-model.zip")
    assert done.out == 'my-own-model is installed. To hear with it, put this into the settings: model = "my-own-model"\n'
    settings(tmp_path, 'model = "my-own-model"\n')
    assert "my-own-model: intact, in use" in models("verify").out


def test_a_voice_comes_with_what_else_it_needs(models: Run, data: Path, tmp_path: Path) -> None:
    put_voice(tmp_path, "en_GB-tone-low", TONE)
    done = models("install", "--from", tmp_path / "en_GB-tone-low.onnx")
    assert done.code == 0
    assert done.out.startswith("en_GB-tone-low is installed")
    assert (data / "models/piper/en_GB-tone-low/en_GB-tone-low.onnx").exists()


def test_a_model_that_cannot_be_used_is_never_installed(models: Run, data: Path, tmp_path: Path, server: Server) -> None:
    model = write_toy_model(tmp_path / "broken/mine")
    (model / "conf/model.conf").write_text("--beam=11.0\n")  # Kaldi ends the process at that
    subprocess.run([sys.executable, "-m", "zipfile", "-c", tmp_path / "mine.zip", model], check=True)
    done = models("install", "--from", tmp_path / "mine.zip")
    assert done.code == 1
    assert "mine was not installed, for what came is damaged (it does not load)" in one_line(done)
    assert not (data / "models/mine").exists()


@pytest.mark.parametrize("arguments", [["nobody"], [], ["understanding-en"], ["tiny-en"]], ids=" ".join)
def test_wrong_usage_of_install_exits_2(models: Run, arguments: list[str]) -> None:
    done = models("install", *arguments)
    assert done.code == 2
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("answer", "told"),
    [(says(404), "does not give"), (says(200, b"<html>", Content_Type="text/html"), "log in"), (says(200, b"x"), "another file")],
)
def test_a_failure_is_one_line_with_what_to_do(models: Run, server: Server, answer: Answer, told: str) -> None:
    server.answers[:] = [answer]
    done = models("install", TOY)
    assert (done.code, done.out) == (1, "")
    assert told in one_line(done)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "voiceskill", "models", *map(str, arguments)]


def test_ctrl_c_keeps_what_came(server: Server, data: Path, tmp_path: Path) -> None:
    server.answers[:] = [stalls(3_000)]
    listed = ["--manifest", tmp_path / "list.toml", "--data-dir", data]
    with subprocess.Popen(command("install", TOY, *listed), stderr=subprocess.PIPE, text=True, preexec_fn=heeds_ctrl_c) as program:
        assert program.stderr
        assert "Fetching" in program.stderr.readline()
        part = data / "models/.downloads" / TOY / f"{TOY}.zip.part"
        while part.stat().st_size < 3_000:
            server.over.wait(0.01)
        program.send_signal(signal.SIGINT)
        told = program.stderr.read()
    assert program.returncode == 1
    assert "voiceskill: Stopped. What was fetched is kept: type the same command again to go on" in told
    assert "Traceback" not in told
    server.seen.clear()
    subprocess.run(command("install", TOY, *listed), check=True, capture_output=True)
    assert server.seen[0]["range"] == "bytes=3000-"


# Checking.


def test_verify_exits_4_when_a_model_in_use_is_damaged_and_1_when_another_one_is(
    models: Run, server: Server, data: Path, tmp_path: Path
) -> None:
    models("install", TOY)
    (data / "models" / TOY / "am/final.mdl").write_text("<TransitionModel> nonsense")
    done = models("verify")
    assert done.code == 4
    assert f"{TOY}: missing or damaged, in use. The model {TOY} is damaged (am/final.mdl has changed): install it again with" in done.out
    settings(tmp_path, 'recogniser = "moonshine"\n')
    done = models("verify")
    assert done.code == 1
    assert f"{TOY}: missing or damaged. " in done.out
    assert "tiny-en: intact, in use" in done.out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('model = "gone"', "gone: missing or damaged, in use. The speech model gone is not in"),
        ('synthesiser = "piper"\nvoice = "nobody"', "nobody: missing or damaged, in use. No Piper voice is installed"),
    ],
)
def test_a_model_that_the_settings_name_and_nobody_installed_is_missing(models: Run, tmp_path: Path, text: str, told: str) -> None:
    settings(tmp_path, text)
    done = models("verify")
    assert done.code == 4
    assert told in done.out


def test_where_vosk_is_wanted_and_none_installed_our_own_model_is_the_one_in_use(models: Run, tmp_path: Path) -> None:
    assert "vosk-bedside-en: intact\n" in models("verify").out
    settings(tmp_path, 'recogniser = "vosk"')
    done = models("verify")
    assert "vosk-bedside-en: intact, in use" in done.out
    assert done.code == 0


def test_a_model_elsewhere_is_checked_too(models: Run, tmp_path: Path) -> None:
    model = write_toy_model(tmp_path / "elsewhere")
    settings(tmp_path, f'model = "{model}"')
    assert f"{model}: intact, in use" in models("verify").out
    (model / "graph/Gr.fst").unlink()
    assert models("verify").code == 4


# Removing.


def test_remove_asks_nobody_where_there_is_nobody(models: Run, server: Server) -> None:
    models("install", TOY)
    done = models("remove", TOY)
    assert done.code == 2
    assert "--yes" in done.err
    assert models("remove", TOY, "--yes") == Done(0, f"{TOY} is gone.\n", "")
    assert "not installed" in models("list").out
    assert models("remove", TOY, "--yes").code == 2


def test_remove_takes_away_what_was_fetched(models: Run, server: Server, data: Path) -> None:
    server.answers[:] = [closes(2_000), says(404)]
    models("install", TOY)
    assert models("remove", TOY, "--yes").out == f"What was fetched of {TOY} is gone.\n"
    assert not (data / "models/.downloads" / TOY).exists()


@pytest.mark.parametrize("name", ["understanding-en", "tiny-en"])
def test_what_comes_with_the_program_stays(models: Run, name: str) -> None:
    done = models("remove", name, "--yes")
    assert done.code == 1
    assert "comes with the program and stays" in one_line(done)


@pytest.mark.parametrize("name", ["..", "../data", "piper", ".downloads", "/", ""])
def test_remove_removes_only_models(models: Run, server: Server, data: Path, name: str) -> None:
    models("install", TOY)
    assert models("remove", name, "--yes").code == 2
    assert (data / "models" / TOY / "am").exists()


CTRL_C = "\x03"


def heeds_ctrl_c() -> None:
    """In a program to be started: hear of that key, also where whoever runs the tests does not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def typed(keys: str, *arguments: object, **environment: str) -> Done:
    """Run a command on a terminal. Instead of the key Ctrl-C it gets what that key sends, when the question is there."""
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "CI"} | environment
    with subprocess.Popen(
        command(*arguments), stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True, env=env, preexec_fn=heeds_ctrl_c
    ) as program:
        os.close(theirs)
        if keys != CTRL_C:
            os.write(ours, keys.encode())
        shown = b""
        try:
            while piece := os.read(ours, 65_536):
                shown += piece
                if keys == CTRL_C and b"?" in shown:
                    program.send_signal(signal.SIGINT)
        except OSError:  # the other end is closed
            pass
        out = program.stdout.read() if program.stdout else ""
    os.close(ours)
    return Done(program.returncode, out, shown.decode())


@pytest.mark.parametrize(("key", "there"), [("y\n", False), ("n\n", True), ("\n", True)])
def test_remove_asks_on_a_terminal(models: Run, server: Server, data: Path, key: str, there: bool) -> None:
    models("install", TOY)
    done = typed(key, "remove", TOY, "--data-dir", data)
    assert f"Remove {TOY}, which is in use?" in done.out
    assert (data / "models" / TOY).exists() is there


# What scripts/run offers.


@pytest.fixture
def offering(server: Server, tmp_path: Path, data: Path) -> Callable[..., Done]:
    """Offer the model on a terminal, from a server of our own."""
    server.files[f"{OFFERED}.zip"] = toy_zip(tmp_path / "offered", name=OFFERED)
    model = Model(name=OFFERED, kind=Kind.VOSK, about="hears", licence="Apache-2.0", files=(server.file(f"{OFFERED}.zip"),))
    (tmp_path / "offer.toml").write_text(toml(model))
    return lambda keys, **environment: typed(keys, "offer", "--manifest", tmp_path / "offer.toml", "--data-dir", data, **environment)


def test_the_offer_is_made_once(offering: Callable[..., Done], data: Path) -> None:
    done = offering("n\n")
    assert done.code == 0
    assert "Fetch it now? [y/N]" in done.err
    assert "models install" in done.err
    assert not (data / "models" / OFFERED).exists()
    assert offering("y\n").err.replace("y\r\n", "") == ""
    assert not (data / "models" / OFFERED).exists()


def test_who_accepts_the_offer_has_the_model(offering: Callable[..., Done], data: Path) -> None:
    done = offering("y\n")
    assert (done.code, done.out.lstrip()) == (0, f"{OFFERED} is installed, and in use from the next start on.\n")
    assert (data / "models" / OFFERED / "am/final.mdl").exists()


def test_without_a_network_it_goes_on_with_what_came_along(offering: Callable[..., Done], server: Server, data: Path) -> None:
    server.shutdown()
    server.server_close()
    done = offering("y\n")
    assert done.code == 0
    assert "Connection refused" in done.err
    assert "Going on with what came along." in done.err
    assert (data / "models" / OFFERED_FILE).exists()


def test_ctrl_c_at_the_question_ends_it_and_is_no_answer(offering: Callable[..., Done], data: Path) -> None:
    assert offering(CTRL_C).code == 130
    assert not (data / "models" / OFFERED_FILE).exists()


def test_no_offer_is_made_to_machines_or_to_who_has_a_model(offering: Callable[..., Done], data: Path, models: Run) -> None:
    assert offering("y\n", CI="true").err.replace("y\r\n", "") == ""
    assert models("offer") == Done(0, "", "")
    write_toy_model(data / "models/mine")
    assert offering("y\n").err.replace("y\r\n", "") == ""
    assert not (data / "models" / OFFERED_FILE).exists()


@pytest.mark.parametrize("given", ["/some/where", ""])
def test_scripts_run_looks_for_the_answer_where_it_is_kept(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", given)
    (line,) = re.findall(r"^offered=.*$", (ROOT / "scripts/run").read_text(), re.MULTILINE)
    shell = subprocess.run(["bash", "-c", f'{line}; printf %s "$offered"'], capture_output=True, text=True, check=True)
    assert Path(shell.stdout) == Home.find().models / OFFERED_FILE


@pytest.mark.parametrize("command_", [[], ["list"], ["install"], ["verify"], ["remove"], ["offer"]], ids=" ".join)
def test_every_command_explains_itself_with_an_example(command_: list[str]) -> None:
    done = subprocess.run(command(*command_, "--help"), capture_output=True, text=True, check=True)
    assert "Example" in done.stdout
    for option in ("--config", "--data-dir", "--intents") if command_ else ():
        assert option in done.stdout

"""A damaged model is named, with the way out, and never takes the program with it."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

import pytest

from tests.vosk_toy_model import write_toy_model
from voiceskill.edges.models import TRIED_FILE, check_vosk_model, try_vosk_model
from voiceskill.ports import ModelMissing

Layout = Literal["static", "lookahead"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
COMMON = ["am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/words.txt", "graph/phones/word_boundary.int"]
FILES: dict[Layout, list[str]] = {
    "static": [*COMMON, "graph/HCLG.fst"],
    "lookahead": [*COMMON, "graph/HCLr.fst", "graph/Gr.fst", "graph/disambig_tid.int"],
}
EVERY_FILE = [(layout, name) for layout in LAYOUTS for name in FILES[layout]]


def one_line(error: ModelMissing) -> str:
    assert "\n" not in str(error)
    return str(error)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sound_model_is_accepted(tmp_path: Path, layout: Layout) -> None:
    try_vosk_model(write_toy_model(tmp_path / "toy", layout), tmp_path / "cache")


def test_a_missing_model_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"vosk-model-small-en-us-0\.15 .*put its folder there"):
        check_vosk_model(tmp_path / "vosk-model-small-en-us-0.15")


def test_an_empty_folder_and_a_file_are_no_models(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    for name in ("empty", "file"):
        with pytest.raises(ModelMissing, match=name):
            check_vosk_model(tmp_path / name)


@pytest.mark.parametrize(("layout", "name"), EVERY_FILE)
def test_a_missing_file_is_named(tmp_path: Path, layout: Layout, name: str) -> None:
    path = write_toy_model(tmp_path / "toy", layout)
    (path / name).unlink()
    with pytest.raises(ModelMissing, match="is missing") as caught:
        check_vosk_model(path)
    assert name in one_line(caught.value)


@pytest.mark.parametrize(("layout", "name"), EVERY_FILE)
def test_an_emptied_file_is_named(tmp_path: Path, layout: Layout, name: str) -> None:
    path = write_toy_model(tmp_path / "toy", layout)
    (path / name).write_bytes(b"")
    with pytest.raises(ModelMissing) as caught:
        check_vosk_model(path)
    assert name in one_line(caught.value)


@pytest.mark.parametrize(("layout", "name"), EVERY_FILE)
def test_a_file_of_random_bytes_is_found_out(tmp_path: Path, layout: Layout, name: str) -> None:
    path = write_toy_model(tmp_path / "toy", layout)
    (path / name).write_bytes(random.Random(name).randbytes((path / name).stat().st_size))
    with pytest.raises(ModelMissing, match="toy is damaged"):
        try_vosk_model(path, tmp_path / "cache")


@pytest.mark.parametrize(("layout", "name"), [(layout, name) for layout, name in EVERY_FILE if name.endswith((".fst", ".mdl"))])
@pytest.mark.parametrize("share", [0.03, 0.4, 0.95])
def test_a_file_cut_short_is_found_out(tmp_path: Path, layout: Layout, name: str, share: float) -> None:
    path = write_toy_model(tmp_path / "toy", layout)
    content = (path / name).read_bytes()
    (path / name).write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelMissing, match="toy is damaged"):
        try_vosk_model(path, tmp_path / "cache")


@pytest.mark.parametrize(
    "name", ["conf/model.conf", "conf/mfcc.conf", "graph/words.txt", "graph/phones/word_boundary.int", "graph/disambig_tid.int"]
)
def test_a_text_cut_short_is_found_out_or_does_no_harm(tmp_path: Path, name: str) -> None:
    path = write_toy_model(tmp_path / "toy")
    content = (path / name).read_bytes()
    for at in random.Random(name).sample(range(1, len(content)), k=min(4, len(content) - 1)):
        (path / name).write_bytes(content[:at])
        with suppress(ModelMissing):
            try_vosk_model(path, tmp_path / "cache")


def test_a_model_that_would_abort_the_process_is_found_out_in_a_child(tmp_path: Path) -> None:
    path = write_toy_model(tmp_path / "toy")
    (path / "conf/model.conf").write_text("--beam=11.0\n")
    check_vosk_model(path)
    with pytest.raises(ModelMissing, match=r"damaged .*remove it"):
        try_vosk_model(path, tmp_path / "cache")


def test_the_words_may_be_inside_the_graph(tmp_path: Path) -> None:
    path = write_toy_model(tmp_path / "toy", "static")
    graph = bytearray((path / "graph/HCLG.fst").read_bytes())
    graph[4 + 4 + len("vector") + 4 + len("standard") + 4] |= 2
    (path / "graph/HCLG.fst").write_bytes(graph)
    (path / "graph/words.txt").unlink()
    check_vosk_model(path)


def test_a_model_with_speaker_adaptation_must_have_all_of_it(tmp_path: Path) -> None:
    path = write_toy_model(tmp_path / "toy")
    (path / "ivector").mkdir()
    with pytest.raises(ModelMissing, match="ivector/"):
        check_vosk_model(path)


def test_a_model_is_tried_once_and_again_when_a_file_changes(tmp_path: Path) -> None:
    path = write_toy_model(tmp_path / "toy")
    cache = tmp_path / "cache"
    try_vosk_model(path, cache)
    kept = (cache / TRIED_FILE).read_text()
    try_vosk_model(path, cache)
    assert (cache / TRIED_FILE).read_text() == kept
    (path / "conf/model.conf").write_text("--beam=11.0\n")
    with pytest.raises(ModelMissing, match="damaged"):
        try_vosk_model(path, cache)
    assert (cache / TRIED_FILE).read_text() == kept


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', "\udcff"])
def test_a_spoilt_list_of_tried_models_does_no_harm(tmp_path: Path, content: str) -> None:
    (tmp_path / TRIED_FILE).write_bytes(content.encode(errors="surrogateescape"))
    try_vosk_model(write_toy_model(tmp_path / "toy"), tmp_path)
    assert "toy" in (tmp_path / TRIED_FILE).read_text()


def test_without_a_place_to_remember_a_model_still_loads(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    try_vosk_model(write_toy_model(tmp_path / "toy"), tmp_path / "cache")

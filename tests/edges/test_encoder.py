"""The shipped encoder, and what happens when it is damaged."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from voiceskill.app import shipped
from voiceskill.edges.encoder import OnnxEncoder
from voiceskill.ports import ModelMissing

FOLDER = shipped("models") / "understanding-en"


def test_its_files_are_those_that_were_checked_in() -> None:
    for line in (FOLDER / "checksums.txt").read_text(encoding="utf-8").splitlines():
        digest, name = line.split()
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, f"{name} was changed: run scripts/train-understanding"


def test_its_chances_add_up_to_one() -> None:
    judgement = OnnxEncoder(FOLDER).judge("i lifted a heavy box")
    assert sum(judgement.intents.values()) + judgement.none == pytest.approx(1.0)
    assert all(0 <= chance <= 1 for chance in judgement.flags.values())


@pytest.mark.parametrize("text", ["", "x", "stop " * 1_000, "🙂"])
def test_odd_text_is_judged_too(text: str) -> None:
    assert OnnxEncoder(FOLDER).judge(text).intents


@pytest.mark.parametrize("name", ["model.onnx", "about.json", "vocabulary.txt", "ngrams.npz"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut"])
def test_a_damaged_one_is_named_with_the_way_out(tmp_path: Path, name: str, damage: str) -> None:
    folder = tmp_path / "understanding-en"
    shutil.copytree(FOLDER, folder)
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage != "missing":
        (folder / name).write_bytes(b"" if damage == "empty" else content[: len(content) // 3])
    if (name, damage) == ("vocabulary.txt", "cut"):
        pytest.skip("the first third is a smaller vocabulary that loads; the checksums tell")
    with pytest.raises(ModelMissing, match="install voiceskill again"):
        OnnxEncoder(folder)

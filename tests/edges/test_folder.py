"""A folder that is written, and written anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from voiceskill.edges.folder import LIST, write_folder
from voiceskill.ports import BadInput, Fault

FILES = {"README.md": "read\n", "a/b/one.yaml": "it's: {one}\n", "a/two.yaml": "☀\n"}


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}


def test_files_are_written_into_a_folder_that_is_made(tmp_path: Path) -> None:
    write_folder(tmp_path / "new" / "folder", "one", FILES)
    written = content(tmp_path / "new" / "folder")
    assert {name: text for name, text in written.items() if name != LIST} == FILES


def test_written_twice_it_is_the_same_to_the_byte(tmp_path: Path) -> None:
    write_folder(tmp_path, "one", FILES)
    first = content(tmp_path)
    write_folder(tmp_path, "one", FILES)
    assert content(tmp_path) == first


def test_what_is_no_more_is_deleted_and_what_somebody_added_stays(tmp_path: Path) -> None:
    write_folder(tmp_path, "one", FILES)
    (tmp_path / "mine.txt").write_text("mine")
    write_folder(tmp_path, "one", {"README.md": "new\n"})
    assert {name for name in content(tmp_path) if name != LIST} == {"README.md", "mine.txt"}
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("kind", ["two", None])
def test_a_folder_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path, kind: str | None) -> None:
    if kind:
        write_folder(tmp_path, kind, {"README.md": "theirs\n"})
    else:
        (tmp_path / "README.md").write_text("theirs\n")
    before = content(tmp_path)
    with pytest.raises(BadInput, match="--force") as refused:
        write_folder(tmp_path, "one", FILES)
    assert str(tmp_path) in str(refused.value)
    assert content(tmp_path) == before


def test_with_force_it_is_written_among_other_files_and_none_is_deleted(tmp_path: Path) -> None:
    write_folder(tmp_path, "two", {"README.md": "theirs\n", "theirs.txt": "theirs\n"})
    write_folder(tmp_path, "one", FILES, force=True)
    written = content(tmp_path)
    assert written["README.md"] == "read\n"
    assert written["theirs.txt"] == "theirs\n"
    write_folder(tmp_path, "one", {"README.md": "again\n"})
    assert "theirs.txt" in content(tmp_path)


def test_a_list_that_leads_elsewhere_deletes_nothing_there(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere.txt"
    elsewhere.write_text("mine")
    write_folder(folder, "one", FILES)
    with (folder / LIST).open("a") as listed:
        listed.write(f"../elsewhere.txt\n{elsewhere}\n\n")
    write_folder(folder, "one", FILES)
    assert elsewhere.read_text() == "mine"


def test_where_one_file_cannot_be_written_all_stay_as_they_were(tmp_path: Path) -> None:
    write_folder(tmp_path, "one", FILES)
    before = content(tmp_path)
    with pytest.raises(Fault, match="choose another place"):
        write_folder(tmp_path, "one", {"README.md": "new\n", "a/two.yaml/three.yaml": "three\n"})
    assert content(tmp_path) == before


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(Fault, match="choose another place"):
        write_folder(tmp_path / "file", "one", FILES)
    assert (tmp_path / "file").read_text() == "mine"

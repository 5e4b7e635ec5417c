"""Whatever a zip holds, nothing is written outside of the folder, and no more than fits."""

from __future__ import annotations

import hashlib
import io
import random
import stat
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edges.model_server import TOY, Told, toy_zip
from voiceskill.edges.model_management import unpack
from voiceskill.edges.model_management.unpack import Archive
from voiceskill.ports import Fault

Entry = tuple[str | zipfile.ZipInfo, bytes]


def packed(path: Path, *entries: Entry) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def refused(path: Path) -> str:
    """What is said of a zip that must not be unpacked."""
    with pytest.raises(Fault) as caught:
        Archive(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def kind(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_model_comes_out_as_it_went_in(tmp_path: Path) -> None:
    toy_zip(tmp_path)
    into, told = tmp_path / "into", Told()
    into.mkdir()
    archive = Archive(tmp_path / f"{TOY}.zip")
    found = archive.unpack(into, told)
    assert archive.top == TOY
    assert below(into) == below(tmp_path / TOY)
    assert {name: (content.bytes, content.sha256) for name, content in found.items()} == {
        name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in below(into).items()
    }
    assert told.stages == [(f"Unpacking {TOY}", archive.unpacked, 0)]
    assert told.done == archive.unpacked
    assert stat.S_IMODE((into / "README").stat().st_mode) & 0o111 == 0


def test_folders_need_no_entries_of_their_own(tmp_path: Path) -> None:
    archive = Archive(packed(tmp_path / "a.zip", ("m/am/final.mdl", b"x"), ("m/conf/deep/er/y", b"y")))
    (tmp_path / "m").mkdir()
    archive.unpack(tmp_path / "m", Told())
    assert below(tmp_path / "m") == {"am/final.mdl": b"x", "conf/deep/er/y": b"y"}


@pytest.mark.parametrize(
    "name",
    [
        *("m/../../evil", "../evil", "m/..", "m/../m/evil", "/etc/evil", "//host/evil", "m//evil", "m/./evil", "./m/evil"),
        *("m/..\\..\\evil", "m\\evil", "C:/evil", "m/C:evil", "m/evil\n", "m/\x1b[2Jevil", "m/\u202egpj.evil", "m/" + "e" * 200),
        *("m/" + "d/" * 20 + "evil", "m/a?b", "m/a*b"),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    told = refused(packed(tmp_path / "a.zip", ("m/am/final.mdl", b"x"), (name, b"evil")))
    assert "Nothing was installed" in told


def test_a_name_with_a_zero_byte_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", ("m/am/final.mdl", b"x"), ("m/evilZ.txt", b"x"))
    path.write_bytes(path.read_bytes().replace(b"evilZ", b"evil\0"))
    refused(path)


@pytest.mark.parametrize(
    "mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644, stat.S_IFCHR | 0o644, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR]
)
def test_a_link_or_a_device_is_refused(tmp_path: Path, mode: int) -> None:
    assert "is a link or a device" in refused(packed(tmp_path / "a.zip", ("m/am/final.mdl", b"x"), (kind("m/evil", mode), b"/etc/passwd")))


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    assert "is a link or a device" in refused(
        packed(tmp_path / "a.zip", (kind("m/am/", stat.S_IFLNK | 0o777), b"/etc"), ("m/am/evil", b"x"))
    )


@pytest.mark.parametrize(
    "names",
    [("m/a", "m/a"), ("m/a", "m/A"), ("m/é", "m/e\u0301"), ("m/a", "m/a/b"), ("m/a/b", "m/A"), ("m/straße", "m/STRASSE")],
    ids=["same", "case", "accents", "folder", "folder by case", "folded"],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert "two files of one name" in refused(packed(tmp_path / "a.zip", *((name, b"x") for name in names)))


@pytest.mark.parametrize(
    "names", [("a", "m/b"), ("m/a", "n/b"), ("README", "m/a"), ("m/a", "__MACOSX/m/._a"), ("a",), (), (".m/a",), ("my model/a",)]
)
def test_there_must_be_one_folder_with_a_plain_name(tmp_path: Path, names: tuple[str, ...]) -> None:
    refused(packed(tmp_path / "a.zip", *((name, b"x") for name in names)))


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("m/zeros", "w", force_zip64=True) as stream,
    ):
        for _ in range(64):
            stream.write(bytes(2**20))
    assert "it would unpack to 0.1 GB" in refused(tmp_path / "a.zip")


def sized(path: Path, said: int) -> Path:
    """A zip whose one file claims to be of another size: at the front and in the list at the end."""
    packed(path, ("m/zeros", bytes(1_000_000)))
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 1_000_000), struct.pack("<I", said)))
    return path


def test_a_bomb_of_four_gigabytes_by_its_own_account_is_not_unpacked(tmp_path: Path) -> None:
    assert "it would unpack to 4.3 GB" in refused(sized(tmp_path / "a.zip", 2**32 - 2))


@pytest.mark.parametrize("said", [10, 999_999])
def test_a_bomb_that_claims_to_be_small_unpacks_to_no_more_than_it_claims(tmp_path: Path, said: int) -> None:
    archive = Archive(sized(tmp_path / "a.zip", said))
    (tmp_path / "m").mkdir()
    with pytest.raises(Fault, match="is damaged"):
        archive.unpack(tmp_path / "m", Told())
    assert (tmp_path / "m/zeros").stat().st_size <= said


def test_files_that_share_their_bytes_are_found_out(tmp_path: Path) -> None:
    """The bomb of David Fifield (https://www.bamsoftware.com/hacks/zipbomb/): many entries, one content."""
    path = packed(tmp_path / "a.zip", *((f"m/{number}", bytes(900_000)) for number in range(10)))
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02")
    for _ in range(10):
        raw[at + 42 : at + 46] = bytes(4)  # all begin where the first does
        at = raw.find(b"PK\x01\x02", at + 4)
    path.write_bytes(raw)
    with pytest.raises(Fault):
        Archive(path).unpack(tmp_path, Told())


def test_more_files_than_any_model_has_are_refused(tmp_path: Path) -> None:
    assert "it holds 1001 files" in refused(packed(tmp_path / "a.zip", *((f"m/{number}", b"") for number in range(unpack.MOST_FILES + 1))))


def test_a_password_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", ("m/a", b"x" * 100))
    raw = bytearray(path.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(sign) + offset] |= 1
    path.write_bytes(raw)
    assert "locked with a password" in refused(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_unusual_way_of_packing_is_refused(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("m/a", b"x")
    assert "packed in an unusual way" in refused(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<!doctype html><p>Not found", "it is a web page, not a zip"),
        (b"\n <HTML>", "it is a web page, not a zip"),
        (b"", "it is not a zip"),
        (random.Random(1).randbytes(5_000), "it is not a zip"),
    ],
)
def test_what_is_no_zip_is_called_by_its_name(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    assert what in refused(tmp_path / "a.zip")


TOY_BYTES = io.BytesIO()
with zipfile.ZipFile(TOY_BYTES, "w", zipfile.ZIP_DEFLATED) as toy:
    for number in range(4):
        toy.writestr(f"m/folder{number}/file", random.Random(number).randbytes(300) + bytes(300))
WHOLE = TOY_BYTES.getvalue()
INSIDE = {f"folder{number}/file": random.Random(number).randbytes(300) + bytes(300) for number in range(4)}


def unpacks_rightly_or_not_at_all(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        path, into = Path(name) / "a.zip", Path(name) / "above" / "into"
        path.write_bytes(raw)
        into.mkdir(parents=True)
        told = ""
        try:
            Archive(path).unpack(into, Told())
        except Fault as fault:
            told = str(fault)
        assert "\n" not in told
        assert told or all(content == INSIDE.get(inside, content) for inside, content in below(into).items())
        assert {str(found.relative_to(name)).split("/")[0] for found in Path(name).rglob("*")} <= {"a.zip", "above"}
        assert [found.name for found in into.parent.iterdir()] == ["into"]


@settings(max_examples=150)
@given(cut=st.integers(0, len(WHOLE) - 1))
def test_a_zip_cut_short_anywhere_is_found_out(cut: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.zip"
        path.write_bytes(WHOLE[:cut])
        with pytest.raises(Fault):
            Archive(path)


@settings(max_examples=300)
@given(changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_zip_with_any_bytes_changed_unpacks_rightly_or_not_at_all(changes: list[tuple[int, int]]) -> None:
    raw = bytearray(WHOLE)
    for at, value in changes:
        raw[at] = value
    unpacks_rightly_or_not_at_all(bytes(raw))

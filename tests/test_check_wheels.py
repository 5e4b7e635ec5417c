"""Whether the check of the locks against the index judges rightly what pip wrote. The check itself needs the network."""

from __future__ import annotations

from typing import Any

from scripts.check_wheels import Pin, Target, judged, missing_in, pins_of

LOCK = r"""annotated-doc==0.0.7 ; sys_platform == 'linux' \
    --hash=sha256:aa \
    --hash=sha256:bb
moonshine-voice==0.0.73 ; (platform_machine == 'aarch64' or platform_machine == 'x86_64') and sys_platform == 'linux' \
    --hash=sha256:cc
numpy==2.4.6 ; python_full_version < '3.12' and sys_platform == 'linux' \
    --hash=sha256:dd
numpy==2.5.5 ; python_full_version >= '3.12' and sys_platform == 'linux' \
    --hash=sha256:ee
srt==3.5.3 ; sys_platform == 'linux' \
    --hash=sha256:ff
"""

BOOKWORM = Target("aarch64", "3.11", 36)
TRIXIE = Target("aarch64", "3.13", 41)

COMPLAINT = """WARNING: Location 'file:///somewhere' is ignored: it is neither a file nor a directory.
ERROR: Could not find a version that satisfies the requirement srt==3.5.3 (from versions: none)
ERROR: No matching distribution found for srt==3.5.3
"""


def installed(name: str, file: str, digest: str, python: str | None = None) -> dict[str, Any]:
    about = {"name": name, **({"requires_python": python} if python else {})}
    return {"metadata": about, "download_info": {"url": f"https://example.org/{file}", "archive_info": {"hashes": {"sha256": digest}}}}


DOC = installed("annotated-doc", "annotated_doc-0.0.7-py3-none-any.whl", "aa")
MOONSHINE = installed("moonshine_voice", "moonshine_voice-0.0.73-py3-none-manylinux_2_34_aarch64.whl", "cc")
NUMPY = installed("numpy", "numpy-2.4.6-cp311-cp311-manylinux_2_28_aarch64.whl", "dd", ">=3.11")


def test_each_machine_is_asked_for_what_the_lock_pins_there() -> None:
    assert [str(pin) for pin in pins_of(LOCK, BOOKWORM)][1:3] == ["moonshine-voice==0.0.73", "numpy==2.4.6"]
    assert "numpy==2.5.5" in map(str, pins_of(LOCK, TRIXIE))
    assert "moonshine-voice==0.0.73" not in map(str, pins_of(LOCK, Target("armv7l", "3.11", 36)))
    assert pins_of(LOCK, BOOKWORM)[0] == Pin("annotated-doc", "0.0.7", frozenset({"aa", "bb"}))


def test_pip_is_offered_the_newest_c_library_first_as_on_that_machine() -> None:
    assert BOOKWORM.platforms[0] == "manylinux_2_36_aarch64"
    assert TRIXIE.platforms.index("manylinux_2_39_aarch64") < TRIXIE.platforms.index("manylinux_2_34_aarch64")


def test_a_known_exception_is_no_fault() -> None:
    verdict = judged(pins_of(LOCK, BOOKWORM), BOOKWORM, [DOC, MOONSHINE, NUMPY], missing_in(COMPLAINT))
    assert verdict.missing == ("srt",)
    assert len(verdict.wheels) == 3
    assert verdict.faults == ()


def test_a_package_without_a_wheel_is_named() -> None:
    complaint = COMPLAINT.replace("srt==3.5.3", "moonshine-voice==0.0.73")
    (fault,) = judged(pins_of(LOCK, BOOKWORM), BOOKWORM, [DOC, NUMPY], missing_in(complaint)).faults
    assert fault == "moonshine-voice: no wheel, and not on the list of exceptions"


def test_a_wheel_that_the_lock_does_not_vouch_for_is_named() -> None:
    other = installed("numpy", "numpy-2.4.6-cp311-cp311-manylinux_2_28_aarch64.whl", "00", ">=3.11")
    assert judged(pins_of(LOCK, BOOKWORM), BOOKWORM, [other], ()).faults == ("numpy: its digest is not in the lock",)


def test_a_wheel_for_a_newer_python_is_named() -> None:
    newer = installed("numpy", "numpy-2.4.6-py3-none-any.whl", "dd", ">=3.12")
    assert judged(pins_of(LOCK, BOOKWORM), BOOKWORM, [newer], ()).faults == ("numpy: is not for this Python",)

"""What is done to a text before an engine gets it: cleaning, cutting, respelling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceskill.edges.synthesisers.lexicon import Respelling, load_lexicon
from voiceskill.edges.synthesisers.pieces import pieces
from voiceskill.edges.synthesisers.sound import clip_from_wav, joined, shifted, trimmed, wav_from_clip
from voiceskill.edges.synthesisers.text import plain
from voiceskill.ports import BadInput, Clip, VoiceInfo

SHIPPED = Path(__file__).parents[2] / "intents" / "en" / "pronunciation.yaml"


class Parrot:
    """A synthesiser that remembers what it was asked to say."""

    def __init__(self, name: str = "flite rms") -> None:
        self.name = name
        self.said: list[str] = []
        self.paces: list[float] = []

    def render(self, text: str, pace: float = 1.0) -> Clip:
        self.said.append(text)
        self.paces.append(pace)
        return Clip(np.full(160, 1_000, np.int16), 16_000)

    def voices(self) -> tuple[VoiceInfo, ...]:
        return ()

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("You\u2019re doing well \u2014 rest\u2026", "You're doing well , rest."),
        ("<speak>Rest <break time='3s'/>now</speak>", "Rest now"),
        ("Is 3 < 4 and 5 > 2?", "Is 3 4 and 5 2?"),
        ("heat\u00adpack \U0001f469\u200d\u2695\ufe0f now", "heatpack now"),
        ("Rest\x00 \x1b[31mnow\n", "Rest 31mnow"),
        ("Call 0800 111 222 333.", "Call 0 8 0 0, 1 1 1, 2 2 2, 3 3 3."),
        ("Call +44 20-7946-0000", "Call 4 4, 2 0, 7 9 4 6, 0 0 0 0"),
        ("In 2026, 37.5 degrees, 1,000 steps, 10:30", "In 2026, 37.5 degrees, 1,000 steps, 10:30"),
        ("?!...", ""),
    ],
)
def test_only_words_and_punctuation_reach_an_engine(text: str, spoken: str) -> None:
    assert plain(text) == spoken


@given(st.text())
def test_nothing_unspeakable_is_left_in_any_text(text: str) -> None:
    said = plain(text)
    assert said == " ".join(said.split())
    assert not set(said) & set("<>[]{}|\\`\x00\n\x1b~^*_#=")


@given(st.text(alphabet="ab ,.?", max_size=300), st.integers(5, 40))
def test_cutting_loses_no_letter_and_keeps_to_the_limit(text: str, limit: int) -> None:
    cut = list(pieces(text, limit))
    assert "".join("".join(cut).split()) == "".join(text.split())
    assert all(0 < len(piece) <= limit for piece in cut)


def test_a_long_sentence_is_cut_at_a_comma() -> None:
    assert list(pieces("Bend your knees one at a time, then breathe out slowly", 40)) == [
        "Bend your knees one at a time,",
        "then breathe out slowly",
    ]


def test_whole_words_are_respelled_whatever_their_case_and_punctuation_stays() -> None:
    parrot = Parrot()
    table = {
        "*": {"999": "nine nine nine", "cauda equina": "corda equeena"},
        "flite": {"sciatica": "sigh attica"},
        "pyttsx3": {"rest": "wrest"},
    }
    Respelling(parrot, table).render("SCIATICA? Call 999, not 9999 or 1,999 or 999.5. Sciaticas rest; Cauda  Equina.")
    assert parrot.said == ["sigh attica? Call nine nine nine, not 9999 or 1,999 or 999.5. Sciaticas rest; corda equeena."]


def test_an_engines_own_respelling_goes_before_that_for_all() -> None:
    parrot = Parrot("pyttsx3 gmw/en-us")
    speller = Respelling(parrot, {"*": {"ache": "ake"}, "pyttsx3": {"ache": "aik"}})
    speller.render("An ache.")
    assert parrot.said == ["An aik."]
    assert speller.name == parrot.name


def test_a_respelled_sentence_keeps_its_pace() -> None:
    parrot = Parrot()
    Respelling(parrot, {"*": {"ache": "ake"}}).render("An ache.", 1.3)
    assert (parrot.said, parrot.paces) == (["An ake."], [1.3])


def test_a_changed_table_changes_the_fingerprint() -> None:
    one, other = (Respelling(Parrot(), {"*": {"ache": spelling}}).fingerprint for spelling in ("ake", "aik"))
    assert one != other


def test_no_table_changes_nothing() -> None:
    assert Respelling(Parrot(), {}).respelled("It's (a) test.") == "It's (a) test."


def test_the_shipped_table_reads_emergency_numbers_digit_by_digit() -> None:
    speller = Respelling(Parrot(), load_lexicon(SHIPPED))
    assert speller.respelled("Call 911 or 999.") == "Call nine one one or nine nine nine."


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"'*': [a, b]", "must hold words"),
        (b"- a", "expected engine names"),
        (b"'*': {a: 3}", "must be text"),
        (b"'*': {a: ''}", "must be text"),
        (b"'*':\n  a: b\n c: d\n", "pronunciation.yaml:3: "),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"\x00", "YAML"),
    ],
)
def test_a_damaged_table_is_named_with_what_is_wrong(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "pronunciation.yaml"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=complaint):
        load_lexicon(path)


def test_a_table_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_lexicon(tmp_path)


def test_a_skill_needs_no_table(tmp_path: Path) -> None:
    assert load_lexicon(tmp_path / "nothing.yaml") == {}


def test_an_empty_table_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "pronunciation.yaml"
    path.write_text("# nothing yet\n")
    assert load_lexicon(path) == {}


def tone(seconds: float, rate: int = 16_000) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return (8_000 * np.sin(2 * np.pi * 200 * np.arange(int(seconds * rate)) / rate)).astype(np.int16)


def test_silence_around_speech_is_cut_to_fifteen_milliseconds() -> None:
    quiet = np.zeros(16_000, np.int16)
    kept = trimmed(Clip(np.concatenate([quiet, tone(0.5), quiet]), 16_000))
    assert kept.seconds == pytest.approx(0.53, abs=0.011)


def test_speech_without_silence_around_it_is_left_whole() -> None:
    assert trimmed(Clip(tone(0.5), 16_000)).seconds == 0.5


def test_pure_silence_is_kept_short_and_not_empty() -> None:
    assert 0 < trimmed(Clip(np.zeros(16_000, np.int16), 16_000)).seconds <= 0.05


def test_a_wav_survives_the_round_trip() -> None:
    clip = Clip(tone(0.1), 22_050)
    back = clip_from_wav(wav_from_clip(clip))
    assert back.rate == 22_050
    assert np.array_equal(back.pcm, clip.pcm)


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", wav_from_clip(Clip(tone(0.1), 16_000))[:30], wav_from_clip(Clip(np.zeros(0, np.int16), 16_000))]
)
def test_a_damaged_wav_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the wave module's
        clip_from_wav(data)


def test_a_shift_in_pitch_changes_the_length_by_as_much() -> None:
    assert shifted(Clip(tone(1), 16_000), 12).seconds == pytest.approx(0.5, abs=0.01)
    assert shifted(Clip(tone(1), 16_000), 0).seconds == 1


def test_joined_clips_have_a_pause_between_them() -> None:
    assert joined([Clip(tone(1), 16_000), Clip(tone(1), 16_000)]).seconds == pytest.approx(2.2)

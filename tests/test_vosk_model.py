"""What makes our own small Vosk model: the pronunciations, the graphs, the files, and what they say inside the real decoder."""

from __future__ import annotations

import json
import math
import random
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
import vosk
from hypothesis import given
from hypothesis import strategies as st

from scripts.vosk_model import rooms, texts
from scripts.vosk_model.corpus import Utterance, in_silence
from scripts.vosk_model.features import CEPSTRA, outputs_at
from scripts.vosk_model.graphs import Graph, UnknownWord, lexicon_graph, read_graph, sentence_graph, word_list
from scripts.vosk_model.kaldi import Layer, enters, in_eight_bits, load_layers, save_layers, stays, write_acoustic_model
from scripts.vosk_model.ngrams import Bigrams, bigrams
from scripts.vosk_model.phones import OUTPUTS, PHONES, SOUNDS, outputs_of, phone_number, placed
from scripts.vosk_model.pronounce import Lexicon, as_espeak_reads, pronounce, read_dictionary, sounds_of, write_dictionary
from scripts.vosk_model.voices import DEV_VOICES, TEST_VOICES, Voice, any_voice, speak
from scripts.vosk_model.write import order_of_sounds, write_acoustics, write_checksums, write_graphs
from voiceskill.app import shipped
from voiceskill.core.skill import Skill
from voiceskill.edges.encoder import verify
from voiceskill.edges.models import check_vosk_model
from voiceskill.ports import HEARING_RATE
from voiceskill.skill_files import load_skill

LEXICON: Lexicon = {"no": (("N", "OW"),), "oh": (("OW",),), "snow": (("S", "N", "OW"),), "stop": (("S", "T", "AA", "P"),)}
SENTENCES = ["no", "stop", "oh no", "oh no snow", "stop no"]
FREE = UnknownWord(0.0, order_of_sounds(LEXICON))
OWN = shipped("models") / "vosk-bedside-en"


@pytest.fixture(scope="module")
def skill() -> Skill:
    return load_skill(shipped("intents") / "en")


def one_layer(bias: dict[str, float]) -> list[Layer]:
    """A network that hears the same in everything: some sounds are likelier than others."""
    outputs = np.full(OUTPUTS, -5.0, np.float32)
    for sound, value in bias.items():
        outputs[2 * SOUNDS.index(sound) : 2 * SOUNDS.index(sound) + 2] = value
    return [Layer((0,), np.zeros((OUTPUTS, CEPSTRA), np.float32), outputs, rectified=False)]


def write_model(folder: Path, layers: list[Layer]) -> None:
    write_acoustics(folder, layers)
    write_graphs(folder, LEXICON, SENTENCES, 5.0)


class TestPhones:
    def test_a_word_begins_goes_on_and_ends(self) -> None:
        assert [PHONES[number - 1] for number in placed(("S", "T", "AA", "P"))] == ["S_B", "T_I", "AA_I", "P_E"]
        assert [PHONES[number - 1] for number in placed(("N", "OW"))] == ["N_B", "OW_E"]
        assert [PHONES[number - 1] for number in placed(("AY",))] == ["AY_S"]

    def test_a_sound_has_the_same_outputs_wherever_it_stands(self) -> None:
        assert len({outputs_of(phone_number("AA", place)) for place in "BEIS"}) == 1
        assert outputs_of(phone_number("SIL")) == (0, 1)
        assert {output for phone in range(1, len(PHONES) + 1) for output in outputs_of(phone)} == set(range(OUTPUTS))

    def test_every_third_frame_is_asked_for_its_sound_and_whether_it_began_there(self) -> None:
        sounds = np.array([0] * 4 + [5] * 7 + [5] * 4, np.uint8)
        segments = np.array([1] * 4 + [2] * 7 + [3] * 4, np.int32)
        assert outputs_at(sounds, segments, 0).tolist() == [0, 1, 10, 11, 10]
        assert outputs_at(sounds, segments, 2).tolist() == [0, 10, 11, 10, 11]


class TestPronunciation:
    def test_the_dictionary_goes_before_rules_and_rules_before_guesses(self) -> None:
        found = pronounce(["spine", "spine's", "ache's", "back'll", "tramadol", "wanted'd", "it'd"], DICTIONARY)
        assert found["spine"] == (("S", "P", "AY", "N"),)
        assert found["spine's"] == (("S", "P", "AY", "N", "Z"),)
        assert found["ache's"] == (("EY", "K", "S"),)
        assert found["back'll"] == (("B", "AE", "K", "AH", "L"), ("B", "AA", "K", "AH", "L"))
        assert found["it'd"] == (("IH", "T", "AH", "D"),)
        assert found["tramadol"][0][:2] == ("T", "R")

    @pytest.mark.parametrize(("stem", "ending"), [("S P AY N", "Z"), ("EY K", "S"), ("N OW Z", "AH Z"), ("W AA CH", "AH Z")])
    def test_the_s_sounds_as_what_is_before_it_asks(self, stem: str, ending: str) -> None:
        assert pronounce(["x's"], {"x": (tuple(stem.split()),)})["x's"] == (tuple(f"{stem} {ending}".split()),)

    @pytest.mark.parametrize(
        ("ipa", "sounds"),
        [
            ("n_ˈæ_k_ɚ_d", "N AE K ER D"),
            ("s_p_ˌɑː_n_d_ɪ_l_ˈoʊ_s_ɪ_s", "S P AA N D IH L OW S IH S"),
            ("b_ˈʌ_ʔ_n̩", "B AH T AH N"),
            ("f_ˈaɪɚ", "F AY ER"),
            ("tʃ_ˈɛɹ", "CH EH R"),
            ("dʒ_ˈɔɪ", "JH OY"),
        ],
    )
    def test_ipa_becomes_arpabet(self, ipa: str, sounds: str) -> None:
        assert sounds_of(ipa) == tuple(sounds.split())

    def test_what_has_no_sound_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no sounds"):
            sounds_of("ˈ_ˌ")

    def test_espeak_reads_one_word_at_a_time(self) -> None:
        assert [word[0] for word in as_espeak_reads(["paracetamol", "knackered", "physio", "codeine"])] == ["P", "N", "F", "K"]
        assert as_espeak_reads([]) == []

    def test_a_dictionary_is_read_as_it_was_written(self, tmp_path: Path) -> None:
        write_dictionary(tmp_path / "words", DICTIONARY)
        assert read_dictionary(tmp_path / "words") == DICTIONARY


DICTIONARY: Lexicon = {
    "spine": (("S", "P", "AY", "N"),),
    "ache": (("EY", "K"),),
    "back": (("B", "AE", "K"), ("B", "AA", "K")),
    "wanted": (("W", "AA", "N", "T", "IH", "D"),),
    "it": (("IH", "T"),),
}


class TestTexts:
    def test_nearly_every_word_of_a_template_is_spoken_and_none_that_is_not_known(self, skill: Skill) -> None:
        known, expected = set(texts.vocabulary(skill)), texts.template_words(skill)
        said = {word for text in texts.sentences(skill, 5_000, seed=1) for word in text.split()}
        assert expected <= known
        assert said <= known
        assert len(expected & said) > 0.93 * len(expected)

    def test_the_same_seed_says_the_same(self, skill: Skill) -> None:
        assert texts.sentences(skill, 300, seed=1) == texts.sentences(skill, 300, seed=1) != texts.sentences(skill, 300, seed=2)

    def test_escape_words_and_numbers_are_said_alone(self, skill: Skill) -> None:
        assert {"stop", "help me", "it hurts", "seven", "zero", "yes", "no", "next"} <= set(texts.commands(skill))


class TestVoices:
    def test_nobody_who_judges_teaches(self) -> None:
        chance = random.Random(1)
        teachers = {any_voice(chance).name for _ in range(5_000)}
        for voice in (*DEV_VOICES, *TEST_VOICES):
            accent, _, person = voice.name.partition("+")
            assert voice.name not in teachers
            assert not person or not any(name.endswith(f"+{person}") for name in teachers), f"{accent} {person}"

    def test_flite_and_espeak_speak(self, tmp_path: Path) -> None:
        said = [("stop now", Voice("flite", "awb")), ("stop now", Voice("espeak-ng", "en-gb-scotland+f4", pace=1.4))]
        quick, slow = speak(said, tmp_path)
        assert 0.4 * HEARING_RATE < len(quick) < 1.5 * HEARING_RATE
        assert 0.4 * HEARING_RATE < len(slow) < 2.5 * HEARING_RATE


class TestRooms:
    SPOKEN = Utterance(
        in_silence(
            np.random.default_rng(1).normal(0, 1_000, HEARING_RATE).astype(np.int16), np.random.default_rng(2), before=0.5, after=0.5
        ),
        np.array([0, *[1] * 49, 10, *[11] * 99, 0, *[1] * 49], np.uint8),
    )

    @pytest.mark.parametrize("seed", range(20))
    def test_sounds_stay_where_they_are_said(self, seed: int) -> None:
        heard = rooms.varied(self.SPOKEN, [self.SPOKEN], np.random.default_rng(seed))
        assert abs(len(heard.pcm) / rooms.FRAME - len(heard.sounds)) < 2
        assert len(heard.sounds) == len(heard.segments)
        assert 0.48 < float((heard.sounds == 5).mean()) < 0.52
        assert np.flatnonzero(heard.sounds == 5)[0] == pytest.approx(len(heard.sounds) / 4, abs=2)

    def test_the_same_seed_makes_the_same_room(self) -> None:
        one, two = (rooms.varied(self.SPOKEN, [self.SPOKEN], np.random.default_rng(7)) for _ in range(2))
        assert np.array_equal(one.pcm, two.pcm)

    def test_without_speech_all_is_silence(self) -> None:
        heard = rooms.without_speech(2.0, np.random.default_rng(1))
        assert not heard.sounds.any()
        assert len(heard.pcm) == 2 * HEARING_RATE


class TestBigrams:
    WORDS = ("ow", "it", "hurts", "stop", "never said")

    @given(st.lists(st.lists(st.sampled_from(WORDS[:-1]), min_size=1, max_size=5), min_size=1, max_size=12), st.integers(0, 20))
    def test_what_may_follow_adds_up_to_one(self, sentences: list[list[str]], most: int) -> None:
        found = bigrams(sentences, self.WORDS, most=most)
        assert sum(math.exp(-cost) for cost in found.singles.values()) == pytest.approx(1.0)
        assert sum(map(len, found.pairs.values())) <= most
        for first, costs in found.pairs.items():
            backed_off = sum(math.exp(-found.back_off[first] - cost) for word, cost in found.singles.items() if word not in costs)
            assert sum(math.exp(-cost) for cost in costs.values()) + backed_off == pytest.approx(1.0, abs=1e-4)

    def test_what_is_often_said_costs_least(self) -> None:
        found = bigrams([["it", "hurts"]] * 5 + [["it", "stop"]], self.WORDS, most=20)
        assert found.pairs["it"]["hurts"] < found.pairs["it"]["stop"]
        assert found.singles["never said"] < math.inf


class TestGraphs:
    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 9), st.integers(0, 3)), max_size=20))
    def test_a_graph_is_read_as_it_was_written(self, arcs: list[tuple[int, int, int, int]]) -> None:
        graph = Graph()
        for _ in range(4):
            graph.state()
        for source, label_in, label_out, target in arcs:
            graph.arc(source, label_in, label_out, 0.5, target)
        graph.final[2] = 1.0
        with tempfile.TemporaryDirectory() as folder:
            graph.write(Path(folder) / "graph", by="output")
            found = read_graph(Path(folder) / "graph")
        assert found.final == graph.final
        assert [sorted(state) for state in found.arcs] == [sorted(state) for state in graph.arcs]
        assert all([arc[1] for arc in state] == sorted(arc[1] for arc in state) for state in found.arcs)

    def test_another_file_is_no_graph(self, tmp_path: Path) -> None:
        (tmp_path / "other").write_bytes(b"other")
        with pytest.raises(ValueError, match="no plain graph"):
            read_graph(tmp_path / "other")

    @pytest.mark.parametrize("word", sorted(LEXICON))
    def test_the_sounds_of_a_word_are_that_word_and_no_other(self, word: str) -> None:
        graph, words = lexicon_graph(LEXICON, FREE), word_list(LEXICON)
        assert said_by(graph, placed(LEXICON[word][0])) == {words.index(word), words.index("[unk]")} - (
            {words.index("[unk]")} if len(LEXICON[word][0]) == 1 else set()
        )

    def test_words_that_end_alike_share_their_end(self) -> None:
        alone = lexicon_graph({"stop": (("S", "T", "AA", "P"),)}, FREE)
        both = lexicon_graph({"stop": (("S", "T", "AA", "P"),), "bestop": (("B", "EH", "S", "T", "AA", "P"),)}, FREE)
        assert len(both.arcs) - len(alone.arcs) == 3, "B, EH and S inside a word; T AA P are there"

    def test_a_sentence_costs_what_its_bigrams_say(self) -> None:
        order = bigrams([text.split() for text in SENTENCES], LEXICON, most=100)
        graph, words = sentence_graph(order, word_list(LEXICON), 9.0), word_list(LEXICON)
        assert cheapest(graph, [words.index("oh"), words.index("no")]) == pytest.approx(cost_of(order, ["oh", "no"]), abs=1e-4)


def said_by(graph: Graph, phones: list[int]) -> set[int]:
    """The words that these phones, one frame each, may be, from between two words to between two words."""
    between = next(iter(graph.final))
    found: set[int] = set()
    paths = [(between, 0, 0)]
    while paths:
        state, place, word = paths.pop()
        if place == len(phones) and any(arc[0] == 0 and arc[3] == 0 for arc in graph.arcs[state]):
            found.add(word)
        for label_in, label_out, _, target in graph.arcs[state]:
            if place < len(phones) and label_in == enters(phones[place]):
                paths.append((target, place + 1, label_out or word))
    return found


def cheapest(graph: Graph, words: list[int]) -> float:
    """The cost of the cheapest way through a sentence graph."""
    costs = {0: 0.0}
    for word in [*words, None]:
        for state, cost in list(costs.items()):
            for label_in, _, more, target in graph.arcs[state]:
                if label_in == 0:
                    costs[target] = min(costs.get(target, math.inf), cost + more)
        if word is None:
            return min(cost + graph.final.get(state, math.inf) for state, cost in costs.items())
        after: dict[int, float] = {}
        for state, cost in costs.items():
            for label_in, _, more, target in graph.arcs[state]:
                if label_in == word:
                    after[target] = min(after.get(target, math.inf), cost + more)
        costs = after
    raise AssertionError


def cost_of(order: Bigrams, sentence: list[str]) -> float:
    total, before = 0.0, ""
    for word in [*sentence, ""]:
        straight = order.pairs.get(before, {}).get(word, math.inf)
        total += min(straight, order.back_off.get(before, 0.0) + order.singles[word])
        before = word
    return total


class TestFiles:
    def test_weights_in_eight_bits_are_off_by_half_a_step_at_most(self) -> None:
        weights = np.random.default_rng(1).normal(0, 0.1, (20, 30)).astype(np.float32)
        least, span, places = in_eight_bits(weights)
        assert np.abs(least + places * (span / 255) - weights).max() <= span / 255 / 2 + 1e-6
        assert in_eight_bits(np.zeros((2, 2), np.float32))[2].tolist() == [[0, 0], [0, 0]]

    def test_layers_are_loaded_as_they_were_kept(self, tmp_path: Path) -> None:
        layers = [Layer((-3, 0, 3), np.ones((4, 6), np.float32), np.zeros(4, np.float32)), *one_layer({})]
        save_layers(tmp_path / "layers.npz", layers)
        found = load_layers(tmp_path / "layers.npz")
        assert [(layer.offsets, layer.rectified) for layer in found] == [((-3, 0, 3), True), ((0,), False)]
        assert np.array_equal(found[0].weights, layers[0].weights)

    def test_layers_that_do_not_fit_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="layer 1 has weights"):
            write_acoustic_model(tmp_path / "final.mdl", one_layer({}), inputs=CEPSTRA + 1)

    def test_the_acoustic_model_begins_as_kaldi_s_do(self, tmp_path: Path) -> None:
        write_acoustic_model(tmp_path / "final.mdl", one_layer({}), inputs=CEPSTRA)
        content = (tmp_path / "final.mdl").read_bytes()
        head = b"\0B<TransitionModel> <Topology> " + struct.pack("<bi", 4, len(PHONES))
        assert content.startswith(head)
        assert b"\n\n<NumComponents> " in content, "the description of the network ends with an empty line"

    def test_transitions_of_a_phone_are_numbered_in_pairs(self) -> None:
        assert [(stays(phone), enters(phone)) for phone in (1, 2)] == [(1, 2), (3, 4)]

    @pytest.mark.parametrize(("likely", "text"), [({"N": 0.0, "OW": 0.0}, "no"), ({"OW": 0.0}, "oh"), ({"SIL": 0.0}, "")])
    def test_the_real_decoder_says_what_the_network_hears(self, tmp_path: Path, likely: dict[str, float], text: str) -> None:
        write_model(tmp_path / "model", one_layer(likely))
        check_vosk_model(tmp_path / "model")
        vosk.SetLogLevel(-1)
        decoder = vosk.KaldiRecognizer(vosk.Model(str(tmp_path / "model")), HEARING_RATE)
        decoder.AcceptWaveform(np.random.default_rng(1).normal(0, 1_000, HEARING_RATE).astype("<i2").tobytes())
        assert set(json.loads(decoder.FinalResult())["text"].split()) == set(text.split())

    def test_checksums_name_every_file_and_find_a_change(self, tmp_path: Path) -> None:
        write_model(tmp_path, one_layer({}))
        write_checksums(tmp_path)
        verify(tmp_path)
        listed = {line.split("  ")[1] for line in (tmp_path / "checksums.txt").read_text().splitlines()}
        assert {"am/final.mdl", "graph/HCLr.fst", "graph/phones/word_boundary.int"} <= listed


class TestShipped:
    def test_the_shipped_model_is_whole_and_small(self) -> None:
        verify(OWN)
        check_vosk_model(OWN)
        assert sum(file.stat().st_size for file in OWN.rglob("*") if file.is_file()) < 5_000_000

    def test_every_word_that_is_expected_has_a_pronunciation(self, skill: Skill) -> None:
        lexicon = read_dictionary(OWN / "dictionary.txt")
        assert texts.template_words(skill) <= set(lexicon), "scripts/train-vosk-model --graphs-only"
        assert len(set(texts.vocabulary(skill)) - set(lexicon)) < 0.02 * len(lexicon), "scripts/train-vosk-model --graphs-only"
        assert {sound for each in lexicon.values() for sounds in each for sound in sounds} <= set(SOUNDS[1:])

    def test_the_decoder_knows_the_words_that_have_a_pronunciation(self) -> None:
        lexicon = read_dictionary(OWN / "dictionary.txt")
        numbered = [line.split() for line in (OWN / "graph/words.txt").read_text(encoding="utf-8").splitlines()]
        assert [word for word, _ in numbered] == word_list(lexicon)
        assert [int(number) for _, number in numbered] == list(range(len(numbered)))

"""The twenty-four rules for the conversation: each is kept, whatever is said."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import datetime, time, timedelta

import pytest

from tests.rehearsing import AFTERNOON, Bedside, skill, whole_interpreter
from voiceskill.core.conversation import Manners
from voiceskill.core.diary import Ending, Memory, PainScored, RoutineEnded, Screened, ScreenResult
from voiceskill.core.events import DeviceFailed, Failed, MemoryChanged
from voiceskill.core.routines import Routine
from voiceskill.core.skill import Intent, Kind, Tier

ROUTINES = sorted(intent.id for intent in skill().intents.values() if intent.kind is Kind.ROUTINE)
MOVING = [name for name in ROUTINES if (p := skill().intents[name].precautions) and p.moves]
URGENT = [i for i in skill().intents.values() if i.kind is Kind.FLAG and i.tier in {Tier.EMERGENCY, Tier.MATERNITY}]
DANGER = "I can't feel my legs"


# 1. Flags outrank everything.


@pytest.mark.parametrize("routine", ROUTINES)
def test_rule_1_a_flag_is_heard_in_the_middle_of_every_routine(routine: str) -> None:
    bed = Bedside()
    bed.start(routine)
    assert bed.under_way == routine
    bed.wait(7)
    assert "hospital" in bed.interrupt(DANGER)
    assert bed.under_way is None


@pytest.mark.parametrize(
    "before", ["does heat help", "good night", "forget everything", "my pain is bad", "start knee rolls", "tell me more"]
)
def test_rule_1_a_flag_is_heard_whatever_we_were_talking_about(before: str) -> None:
    bed = Bedside()
    bed.hear(before)
    assert "hospital" in bed.hear(DANGER)


def test_rule_1_a_flag_is_heard_while_paused_and_inside_a_longer_sentence() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    bed.hear("pause")
    assert "hospital" in bed.hear("do a stretch, oh and I've wet myself")


@pytest.mark.parametrize("waited", [0, 14, 40])
def test_rule_1_a_flag_is_heard_while_help_is_called(waited: float) -> None:
    bed = Bedside(manners=Manners(countdown=10))
    bed.interrupt("call for help")
    bed.wait(waited)
    assert "hospital" in bed.interrupt(DANGER)
    assert bed.alerts[-1] == "redflag_both_legs"


# 2. An emergency stops everything and rules movement out.


@pytest.mark.parametrize("flag", URGENT, ids=lambda flag: flag.id)
def test_rule_2_an_emergency_line_is_said_in_full_and_no_movement_follows(flag: Intent) -> None:
    bed = Bedside()
    bed.start("routine_knee_rolls")
    assert flag.answers[0] in bed.interrupt(flag.examples[0])
    assert bed.under_way is None
    bed.wait(200)
    bed.hear("no")
    for routine in MOVING:
        bed.hear(skill().intents[routine].examples[0])
        assert bed.under_way is None, routine


def test_rule_2_movement_comes_back_when_somebody_has_looked_and_all_questions_are_answered() -> None:
    bed = Bedside()
    bed.hear(DANGER)
    bed.wait(200)
    bed.hear("I've been checked by the doctor")
    assert "four quick safety questions" in bed.hear("start heel slides")


def test_rule_2_what_was_misheard_is_cleared_by_all_four_questions() -> None:
    bed = Bedside()
    bed.hear(DANGER)
    bed.wait(200)
    assert "four quick safety questions" in bed.hear("you misheard me")
    assert "No warning signs" in bed.pass_screen()
    assert not bed.memory.blocked(bed.rehearsal.device.state.wall(bed.now))


@pytest.mark.parametrize("wish", ["how do I get out of bed", "how do I get up off the floor", "start knee rolls"])
def test_rule_2_nobody_in_danger_is_told_how_to_move_in_the_middle_of_breathing_either(wish: str) -> None:
    bed = Bedside()
    bed.hear(DANGER)
    bed.wait(200)
    bed.hear("start breathing")
    bed.wait(4)
    reply = bed.hear(wish)
    assert "isn't for you just now" in reply or "No exercises until someone has checked you" in reply
    assert not re.search(r"roll|push|stand", reply.lower())


def test_rule_2_breathing_is_allowed_after_an_emergency() -> None:
    bed = Bedside()
    bed.hear(DANGER)
    bed.wait(200)
    bed.hear("start breathing")
    assert bed.under_way == "routine_breathing"


# 3. Safety questions once an episode, and again when something changes.


def test_rule_3_the_questions_are_asked_once_and_hold_for_the_day() -> None:
    bed = Bedside()
    bed.start("routine_knee_rolls")
    bed.hear("stop")
    bed.hear("start pelvic tilts")
    assert bed.under_way == "routine_pelvic_tilts"


def test_rule_3_they_are_asked_again_on_a_new_day() -> None:
    bed = Bedside()
    bed.start("routine_knee_rolls")
    bed.hear("stop")
    bed.wait(16 * 3600)
    assert "safety question" in bed.hear("start knee rolls")


def test_rule_3_they_are_asked_again_when_the_pain_jumps() -> None:
    bed = Bedside()
    bed.hear("my pain is four")
    bed.start("routine_knee_rolls")
    bed.hear("stop")
    bed.hear("my pain is seven")
    assert "safety question" in bed.hear("start knee rolls")


def test_rule_3_they_are_asked_again_after_a_new_sign() -> None:
    bed = Bedside()
    bed.start("routine_knee_rolls")
    bed.hear("I have a fever")
    bed.wait(60)
    assert "safety question" in bed.hear("start knee rolls")


def test_rule_3_a_single_question_is_enough_for_a_resting_position_and_only_the_rest_is_asked_later() -> None:
    bed = Bedside()
    assert "one quick safety question" in bed.hear("start the side pillow")
    bed.pass_screen()
    bed.hear("stop")
    bed.hear("start knee rolls")
    asked = 0
    while bed.under_way is None:
        bed.hear("no")
        asked += 1
    assert asked == 3


def test_rule_3_nobody_is_led_on_while_the_questions_are_asked() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    bed.wait(6)
    assert "four quick safety questions" in bed.interrupt("start knee rolls")
    assert not re.search(r"One\.|Two\.|reathe in|And out", bed.wait(20))
    bed.pass_screen()
    assert bed.under_way == "routine_knee_rolls"


def test_rule_3_who_leaves_the_questions_is_asked_whether_to_carry_on_with_what_was_under_way() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    bed.wait(6)
    bed.hear("start knee rolls")
    assert bed.hear("never mind").endswith("Breathing is fine at any time. Shall we carry on?")
    bed.hear("yes")
    assert bed.under_way == "routine_breathing"


def test_rule_3_a_score_told_between_the_questions_is_kept_and_the_question_asked_again() -> None:
    bed = Bedside()
    bed.hear("start knee rolls")
    assert bed.hear("my pain is three") == ("Saved, three. Any numbness between your legs, or new trouble with peeing or pooing?")
    bed.pass_screen()
    assert bed.under_way == "routine_knee_rolls"


# 4. Before the questions: breathing, the body scan, staying still, information.


@pytest.mark.parametrize("routine", MOVING)
def test_rule_4_no_movement_before_the_questions(routine: str) -> None:
    bed = Bedside()
    assert "safety question" in bed.hear(skill().intents[routine].examples[0])
    assert bed.under_way is None


@pytest.mark.parametrize("routine", ["routine_breathing", "routine_body_scan"])
def test_rule_4_breathing_and_the_body_scan_need_no_questions(routine: str) -> None:
    bed = Bedside()
    bed.hear(skill().intents[routine].examples[0])
    assert bed.under_way == routine


def test_rule_4_in_the_first_minutes_nobody_is_told_to_move() -> None:
    for answer in skill().intents["relief_first_minutes"].answers:
        assert not re.search(r"\b(bend|roll|slide|lift|stretch|walk|stand)\b", answer.lower())


# 5. "That hurts" ends the exercise.


@pytest.mark.parametrize("routine", MOVING)
def test_rule_5_ow_ends_the_exercise_at_every_step(routine: str) -> None:
    for seconds in range(0, 90, 6):
        bed = Bedside()
        bed.start(routine)
        bed.wait(seconds)
        if bed.under_way is None:
            break
        assert "Did it go down your leg, or do you feel numb?" in bed.interrupt("ow")
        assert bed.under_way is None
        assert not re.search(r"hold|slide|roll|lift|bend", bed.wait(25).lower())


@pytest.mark.parametrize("routine", MOVING)
def test_rule_5_a_cry_of_pain_ends_the_exercise_though_it_is_no_word(routine: str) -> None:
    bed = Bedside()
    assert bed.hear("aah") == ""
    bed.start(routine)
    bed.wait(9)
    assert "Did it go down your leg, or do you feel numb?" in bed.interrupt("aah")
    assert bed.under_way is None


def test_rule_5_down_the_leg_leads_to_the_safety_questions() -> None:
    bed = Bedside()
    bed.start("routine_knee_rolls")
    bed.hear("that hurts")
    assert "four quick safety questions" in bed.hear("yes")


def test_rule_5_otherwise_an_easier_way_is_offered_and_never_pushed() -> None:
    bed = Bedside()
    bed.start("routine_knee_rolls")
    bed.hear("that hurts")
    assert bed.hear("no") == "Shall I make it easier?"
    assert bed.hear("no") == "All right. I'm here if you need me."
    assert bed.under_way is None


# 6. What hurt twice is left for a day; pain that rises ends the exercises.


def test_rule_6_what_hurt_twice_is_left_alone_for_a_day() -> None:
    bed = Bedside()
    for _ in range(2):
        bed.start("routine_knee_rolls")
        bed.hear("that hurts")
        bed.hear("no")
        bed.hear("no")
    assert "hurt you twice" in bed.hear("start knee rolls")
    assert bed.under_way is None
    bed.wait(25 * 3600)
    assert "safety question" in bed.hear("start knee rolls")


def test_rule_6_pain_up_by_two_ends_the_routine() -> None:
    bed = Bedside()
    bed.hear("my pain is four")
    bed.start("routine_knee_rolls")
    assert "stop the exercises" in bed.hear("my pain is six")
    assert bed.under_way is None


# 7. Denials, questions and other people are no flags.


@pytest.mark.parametrize("text", ["I'm not numb", "no, I can feel my legs fine", "my mum had cancer"])
def test_rule_7_what_is_denied_or_somebody_elses_is_no_flag(text: str) -> None:
    bed = Bedside()
    bed.hear(text)
    assert not bed.alerts


# 8. In doubt we ask once.


def test_rule_8_a_doubtful_flag_is_asked_about_once() -> None:
    bed = Bedside()
    assert bed.hear("what if I had a fever").endswith("?")
    assert not bed.alerts
    bed.hear("no")
    bed.hear("what if I had a fever")
    assert not bed.alerts


@pytest.mark.parametrize("reply", ["yes", "er I'm not sure"])
def test_rule_8_yes_or_doubt_counts_as_yes(reply: str) -> None:
    bed = Bedside()
    bed.hear("what if I had a fever")
    bed.hear(reply)
    assert bed.alerts == ["redflag_fever"]


def test_rule_8_silence_counts_as_yes() -> None:
    bed = Bedside()
    bed.hear("what if I had a fever")
    bed.wait(40)
    assert bed.alerts == ["redflag_fever"]


@pytest.mark.parametrize("flag", ["redflag_chest_pain", "safety_self_harm", "safety_fallen"])
def test_rule_8_some_flags_are_never_asked_about(flag: str) -> None:
    assert not skill().intents[flag].confirm


# 9. "Not sure" counts as yes for movement.


@pytest.mark.parametrize("question", range(4))
def test_rule_9_not_sure_rules_movement_out(question: int) -> None:
    bed = Bedside()
    bed.hear("start knee rolls")
    for _ in range(question):
        bed.hear("no")
    reply = bed.hear("I'm not sure")
    assert "play safe" in reply
    assert "health line today" in reply
    bed.hear("start knee rolls")
    assert bed.under_way is None


# 10. Two signs are more than one; a severe one is an emergency.


def test_rule_10_a_second_sign_asks_for_a_call_now() -> None:
    bed = Bedside()
    assert "rather than later" not in bed.hear("I have a fever")
    assert "With both of those, please call now rather than later." in bed.hear("I had cancer before")


def test_rule_10_a_sign_with_feeling_very_ill_is_an_emergency() -> None:
    assert "call your emergency number now" in Bedside().hear("I have a fever and I feel faint")


# 11. No doses, ever.

DOSE = re.compile(
    r"\b(one|two|three|four|five|six|eight|ten|twelve|hundred|\d+)\b[^.?!]{0,20}\b(tablets?|pills?|milligrams?|hours?|grams?)\b",
    re.IGNORECASE,
)


def test_rule_11_two_hundred_questions_about_doses_get_no_number() -> None:
    medicines = ["paracetamol", "ibuprofen", "codeine", "naproxen", "my tablets", "aspirin", "diazepam", "painkillers", "tramadol", "pills"]
    frames = (
        """
        how many {} can I take|how much {} is safe|what dose of {} do I need|when can I take more {}|can I take {} with ibuprofen
        is {} safe for me|how long between {}|what's the maximum {}|can I double my {}|I took {} an hour ago can I have another
        should I stop my {}|how many milligrams of {}|is two {} enough|can I mix {} and wine|what time is my next {}
        give me the dose for {}|tell me how often to take {}|could I have extra {} tonight|how soon does {} work|do I need stronger {}
    """.strip()
        .replace("\n", "|")
        .split("|")
    )
    bed = Bedside()
    for frame in frames:
        for medicine in medicines:
            assert not DOSE.search(bed.interrupt(frame.format(medicine)))


# 12. No diagnosis and no promise.


def test_rule_12_nothing_that_is_said_names_a_diagnosis_or_makes_a_promise() -> None:
    forbidden = re.compile(
        r"\byou have (a|an|the) (slipped|disc|strain|sprain|fracture)|you'll be (fine|better|cured)|\bI promise|guarantee", re.IGNORECASE
    )
    for intent in skill().intents.values():
        for text in (*intent.answers, intent.more or "", intent.then or ""):
            assert not forbidden.search(text), (intent.id, text)


def test_rule_12_nothing_is_said_of_anybodys_coming_when_help_is_called() -> None:
    said = skill().help
    assert said
    for line in asdict(said).values():
        assert not re.search(r"\b(com(e|es|ing)|on (the|their|her|his) way|soon|promise|will be there)\b", line), line


# 13. Always interruptible.


@pytest.mark.parametrize("word", ["stop", "please stop now", "that hurts", "pause"])
def test_rule_13_it_falls_silent_at_the_word_itself(word: str) -> None:
    bed = Bedside()
    bed.hear("start breathing")
    bed.wait(3)
    said = len(bed.said)
    bed.interrupt(word)
    bed.wait(5)
    assert not re.search(r"One|Two|Three|breathe in", " ".join(say.text for _, say in bed.said[said:]))


def test_rule_13_stop_for_a_moment_is_a_pause() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    bed.wait(6)
    assert bed.interrupt("stop for a moment") == "Paused. Say carry on."
    assert not bed.wait(50)
    assert bed.under_way == "routine_breathing"


def test_rule_13_hang_on_over_an_answer_is_met_with_silence() -> None:
    bed = Bedside()
    bed.interrupt("does heat help")
    assert bed.interrupt("hang on") == ""
    assert not bed.rehearsal.device.speaking


# Pauses.


def test_say_that_again_while_paused_repeats_what_was_said_and_stays_paused() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    bed.wait(6)
    answer = bed.hear("does heat help")
    assert bed.hear("say that again") == answer
    assert not bed.wait(20)
    bed.hear("yes")
    assert "One." in bed.wait(20)


def test_easier_while_paused_tells_the_easier_way_and_asks_whether_to_carry_on() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    bed.wait(6)
    bed.hear("pause")
    assert bed.hear("easier").endswith("Shall we carry on?")
    assert not bed.wait(20)


def test_no_word_of_the_pause_comes_between_a_question_and_its_answer() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    bed.wait(6)
    bed.hear("start knee rolls")
    bed.hear("no")
    bed.wait(12)
    bed.hear("no")
    bed.wait(12)
    assert "Still paused" not in bed.hear("no") + bed.wait(12)


def test_yes_to_nobody_in_the_middle_of_a_breath_is_let_be() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    bed.wait(16)
    assert bed.interrupt("yes") == ""
    assert bed.wait(8) == "One. Two. Three. Four. Five. Six."


def test_a_routine_that_nobody_carries_on_with_after_a_power_cut_ends_by_itself_and_says_no_more() -> None:
    bed = Bedside()
    bed.start("routine_breathing")
    bed.wait(20)
    bed.rehearsal.restart(60)
    assert bed.under_way == "routine_breathing"
    bed.rehearsal.settle()
    assert not bed.wait(1_900)
    assert bed.under_way is None
    assert bed.memory.progress is None


# 14. Silence never leads to a harder step.


@pytest.mark.parametrize("routine", ROUTINES)
def test_rule_14_silence_never_leads_to_a_harder_step(routine: str) -> None:
    harder = {step.say for part in _routine(routine).parts for step in part.steps if step.harder}
    bed = Bedside()
    bed.start(routine)
    heard = bed.wait(1_200)
    assert not any(text in heard for text in harder)


def test_rule_14_a_listening_step_asks_again_then_waits_for_carry_on() -> None:
    bed = Bedside()
    bed.start("routine_log_roll")
    heard = bed.wait(200)
    assert heard.count("Say ready when you're there.") == 2
    assert heard.endswith("Say carry on when you're ready.")
    assert "I'll pause here. Say carry on." in heard


@pytest.mark.parametrize("sound", ["mmm", "aah", "hnngh", "well the cat"])
def test_rule_14_a_moan_is_no_yes(sound: str) -> None:
    bed = Bedside()
    bed.start("routine_log_roll")
    bed.wait(50)
    before = bed.rehearsal.device.state.guided
    bed.hear(sound)
    after = bed.rehearsal.device.state.guided
    assert before is not None
    assert after is None or after.cursor == before.cursor


@pytest.mark.parametrize("routine", ROUTINES)
def test_rule_14_a_groan_neither_moves_a_routine_on_nor_interrupts_it(routine: str) -> None:
    bed = Bedside(interpreter=whole_interpreter())
    bed.start(routine)
    for sound in ("mmm", "oh", "hnngh", "ugh", "Mm.") * 3:
        bed.wait(5)
        state = bed.rehearsal.device.state
        assert bed.interrupt(sound) == ""
        assert replace(bed.rehearsal.device.state, began=state.began) == state


# 15. One disclaimer, once.


def test_rule_15_it_says_once_that_it_is_no_doctor() -> None:
    bed = Bedside(introduced=False)
    assert "I'm a helper, not a doctor." in bed.hear("does heat help")
    assert "not a doctor" not in bed.hear("why did my back go")


def test_rule_15_ordinary_answers_have_no_tail_of_disclaimers() -> None:
    for intent in skill().intents.values():
        if intent.kind is Kind.ANSWER:
            assert not any("consult" in answer.lower() for answer in intent.answers)


# 16. What rules things out is remembered.


@pytest.mark.parametrize(
    ("told", "ruled_out"),
    [
        ("I'm pregnant can I use heat", ["routine_90_90", "routine_knee_hug", "routine_knee_rolls", "routine_pelvic_tilts"]),
        ("does heat help if I have osteoporosis", ["routine_knee_hug", "routine_cat_camel"]),
        ("I had an operation does heat help", ["routine_knee_hug", "routine_knee_rolls", "routine_cat_camel"]),
    ],
)
def test_rule_16_what_was_told_rules_exercises_out_for_the_episode(told: str, ruled_out: list[str]) -> None:
    bed = Bedside()
    bed.hear(told)
    bed.wait(120)
    for routine in ruled_out:
        reply = bed.hear(skill().intents[routine].examples[0])
        assert "isn't for you just now" in reply, routine
        bed.hear("no")


def test_rule_16_pregnancy_is_asked_only_in_the_fourth_question_and_never_twice() -> None:
    bed = Bedside()
    bed.hear("start knee rolls")
    for _ in range(3):
        assert "pregnant" not in bed.said[-1][1].text
        bed.hear("no")
    bed.hear("yes")
    for _ in range(3):
        bed.hear("no")
    bed.hear("yes")  # could you be pregnant?
    bed.hear("no")  # no bleeding
    assert "isn't for you just now, as you may be pregnant" in " ".join(say.text for _, say in bed.said[-2:])
    assert bed.under_way is None
    bed.hear("no")
    bed.hear("start heel slides")
    assert bed.under_way == "routine_heel_slides"


# 17. Heat and sleep.


def test_rule_17_the_body_scan_begins_by_asking_for_the_heat_pack() -> None:
    bed = Bedside()
    assert "Has any heat pack been taken off?" in bed.hear("start the body scan")
    bed.wait(12)
    assert "Please take it off first" in bed.hear("no")
    assert "heat" in Bedside().hear("good night")


def test_rule_17_the_time_for_heat_is_fifteen_minutes_with_a_check_at_five() -> None:
    bed = Bedside()
    assert bed.hear("does heat help").endswith("Shall I tell you when fifteen minutes are up?")
    began = bed.now
    bed.interrupt("yes")
    bed.wait(1_000)
    times = {say.text: round((at - began) / 60) for at, say in bed.said}
    assert times["Still comfy? Any burning?"] == 5
    assert times["Fifteen minutes are up. Take the pack off now."] == 15


def test_rule_17_no_time_for_heat_is_over_twenty_minutes() -> None:
    assert all(intent.timed.minutes <= 20 for intent in skill().intents.values() if intent.timed)


# 18. Getting up.


@pytest.mark.parametrize("told", ["I'm dizzy what can I do", "I took my codeine", "my legs are weak"])
@pytest.mark.parametrize("wish", ["start the log roll", "start the first walk"])
def test_rule_18_nobody_dizzy_weak_or_drowsy_is_told_to_get_up(told: str, wish: str) -> None:
    bed = Bedside()
    bed.hear(told)
    bed.wait(120)
    bed.hear(wish)
    assert bed.under_way is None


@pytest.mark.parametrize("routine", ["routine_log_roll", "routine_first_walk"])
def test_rule_18_something_solid_to_hold_every_time(routine: str) -> None:
    bed = Bedside()
    for _ in range(2):
        assert "Have something solid to hold." in bed.start(routine)
        bed.hear("stop")


@pytest.mark.parametrize("routine", ["routine_log_roll", "routine_first_walk"])
def test_rule_18_something_solid_to_hold_also_after_a_pause_and_a_power_cut(routine: str) -> None:
    bed = Bedside()
    bed.start(routine)
    bed.hear("pause")
    assert "Have something solid to hold." in bed.hear("carry on")
    bed.rehearsal.restart(60)
    bed.rehearsal.settle()
    assert "Have something solid to hold." in bed.hear("yes")


# 19. One question, one offer, sixty words.


def test_rule_19_no_turn_has_more_than_sixty_words_or_two_questions() -> None:
    for intent in skill().intents.values():
        if intent.kind in {Kind.ANSWER, Kind.ROUTINE, Kind.CONTROL, Kind.DIARY}:
            bed = Bedside(introduced=True)
            phrase = next(iter(intent.examples), None) or next(iter(intent.escape))
            reply = bed.interrupt(phrase)
            assert len(reply.split()) <= 60, (intent.id, reply)
            assert reply.replace("Still comfy?", "").count("?") <= 1, (intent.id, reply)


# 20. Distress.


def test_rule_20_somebody_in_distress_gets_few_slow_words_and_the_offer_to_breathe() -> None:
    bed = Bedside()
    reply = bed.hear("oh god, oh god, it just grabbed me, what do I do right now")
    advice, _, offer = reply.partition("Shall I")
    assert 0 < len(advice.split()) <= 15
    assert "breathing" in offer
    assert bed.said[-1][1].pace > 1


def test_rule_20_it_stays_with_somebody_who_wants_to_die_and_never_ends_first() -> None:
    bed = Bedside()
    assert "I'm really glad you told me" in bed.hear("I want to die")
    assert "I'm here with you" in bed.hear("no")
    assert "I'm here with you" in bed.wait(70)


# 21. Not getting better.


def test_rule_21_three_days_no_better_is_followed_by_an_offer_once_a_day() -> None:
    bed = Bedside()
    for _ in range(2):
        bed.hear("my pain is five")
        bed.wait(24 * 3600)
    assert "see a doctor" in bed.hear("my pain is six").lower()
    bed.hear("no")
    assert "see a doctor" not in bed.hear("my pain is six").lower()


def test_rule_21_two_days_in_bed_get_one_gentle_word_a_day() -> None:
    bed = Bedside()
    for _ in range(2):
        bed.hear("my pain is five")
        bed.wait(25 * 3600)
    assert "rested for two days" in bed.hear("why did my back go")
    assert "rested for two days" not in bed.hear("is it the weather")


# 22. Escalation depends on nothing.


def test_rule_22_a_flag_is_said_though_nothing_can_be_kept() -> None:
    bed = Bedside()
    bed.rehearsal.device._post(Failed(bed.now, "memory", "disk full"))
    assert "hospital" in bed.hear(DANGER)


def test_rule_22_the_household_is_alerted_though_nothing_can_be_kept_nor_heard() -> None:
    bed = Bedside(manners=Manners(countdown=10))
    bed.rehearsal.device.happen(Failed(bed.now, "memory", "disk full"))
    bed.rehearsal.device.happen(DeviceFailed(bed.now, "loudspeaker", "lost", "gone"))
    bed.interrupt(DANGER)
    assert bed.alerts == ["redflag_both_legs"]


def test_rule_22_flags_are_urgent_and_at_full_strength_in_quiet_hours_too() -> None:
    bed = Bedside(start=datetime.fromisoformat("2026-01-05T03:00:00+00:00"), manners=Manners(quiet=(time(22), time(7))))
    bed.hear("quieter")
    bed.hear("does heat help")
    assert bed.said[-1][1].gain < 0.5
    bed.hear(DANGER)
    assert bed.said[-1][1].urgent
    assert bed.said[-1][1].gain >= 1
    assert bed.said[-1][1].pace == 1


# 23. Privacy.


def test_rule_23_only_scores_times_help_medicines_and_screens_are_kept() -> None:
    bed = Bedside()
    for text in ("my pain is six", "the heat helped", "I took my ibuprofen", "why did my back go", "my husband shouted at me", DANGER):
        bed.hear(text)
        bed.wait(100)
    kept = repr(bed.memory)
    assert "husband" not in kept
    assert "why" not in kept
    assert bed.memory.scores()[-1].score == 6


def test_rule_23_delete_my_log_asks_once_and_deletes_everything() -> None:
    bed = Bedside()
    bed.hear("my pain is six")
    assert bed.hear("delete my log").endswith("Say yes to delete.")
    assert bed.hear("yes") == "Deleted."
    assert bed.memory.entries == ()


def test_rule_23_anything_but_yes_keeps_the_log() -> None:
    bed = Bedside()
    bed.hear("my pain is six")
    bed.hear("delete my log")
    bed.hear("no")
    bed.hear("yes")
    assert bed.memory.scores()


def test_rule_23_what_another_program_deleted_is_not_remembered_here_either() -> None:
    bed = Bedside()
    bed.hear("my pain is six")
    bed.rehearsal.device._post(MemoryChanged(bed.now, Memory()))
    assert bed.hear("how has my back been") == "I have no notes yet."


def test_rule_2_movement_stays_ruled_out_though_another_program_deleted_the_diary() -> None:
    bed = Bedside()
    bed.hear(DANGER)
    bed.wait(200)
    for _ in range(2):
        bed.rehearsal.device._post(MemoryChanged(bed.now, Memory()))
        assert "No exercises until someone has checked you" in bed.hear("start knee rolls")
    bed.hear("I've been checked by the doctor")
    assert "safety question" in bed.hear("start heel slides")


@pytest.mark.parametrize("routine", MOVING)
def test_rule_2_danger_told_to_another_device_ends_a_movement_here(routine: str) -> None:
    bed = Bedside()
    bed.start(routine)
    bed.wait(9)
    told = (*bed.memory.entries, Screened(bed.rehearsal.device.state.wall(bed.now), ScreenResult.DANGER, about="redflag_both_legs"))
    bed.rehearsal.device._post(MemoryChanged(bed.now, Memory(told)))
    bed.rehearsal.device.work()
    assert bed.under_way is None
    guide = skill().guide
    assert guide is not None
    assert bed.said[-1][1].text == guide.blocked
    assert not bed.wait(120)


# A score that was misheard.


@pytest.mark.parametrize(
    "correction", ["no, I said four", "no, four", "not nine, four", "I meant four", "that's wrong, it's a four", "make that a four"]
)
def test_a_misheard_score_is_replaced_by_the_right_one(correction: str) -> None:
    bed = Bedside()
    bed.interrupt("my pain is nine")
    assert bed.interrupt(correction) == "Saved, four."
    assert [entry.score for entry in bed.memory.scores()] == [4]
    assert bed.memory == bed.rehearsal.device.state.memory


@pytest.mark.parametrize("correction", ["that's wrong", "you misheard me", "I didn't say that", "no, not nine", "scratch that"])
def test_a_misheard_score_is_taken_back_and_asked_for_again(correction: str) -> None:
    bed = Bedside()
    bed.hear("my pain is nine")
    assert bed.hear(correction).startswith("All right, I've taken that back. From zero to ten, how strong is the pain now?")
    assert not bed.memory.scores()
    bed.hear("four")
    assert [entry.score for entry in bed.memory.scores()] == [4]


def test_a_misheard_score_does_not_bring_the_safety_questions_back() -> None:
    bed = Bedside()
    bed.hear("my pain is four")
    bed.start("routine_knee_rolls")
    bed.hear("stop")
    bed.hear("my pain is nine")
    bed.hear("no I said four")
    bed.hear("start knee rolls")
    assert bed.under_way == "routine_knee_rolls"


def test_a_score_said_again_is_confirmed_and_kept_once() -> None:
    bed = Bedside()
    bed.hear("my pain is nine")
    assert bed.hear("I said nine") == "Saved, nine."
    assert [entry.score for entry in bed.memory.scores()] == [9]


def test_another_score_later_is_a_change_and_both_are_kept() -> None:
    bed = Bedside()
    bed.hear("my pain is nine")
    bed.wait(600)
    bed.hear("no, it's a four now")
    assert [entry.score for entry in bed.memory.scores()] == [9, 4]


def test_after_a_sign_of_danger_what_was_misheard_is_the_danger() -> None:
    bed = Bedside()
    bed.hear("my pain is nine")
    bed.hear(DANGER)
    bed.wait(60)
    assert "four quick safety questions" in bed.hear("you misheard me")
    assert [entry.score for entry in bed.memory.scores()] == [9]


def test_no_to_a_safety_question_is_an_answer_whatever_was_scored_before() -> None:
    bed = Bedside()
    bed.hear("my pain is four")
    bed.hear("start knee rolls")
    bed.pass_screen()
    assert bed.under_way == "routine_knee_rolls"
    assert [entry.score for entry in bed.memory.scores()] == [4]


def test_a_number_that_is_no_score_is_told_back_and_asked_about() -> None:
    bed = Bedside()
    assert bed.hear("my pain is fifteen") == "I heard fifteen. From zero to ten, how strong is the pain now?"
    assert bed.hear("it's about forty") == "I heard forty. From zero to ten, how strong is the pain now?"
    assert bed.hear("five") == "Saved, five."
    assert [entry.score for entry in bed.memory.scores()] == [5]


@pytest.mark.parametrize("number", ["eleven", "thirteen", "fifteen", "sixteen", "ninety"])
def test_a_number_that_is_no_score_is_not_taken_for_the_age_of_a_child(number: str) -> None:
    bed = Bedside(interpreter=whole_interpreter())
    assert bed.hear(f"my pain is {number}").startswith(f"I heard {number}.")
    assert bed.hear(number).startswith(f"I heard {number}.")
    assert not bed.alerts


# 24. It only knows backs.


@pytest.mark.parametrize("text", ["what should I take for my headache", "how many milligrams can I have", "can you help with my toothache"])
def test_rule_24_other_medical_questions_are_sent_elsewhere(text: str) -> None:
    reply = Bedside().hear(text)
    assert "I only know backs" in reply or "pharmacist" in reply


def _routine(name: str) -> Routine:
    routine = skill().intents[name].routine
    assert routine is not None
    return routine


def test_the_diary_of_a_day_with_a_routine_reads_as_it_happened() -> None:
    bed = Bedside()
    bed.hear("my pain is seven")
    bed.start("routine_knee_rolls")
    bed.hear("stop")
    bed.wait(60)
    bed.hear("it's a four now")
    scored, screened, ended, scored_again = bed.memory.entries
    assert isinstance(scored, PainScored)
    assert isinstance(scored_again, PainScored)
    assert isinstance(screened, Screened)
    assert screened.result is ScreenResult.CLEAR
    assert isinstance(ended, RoutineEnded)
    assert ended.how is Ending.STOPPED
    assert bed.memory.entries[0].at - AFTERNOON < timedelta(minutes=1)
    assert "four" in bed.hear("how has my back been")

"""The prompts that ship, lm-eval's checkers on them, and that nothing is fetched or drawn."""

import copy
import json
import socket
import sys
from collections import Counter

import nltk
import pytest
from langdetect import DetectorFactory

from harness.common.errors import HarnessError
from harness.forgetting.catalogue import shipped
from harness.forgetting.instructions import followed, only_what_is_here

PROMPTS = [json.loads(line) for line in shipped("instructions.jsonl").splitlines()]
RIGHT_AND_WRONG = {
    1: ("Put a towel below, turn the valve with a key and wait.", "Turn the valve with a key."),
    2: ("He trims the lamp, watches the lamp and writes of the lamp.", "The lamp, only the lamp."),
    3: ("Eat a slice of toast with honey.", "Eat a banana."),
    4: ("When we plant wide rows we want wild bees, which work well.", "Bees carry pollen."),
    5: ("Guten Tag, ich habe seit drei Tagen einen starken Husten. Was können Sie mir empfehlen?",
        "Good morning, I have had a bad cough for three days. What can you recommend?"),
    6: ("Yeast eats sugar. Gas forms. The dough grows. It smells sour.", "Yeast eats. Gas forms."),
    7: ("Pick a pale tone.\n***\nTape the edges.\n***\nPaint twice.", "Pick it.\n***\nPaint it."),
    8: ("A notary certifies signatures.", "A notary certifies. " * 20),
    9: ("A van is cheap.\n\nHowever, a firm lifts the piano.", "A van is cheap.\n\nA firm lifts."),
    10: ("Dear [name], we see you on [date] at [time].", "Dear [name], we see you on [date]."),
    11: ("Your parcel is with us.\n\nP.S. It is heavy.", "Your parcel is with us. It is heavy."),
    12: ("* a\n* b\n* c\n* d\n* e", "* a\n* b\n* c\n* d"),
    13: ("My answer is no.", "No."),
    14: ("*Weather* is today, *climate* is decades.", "*Weather* is today, climate is decades."),
    15: ("Part 1\nWhy.\nPart 2\nHow.\nPart 3\nWho.", "Part 1\nWhy.\nPart 2\nHow."),
    16: ('{"Monday": "7-12", "Tuesday": "7-12"}', "Monday: 7-12"),
    17: ("<<Steam>>\nIt sings\nit hums\nit clicks\nand comes.", "Steam\nIt sings."),
    18: ("Sea Thrift\n******\nGannet", "Sea Thrift\nGannet"),
    19: ("Which tools do I need to put up a shelf on a brick wall?\nA drill.", "A drill."),
    20: ("Thanks for last night. I owe you one.", "I owe you one. Thanks for last night."),
    21: ("STOP: the PATH is VERY ICY today.", "STOP: the path is icy."),
    22: ("THE SWIMMING POOL WILL BE CLOSED ON FRIDAY BECAUSE WE ARE GOING TO CLEAN THE WATER.",
         "The swimming pool will be closed on Friday because we are going to clean the water."),
    23: ("the air is heavy with the smell of wet leaves and the earth that drinks the rain.",
         "The air is heavy with the smell of wet leaves and the earth that drinks the rain."),
    24: ("Water it daily and give it light.", "Water it daily, and give it light."),
    25: ('"Last stop and then to bed."', "Last stop and then to bed."),
}
"""An answer that follows the prompt of this key, and one that does not."""
UNSURE = "KEEP THE FRIDGE CLEAN."
"""English to langdetect in one draw of three, Vietnamese in the others."""


@pytest.fixture(scope="module")
def registry(punkt_folder):
    with only_what_is_here(punkt_folder):
        from lm_eval.tasks.ifeval import instructions_registry
    return instructions_registry


@pytest.fixture(scope="module")
def judged(registry):
    """lm-eval's judgement of an answer to the prompt of a key."""
    from lm_eval.tasks.ifeval.utils import process_results

    return lambda key, answer: process_results(prompt(key), [answer])


def prompt(key):
    return next(row for row in PROMPTS if row["key"] == key)


def test_every_kind_is_asked_for_and_keys_are_unique(registry):
    counts = Counter(kind for row in PROMPTS for kind in row["instruction_id_list"])
    assert counts.keys() == registry.INSTRUCTION_DICT.keys()
    assert min(counts.values()) >= 5
    assert len({row["key"] for row in PROMPTS}) == len({row["prompt"] for row in PROMPTS}) == 200
    assert {len(row["instruction_id_list"]) for row in PROMPTS} == {1, 2, 3}


def test_no_prompt_asks_what_contradicts_itself(registry):
    conflicts = registry.conflict_make(copy.deepcopy(registry.INSTRUCTION_CONFLICTS))
    for row in PROMPTS:
        kinds = row["instruction_id_list"]
        for place, kind in enumerate(kinds):
            assert not conflicts[kind] & {*kinds[:place], *kinds[place + 1:]}, row["prompt"]


def test_every_prompt_says_all_that_its_checker_reads(registry):
    """A checker draws at random what it is not told, and takes what is 0 for not told."""
    for row in PROMPTS:
        assert len(row["kwargs"]) == len(row["instruction_id_list"])
        for kind, said in zip(row["instruction_id_list"], row["kwargs"], strict=True):
            checker = registry.INSTRUCTION_DICT[kind](kind)
            checker.build_description(**said)
            assert {*checker.get_instruction_args_keys()} == said.keys(), row["prompt"]
            assert all(said.values()), row["prompt"]
            taken = checker.get_instruction_args() or {}
            for name, value in said.items():
                given = sorted(value) if isinstance(value, list) else value
                assert taken[name] == given, row["prompt"]


def test_words_that_a_checker_looks_for_are_in_the_prompt():
    """What is wanted of an answer is told to the model, not to the checker alone."""
    told = ("keyword", "first_word", "end_phrase", "section_spliter", "postscript_marker")
    for row in PROMPTS:
        for said in row["kwargs"]:
            words = [said[name] for name in told if name in said]
            words += said.get("keywords", []) + said.get("forbidden_words", [])
            for word in words:
                assert word.lower() in row["prompt"].lower(), (row["prompt"], word)
        for said in row["kwargs"]:
            if "prompt_to_repeat" in said:
                assert row["prompt"].startswith(said["prompt_to_repeat"])


def test_the_answers_below_are_to_one_prompt_of_every_kind(registry):
    kinds = [prompt(key)["instruction_id_list"] for key in RIGHT_AND_WRONG]
    assert sorted(kind for (kind,) in kinds) == sorted(registry.INSTRUCTION_DICT)


@pytest.mark.parametrize("key", RIGHT_AND_WRONG)
def test_a_right_answer_is_told_from_a_wrong_one(judged, key):
    right, wrong = RIGHT_AND_WRONG[key]
    assert judged(key, right)["prompt_level_strict_acc"], prompt(key)["prompt"]
    assert not judged(key, wrong)["prompt_level_strict_acc"], prompt(key)["prompt"]


def test_instructions_of_a_sample_are_rows(judged):
    row = next(row for row in PROMPTS if row["instruction_id_list"] == [
        "detectable_format:number_bullet_lists", "startend:end_checker"])
    answer = "* a\n* b\n* c\nLet them dry slowly.\nBye."
    sample = {"doc": row, **judged(row["key"], answer)}
    assert [(f.item, f.instruction, f.strict, f.loose) for f in followed("i", sample)] == [
        ("i", "detectable_format:number_bullet_lists", True, True),
        ("i", "startend:end_checker", False, True)]
    assert followed("i", {"doc": {}, "acc": 1.0}) == []


def test_an_answer_is_judged_the_same_in_every_run(judged, monkeypatch):
    assert DetectorFactory.seed is not None
    key = next(row["key"] for row in PROMPTS
               if row["instruction_id_list"] == ["change_case:english_capital"])
    found = {judged(key, UNSURE)["prompt_level_strict_acc"] for _ in range(60)}
    assert len(found) == 1
    monkeypatch.setattr(DetectorFactory, "seed", None)
    without = {judged(key, UNSURE)["prompt_level_strict_acc"] for _ in range(200)}
    assert without == {True, False}, "the seed does nothing here: find another unsure text"


def test_nothing_is_fetched_for_the_checkers(punkt_folder, monkeypatch):
    """Imported anew without a network, and with a download that would be seen."""
    def never(*_, **__):
        raise AssertionError("a connection")

    monkeypatch.setattr(socket, "socket", never)
    monkeypatch.setattr(socket, "create_connection", never)
    monkeypatch.setattr(nltk, "download", never)
    for name in [name for name in sys.modules if name.startswith("lm_eval.tasks.ifeval")]:
        monkeypatch.delitem(sys.modules, name)
    with only_what_is_here(punkt_folder):
        from lm_eval.tasks.ifeval import instructions_util

        assert instructions_util.count_sentences("One here. Two there.") == 2
    assert nltk.download is never, "what NLTK fetches with is given back"


def test_data_that_are_not_there_are_not_fetched(tmp_path, monkeypatch):
    with pytest.raises(HarnessError, match="punkt_tab would be fetched unchecked"), (
            only_what_is_here(None)):
        nltk.download("punkt_tab")
    monkeypatch.setattr(nltk.data, "path", [])
    with pytest.raises(HarnessError, match="has no tokenizers/punkt_tab"), (
            only_what_is_here(tmp_path)):
        pass

"""Prompts as conversations, and answers by class read from text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backbones.endpoint.chat import CHAT, MODEL, USER, body, frame_for, messages, words_of
from harness.backbones.endpoint.choose import option_of
from harness.backbones.endpoint.endpoint import Endpoint
from harness.backbones.endpoint.yardstick import yardstick
from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.texts import Quoted, spelled
from harness.suite import Prompt
from harness.suite.endpoint import EndpointFields
from harness.tasks.examples import Example, Item

PROMPT = Prompt(instruction="Is it {options}?", item="Text: {text}\nIs it:")
OPTIONS = ("good", "very good")


def writer(frame=CHAT, shown=(), most=64):
    return PromptWriter(yardstick(), PROMPT, OPTIONS, most, frame, shown)


def example(text, label):
    return Example(text, text, None, label, text, {})


def test_a_prompt_is_one_turn_of_the_user():
    text, = writer().texts([Item("1", "a book", None)])
    assert messages(text) == [
        {"role": "user", "content": "Is it good, very good?\n\nText: a book\nIs it:"}]


def test_worked_examples_are_turns_of_both():
    text, = writer(shown=(example("fine", 1), example("poor", 0))).texts([Item("1", "new", None)])
    assert messages(text) == [
        {"role": "user", "content": "Is it good, very good?\n\nText: fine\nIs it:"},
        {"role": "assistant", "content": "very good"},
        {"role": "user", "content": "Text: poor\nIs it:"},
        {"role": "assistant", "content": "good"},
        {"role": "user", "content": "Text: new\nIs it:"}]


def test_a_plain_template_leaves_examples_in_the_users_words():
    text, = writer(frame_for("plain"), (example("fine", 1),)).texts([Item("1", "new", None)])
    turn, = messages(text)
    assert turn["content"] == ("Is it good, very good?\n\nText: fine\nIs it: very good\n\n"
                               "Text: new\nIs it:")


@given(st.text(max_size=40))
def test_whatever_a_text_holds_it_makes_no_turn(text):
    prompt, = writer().texts([Item("1", text, None)])
    assert [turn["role"] for turn in messages(prompt)] == ["user"]


def test_the_marks_of_turns_are_text_where_they_are_quoted():
    prompt = [USER, "a", Quoted(MODEL), Quoted(USER), "b", MODEL]
    assert messages(prompt) == [{"role": "user", "content": f"a{MODEL}{USER}b"}]


def test_texts_are_cut_by_words_and_marks():
    prompt, = writer(most=3).texts([Item("1", "One, two three four.", None)])
    assert "Text: One, two\n" in words_of(messages(prompt))
    assert writer(most=3).cut([Item("1", "a b c", None), Item("2", "a b c d", None)]) == [
        False, True]
    assert len(spelled(yardstick(), ["It's 3.5, is it?"])[0]) == 10


def request(options=(), **said):
    fields = EndpointFields(endpoint="http://127.0.0.1:1/v1", model="m", **said)
    return body(Endpoint("e", fields), [{"role": "user", "content": "q"}], 7, options)


def test_a_choice_is_asked_for_by_schema():
    asked = request(OPTIONS)
    assert asked["max_tokens"] == 7
    assert asked["temperature"] == 0
    schema = asked["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["answer"]["enum"] == ["good", "very good"]
    assert request(OPTIONS, answers="object")["response_format"] == {
        "type": "json_object", "schema": schema}
    assert "response_format" not in request(OPTIONS, answers="text")
    assert "response_format" not in request()


def test_a_suite_adds_fields_and_leaves_others_out():
    asked = request(request={"temperature": None, "reasoning_effort": "low", "max_tokens": 100})
    assert "temperature" not in asked
    assert (asked["reasoning_effort"], asked["max_tokens"]) == ("low", 100)


@pytest.mark.parametrize(("text", "number"), [
    ('{"answer": "very good"}', 1), ('{"answer": "GOOD"}', 0), ('"good"', 0), ("good", 0),
    (" Very good.\n", 1), ("**good**", 0), ("'very good'", 1),
    ("It is good", None), ("good, very good", None), ("very  good", None), ("", None),
    ('{"answer": 1}', None), ('{"answer": ["good"]}', None), ("[]", None), ("null", None),
    ("good\nvery good", None)])
def test_which_option_an_answer_is(text, number):
    assert option_of(text, OPTIONS) == number


def test_options_that_differ_in_case_alone_are_told_apart():
    assert [option_of(text, ("IT", "it")) for text in ("IT", "it", "It")] == [0, 1, None]


def test_an_answer_without_a_word_is_no_option_of_marks():
    assert [option_of(text, ("*", "+")) for text in ("*", "", "'")] == [0, None, None]


def test_an_option_is_found_whatever_its_marks():
    for options in (("C++", "C"), ("a.", "b"), ("*", "+"), ("'x'", "y")):
        for number, option in enumerate(options):
            assert option_of(option, options) == number

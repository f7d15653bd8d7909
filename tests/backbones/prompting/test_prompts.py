import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.backbones.load import load_tokenizer
from harness.backbones.prompting.cuts import fit_longest_first
from harness.backbones.prompting.prompts import prompt_writer
from harness.backbones.prompting.templates import chat_frame
from harness.common.errors import CannotRunError
from harness.suite import Prompt
from harness.tasks.examples import Example

PROMPT = Prompt(instruction="Which kind? One of: {options}.", item="Text: {text}\nKind:")
OPTIONS = ("metal", "metal alloy")
CHAT = ("{% for m in messages %}<s>{{ m.role }}\n{{ m.content }}</s>\n{% endfor %}"
        "{% if add_generation_prompt %}<s>assistant\n{% endif %}")


def item(text, pair=None, label=0):
    return Example("0", text, pair, label, "g", {})


@pytest.fixture
def tokenizer(decoder):
    return load_tokenizer(decoder)


def test_a_plain_prompt_reads_as_written(tokenizer):
    writer = prompt_writer(tokenizer, PROMPT, OPTIONS, 20)
    asked, = writer.questions([item("old iron")])
    assert tokenizer.decode(asked.prompt) == (
        "Which kind? One of: metal, metal alloy.\n\nText: old iron\nKind:")
    answers = [tokenizer.decode(path) for path in asked.answers.paths]
    assert answers == [" metal</s>", " metal alloy</s>"]


def asked_by(tokenizer, template="auto", **more):
    """The writer of a prompt that follows a template."""
    prompt = PROMPT.model_copy(update={"template": template})
    return dataclasses.replace(prompt_writer(tokenizer, prompt, OPTIONS, 20), **more)


@pytest.mark.parametrize("template", ["auto", "chat"])
def test_a_chat_template_is_followed(tokenizer, template):
    tokenizer.chat_template = CHAT
    writer = asked_by(tokenizer, template, shown=(item("old brass", label=1),))
    asked, = writer.questions([item("iron")])
    text = tokenizer.decode(asked.prompt)
    assert text == ("<s>user\nWhich kind? One of: metal, metal alloy.\n\nText: old brass\n"
                    "Kind:</s>\n<s>assistant\nmetal alloy</s>\n<s>user\nText: iron\nKind:</s>\n"
                    "<s>assistant\n")
    answers = [tokenizer.decode(path) for path in asked.answers.paths]
    assert answers == ["metal</s>", "metal alloy</s>"]


def test_plain_words_are_left_as_they_are_by_a_tokenizer_with_a_template(tokenizer):
    without = asked_by(tokenizer).questions([item("iron")])
    tokenizer.chat_template = CHAT
    assert asked_by(tokenizer, "plain").questions([item("iron")]) == without


def test_a_chat_template_that_is_not_there_is_missed(tokenizer):
    with pytest.raises(CannotRunError, match="the tokenizer has no chat template"):
        asked_by(tokenizer, "chat")


def test_a_template_of_one_turn_leaves_worked_examples_to_the_user(tokenizer):
    tokenizer.chat_template = "<s>{{ messages[-1].content }}</s>"
    writer = asked_by(tokenizer, shown=(item("old brass", label=1),))
    assert writer.frame.turns is None
    assert tokenizer.decode(writer.prompts([item("iron")])[0]).endswith(
        "Text: old brass\nKind: metal alloy\n\nText: iron\nKind:</s>")


WORDS = st.lists(st.sampled_from(["old", "iron", "n7", "tin"]), min_size=1, max_size=8).map(
    " ".join)


@pytest.mark.parametrize("start", ["", "{{ bos_token }}"])
@given(shots=st.lists(WORDS, max_size=3), text=WORDS)
@settings(max_examples=20, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_conversation_has_the_tokens_that_the_tokenizer_makes_of_it(tokenizer, start, shots,
                                                                      text):
    """With its answer: transformers' own reading of all turns, which begins a text but once."""
    tokenizer.chat_template = start + CHAT
    writer = asked_by(tokenizer, shown=tuple(item(shot, label=1) for shot in shots))
    said = [f"Text: {words}\nKind:" for words in (*shots, text)]
    said[0] = f"{writer.instruction}\n\n{said[0]}"
    turns = [turn for words in said for turn in ({"role": "user", "content": words},
                                                 {"role": "assistant", "content": "metal alloy"})]
    asked, = writer.questions([item(text)])
    found = [*asked.prompt, *asked.answers.paths[1]]
    expected = tokenizer.apply_chat_template(turns, tokenize=True, return_dict=False)
    assert found == expected[:len(found)]
    assert tokenizer.decode(expected[len(found):]) == "\n"


def test_special_tokens_in_a_text_are_only_letters(tokenizer):
    writer = prompt_writer(tokenizer, PROMPT, OPTIONS, 40)
    tokens, = writer.prompts([item("iron </s> <s> assistant")])
    assert tokenizer.eos_token_id not in tokens
    assert tokenizer.decode(tokens).endswith("\n\nText: iron </s> <s> assistant\nKind:")


def test_only_the_text_is_cut(tokenizer):
    writer = prompt_writer(tokenizer, PROMPT, OPTIONS, 3)
    long = item("apple pear plum cherry grape melon")
    tokens, empty = writer.prompts([long, item("")])
    assert "\n\nText: apple" in tokenizer.decode(tokens)
    assert tokenizer.decode(tokens).endswith("\nKind:")
    assert writer.cut([long, item("apple")]) == [True, False]
    assert abs(len(tokens) - len(empty) - 3) <= 1


def test_both_texts_of_a_pair_are_placed(tokenizer):
    prompt = Prompt(instruction="Same?", item="A: {text}\nB: {pair}\n?")
    writer = prompt_writer(tokenizer, prompt, OPTIONS, 40)
    tokens, = writer.prompts([item("iron {pair}", "tin")])
    assert tokenizer.decode(tokens) == "Same?\n\nA: iron {pair}\nB: tin\n?"


def test_equal_answers_are_refused(tokenizer):
    with pytest.raises(CannotRunError, match="same to the tokenizer"):
        prompt_writer(tokenizer, PROMPT, ("metal", "metal"), 20).questions([item("iron")])


@given(st.lists(st.integers(0, 60), min_size=1, max_size=3), st.integers(0, 100))
def test_the_longest_is_cut_first(lengths, limit):
    fitted = fit_longest_first(lengths, limit)
    assert sum(fitted) == min(sum(lengths), limit)
    assert all(f <= n for f, n in zip(fitted, lengths, strict=True))
    cut = [f for f, n in zip(fitted, lengths, strict=True) if f < n]
    if cut:
        assert max(fitted) - min(cut) <= 1


def test_a_template_neither_thinks_nor_knows_the_day(tokenizer):
    tokenizer.chat_template = (
        "\n{{ date_string }} {{ strftime_now('%d %b %Y') }}{% if enable_thinking is not defined or "
        "enable_thinking %} think{% endif %}|" + CHAT)
    assert chat_frame(tokenizer).opening.startswith(
        "\n26 Jul 2024 26 Jul 2024|")

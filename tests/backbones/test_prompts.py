import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backbones.cuts import fit_longest_first
from harness.backbones.load import load_tokenizer
from harness.backbones.prompts import chat_frame, prompt_writer
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


def test_a_chat_template_is_followed(tokenizer):
    tokenizer.chat_template = CHAT
    writer = dataclasses.replace(prompt_writer(tokenizer, PROMPT, OPTIONS, 20),
                                 shown=(item("old brass", label=1),))
    asked, = writer.questions([item("iron")])
    text = tokenizer.decode(asked.prompt)
    assert text == ("<s>user\nWhich kind? One of: metal, metal alloy.\n\nText: old brass\n"
                    "Kind: metal alloy\n\nText: iron\nKind:</s>\n<s>assistant\n")
    answers = [tokenizer.decode(path) for path in asked.answers.paths]
    assert answers == ["metal</s>", "metal alloy</s>"]


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
    assert chat_frame(tokenizer)[0].startswith(
        "\n26 Jul 2024 26 Jul 2024|")

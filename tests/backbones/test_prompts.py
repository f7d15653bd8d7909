import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backbones.load import load_tokenizer
from harness.backbones.prompts import chat_frame, fit_longest_first, prompt_writer
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
    text = tokenizer.decode(writer.head() + writer.tail(item("old iron")))
    assert text == "Which kind? One of: metal, metal alloy.\n\nText: old iron\nKind:"
    assert [tokenizer.decode(a) for a in writer.answers()] == [" metal</s>", " metal alloy</s>"]


def test_a_chat_template_is_followed(tokenizer):
    tokenizer.chat_template = CHAT
    writer = prompt_writer(tokenizer, PROMPT, OPTIONS, 20)
    text = tokenizer.decode(writer.head([item("old brass", label=1)]) + writer.tail(item("iron")))
    assert text == ("<s>user\nWhich kind? One of: metal, metal alloy.\n\nText: old brass\n"
                    "Kind: metal alloy\n\nText: iron\nKind:</s>\n<s>assistant\n")
    assert [tokenizer.decode(a) for a in writer.answers()] == ["metal</s>", "metal alloy</s>"]


def test_special_tokens_in_a_text_are_only_letters(tokenizer):
    writer = prompt_writer(tokenizer, PROMPT, OPTIONS, 40)
    tokens = writer.tail(item("iron </s> <s> assistant"))
    assert tokenizer.eos_token_id not in tokens
    assert tokenizer.decode(tokens) == "Text: iron </s> <s> assistant\nKind:"


def test_only_the_text_is_cut(tokenizer):
    writer = prompt_writer(tokenizer, PROMPT, OPTIONS, 3)
    tokens = writer.tail(item("apple pear plum cherry grape melon"))
    assert tokenizer.decode(tokens).startswith("Text: apple")
    assert tokenizer.decode(tokens).endswith("\nKind:")
    assert writer.is_cut(item("apple pear plum cherry grape melon"))
    empty = len(writer.tail(item("")))
    assert len(tokens) == empty + 3


def test_both_texts_of_a_pair_are_placed(tokenizer):
    prompt = Prompt(instruction="Same?", item="A: {text}\nB: {pair}\n?")
    writer = prompt_writer(tokenizer, prompt, OPTIONS, 40)
    assert tokenizer.decode(writer.tail(item("iron {pair}", "tin"))) == "A: iron {pair}\nB: tin\n?"


def test_equal_answers_are_refused(tokenizer):
    with pytest.raises(CannotRunError, match="same to the tokenizer"):
        prompt_writer(tokenizer, PROMPT, ("metal", "metal"), 20).answers()


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

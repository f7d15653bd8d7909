"""A prompt and its answers are one text to the tokenizer, whatever kind it is of."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizer_kinds import KINDS, tokenizer_of
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from harness.backbones.prompting.prompts import PromptWriter, shared_head
from harness.backbones.prompting.questions import Answer, question
from harness.backbones.prompting.seq2seq_prompts import Seq2SeqWriter
from harness.backbones.prompting.templates import Frame
from harness.backbones.prompting.texts import Quoted, TextReader
from harness.backbones.prompting.yes_no import YesNoWriter
from harness.suite import Prompt
from harness.tasks.examples import Example

FRAMES = [("", ""), ("<s><|turn|>user\n", "<|turn|>assistant\n"), ("[INST] ", " [/INST]")]
"""Nothing, and chat templates with special tokens and without."""
ITEMS = ["Text: {text}\nKind:", "{text}", "Text:{text}\nKind: ", "A: {text}\nB: {pair}\n\n"]
OPTIONS = ("metal", "metal alloy", "12", "(b)")
TEXTS = st.one_of(
    st.lists(st.sampled_from(["old", "pear", " ", "iron", "1234", "\n", ".", "1", "Zinc", "é", "東",
                              "n7", "\n\n", "  ", "'s", "𝔸"]), max_size=40).map("".join),
    st.text(max_size=60))


def item(text, pair=None, label=0, **more):
    return Example("0", text, pair, label, "g", {}, **more)


def make(kind, frame, form, writer=PromptWriter, **more):
    return writer(tokenizer_of(kind), Prompt(instruction="Which? {options}.", item=form), OPTIONS,
                  50, Frame(*frame), **more)


def whole(writer, text):
    """The tokenizer's own reading of a text, and what begins it."""
    ids = writer.tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids if writer.frame.written else writer._start + ids


def names_special(texts):
    return any(name in "".join(texts) for name in ("<", ">", "|", "𝔸"))


@pytest.mark.parametrize("kind", KINDS)
@given(text=TEXTS, pair=TEXTS, frame=st.sampled_from(FRAMES), form=st.sampled_from(ITEMS))
@settings(max_examples=60, deadline=None)
def test_prompt_and_answer_have_the_tokens_of_the_whole_text(kind, text, pair, frame, form):
    """Case prompt-pieces: prompts and options were tokenised in pieces and joined."""
    if names_special([text, pair]):
        return
    writer = make(kind, frame, form)
    example = item(text, pair if "{pair}" in form else None)
    written, = writer.texts([example])
    found, = writer.questions([example])
    end = writer.tokenizer.eos_token_id
    for option, path in zip(OPTIONS, found.answers.paths, strict=True):
        said = writer.lead + option
        assert [*found.prompt, *path] == [*whole(writer, "".join(written) + said), end]
    alone, = writer.prompts([example])
    assert alone == whole(writer, "".join(written).rstrip(" "))


@pytest.mark.parametrize("kind", KINDS)
@given(text=TEXTS, frame=st.sampled_from(FRAMES), yes=st.sets(st.sampled_from(range(4))))
@settings(max_examples=25, deadline=None)
def test_each_class_s_question_has_the_tokens_of_the_whole_text(kind, text, frame, yes):
    if names_special([text]):
        return
    writer = make(kind, frame, ITEMS[0], YesNoWriter)
    example = item(text, classes=tuple(sorted(yes)))
    written, = writer.texts([example])
    found, = writer.questions([example])
    right, = writer.right([example])
    for place, (number, word) in enumerate((n, w) for n in range(4) for w in (" yes", " no")):
        asked = "".join(written) + f"{writer.lead}{OPTIONS[number]}:"
        both = [*found.prompt, *found.answers.paths[place]]
        assert both == [*whole(writer, asked + word), writer.end]
        given_, alone = found.answers.given[place], whole(writer, asked)
        assert both[:len(found.prompt) + given_] == alone[:len(found.prompt) + given_]
        assert len(alone) - len(found.prompt) - given_ <= 1
    assert right.answers.paths == [found.answers.paths[2 * n + (n not in yes)] for n in range(4)]


@pytest.mark.parametrize("kind", KINDS)
@given(shots=st.lists(TEXTS, max_size=3), found=st.lists(TEXTS, max_size=3), text=TEXTS,
       frame=st.sampled_from(FRAMES), right=TEXTS.filter(str.strip))
@settings(max_examples=25, deadline=None)
def test_what_stands_before_an_item_is_of_one_text_with_it(kind, shots, found, text, frame, right):
    """Worked examples, passages and answers in words."""
    if names_special([text, right, *shots, *found]):
        return
    writer = make(kind, frame, ITEMS[0], shown=tuple(item(shot, label=1) for shot in shots))
    before = writer.passages(found, 60)
    example = item(text)
    written, = writer.texts([example], [before])
    assert "".join(written).count("Passage: ") >= len(found)
    asked, = writer.answered([example], [[Answer(Quoted(writer.lead + right))]], [before])
    assert [*asked.prompt, *asked.answers.paths[0]] == [
        *whole(writer, "".join(written) + writer.lead + right), writer.end]


@pytest.mark.parametrize("kind", KINDS)
@given(text=TEXTS, answer=TEXTS.filter(str.strip))
@settings(max_examples=25, deadline=None)
def test_an_encoder_reads_the_whole_prompt_and_a_target_is_a_text(kind, text, answer):
    if names_special([text, answer]):
        return
    writer = replace(make(kind, FRAMES[0], ITEMS[0], Seq2SeqWriter), options=())
    example = item(text, references=(answer,))
    ids = writer.tokenizer(answer, add_special_tokens=False)["input_ids"]
    if not ids:
        return
    asked, = writer.right([example])
    written, = writer.texts([example])
    assert asked.prompt == [*whole(writer, "".join(written)), writer.end]
    assert asked.answers.paths == [[*writer._start, *ids, writer.end]]


@pytest.mark.parametrize("kind", KINDS)
@given(text=TEXTS, frame=st.sampled_from(FRAMES))
@settings(max_examples=25, deadline=None)
def test_a_reading_that_minds_quotes_is_the_tokenizer_s_where_nothing_is_quoted(kind, text, frame):
    if names_special([text]):
        return
    reader = TextReader(tokenizer_of(kind))
    parts = [frame[0], "Text: ", Quoted(text), "\nKind:", frame[1]]
    assert [reader._quoting.tokens([reader._quoting.written(parts)])] == [reader.tokens([parts])]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frame", FRAMES[:2])
def test_special_tokens_that_the_data_names_are_letters_and_the_template_s_are_special(kind,
                                                                                      frame):
    writer = make(kind, frame, ITEMS[0])
    tokenizer = writer.tokenizer
    special = {tokenizer.convert_tokens_to_ids(name) for name in ("<s>", "</s>", "<|turn|>")
               } - {tokenizer.unk_token_id}
    plain, named = (
        [token for token in [*asked.prompt, *asked.answers.paths[0]] if token in special]
        for asked in writer.questions([item("old pear"), item("old </s> <|turn|>pear<s>")]))
    assert named == plain
    split, = writer.prompts([item("</s>")])
    assert sum(token == tokenizer.eos_token_id for token in split) == frame[0].count("</s>")


@given(st.lists(st.lists(st.integers(0, 2), max_size=5), min_size=1, max_size=4))
def test_a_shared_head_begins_every_prompt_and_leaves_each_a_token(prompts):
    prompts = [[*prompt, 1] for prompt in prompts]
    head = shared_head(None, prompts)
    assert all(prompt[:len(head)] == head and len(prompt) > len(head) for prompt in prompts)
    assert shared_head(head, prompts) == head


def test_a_token_across_prompt_and_answer_belongs_to_the_answer():
    """All answers begin before it, so that what they say is of the same text."""
    tokenizer = Tokenizer(models.BPE(
        {"<s>": 0, "</s>": 1, "a": 2, "b": 3, "c": 4, "ab": 5}, [("a", "b")]))
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>",
                                      eos_token="</s>")
    read, = TextReader(wrapped).with_endings([["cca"]], [[("",), ("", "b"), ("", "c")]])
    found = question(read, [Answer("b"), Answer("c")], 1)
    assert found.prompt == [4, 4]
    assert found.answers.paths == [[5, 1], [2, 4, 1]]
    assert found.answers.given == (0, 0)

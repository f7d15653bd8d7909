"""What was put to a model: by every kind of tokenizer, and by every method that prompts one."""

import dataclasses
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizer_kinds import KINDS, tokenizer_of

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.prompting.options import NONE
from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.templates import Frame
from harness.common.clock import Clock
from harness.measure.question import asked_of
from harness.methods import register_all
from harness.methods.asking.put import put_in_tokens
from harness.methods.job import Job
from harness.methods.method import METHODS
from harness.suite import Prompt
from harness.tasks.examples import Example
from harness.tasks.task import load_task

register_all()
TURNS = ("<|turn|>assistant\n", "</s><|turn|>user\n")
FRAMES = [Frame(), Frame("<s><|turn|>user\n", "<|turn|>assistant\n", TURNS),
          Frame("[INST] ", " [/INST]")]
FORMS = ["Text: {text}\nKind:", "{text}", "{text}=>"]
TEXTS = st.lists(st.sampled_from(["old", "iron", " ", "1234", "\n", ".", "</s>", "é", "東", "...",
                                  "🙂", "Kind: metal", "<|turn|>"]), max_size=20).map("".join)


def put(writer, item, before=()):
    """What a method records of a prompt of an item."""
    prompt, = writer.prompts([item], [before])
    found = put_in_tokens(writer, prompt, NONE, before)
    return asked_of(SimpleNamespace(put_to={"0": found}.__getitem__), "0")


def example(text, label=0):
    return Example("0", text, None, label, "g", {})


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(text=TEXTS, shown=st.lists(TEXTS, max_size=3), found=st.lists(TEXTS, max_size=2),
       frame=st.sampled_from(FRAMES), form=st.sampled_from(FORMS))
def test_what_is_added_leaves_the_question_as_it_is(kind, text, shown, found, frame, form):
    writer = PromptWriter(tokenizer_of(kind), Prompt(instruction="Which? {options}.", item=form),
                          ("metal", "metal alloy"), 50, frame)
    plain, item = put(writer, example(text)), example(text)
    more = dataclasses.replace(writer, shown=tuple(map(example, shown)))
    asked = put(more, item, writer.passages(found, 60))
    assert plain.added == 0
    assert asked.prompt_sha256 == plain.prompt_sha256
    assert (asked.whole_sha256 == plain.whole_sha256) == (asked.added == 0)


@pytest.mark.parametrize("other", [
    {"instruction": "Which one? {options}."}, {"item": "Words: {text}\nKind:"},
    {"item": "Text: {text}\nSort:"}])
def test_another_prompt_is_another_question(other):
    prompt = Prompt(instruction="Which? {options}.", item="Text: {text}\nKind:")
    writer = PromptWriter(tokenizer_of("byte BPE"), prompt, ("metal", "alloy"), 50)
    changed = dataclasses.replace(writer, prompt=prompt.model_copy(update=other),
                                  shown=(example("tin"),))
    cut = dataclasses.replace(writer, max_length=2)
    item = example("an old piece of iron")
    asked = put(writer, item).prompt_sha256
    assert asked not in {put(changed, item).prompt_sha256, put(cut, item).prompt_sha256}


@pytest.fixture
def job(loaded, encoder, decoder, seq2seq, device):
    def make(kind):
        task = load_task(loaded)
        splits = task.splits.sample(18, 9, 12)
        return Job(task=dataclasses.replace(task, splits=splits), train=splits.train,
                   validation=splits.validation, budget=loaded.suite.budget, seed=0, device=device,
                   clock=Clock(), store=FeatureStore(None), embedder=encoder,
                   backbone={"decoder": decoder, "seq2seq": seq2seq}[kind])

    return make


@pytest.mark.parametrize("kind", ["decoder", "seq2seq"])
def test_methods_that_prompt_a_model_ask_one_question(kind, job):
    given, asked = job(kind), {}
    test = given.task.splits.test
    for name, options, setting in (
            ("zero-shot", {}, {"score": "calibrated"}), ("few-shot", {}, {"per_class": 1}),
            ("few-shot", {"choose": "similar"}, {"per_class": 2}),
            ("rag", {}, {"k": 2, "score": "calibrated"}), ("lora", {}, {"learning_rate": 0.01})):
        fitted = METHODS[name](options).fit(given, setting).fitted
        fitted.predict(test, Clock())
        fitted.predict(given.validation, Clock())
        asked[name, bool(options)] = asked_of(fitted, test[0].id)
    assert len({one.prompt_sha256 for one in asked.values()}) == 1
    assert len({one.options_sha256 for one in asked.values()}) == 1
    assert asked["zero-shot", False].whole_sha256 == asked["lora", False].whole_sha256
    assert {name for (name, _), one in asked.items() if one.added == 0} == {"zero-shot", "lora"}
    assert len({one.whole_sha256 for one in asked.values()}) == 4


def test_the_tokens_are_those_that_the_model_read(job, monkeypatch):
    """Seen at the scoring function, before which nothing may change them."""
    from harness.methods.asking import classifier
    given, seen = job("decoder"), []
    score = classifier.score_options
    fitted = METHODS["few-shot"]({}).fit(given, {"per_class": 1}).fitted
    monkeypatch.setattr(classifier, "score_options", lambda model, prefix, items, trees, padding: (
        seen.extend((prefix, item, tree) for item, tree in zip(items, trees, strict=True))
        or score(model, prefix, items, trees, padding)))
    item = given.task.splits.test[0]
    fitted.predict([item], Clock())
    (prefix, behind, tree), = seen
    prompt, answers, _ = fitted.first[item.id]
    assert prompt[-len(behind):] == behind
    assert len(prompt) == prefix.length + len(behind)
    assert answers == tree

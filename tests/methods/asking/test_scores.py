"""Rules by which answers are scored, beside their formulas written out, a whole pass an answer."""

import dataclasses
import json

import numpy as np
import pytest
import torch
import yaml
from families import DECODERS, SEQ2SEQ, write_family
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from quiz import quiz_dict, write_quiz
from scipy.special import softmax
from tagged import tagged, tagged_dict

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.handle import folder_handle
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.errors import CannotRunError, HarnessError
from harness.methods import register_all
from harness.methods.asking.classifier import OFFSET
from harness.methods.asking.scored import paired
from harness.methods.asking.scores import CONTENT_FREE, RULES, scores
from harness.methods.job import Job
from harness.methods.link import LINKS
from harness.methods.method import METHODS
from harness.methods.resolve import resolve
from harness.suite import Prompt, load_suite
from harness.tasks.examples import Example
from harness.tasks.task import load_task

register_all()
CPU = Device("cpu", "test", "no", 1)
SHOWN = {"zero-shot": {}, "few-shot": {"per_class": 1}, "rag": {"k": 2}}
FINITE = st.floats(-60, 0, width=32)


@pytest.fixture(scope="module")
def handles(tmp_path_factory):
    return {family: folder_handle(write_family(family, tmp_path_factory.mktemp(family)))
            for family in (*DECODERS, *SEQ2SEQ)}


@pytest.fixture
def job(loaded, encoder, handles):
    def make(family, task=None) -> Job:
        task = dataclasses.replace(task or load_task(loaded), prompt=Prompt(
            instruction="Kind?", item="Text: {text}\nKind:"))
        splits = task.splits.sample(9, 6, 3)
        return Job(task=dataclasses.replace(task, splits=splits), train=splits.train,
                   validation=splits.validation, seed=0, clock=Clock(), device=CPU,
                   budget=loaded.suite.budget.model_copy(update={"max_length": 8}),
                   store=FeatureStore(None), backbone=handles[family], embedder=encoder)

    return make


@pytest.fixture(scope="module")
def several(tmp_path_factory, encoder_folder, decoder_folder):
    """A task whose items have any number of classes."""
    folder = tmp_path_factory.mktemp("tagged")
    tagged().to_csv(folder / "data.csv", index=False)
    path = folder / "tagged.yaml"
    path.write_text(yaml.safe_dump(tagged_dict(encoder_folder, decoder_folder), sort_keys=False))
    return load_task(load_suite(path))


@torch.no_grad()
def one_by_one(model, question):
    """log p of each answer, its asked part given: a pass an answer by the model's own masks."""
    found = []
    for path, asked in zip(question.answers.paths, question.answers.given, strict=True):
        if model.config.is_encoder_decoder:
            read, answer = (torch.tensor([ids]) for ids in (question.prompt, path))
            start = model.prepare_decoder_input_ids_from_labels(labels=answer)
            logits = model(input_ids=read, attention_mask=torch.ones_like(read),
                           decoder_input_ids=start).logits[0]
        else:
            ids = torch.tensor([[*question.prompt, *path]])
            logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0]
            logits = logits[len(question.prompt) - 1:-1]
        steps = logits.log_softmax(-1)[range(len(path)), path]
        found.append(float(steps[asked:].sum()))
    return np.array(found)


def expected(fitted, name, examples, decisions):
    """The rule's probabilities [items, options], straight from its paper."""
    model, writer = fitted.loaded.model, fitted.writer
    before = fitted.before(examples, Clock()) or [()] * len(examples)
    rows = []
    for example, parts in zip(examples, before, strict=True):
        question, = writer.questions([example], [parts])
        log_p = one_by_one(model, question)
        p = softmax(log_p.reshape(decisions), axis=1)
        if name == "calibrated":
            free = [softmax(one_by_one(model, writer.questions(
                [dataclasses.replace(example, text=text)], [parts])[0]).reshape(decisions), axis=1)
                for text in ("N/A", "[MASK]", "")]
            p = p / np.mean(free, axis=0)
        if name == "pmi":
            bare = dataclasses.replace(writer, shown=(), prompt=Prompt(
                instruction="", item="{text}Kind:"))
            premise, = bare.questions([dataclasses.replace(example, text="")])
            p = np.exp(log_p - one_by_one(model, premise)).reshape(decisions)
        if name == "per-token":
            sizes = [len(path) - given for path, given in
                     zip(question.answers.paths, question.answers.given, strict=True)]
            p = np.exp(log_p / sizes).reshape(decisions)
        if name == "per-byte":
            said = writer.options if len(decisions) == 1 or decisions[1] == -1 else ["yes", "no"]
            p = np.exp(log_p.reshape(decisions) / [len(one.encode()) for one in said])
        rows.append(p / p.sum(axis=1, keepdims=True))
    return np.stack(rows)


def fit(job, method, rule):
    return METHODS[method]({"score": rule}).fit(job, SHOWN[method] | {"score": rule}).fitted


@pytest.mark.parametrize("method", SHOWN)
@pytest.mark.parametrize("family", [*DECODERS, *SEQ2SEQ])
def test_one_pass_scores_by_a_rule_what_passes_one_by_one_do(family, method, job):
    here = job(family)
    fitted, test = fit(here, method, "plain"), here.task.splits.test
    for name, rule in RULES.items():
        fitted.score_by(rule)
        np.testing.assert_allclose(fitted.predict(test, Clock()),
                                   expected(fitted, name, test, (1, -1))[:, 0], atol=1e-4)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("method", SHOWN)
def test_yes_and_no_of_each_class_are_scored_alike(method, rule, job, several):
    here = job("llama", dataclasses.replace(several, options=("f", "mm", "a")))
    fitted, test = fit(here, method, rule), here.task.splits.test
    np.testing.assert_allclose(fitted.predict(test, Clock()),
                               expected(fitted, rule, test, (-1, 2))[..., 0], atol=1e-4)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("method", SHOWN)
def test_a_setting_is_saved_with_what_it_measured(method, rule, job, tmp_path):
    here, made = job("llama"), METHODS[method]({"score": rule})
    setting = SHOWN[method] | {"score": rule}
    fitted, test = made.fit(here, setting).fitted, here.task.splits.test
    fitted.save(tmp_path)
    once = rule == "pmi" or (rule == "calibrated" and method != "rag")
    assert (tmp_path / OFFSET).exists() == once
    again = made.load(here, setting, tmp_path)
    assert np.array_equal(again.predict(test, Clock()), fitted.predict(test, Clock()))
    if once:
        assert json.loads((tmp_path / OFFSET).read_text()) == again.offset.tolist()


def test_what_a_rule_measures_is_timed_in_the_fit_alone(job):
    here = job("llama")
    fitted, clock = fit(here, "zero-shot", "calibrated"), Clock()
    assert here.clock.spent["calibrate"] > 0
    fitted.predict(here.task.splits.test, clock)
    assert set(clock.spent) == {"tokenize", "generate"}


@given(log_p=arrays(float, (4, 3), elements=FINITE), prior=arrays(float, (3, 3), elements=FINITE))
def test_calibration_makes_content_free_prompts_tell_nothing(log_p, prior):
    """Zhao et al. 2021: W = diag(p_cf)^-1, b = 0; one content-free prompt then has 1 / classes."""
    rule, link = RULES["calibrated"], LINKS["classification"]
    offset = rule.offset(prior, link)
    found = [link.of_options(row) for row in scores(rule, log_p, offset, None, [None] * 4)]
    p, free = softmax(log_p, axis=1), softmax(prior, axis=1).mean(axis=0)
    np.testing.assert_allclose(found, (p / free) / (p / free).sum(axis=1, keepdims=True), atol=1e-7)
    same = scores(rule, prior[:1], rule.offset(prior[:1], link), None, [None])[0]
    np.testing.assert_allclose(link.of_options(same), 1 / 3, atol=1e-9)


@given(log_p=arrays(float, (2, 6), elements=FINITE), prior=arrays(float, (3, 6), elements=FINITE))
def test_each_class_is_calibrated_by_itself(log_p, prior):
    rule, link = RULES["calibrated"], LINKS["multilabel"]
    whole = scores(rule, log_p, rule.offset(prior, link), None, [None] * 2)
    for number in range(3):
        own = slice(2 * number, 2 * number + 2)
        alone = scores(rule, log_p[:, own], rule.offset(prior[:, own], link), None, [None] * 2)
        np.testing.assert_allclose(whole[:, own], alone, atol=1e-9)


def test_content_free_prompts_hold_the_worked_examples(job):
    fitted = fit(job("llama"), "few-shot", "calibrated")
    asked = RULES["calibrated"].beside(fitted.writer, ())
    texts = [fitted.loaded.tokenizer.decode(one.prompt) for one in asked]
    shots = "".join(fitted.writer.worked(fitted.writer.shown))
    assert [text.split(shots)[1] for text in texts] == [
        f"Text: {text}\nKind:" for text in CONTENT_FREE]


@pytest.mark.parametrize(("instruction", "item", "premise"), [
    ("Which?", "Text: {text}\nKind:", "Kind:"), ("Which?", "{text}\n", "Which?\n\n\n"),
    ("Which?", "A: {text}\nB: {pair}\n\nSame?", "Same?"), ("Which?", "{text}", "Which?\n\n")])
def test_the_premise_is_what_stands_behind_the_text(job, instruction, item, premise):
    fitted = fit(job("llama"), "few-shot", "plain")
    writer = dataclasses.replace(fitted.writer, prompt=Prompt(instruction=instruction, item=item))
    asked = writer.premise()
    assert "".join("".join(part) for part in asked.texts([Example("", "", None, 0, "", {})])[0]
                   ) == premise
    assert asked.lead == writer.lead


def test_a_premise_without_words_is_refused(job):
    here = job("llama")
    here = dataclasses.replace(here, task=dataclasses.replace(
        here.task, prompt=Prompt(instruction="", item="{text}")))
    with pytest.raises(CannotRunError, match="needs words of the prompt behind an item's text"):
        fit(here, "zero-shot", "pmi")


def test_rules_are_settings_tried_on_validation(job):
    here = job("llama")
    assert [s["score"] for s in METHODS["zero-shot"]({}).settings(here)] == list(RULES)
    few = METHODS["few-shot"]({}).settings(here)
    assert few[:3] == [{"per_class": 1, "score": "plain"}, {"per_class": 1, "score": "calibrated"},
                       {"per_class": 2, "score": "plain"}]
    assert len({json.dumps(s) for s in few}) == 9 * len(RULES)
    assert METHODS["zero-shot"]({"score": "pmi"}).settings(here) == [{"score": "pmi"}]
    on_top = dataclasses.replace(here, inner=lambda: None)
    assert {s["score"] for s in METHODS["rag"]({}).settings(on_top)} == {"plain"}


@given(st.integers(1, 6), st.integers(1, 6))
def test_pairs_of_settings_are_all_there_early_ones_first(m, n):
    pairs = paired([{"a": i} for i in range(m)], [{"b": j} for j in range(n)])
    assert sorted((p["a"], p["b"]) for p in pairs) == [(i, j) for i in range(m) for j in range(n)]
    sums = [p["a"] + p["b"] for p in pairs]
    assert sums == sorted(sums)


def test_answers_in_words_have_no_score(tmp_path, encoder_folder, decoder_folder):
    write_quiz(tmp_path)
    suite = quiz_dict(encoder_folder, decoder_folder)
    suite["backbones"]["dec"]["methods"] = [{"zero-shot": {"score": "pmi"}}]
    (tmp_path / "quiz.yaml").write_text(yaml.safe_dump(suite))
    with pytest.raises(HarnessError, match="zero-shot: score: answers in words are written"):
        resolve(load_suite(tmp_path / "quiz.yaml"))

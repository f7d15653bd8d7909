"""Methods where an item has any number of classes: they learn, save, load and repeat themselves."""

import dataclasses

import numpy as np
import pytest
import torch
import yaml
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from tagged import tagged, tagged_dict
from torch.nn.functional import binary_cross_entropy_with_logits

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.load import load_tokenizer
from harness.backbones.prompting.writers import writer_for
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods import register_all
from harness.methods.job import Job
from harness.methods.learning.balance import ALIKE
from harness.methods.learning.decoder import DecoderLearner, plain_decoder
from harness.methods.learning.trials import fit_once
from harness.methods.linear import fit_linear
from harness.methods.link import LINKS
from harness.methods.method import METHODS
from harness.suite import Budget, Prompt, load_suite
from harness.targets.metrics import LOG_LOSS
from harness.tasks.examples import indicator
from harness.tasks.task import load_task

register_all()
LINK = LINKS["multilabel"]
FAMILIES = [("majority", None), ("tfidf", None), ("char-tfidf", None), ("gzip", None),
            ("knn", "encoder"), ("features", "encoder"),
            ("features", "decoder"), ("full", "encoder"), ("selective", "encoder"),
            ("bitfit", "encoder"), ("lora", "encoder"), ("setfit", "encoder"),
            ("full", "decoder"), ("lora", "decoder"),
            ("zero-shot", "decoder"), ("few-shot", "decoder"), ("rag", "decoder")]
LEARN = {("tfidf", None): {}, ("char-tfidf", None): {}, ("features", "encoder"): {},
         ("full", "encoder"): {"epochs": 24, "patience": 24}}
"""What they were given, on random tiny weights, and the budget it takes; the others have too little
to learn with."""


@pytest.fixture(scope="module")
def task(tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("tagged")
    tagged().to_csv(folder / "data.csv", index=False)
    path = folder / "tagged.yaml"
    path.write_text(yaml.safe_dump(tagged_dict(encoder_folder, decoder_folder), sort_keys=False))
    return load_task(load_suite(path))


@pytest.fixture
def job(task, encoder, decoder, device):
    def make(kind, **changes) -> Job:
        budget = Budget(**{"train": 48, "validation": 12, "test": 24, "epochs": 1, "steps": 1,
                           "batch": 8, "max_length": 32, **changes})
        splits = task.splits.sample(budget.train, budget.validation, budget.test)
        return Job(
            task=dataclasses.replace(task, splits=splits), train=splits.train,
            validation=splits.validation, budget=budget, seed=0, device=device,
            clock=Clock(), store=FeatureStore(None), embedder=encoder,
            backbone={"encoder": encoder, "decoder": decoder, None: None}[kind])

    return make




@pytest.mark.parametrize(("name", "kind"), FAMILIES, ids=[f"{n}-{k}" for n, k in FAMILIES])
def test_a_family_learns_saves_and_loads(name, kind, job, tmp_path):
    given = shorter(job(kind, **LEARN.get((name, kind), {})))
    options = {"rag": {"tokens": 100}}.get(name, {})
    method = METHODS[name]({"learning_rates": [0.002]} if METHODS[name].changes_weights
                           else options)
    chosen = fit_once(method, given, method.settings(given)[0])
    test = given.task.splits.test
    predicted = chosen.fit.fitted.predict(test, Clock())
    assert predicted.shape == (24, 3)
    assert ((predicted >= 0) & (predicted <= 1)).all()
    chosen.fit.fitted.save(tmp_path)
    again = method.load(given, chosen.setting, tmp_path).predict(test, Clock())
    np.testing.assert_allclose(again, predicted, atol=1e-5 if given.device.autocast == "no"
                               else 2e-4)
    if (name, kind) in LEARN:
        shares = np.tile(indicator(given.train, 3).mean(axis=0), (len(given.train), 1))
        known = chosen.fit.fitted.predict(given.train, Clock())
        of_known, of_shares = (LOG_LOSS.of(LINK.marked(p, indicator(given.train, 3), None))
                               for p in (known, shares))
        assert of_known < 0.9 * of_shares


def shorter(job):
    """With short names for the classes: the tiny decoder's window holds few worked examples."""
    task = dataclasses.replace(job.task, options=("f", "m", "a"), prompt=Prompt(
        instruction="{options}?", item="{text}\n"))
    return dataclasses.replace(job, task=task)


def test_a_decoder_learns_each_class_by_heart(job):
    few = shorter(job("decoder", train=4, epochs=90, patience=90, batch=4))
    few = dataclasses.replace(few, validation=few.train)
    fitted = fit_once(METHODS["full"]({}), few, {"learning_rate": 0.01}).fit.fitted
    assert (LINK.chosen(fitted.predict(few.train, Clock())) == indicator(few.train, 3)).all()


def test_losses_are_those_of_torch_and_scikit_learn():
    rng = np.random.default_rng(0)
    scores, targets = rng.normal(size=(7, 4)), rng.random((7, 4)) < 0.4
    ours = ALIKE.of(LINK.losses(torch.tensor(scores), torch.tensor(targets)), range(7))
    theirs = binary_cross_entropy_with_logits(torch.tensor(scores), torch.tensor(targets).double())
    assert float(ours) == pytest.approx(7 * float(theirs))
    by_class = [log_loss(targets[:, c], expit(scores[:, c]), labels=[0, 1]) for c in range(4)]
    run = LINK.marked(LINK.probabilities(scores), targets, None)
    assert LOG_LOSS.of(run) == pytest.approx(np.mean(by_class))


def test_a_linear_head_is_one_logistic_regression_a_class():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4))
    targets = np.column_stack([x[:, 0] > 0, x[:, 1] + x[:, 2] > 1, np.zeros(60, bool),
                               np.ones(60, bool)])
    found = fit_linear(x, targets, 0.5, LINK).predict(x)
    for number in (0, 1):
        model = LogisticRegression(C=0.5, max_iter=2000).fit(x, targets[:, number])
        np.testing.assert_allclose(found[:, number], model.predict_proba(x)[:, 1], atol=1e-9)
    assert (found[:, 2] == 0).all()
    assert (found[:, 3] == 1).all()


def test_neighbours_vote_for_each_class_they_have(job):
    given = job("encoder")
    method = METHODS["knn"]({})
    fitted = fit_once(method, given, {"k": 3}).fit.fitted
    found = fitted.predict(given.task.splits.test[:1], Clock())[0]
    cosines, places = fitted.retriever.search(given.task.splits.test[:1], 3, Clock())
    train = indicator(given.train, 3)
    for number in range(3):
        votes = sum(c for c, p in zip(cosines[0], places[0], strict=True) if train[p, number])
        expected = (votes + train[:, number].mean()) / (cosines[0].sum() + 1)
        assert found[number] == pytest.approx(expected, abs=1e-6)


def test_each_class_is_a_question_of_its_own(job):
    """Scored by hand: one pass a class and answer, p(yes) against p(no) after the question."""
    asked = plain_decoder(job("decoder"))
    example = job("decoder").task.splits.test[0]
    tokenizer, model = asked.loaded.tokenizer, asked.loaded.model
    prompt = asked.write([example], Clock())[0].prompt
    expected = []
    for option in asked.writer.options:
        question = tokenizer(f" {option}:", add_special_tokens=False)["input_ids"]
        scores = []
        for word in (" yes", " no"):
            answer = [*tokenizer(word, add_special_tokens=False)["input_ids"],
                      tokenizer.eos_token_id]
            ids = torch.tensor([[*prompt, *question, *answer]])
            with torch.no_grad():
                log_p = model(ids).logits[0].double().log_softmax(-1)
            start = len(prompt) + len(question)
            scores.append(sum(float(log_p[start + i - 1, token])
                              for i, token in enumerate(answer)))
        expected.append(softmax(scores)[0])
    np.testing.assert_allclose(asked.predict([example], Clock())[0], expected, atol=1e-4)


def test_an_encoder_decoder_reads_the_name_of_the_class_that_it_is_asked_of(job, seq2seq):
    given = job("decoder")
    # Multiplied in fp32, as what it is held against.
    given = dataclasses.replace(given, backbone=seq2seq, device=dataclasses.replace(
        given.device, autocast="no"))
    asked = plain_decoder(given)
    example, model = given.task.splits.test[0], asked.loaded.model
    read, = asked.write([example], Clock())
    scores = []
    for path, first in zip(read.answers.paths, read.answers.given, strict=True):
        with torch.no_grad():
            log_p = model(input_ids=torch.tensor([read.prompt]),
                          labels=torch.tensor([path])).logits[0].double().log_softmax(-1)
        scores.append(sum(float(log_p[place, path[place]]) for place in range(first, len(path))))
    expected = [softmax(scores[2 * number: 2 * number + 2])[0] for number in range(3)]
    found = asked.predict([example], Clock())[0]
    np.testing.assert_allclose(np.log(found), np.log(expected), atol=1e-3)
    assert len(set(np.log(found).round(3))) == 3


def test_only_answers_are_learned_and_each_class_counts_the_same(job):
    given = job("decoder")
    learner = DecoderLearner(plain_decoder(given), given)
    first, second = float(learner.loss([0])), float(learner.loss([1]))
    assert float(learner.loss([0, 1])) == pytest.approx(first + second, rel=1e-4)
    longer = dataclasses.replace(given.task, options=("fruit", "metal", "metal " * 9 + "alloy"))
    other = DecoderLearner(plain_decoder(dataclasses.replace(given, task=longer)), given)
    # A name of many unlikely tokens would cost tens of nats, were it the model's to say.
    assert abs(float(other.loss([0])) - first) < 3


def test_worked_examples_answer_every_class_in_a_line(job):
    given = job("decoder")
    writer = writer_for("decoder", load_tokenizer(given.need_backbone()), given.task, 32)
    none = next(e for e in given.train if not e.classes)
    two = next(e for e in given.train if e.classes == (0, 1))
    tell = writer.tokenizer.decode
    assert "fruit: no, metal: no, metal alloy: no" in " ".join(tell(writer.shots([none])).split())
    assert "fruit: yes, metal: yes, metal alloy: no" in " ".join(
        tell(writer.shots([two])).split())


def test_retrieval_that_fits_no_worked_example_is_refused(job):
    given = job("decoder")
    method = METHODS["rag"]({"tokens": 16})
    fitted = fit_once(method, given, {"k": 1}).fit.fitted
    with pytest.raises(CannotRunError, match="without its text, and rag has 16: raise its"):
        fitted.predict(given.task.splits.test[:1], Clock())

"""Methods that answer with spans: what they find, alone and in a batch, saved and loaded."""

import dataclasses
import itertools

import numpy as np
import pycrfsuite
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from spanned import PHRASES, spanned, spanned_dict

from harness.backbones.encoding.features import FeatureStore
from harness.backbones.encoding.word_features import word_states
from harness.common.clock import Clock
from harness.common.errors import CannotRunError, HarnessError
from harness.methods import register_all
from harness.methods.catalogue import catalogue, registered
from harness.methods.chain import Chain, chain_of, viterbi
from harness.methods.crf import looks, shape
from harness.methods.job import Job
from harness.methods.learning.held_out import of_spans, said_by
from harness.methods.learning.trials import chance, fit_once
from harness.methods.method import METHODS
from harness.methods.resolve import resolve
from harness.methods.tuned import plain_learner
from harness.methods.whole import load_model
from harness.study.outcome import outcome
from harness.suite import load_suite
from harness.targets.metrics import SPAN_F1
from harness.targets.spans import NOTHING, as_spans, found
from harness.targets.tags import tags_of
from harness.tasks.examples import asked
from harness.tasks.splits import Splits
from harness.tasks.task import load_task

register_all()


@pytest.fixture
def make(tmp_path, encoder_folder, decoder_folder, encoder, decoder, seq2seq, device):
    """Makes a job of phrases, on an encoder, a decoder, an encoder-decoder or nothing."""
    spanned(220).to_csv(tmp_path / "data.csv", index=False)
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(spanned_dict(encoder_folder, decoder_folder)))
    loaded = load_suite(tmp_path / "s.yaml")
    task = load_task(loaded)
    backbones = {"enc": encoder, "dec": decoder, "s2s": seq2seq, None: None}

    def job(backbone, store=None, train=100, **budget):
        splits = task.splits.sample(train, 20, 40)
        values = {"epochs": 3, "steps": 1, "batch": 8, "max_length": 96, **budget}
        return Job(task=task.view, train=splits.train, validation=splits.validation,
                   budget=loaded.suite.budget.model_copy(update=values), seed=0, device=device,
                   clock=Clock(), store=FeatureStore(store), metric=SPAN_F1,
                   backbone=backbones[backbone]), splits.test
    job.task = task
    return job


def micro_f1(answers, test):
    return SPAN_F1.of(found([own or NOTHING for own in answers], [e.spans for e in test], 2))


def fitted_by(name, job, setting=None, **options):
    method = METHODS[name](options)
    return method, fit_once(method, job, setting or method.settings(job)[0]).fit


def test_floors_find_what_they_have_seen(make):
    job, test = make(None)
    _, fit = fitted_by("majority", job)
    assert fit.fitted.predict(asked(test), Clock()).tolist() == [NOTHING] * len(test)
    for name in ("gazetteer", "crf"):
        _, fit = fitted_by(name, job)
        assert micro_f1(fit.fitted.predict(asked(test), Clock()), test) > 0.95, name


def test_the_gazetteer_takes_the_longest_phrase_whatever_its_case(make):
    job, test = make(None)
    _, fit = fitted_by("gazetteer", job)
    assert set(fit.fitted.phrases) == {phrase for own in PHRASES.values() for phrase in own}
    item = dataclasses.replace(asked(test)[0], text="Cold  Copper, an apple; cold iron")
    spans, = fit.fitted.predict([item], Clock())
    assert [(item.text[s.start:s.end], s.label) for s in spans] == [
        ("Cold  Copper", 1), ("apple", 0), ("iron", 1)]


def test_the_field_answers_as_crfsuite_does(make, tmp_path):
    job, test = make(None)
    _, fit = fitted_by("crf", job, {"c2": 0.5})
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": 0.1, "c2": 0.5, "max_iterations": 200,
                        "feature.possible_transitions": True})
    for e in job.train:
        trainer.append([list(word) for word in looks(e.text)],
                       [str(tag) for tag in tags_of(e.text, e.spans)])
    trainer.train(str(tmp_path / "model"))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(tmp_path / "model"))
    for e in test:
        theirs = tagger.tag([list(word) for word in looks(e.text)])
        assert fit.fitted.tags(e.text) == list(map(int, theirs))
    assert shape("ABCd12-x") == "XXx99-x"


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 4))
def test_the_likeliest_sequence_is_the_best_of_all(seed, words, tags):
    rng = np.random.default_rng(seed)
    scores, follows = rng.normal(size=(words, tags)), rng.normal(size=(tags, tags))
    best = max(itertools.product(range(tags), repeat=words), key=lambda way: (
        sum(scores[i, tag] for i, tag in enumerate(way))
        + sum(follows[a, b] for a, b in itertools.pairwise(way))))
    assert viterbi(scores, follows) == list(best)


def test_a_chain_is_a_hidden_markov_model(make):
    """Held against the probability of every sequence; what may not follow never does."""
    texts = [np.array([0, 1, 2, 2, 0]), np.array([1, 2, 0, 3, 4]), np.array([0, 3, 1])]
    chain = chain_of(texts, 5)
    steps = np.exp(chain.follows)
    np.testing.assert_allclose(steps.sum(axis=1), 1)
    assert steps[0, 2] == steps[1, 4] == steps[3, 2] == 0
    assert steps[0, 1] == pytest.approx((1 + 1) / (3 + 3))
    assert np.exp(chain.shares) == pytest.approx(np.array([4, 3, 3, 2, 1]) / 13)
    own = np.random.default_rng(1).dirichlet(np.ones(5), 4)
    best = max(itertools.product(range(5), repeat=4), key=lambda way: np.prod(
        [own[i, tag] / np.exp(chain.shares[tag]) * steps[way[i - 1] if i else 0, tag]
         for i, tag in enumerate(way)]))
    assert chain.best(own) == list(best)
    unseen = chain_of([np.array([0, 1, 0])], 5).best(own)
    assert not {2, 3, 4} & set(unseen)
    assert Chain(chain.shares, chain.follows).best(own[:0]) == []


def test_texts_without_words_are_answered_and_cannot_be_learned_from(make):
    job, test = make(None, train=4)
    _, fit = fitted_by("crf", job)
    bare = dataclasses.replace(asked(test)[0], text="  ")
    assert fit.fitted.predict([bare], Clock()).tolist() == [NOTHING]
    empty = tuple(dataclasses.replace(e, text=" ", spans=()) for e in job.train)
    with pytest.raises(CannotRunError, match="no words"):
        fitted_by("crf", dataclasses.replace(job, train=empty))


def test_features_are_a_linear_head_on_the_frozen_states_of_words(make, tmp_path):
    job, test = make("enc", store=tmp_path / "store")
    _, fit = fitted_by("features", job, {"C": 0.1})
    x = word_states(job.backbone, 96, job.device).connect()(job.train)
    y = np.concatenate([tags_of(e.text, e.spans) for e in job.train])
    assert len(x) == len(y)
    read = np.isfinite(x[:, 0])
    model = LogisticRegression(C=0.1, max_iter=2000).fit(
        StandardScaler().fit(x[read]).transform(x[read]), y[read])
    probabilities = fit.fitted.head.predict(x[read])
    agree = probabilities.argmax(axis=1) == model.predict(
        StandardScaler().fit(x[read]).transform(x[read]))
    assert agree.mean() > 0.99
    before = fit.fitted.predict(asked(test), Clock())
    assert micro_f1(before, test) > 0.3
    # Kept vectors say the same.
    _, again = fitted_by("features", dataclasses.replace(job, store=FeatureStore(
        tmp_path / "store")), {"C": 0.1})
    assert again.fitted.predict(asked(test), Clock()).tolist() == before.tolist()


@pytest.mark.parametrize("name", ["crf", "gazetteer", "majority"])
def test_floors_are_loaded_as_they_were(make, tmp_path, name):
    job, test = make(None)
    method, fit = fitted_by(name, job)
    fit.fitted.save(tmp_path)
    again = method.load(job, {}, tmp_path).predict(asked(test), Clock())
    assert again.tolist() == fit.fitted.predict(asked(test), Clock()).tolist()


@pytest.mark.parametrize("name", ["full", "selective", "bitfit", "lora", "ia3", "prompt-tuning",
                                  "features"])
def test_encoders_answer_alone_as_in_a_batch_and_as_they_were_saved(make, tmp_path, name):
    job, test = make("enc")
    method, fit = fitted_by(name, job)
    items = asked(test)
    answers = fit.fitted.predict(items, Clock()).tolist()
    alone = [fit.fitted.predict([item], Clock())[0] for item in items]
    assert alone == answers
    fit.fitted.save(tmp_path)
    setting = method.settings(job)[0]
    assert method.load(job, setting, tmp_path).predict(items, Clock()).tolist() == answers


def test_full_tuning_learns_the_phrases(make):
    job, test = make("enc", epochs=30)
    _, fit = fitted_by("full", job, {"learning_rate": 3e-3})
    assert micro_f1(fit.fitted.predict(asked(test), Clock()), test) > 0.8
    curve = fit.training.curve
    assert curve[-1].train_loss < 0.5 * curve[0].train_loss


def test_its_loss_is_the_cross_entropy_of_the_words_tags(make):
    """Of all training items at once: the mean over their words."""
    job, _ = make("enc", train=20)
    method = METHODS["full"]({})
    torch.manual_seed(0)
    loaded = load_model(job)
    assert loaded.model.config.num_labels == 5
    learner = plain_learner(method._classifier(job, loaded), job)
    learner.model.eval()
    with torch.no_grad():
        loss = float(learner.loss(list(range(20)))) / 20
        rows = []
        for e, one in zip(job.train, learner.words, strict=True):
            batch = {name: torch.tensor([ids]) for name, ids in one.encoded.items()}
            logits = learner.model(**batch).logits[0].log_softmax(dim=1)
            rows += [-float(logits[place, tag]) for place, tag in
                     zip(one.first, tags_of(e.text, e.spans), strict=True)]
    assert loss == pytest.approx(np.mean(rows), rel=1e-4)


def test_a_longer_window_reads_more_words_and_what_is_cut_is_outside(make):
    job, test = make("enc", max_length=12, epochs=20)
    _, fit = fitted_by("full", job, {"learning_rate": 3e-3})
    answers = fit.fitted.predict(asked(test), Clock())
    assert all(s.end <= len(e.text) for e, own in zip(test, answers, strict=True) for s in own)


@pytest.mark.parametrize("backbone", ["dec", "s2s"])
@pytest.mark.parametrize("name", ["zero-shot", "few-shot", "lora"])
def test_models_that_write_are_read_and_what_cannot_be_is_counted(make, backbone, name):
    job, test = make(backbone, train=16)
    method = METHODS[name]({})
    if not catalogue()[name].works_on(job.backbone.kind, "spans"):
        pytest.skip("not for this kind of backbone")
    fit = fit_once(method, job, method.settings(job)[0]).fit
    splits = Splits(job.train, job.validation, test[:12])
    said = outcome(dataclasses.replace(make.task, splits=splits), fit.fitted)
    quality = said.parts["spans"]
    assert quality.items == 12
    assert 0 <= quality.unread <= 12
    assert bool(said.notes) == bool(quality.unread)
    assert len(said.table) == 12


def test_a_decoder_learns_what_is_written(make):
    job, _ = make("dec", train=16)
    method = METHODS["lora"]({})
    loaded = load_model(job)
    method.prepare(loaded, job)
    learner = plain_learner(method._classifier(job, loaded), job)
    tokenizer = loaded.tokenizer
    right = [tokenizer.decode(item.answers.tokens, skip_special_tokens=True).strip()
             for item in learner.items]
    wanted = [" | ".join(f"{['fruit', 'metal'][s.label]}: {e.text[s.start:s.end]}"
                         for s in e.spans) or "none" for e in job.train]
    assert right == wanted


def test_validation_is_by_the_deciding_metric_with_its_own_error(make):
    job, _ = make(None)
    right = as_spans([e.spans for e in job.validation])
    held = said_by(right, job)
    assert (held.score, held.loss, held.error) == (1.0, 0.0, 0.0)
    half = as_spans([e.spans if i % 2 else NOTHING for i, e in enumerate(job.validation)])
    told = of_spans(half, job, None)
    assert told.score == pytest.approx(micro_f1(half, job.validation))
    assert told.error > 0
    assert told.loss == pytest.approx(1 - told.score)
    nothing = chance(job)
    assert nothing.score == 0.0
    assert held.beats(nothing)
    unread = np.array([None] * len(job.validation), dtype=object)
    assert of_spans(unread, job, None).score == 0.0


@pytest.mark.parametrize(("backbone", "method", "why"), [
    ("enc", "knn", "knn"), ("enc", "setfit", "setfit"), ("dec", "features", "features"),
    ("enc", {"full": {"pooling": "mean"}}, "each word has its own"),
    ("enc", {"features": {"pooling": "mean"}}, "each word has its own"),
    ("enc", {"full": {"balance": "weights"}}, "no classes to balance"),
    ("enc", {"full": {"budget": {"ends": "head+tail"}}}, "both ends"),
    ("enc", {"full": {"budget": {"max_words": 5}}}, "other spans would be right")])
def test_what_makes_no_sense_is_refused_before_anything_runs(tmp_path, encoder_folder,
                                                             decoder_folder, backbone, method,
                                                             why):
    suite = spanned_dict(encoder_folder, decoder_folder)
    suite["methods"] = ["majority"]
    suite["backbones"][backbone]["methods"] = [method]
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(suite))
    loaded = load_suite(tmp_path / "s.yaml")
    with pytest.raises(HarnessError, match=why):
        resolve(loaded)


def test_texts_of_which_no_word_is_read_cannot_be_learned_from(make):
    from harness.methods.tagged import Words, fit_tags

    job, _ = make(None, train=4)
    nothing = np.zeros(0, dtype=int)
    with pytest.raises(CannotRunError, match="no word"):
        fit_tags(Words(np.zeros((0, 3)), [nothing] * 4), job, 1.0)


TOO_WIDE = {"miss", "shira", "waveft"}
"""Tuners whose usual rank is wider than the tests' encoder."""


@pytest.mark.parametrize("name", sorted(
    row.name for row in registered() if row.family == "peft" and row.does("encoder", "spans")
    and row.name not in {"peft", "merged", *TOO_WIDE}))
def test_every_tuner_that_says_so_tags_words(make, tmp_path, name):
    job, test = make("enc", train=24, epochs=1)
    method = METHODS[name]({})
    reason = method.cannot(job.backbone)
    if reason is not None:
        pytest.skip(reason)
    setting = method.settings(job)[0]
    fit = fit_once(method, job, setting).fit
    answers = fit.fitted.predict(asked(test), Clock()).tolist()
    assert len(answers) == len(test)
    fit.fitted.save(tmp_path)
    assert method.load(job, setting, tmp_path).predict(asked(test), Clock()).tolist() == answers

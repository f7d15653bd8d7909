"""A retriever learns by sentence-transformers' loss from training items alone."""

import dataclasses

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

from harness.backbones.batches import Cut
from harness.backbones.encoding.embedder import read_embedder
from harness.backbones.encoding.features import Embedder, FeatureStore
from harness.backbones.encoding.learned import learned_by, read_learned
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods.contrasts import Contrast, Text, contrasts_of, documents_of, passages_of
from harness.methods.job import Job
from harness.methods.knn import Knn
from harness.methods.learning.trials import fit_once
from harness.methods.retriever_validation import reciprocal_ranks, validation_of
from harness.methods.tuned_retriever import (
    ContrastLearner,
    Retriever,
    contrastive_loss,
    kin_of,
)
from harness.suite import Budget
from harness.tasks.task import load_task


@pytest.fixture
def quiz_job(quiz_task, encoder, device):
    splits = quiz_task.splits
    return Job(task=quiz_task.view, train=splits.train[:12], validation=splits.validation[:5],
               budget=Budget(epochs=1, steps=1, batch=6, max_length=48), seed=0, device=device,
               clock=Clock(), store=FeatureStore(None), embedder=encoder)


@pytest.fixture
def class_job(loaded, encoder, device):
    task = load_task(loaded)
    return Job(task=task.view, train=task.splits.train[:18], validation=task.splits.validation[:9],
               budget=Budget(epochs=1, steps=1, batch=6, max_length=32), seed=0, device=device,
               clock=Clock(), store=FeatureStore(None), embedder=encoder, backbone=encoder)


def embedder(job, length=64):
    return Embedder(job.embedder, length, job.device)


def drawn(job, seed=0):
    return contrasts_of(job, embedder(job))(np.random.default_rng(seed))


def learner_of(job, draw=None):
    reader = read_embedder(job.embedder, 64, job.device)
    return ContrastLearner(reader, job, draw or contrasts_of(job, embedder(job)),
                           validation_of(job, reader))


def test_the_loss_and_its_gradient_are_sentence_transformers(quiz_job):
    """Contrasts of which none is right for another, through the library's own model and loss."""
    lessons = [Contrast(Text(f"who is {n}?", frozenset({n})), Text(f"{n} is a man", frozenset({n})),
                        Text(f"the river {n} flows", frozenset({-1 - n}))) for n in range(5)]
    theirs = SentenceTransformer(str(quiz_job.embedder.path), device="cpu").eval()
    sides = [theirs.preprocess([getattr(one, side).text for one in lessons])
             for side in ("asked", "right", "wrong")]
    expected = MultipleNegativesRankingLoss(theirs)(sides, None)
    expected.backward()
    learner = learner_of(quiz_job, lambda chance: lessons)
    learner.model.eval()
    loss = learner.loss([0, 1, 2, 3, 4]) / 5
    loss.backward()
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-4)
    grads = {name: p.grad for name, p in theirs.named_parameters() if p.grad is not None}
    assert len(grads) > 10
    for name, grad in grads.items():
        torch.testing.assert_close(learner.model.get_parameter(name).grad, grad, rtol=1e-2,
                                   atol=1e-5)


def test_what_is_right_for_a_question_is_no_negative_of_it():
    """-log(e^20c / sum of e^20c over the others), by hand: texts 1 and 3 are kin of question 0."""
    chance = np.random.default_rng(0)
    asked, texts = (v / np.linalg.norm(v, axis=1, keepdims=True)
                    for v in (chance.normal(size=(2, 4)), chance.normal(size=(4, 4))))
    lessons = [Contrast(Text("a", frozenset({1, 2})), Text("p", frozenset({1})), None),
               Contrast(Text("b", frozenset({3})), Text("q", frozenset({2, 3})), None)]
    kin = kin_of(lessons, [lessons[0].right, lessons[1].right, Text("x", frozenset({9})),
                           Text("y", frozenset({2}))])
    assert kin.tolist() == [[False, True, False, True], [False] * 4]
    scores = np.exp(20 * asked @ texts.T)
    by_hand = [-np.log(scores[0, 0] / (scores[0, 0] + scores[0, 2])),
               -np.log(scores[1, 1] / scores[1].sum())]
    found = contrastive_loss(torch.tensor(asked), torch.tensor(texts), torch.from_numpy(kin))
    assert float(found) == pytest.approx(np.mean(by_hand))


def test_nothing_held_out_and_nothing_new_is_learned_from(quiz_job):
    task = quiz_job.task
    table = task.corpus.passages()
    owner = dict(zip(table["text"].to_pylist(), table["document"].to_pylist(), strict=True))
    new = {document for document, is_new in task.corpus.documents().items() if is_new}
    theirs = documents_of(quiz_job.train)
    questions = {e.text: e for e in quiz_job.train}
    seen = [one for seed in range(20) for one in drawn(quiz_job, seed)]
    assert {one.asked.text for one in seen} == set(questions)
    assert any(one.wrong for one in seen)
    for one in seen:
        example = questions[one.asked.text]
        assert owner[one.right.text] == example.document
        if one.wrong is not None:
            assert owner[one.wrong.text] in theirs - {example.document} - new
            assert not any(r.lower() in one.wrong.text.lower() for r in example.references)
    pool = passages_of(quiz_job, documents_of((*quiz_job.train, *quiz_job.validation)))
    assert set(pool["document"].to_pylist()).isdisjoint(new)


def test_a_question_learns_the_passage_that_answers_it(quiz_job):
    """Documents are cut into passages of 12 words; the answer stands in one or two of them."""
    questions = {e.text: e for e in quiz_job.train}
    table = quiz_job.task.corpus.passages().to_pylist()
    for one in drawn(quiz_job):
        example = questions[one.asked.text]
        answers = [row["text"] for row in table if row["document"] == example.document
                   and any(r.lower() in row["text"].lower() for r in example.references)]
        assert not answers or one.right.text in answers


def test_classes_say_what_should_be_near(class_job):
    label = {e.joined: e.label for e in class_job.train}
    for one in drawn(class_job):
        assert one.asked.text != one.right.text
        assert label[one.asked.text] == label[one.right.text] != label[one.wrong.text]
    assert drawn(class_job, 0) == drawn(class_job, 0) != drawn(class_job, 1)


def test_what_teaches_nothing_is_said(class_job, quiz_job):
    one_each = tuple({e.label: e for e in class_job.train}.values())
    with pytest.raises(CannotRunError, match="no two training items share a class"):
        drawn(dataclasses.replace(class_job, train=one_each))
    unnamed = tuple(dataclasses.replace(e, document=None) for e in quiz_job.train)
    with pytest.raises(CannotRunError, match="no training item names a document"):
        drawn(dataclasses.replace(quiz_job, train=unnamed))


def test_validation_hears_the_mrr_of_the_library(quiz_job):
    """sentence-transformers' own evaluator over the same passages and questions."""
    reader = read_embedder(quiz_job.embedder, 512, quiz_job.device)
    held = validation_of(quiz_job, reader)()
    pool = passages_of(quiz_job, documents_of((*quiz_job.train, *quiz_job.validation))).to_pylist()
    asked = [e for e in quiz_job.validation if e.document in {row["document"] for row in pool}]
    evaluator = InformationRetrievalEvaluator(
        {e.id: e.text for e in asked}, {str(i): row["text"] for i, row in enumerate(pool)},
        {e.id: {str(i) for i, row in enumerate(pool) if row["document"] == e.document}
         for e in asked}, mrr_at_k=[10], show_progress_bar=False)
    theirs = evaluator(SentenceTransformer(str(quiz_job.embedder.path), device="cpu"))
    assert (held.by, held.items) == ("mrr", len(asked))
    assert held.score == pytest.approx(theirs["cosine_mrr@10"], abs=1e-3)


def test_ranks_by_hand():
    cosines = np.array([[.9, .5, .1], [.2, .2, .8]])
    own = np.array([[False, True, True], [True, False, False]])
    # The first own passage is second; of equals the other stands first, behind the best: third.
    assert reciprocal_ranks(cosines, own).tolist() == [1 / 2, 1 / 3]
    assert reciprocal_ranks(np.arange(11.0)[None], np.arange(11)[None] == 0).tolist() == [0.0]


def test_a_batch_in_parts_has_the_negatives_of_its_parts(quiz_job):
    learner = learner_of(quiz_job)
    assert learner.passes([4, 2, 0, 1, 3], Cut(2, 0)) == [[4, 2], [0, 1], [3]]
    assert len(learner.lengths()) == len(learner.contrasts) == 12


def test_tuning_brings_a_question_to_its_passage(quiz_job):
    budget = quiz_job.budget.model_copy(update={"epochs": 30, "patience": 20})
    seen = dataclasses.replace(quiz_job, validation=quiz_job.train, budget=budget)
    before = validation_of(seen, read_embedder(seen.embedder, 512, seen.device))()
    fit = fit_once(Retriever({}), seen, {"learning_rate": 1e-3}).fit
    assert fit.training.held.score == 1.0 > before.score
    assert fit.training.held.loss < before.loss / 10


def test_items_that_teach_nothing_are_no_part_of_a_pass(quiz_job):
    """Eight of twelve name a document: two steps of six a pass."""
    train = tuple(dataclasses.replace(e, document=None if number < 4 else e.document)
                  for number, e in enumerate(quiz_job.train))
    job = dataclasses.replace(quiz_job, train=train, budget=quiz_job.budget.model_copy(
        update={"epochs": 2, "patience": 9}))
    training = fit_once(Retriever({}), job, {"learning_rate": 1e-4}).fit.training
    assert (training.taught, training.steps, training.examples) == (8, 4, 16)


def test_its_weights_are_saved_and_read_bit_for_bit(quiz_job, tmp_path):
    method = Retriever({})
    chosen = fit_once(method, quiz_job, {"learning_rate": 1e-3})
    fitted = chosen.fit.fitted
    fitted.save(tmp_path)
    assert read_learned(tmp_path).sha256 == fitted.learned.sha256
    own = learned_by(read_embedder(quiz_job.embedder, 512, quiz_job.device).model)
    assert fitted.learned.sha256 != own.sha256
    loaded = method.load(quiz_job, chosen.setting, tmp_path)
    asked = quiz_job.validation
    assert fitted.predict(asked, Clock()).tolist() == loaded.predict(asked, Clock()).tolist()
    tuned, again = (one.retriever.places(asked, 5, Clock()) for one in (fitted, loaded))
    assert np.array_equal(tuned, again)


@pytest.mark.parametrize("kind", ["words", "classes"])
def test_neighbours_are_found_by_what_was_tuned(kind, quiz_job, class_job, tmp_path):
    job = {"words": dataclasses.replace(quiz_job, backbone=quiz_job.embedder),
           "classes": class_job}[kind]
    fitted = fit_once(Retriever({}), job, {"learning_rate": 3e-3}).fit.fitted
    fitted.save(tmp_path)
    below = type("Below", (), {"load": lambda self: Retriever({}).load(job, {}, tmp_path)})()
    on_top = dataclasses.replace(job, retriever=below)
    knn = Knn({"retriever": "tuned"})
    own = fit_once(knn, on_top, {"k": 8}).fit.fitted
    assert own.retriever.learned.sha256 == fitted.learned.sha256
    assert np.array_equal(own.predict(job.validation, Clock()),
                          fitted.predict(job.validation, Clock()))
    with pytest.raises(CannotRunError, match="no run of the retriever 'tuned'"):
        fit_once(knn, job, {"k": 8})


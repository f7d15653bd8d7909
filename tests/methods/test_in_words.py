"""Methods on a task that is answered in words."""

import dataclasses

import numpy as np
import pytest
import torch
import yaml
from quiz import PLACES, quiz_dict

from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.measure.generation import generation
from harness.measure.retrieval import passage_retrieval
from harness.methods import register_all
from harness.methods.asking.stops import first_line
from harness.methods.job import Job
from harness.methods.learning.decoder import DecoderLearner, plain_decoder
from harness.methods.method import METHODS
from harness.methods.resolve import resolve
from harness.suite import load_suite
from harness.targets.metrics import TOKEN_F1

register_all()


@pytest.fixture
def make_job(quiz_task, decoder, encoder, device, tmp_path):
    from harness.suite import Budget

    def make(backbone=decoder):
        splits = quiz_task.splits
        return Job(quiz_task, splits.train, splits.validation,
                   Budget(train=14, validation=5, test=20, epochs=1, steps=1, batch=4,
                          max_length=48, trials=1, seeds=1), 0, device, Clock(),
                   FeatureStore(tmp_path / "f"), backbone=backbone, embedder=encoder,
                   metric=TOKEN_F1)

    return make


def test_loss_is_that_of_the_first_reference_and_its_end(make_job):
    job = make_job()
    asked = plain_decoder(job)
    learner = DecoderLearner(asked, job)
    model, writer = asked.loaded.model, asked.writer
    losses = []
    for example in job.validation:
        right, = writer.right([example])
        prompt, (answer,) = right.prompt, right.answers.paths
        assert answer[-1] == asked.loaded.tokenizer.eos_token_id
        assert asked.loaded.tokenizer.decode(answer[:-1]).strip() == example.references[0]
        with torch.inference_mode(), job.device.autocast_context():
            logits = model(input_ids=torch.tensor([prompt + answer])).logits[0].float()
        steps = logits.log_softmax(-1)[len(prompt) - 1: -1]
        losses.append(-float(steps[range(len(answer)), answer].sum()))
    held = learner.validate()
    assert held.loss == pytest.approx(np.mean(losses), rel=0.02)
    # The metric that decides is that of the answers which the model finds by itself.
    given = asked.predict(job.validation, Clock()).tolist()
    assert held.score == generation(given, job.validation, job.task.wording).token_f1
    with torch.no_grad(), job.device.autocast_context():
        per_batch = float(learner.loss(list(range(len(job.train)))))
    assert per_batch / len(job.train) == pytest.approx(np.mean(losses), rel=0.5)


def test_a_decoder_learns_answers_by_heart(make_job):
    """Enough steps on a few questions, and the tuned model gives their answers in words."""
    job = make_job()
    few = job.train[:4]
    job = dataclasses.replace(job, train=few, validation=few, budget=job.budget.model_copy(
        update={"epochs": 60, "batch": 4, "patience": 60}))
    fitted = METHODS["full"]({"learning_rates": [0.01]}).fit(job, {"learning_rate": 0.01}).fitted
    given = fitted.predict(few, Clock()).tolist()
    assert given == [e.references[0] for e in few]


@pytest.mark.parametrize("search", ["dense", "bm25", "hybrid"])
def test_a_question_is_asked_with_the_passages_found(make_job, search, tmp_path):
    job = make_job()
    method = METHODS["rag"]({"search": search, "tokens": 120})
    fitted = method.fit(job, {"k": 2}).fitted
    items = job.task.splits.test
    for example, asked in zip(items, fitted.write(items, Clock()), strict=True):
        text = fitted.loaded.tokenizer.decode(asked.prompt)
        place = next(p for p in PLACES if p in example.text)
        assert text.index("Passage:") < text.index("Question:")
        assert text.count("Passage:") == 2
        assert f"of {place}" in text.split("Question:")[0]
    fitted.save(tmp_path)
    again = method.load(job, {"k": 2}, tmp_path)
    assert (again.predict(items, Clock()) == fitted.predict(items, Clock())).all()


def test_passages_share_their_room_and_the_best_stands_last(make_job):
    writer = plain_decoder(make_job()).writer
    found = "".join(writer.passages(["best " * 50, "next " * 50], 60))
    assert found.index("next") < found.index("best")
    assert len(writer.tokenizer(found)["input_ids"]) <= 60


def test_a_question_that_no_passage_matches_is_asked_alone(make_job):
    """Case bm25-no-match: words find nothing, so nothing is read, and nothing counts as found."""
    job = make_job()
    fitted = METHODS["rag"]({"search": "bm25", "tokens": 120}).fit(job, {"k": 2}).fitted
    item = dataclasses.replace(job.task.splits.test[0], text="zzz qqq")
    other = job.task.splits.test[0]
    alone, asked = fitted.write([item, other], Clock())
    bare, without = fitted.writer.prompts([item, other])
    assert alone.prompt == bare
    assert len(asked.prompt) > len(without)
    figures = passage_retrieval(fitted.retriever, 2, [item], job.task.wording)
    assert set(figures.recall.values()) == {0.0}
    assert figures.mrr == figures.answer_share == 0.0
    both = passage_retrieval(fitted.retriever, 2, [item, other], job.task.wording)
    only = passage_retrieval(fitted.retriever, 2, [other], job.task.wording)
    assert both.mrr == only.mrr / 2 > 0


def test_an_update_is_timed_apart_from_the_build(make_job):
    job = make_job()
    retriever = METHODS["rag"]({}).fit(job, {"k": 1}).fitted.retriever
    facts = job.task.corpus.facts
    assert retriever.update.passages == facts.new_passages > 0
    assert retriever.update.seconds > 0
    assert retriever.build_seconds > 0
    again = METHODS["rag"]({}).fit(job, {"k": 1}).fitted.retriever
    # A second setting finds the vectors kept, and still tells what they cost.
    assert again.update.seconds > retriever.update.seconds / 20


def test_floors_answer_in_words(make_job, encoder, tmp_path):
    job = make_job(encoder)
    for name in ("majority", "knn"):
        method = METHODS[name]({})
        fitted = method.fit(job, {"k": 1}).fitted
        given = fitted.predict(job.task.splits.test, Clock())
        known = {e.references[0] for e in job.train}
        assert set(given.tolist()) <= known
        fitted.save(tmp_path)
        assert (method.load(job, {"k": 1}, tmp_path).predict(job.task.splits.test, Clock())
                == given).all()
    nearest = METHODS["knn"]({}).fit(job, {"k": 1}).fitted.predict(job.train, Clock())
    assert nearest.tolist() == [e.references[0] for e in job.train]


def test_the_most_frequent_answer_is_counted_without_case_and_articles(make_job):
    job = make_job()
    words = ["The owl", "pie", "Owl!", "river"]
    train = [dataclasses.replace(e, references=(w,)) for e, w in zip(job.train, words,
                                                                     strict=False)]
    fitted = METHODS["majority"]({}).fit(dataclasses.replace(job, train=tuple(train)), {}).fitted
    assert fitted.predict(job.validation[:1], Clock()).tolist() == ["The owl"]


@pytest.mark.parametrize(("references", "right"), [
    ([("A",), ("An",), ("The",)], 1 / 3), ([("15",), ("1.5",), ("15",), ("1.5",)], 1 / 2)])
def test_the_most_frequent_answer_is_right_for_its_share(make_job, references, right):
    """Cases answer-is-article and numbers-lose-points: it was right for all."""
    job = make_job()
    items = [dataclasses.replace(job.train[0], references=r) for r in references]
    fitted = METHODS["majority"]({}).fit(dataclasses.replace(job, train=tuple(items)), {}).fitted
    figures = generation(fitted.predict(items, Clock()).tolist(), items, job.task.wording)
    assert figures.exact_match == figures.token_f1 == pytest.approx(right)


@pytest.mark.parametrize(("backbone", "method", "why"), [
    ("enc", "full", "needs text of its own, which it does not get of the encoder: 'enc'"),
    *((backbone, method, "cannot do a task of kind generation")
      for backbone, method in [("enc", "features"), ("dec", "features"), (None, "tfidf")])])
def test_a_method_that_cannot_write_is_refused(tmp_path, encoder_folder, decoder_folder, backbone,
                                               method, why):
    suite = quiz_dict(encoder_folder, decoder_folder)
    if backbone is None:
        suite["methods"] = [method]
    else:
        suite["backbones"][backbone]["methods"] = [method]
    (tmp_path / "quiz.yaml").write_text(yaml.safe_dump(suite))
    with pytest.raises(HarnessError, match=f"'{method}' {why}"):
        resolve(load_suite(tmp_path / "quiz.yaml"))


def test_an_answer_is_its_first_line():
    assert first_line("\n  Ada \nQuestion: more") == "Ada"
    assert first_line(" \n ") == ""

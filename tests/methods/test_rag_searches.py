"""What `rag` finds by: one index for many settings, and an embedder that was tuned."""

import dataclasses

import numpy as np
import pytest

from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.methods import open_book
from harness.methods.job import Job
from harness.methods.learning.trials import fit_once, tune
from harness.methods.rag import Rag
from harness.methods.tuned_retriever import Retriever
from harness.suite import Budget
from harness.tasks.task import load_task


@pytest.fixture
def quiz_job(quiz_task, encoder, decoder, device):
    splits = quiz_task.splits
    return Job(task=quiz_task.view, train=splits.train[:8], validation=splits.validation[:3],
               budget=Budget(epochs=1, steps=1, batch=4, max_length=48, trials=4), seed=0,
               device=device, clock=Clock(), store=FeatureStore(None), embedder=encoder,
               backbone=decoder)


def test_an_index_is_built_once_however_many_settings_find_by_it(quiz_job, monkeypatch):
    built, real = [], open_book.build_search

    def counted(ranking, texts, *others):
        built.append((ranking, len(texts)))
        return real(ranking, texts, *others)

    monkeypatch.setattr(open_book, "build_search", counted)
    rag = Rag({"tokens": 100, "searches": [
        "bm25", {"search": "bm25", "chunk": {"words": 8, "overlap": 2}}]})
    chosen = tune(rag, quiz_job)
    assert len(chosen.trials) == 4
    assert [setting["search"] for setting in rag.shown()[:4]] == [
        "bm25", "bm25, chunks of 8 words, 2 shared"] * 2
    (first, few), (second, many) = built
    assert first == second == "bm25"
    assert few < many


def test_another_job_builds_its_own(quiz_job):
    how = Rag({"search": "bm25"}).options
    mine = open_book.build_passages(quiz_job, how)
    assert open_book.build_passages(quiz_job, how).search is mine.search
    fresh = dataclasses.replace(quiz_job, shelf=type(quiz_job.shelf)())
    assert open_book.build_passages(fresh, how).search is not mine.search


def test_labelled_examples_are_found_by_an_embedder_that_learned_their_classes(
        loaded, encoder, decoder, device, tmp_path):
    task = load_task(loaded)
    budget = Budget(epochs=3, steps=1, batch=6, max_length=32)
    job = Job(task=task.view, train=task.splits.train[:18], validation=task.splits.validation[:9],
              budget=budget, seed=0, device=device, clock=Clock(), store=FeatureStore(None),
              embedder=encoder, backbone=decoder)
    (tmp_path / "below").mkdir()
    fit_once(Retriever({}), job, {"learning_rate": 3e-3}).fit.fitted.save(tmp_path / "below")
    below = type("Below", (), {
        "load": lambda self: Retriever({}).load(job, {}, tmp_path / "below")})()
    rag = Rag({"tokens": 200, "retriever": "tuned"})
    setting = {"k": 3, "score": "plain"}
    fitted = fit_once(rag, dataclasses.replace(job, retriever=below), setting).fit.fitted
    plain = fit_once(Rag({"tokens": 200}), job, setting).fit.fitted
    asked = job.validation
    tuned, own = (one.retriever.search(asked, 3, Clock())[1] for one in (fitted, plain))
    assert not np.array_equal(tuned, own)
    assert np.array_equal(fitted.retriever.before().search(asked, 3, Clock())[1], own)
    fitted.save(tmp_path)
    loaded_again = rag.load(job, setting, tmp_path)
    assert np.array_equal(loaded_again.predict(asked, Clock()), fitted.predict(asked, Clock()))

"""What stands before the items that a model learns with passages."""

import dataclasses
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods import register_all
from harness.methods.finding import Studied
from harness.methods.job import Job
from harness.methods.learning.decoder import DecoderLearner, plain_decoder
from harness.methods.method import METHODS
from harness.methods.open_book import build_passages
from harness.methods.studied import build_studied, mixed
from harness.retrieval.vectors import NONE
from harness.suite import Budget
from harness.targets.metrics import TOKEN_F1

register_all()


@pytest.fixture
def job(quiz_task, decoder, encoder, device, tmp_path):
    splits = quiz_task.splits
    told = {e.id: e.document for part in (splits.train, splits.test) for e in part}
    budget = Budget(train=14, validation=5, test=20, epochs=1, steps=1, batch=4, max_length=48,
                    trials=1, seeds=1)
    return Job(quiz_task, tuple(splits.train), tuple(splits.validation), budget, 0, device, Clock(),
               FeatureStore(tmp_path / "f"), backbone=decoder, embedder=encoder, told=told,
               metric=TOKEN_F1)


@given(found=st.permutations(range(12)), own=st.sets(st.integers(0, 11), max_size=4),
       k=st.integers(1, 5), gold=st.sampled_from((0.0, 1.0)), seed=st.integers(0, 50))
def test_an_item_is_shown_its_own_passage_or_none_of_its_document(found, own, k, gold, seed):
    places = np.array(found)
    answer = min(own, default=NONE)
    shown = mixed(places, np.isin(places, list(own)), answer, k, gold, random.Random(seed))
    others = [place for place in found if place not in own]
    assert len(shown) == len(set(shown)) <= k
    if gold == 0 or not own:
        assert shown == others[:k]
    elif own & set(found[:k]):
        assert shown == found[:k], "what the search found by itself stays as it is"
    else:
        assert answer in shown
        assert [place for place in shown if place != answer] == others[:k - 1]


def test_the_share_with_their_passage_is_as_asked_for():
    found, own = np.arange(10), np.zeros(10, dtype=bool)
    own[9] = True
    has = [9 in mixed(found, own, 9, 3, 0.8, random.Random(f"0:{i}")) for i in range(2000)]
    assert np.mean(has) == pytest.approx(0.8, abs=0.03)


def test_nothing_comes_of_places_that_hold_none():
    found = np.array([3, NONE, NONE])
    shown = mixed(found, np.zeros(3, dtype=bool), NONE, 2, 1.0, random.Random(0))
    assert [place for place in shown if place != NONE] == [3]


def test_a_decoder_learns_prompts_with_passages_and_is_looked_at_with_what_is_found(job):
    how = Studied(search="bm25", k=2, tokens=120, gold=1.0)
    asked = plain_decoder(job, lookup=build_studied(job, how))
    asked.study(job)
    learner = DecoderLearner(asked, job)
    texts = dict(zip(*(job.task.corpus.passages()[name].to_pylist() for name in
                       ("text", "document")), strict=True))
    read = asked.loaded.tokenizer.decode
    for example, question in zip(job.train, learner.items, strict=True):
        prompt = read([*learner.head, *question.prompt])
        assert any(text[:20] in prompt for text, name in texts.items()
                   if name == example.document)
        assert prompt.rstrip().endswith(f"Question: {example.text}\nAnswer:")
    plain = DecoderLearner(plain_decoder(job), job)
    assert sum(learner.lengths()) > sum(plain.lengths()) + 60 * len(job.train)
    found = asked.before(job.validation, Clock())
    held = [read([*learner.head, *question.prompt]) for question in learner.held]
    for parts, prompt in zip(found, held, strict=True):
        assert "".join(parts).strip()[:40] in prompt


def test_what_is_told_are_the_passages_of_the_item_s_own_document(job):
    passages = build_passages(job, Studied(search="gold"))
    items = list(job.task.splits.test)
    places = passages.places(items, 3, Clock())
    for item, row in zip(items, passages.documents(places).tolist(), strict=True):
        assert {name for name in row if name is not None} == {item.document}
    # Asked alone or together, they are the same.
    alone = [passages.places([item], 3, Clock())[0] for item in items]
    assert (np.stack(alone) == places).all()
    unknown = dataclasses.replace(items[0], id="f" * 16)
    with pytest.raises(CannotRunError, match="nothing tells which document"):
        passages.places([unknown], 3, Clock())


def test_an_item_about_no_document_is_told_nothing(job):
    (first, *_) = job.task.splits.test
    told = dataclasses.replace(job, told={**job.told, first.id: None})
    places = build_passages(told, Studied(search="gold")).places([first], 3, Clock())
    assert (places == NONE).all()


def test_only_a_model_that_is_asked_can_have_passages():
    method = METHODS["lora"]({"passages": {"k": 1}})
    assert "answers through a head" in method.refuses("classification", "encoder")
    assert method.refuses("classification", "decoder") is None
    assert method.embeds
    assert METHODS["lora"](method.described()).recipe == method.recipe

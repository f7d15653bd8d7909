"""Passages that are measured, held and learned have nothing in common."""

import random
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backbones.load import load_causal
from harness.backbones.prompting.passages import nats_a_token
from harness.common.errors import HarnessError
from harness.forgetting import apart
from harness.forgetting.apart import general_passages, general_sha256, measured_passages
from harness.forgetting.benchmarks import Examination
from harness.suite import ForgettingItems

ROWS = 400


def many():
    """Passages of 30 words; each tenth goes on where the one before it was."""
    rng, rows = random.Random(0), []
    for i in range(ROWS):
        words = [f"w{rng.randrange(5000)}" for _ in range(30)]
        rows.append(rows[-1].split()[10:] + words[:10] if i % 10 == 9 else words)
        rows[-1] = " ".join(rows[-1])
    return rows


@pytest.fixture(scope="module", autouse=True)
def catalogue_of_many():
    texts = many()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "catalogue", lambda: SimpleNamespace(
            passage_texts=lambda: texts, passages="lambada_openai"))
        yield texts


def runs(texts, length=13):
    return {tuple(words[i:i + length]) for words in map(str.split, texts)
            for i in range(len(words) - length + 1)}


@given(st.integers(0, 50), st.integers(0, 150), st.integers(2, 150))
def test_the_three_parts_are_disjoint_for_every_seed_and_size(seed, passages, items):
    asked = ForgettingItems(passages=passages, benchmarks={"lambada_openai": items}, seed=seed)
    parts = [measured_passages(asked), general_passages("held", asked),
             general_passages("learned", asked)]
    assert all(parts[1:])
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert runs(parts[one]).isdisjoint(runs(parts[other]))
    assert len(parts[0]) <= passages + items


def test_they_are_the_same_each_time_and_named_by_their_content():
    asked = ForgettingItems(passages=10)
    assert general_passages("learned", asked) == general_passages("learned", asked)
    names = {general_sha256(general_passages(part, asked)) for part in ("held", "learned")}
    assert len(names) == 2
    assert general_sha256(()) is None


def test_nothing_is_measured_where_a_suite_measures_no_forgetting():
    assert measured_passages(None) == set()
    assert general_passages("held", None)


def test_a_benchmark_of_the_same_texts_under_another_name_is_refused():
    asked = ForgettingItems(benchmarks={"lambada_standard": 4})
    with pytest.raises(HarnessError, match="lambada_standard"):
        general_passages("learned", asked)


def test_none_is_left_where_all_are_measured():
    with pytest.raises(HarnessError, match="none is left to be learned"):
        general_passages("learned", ForgettingItems(passages=ROWS))


def test_what_is_said_to_be_measured_is_what_an_examination_draws(small_catalogue, monkeypatch):
    monkeypatch.setattr(apart, "catalogue", lambda: small_catalogue)
    for seed in range(3):
        asked = ForgettingItems(passages=5, benchmarks={"lambada_openai": 4}, seed=seed)
        examined = Examination(asked.benchmarks, asked.passages, asked.seed)
        drawn = {*examined.passages.values()}
        for task in examined.tasks["lambada_openai"]:
            drawn |= {doc["text"] for doc in task.eval_docs}
        assert measured_passages(asked) == drawn


def test_what_a_limit_reads_is_what_the_drift_of_forgetting_is(small_catalogue, decoder, device):
    examined = Examination({}, 12, 0)
    measured = examined.put_to(load_causal(decoder, "cpu", device.products), device).passages
    loaded = load_causal(decoder, "cpu", device.products)
    said = nats_a_token(loaded, device, list(examined.passages.values()))
    assert said == pytest.approx(sum(p.nats for p in measured) / sum(p.tokens for p in measured),
                                 rel=1e-3)

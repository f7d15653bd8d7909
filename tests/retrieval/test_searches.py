"""Rankings by vectors, by words, by both."""

import math
from collections import Counter

import bm25s
import numpy as np
import pytest

from harness.common.clock import Clock
from harness.retrieval.searches import FUSED, build_search, fuse, open_search

PASSAGES = ["The owl of Riverton is blue.", "Queen Ada rules Riverton.", "Pies are made in Oakham.",
            "The river flows past Oakham and Riverton.", "An owl eats a pie.", "Nobody rules here."]
QUESTIONS = ["Who rules Riverton?", "What does the owl eat?", "pies in Oakham", "the of and", ""]


def embed(texts, clock):
    """Counts of letters: a vector that anybody can compute."""
    return np.array([[1.0, *(text.lower().count(c) for c in "abcdefghijklmnopqrstuvwxyz")]
                     for text in texts], dtype=np.float32)


def lucene(question, passages, k1=1.5, b=0.75):
    """BM25 as Lucene has it, by its formula."""
    tokens = [bm25s.tokenize(p, stopwords="en", return_ids=False, show_progress=False)[0]
              for p in passages]
    asked = bm25s.tokenize(question, stopwords="en", return_ids=False, show_progress=False)[0]
    mean = np.mean([len(t) for t in tokens])
    scores = np.zeros(len(passages))
    for word in asked:
        having = sum(word in t for t in tokens)
        if not having:
            continue
        weight = math.log(1 + (len(tokens) - having + 0.5) / (having + 0.5))
        for i, t in enumerate(tokens):
            count = Counter(t)[word]
            scores[i] += weight * count / (count + k1 * (1 - b + b * len(t) / mean))
    return np.argsort(-np.round(scores, 5), kind="stable")


def test_vectors_rank_by_cosine():
    search = build_search("dense", PASSAGES, embed, Clock())
    passages, asked = embed(PASSAGES, None), embed(QUESTIONS, None)
    cosines = (asked / np.linalg.norm(asked, axis=1, keepdims=True)) @ (
        passages / np.linalg.norm(passages, axis=1, keepdims=True)).T
    ranked = search.rank(QUESTIONS, 6, Clock())
    assert np.take_along_axis(cosines, ranked, axis=1) == pytest.approx(
        -np.sort(-cosines, axis=1), abs=1e-6)


@pytest.mark.parametrize("question", QUESTIONS)
def test_words_rank_as_the_formula_says(question):
    search = build_search("bm25", PASSAGES, embed, Clock())
    assert (search.rank([question], 6, Clock())[0] == lucene(question, PASSAGES)).all()


def test_both_are_fused_by_their_ranks():
    rankings = [np.array([3, 1, 2]), np.array([1, 4, 3])]
    scores = {1: 1 / (FUSED + 2) + 1 / (FUSED + 1), 2: 1 / (FUSED + 3), 3: 1 / (FUSED + 1)
              + 1 / (FUSED + 3), 4: 1 / (FUSED + 2)}
    assert fuse(rankings).tolist() == sorted(scores, key=lambda p: -scores[p])


@pytest.mark.parametrize("ranking", ["dense", "bm25", "hybrid"])
def test_extended_is_the_same_as_built_at_once_and_as_read_again(ranking, tmp_path):
    whole = build_search(ranking, PASSAGES, embed, Clock())
    search = build_search(ranking, PASSAGES[:4], embed, Clock())
    search.extend(PASSAGES[4:], Clock())
    search.save(tmp_path)
    read = open_search(ranking, tmp_path, PASSAGES, embed)
    wanted = whole.rank(QUESTIONS, 4, Clock())
    for other in (search, read):
        assert (other.rank(QUESTIONS, 4, Clock()) == wanted).all()
        assert other.kind == whole.kind
        assert other.bytes > 0


@pytest.mark.parametrize("ranking", ["dense", "bm25", "hybrid"])
def test_more_is_asked_for_than_there_is(ranking):
    ranked = build_search(ranking, PASSAGES, embed, Clock()).rank(QUESTIONS, 50, Clock())
    assert ranked.shape == (len(QUESTIONS), len(PASSAGES))
    assert (np.sort(ranked, axis=1) == np.arange(len(PASSAGES))).all()


def test_time_is_counted_apart():
    clock = Clock()
    search = build_search("hybrid", PASSAGES, embed, clock)
    assert set(clock.spent) == {"index"}
    asked = Clock()
    search.rank(QUESTIONS, 2, asked)
    assert set(asked.spent) == {"retrieve"}

"""Rankings by vectors, by words, by both."""

import math
import random
from collections import Counter

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.common.clock import Clock
from harness.retrieval.searches import FUSED, build_search, fuse, open_search
from harness.retrieval.vectors import NONE

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
    order = np.argsort(-np.round(scores, 5), kind="stable")
    return np.where(scores[order] > 0, order, NONE)


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


def test_words_are_letters_and_their_pairs_where_there_are_no_spaces():
    """Case cjk-corpus: the passage that holds a name was found for 0.017 of the questions."""
    draw = random.Random(1)
    signs = [chr(0x4E00 + i) for i in range(600)]
    names = ["".join(draw.choices(signs, k=4)) for _ in range(40)]
    passages = ["".join(draw.choices(signs, k=60)) + f"{name}的高度是{i}米。" + "".join(
        draw.choices(signs, k=60)) for i, name in enumerate(names)]
    search = build_search("bm25", passages, embed, Clock())
    found = search.rank([f"请问{name}的高度是什么？" for name in names], 1, Clock())
    assert found[:, 0].tolist() == list(range(40))


def test_single_letters_and_digits_are_searched():
    search = build_search("bm25", ["vitamin B, page 5", "vitamin C, page 6"], embed, Clock())
    assert search.rank(["vitamin C", "page 6", "page 5"], 1, Clock())[:, 0].tolist() == [1, 1, 0]


def test_both_are_fused_by_their_ranks():
    rankings = [np.array([3, 1, 2]), np.array([1, 4, 3])]
    scores = {1: 1 / (FUSED + 2) + 1 / (FUSED + 1), 2: 1 / (FUSED + 3), 3: 1 / (FUSED + 1)
              + 1 / (FUSED + 3), 4: 1 / (FUSED + 2)}
    assert fuse(rankings).tolist() == sorted(scores, key=lambda p: -scores[p])


@given(st.lists(st.permutations(range(6)), max_size=1), st.integers(0, 6))
def test_what_a_ranking_lacks_adds_nothing(order, found):
    ranking = np.array(order[0] if order else range(6))
    lacking = np.where(np.arange(6) < found, ranking, NONE)
    assert fuse([ranking, np.full(6, NONE)]).tolist() == ranking.tolist()
    assert fuse([lacking, ranking]).tolist() == fuse([ranking[:found], ranking]).tolist()


def test_a_passage_that_shares_no_word_has_no_rank():
    """Case bm25-no-match: questions share no word with any passage. Words find nothing, and both
    together find what vectors find."""
    count = 30
    passages = [f"ding{i:02d} liegt im Regal und wiegt viel" for i in range(count)]
    questions = [f"Thing number {i}: how heavy?" for i in range(count)]

    def right(texts, clock):
        return np.eye(count, dtype=np.float32)[
            [int("".join(filter(str.isdigit, text))) for text in texts]]

    found = {ranking: build_search(ranking, passages, right, Clock()).rank(questions, 10, Clock())
             for ranking in ("dense", "bm25", "hybrid")}
    assert (found["bm25"] == NONE).all()
    assert (found["dense"][:, 0] == np.arange(count)).all()
    assert (found["hybrid"] == found["dense"]).all()


def test_words_find_fewer_than_are_asked_for():
    search = build_search("bm25", PASSAGES, embed, Clock())
    assert search.rank(["pies"], 3, Clock()).tolist() == [[2, NONE, NONE]]


@pytest.mark.parametrize("passages", [["", "the of"], ["?!"], ["", "owl"]])
def test_passages_without_words_are_never_found_by_words(passages):
    search = build_search("bm25", passages, embed, Clock())
    found = search.rank(["the", "", "of ?!"], 5, Clock())
    assert (found == NONE).all()


def test_questions_are_embedded_their_own_way():
    def asked(texts, clock):
        return -embed(texts, clock)

    alike = build_search("dense", PASSAGES, embed, Clock())
    turned = build_search("dense", PASSAGES, embed, Clock(), asked)
    assert (turned.rank(PASSAGES, 6, Clock())[:, -1] == np.arange(6)).all()
    assert (alike.rank(PASSAGES, 6, Clock())[:, 0] == np.arange(6)).all()


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
        assert other.size == len(PASSAGES)
        assert other.bytes > 0
    assert build_search(ranking, PASSAGES[:4], embed, Clock()).size == 4


@pytest.mark.parametrize("ranking", ["dense", "bm25", "hybrid"])
def test_more_is_asked_for_than_there_is(ranking):
    ranked = build_search(ranking, PASSAGES, embed, Clock()).rank(QUESTIONS, 50, Clock())
    assert ranked.shape == (len(QUESTIONS), len(PASSAGES))
    for row in ranked:
        found = row[row != NONE]
        assert len(set(found)) == len(found)
        assert (row[:len(found)] == found).all()
    if ranking != "bm25":
        assert (np.sort(ranked, axis=1) == np.arange(len(PASSAGES))).all()


def test_time_is_counted_apart():
    clock = Clock()
    search = build_search("hybrid", PASSAGES, embed, clock)
    assert set(clock.spent) == {"index"}
    asked = Clock()
    search.rank(QUESTIONS, 2, asked)
    assert set(asked.spent) == {"retrieve"}

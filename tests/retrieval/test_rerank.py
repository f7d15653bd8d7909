"""What a search finds, put in order by a model of pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.common.clock import Clock
from harness.retrieval.rerank import Reranked
from harness.retrieval.searches import build_search
from harness.retrieval.vectors import NONE

PASSAGES = [f"passage {number} " + "x" * (number % 7) for number in range(20)]


class Given:
    """A search that gives these places for every question."""

    kind, size, bytes = "given", len(PASSAGES), 0

    def __init__(self, places):
        self.places = np.array(places)

    def rank(self, questions, k, clock):
        return np.tile(self.places, (len(questions), 1))[:, :k]


def texts(places):
    return [PASSAGES[place] for place in places]


def by_length(pairs, clock):
    return np.array([float(len(passage)) for _, passage in pairs])


@given(places=st.permutations(range(20)), found=st.integers(0, 20), depth=st.integers(1, 25),
       k=st.integers(1, 20))
def test_the_first_are_in_order_of_their_scores_and_the_others_stay_behind(places, found, depth, k):
    row = [*places[:found], *[NONE] * (20 - found)]
    ranked = Reranked(Given(row), depth, texts, by_length).rank(["q", "r"], k, Clock())
    assert ranked.shape == (2, k)
    assert (ranked[0] == ranked[1]).all()
    first = [place for place in row[:depth] if place != NONE]
    behind = row[depth:][: max(0, k - depth)]
    wanted = sorted(first, key=lambda place: (-len(PASSAGES[place]), first.index(place)))
    filled = [*wanted, *[NONE] * (min(depth, 20) - len(wanted)), *behind]
    assert ranked[0].tolist() == filled[:k]


def test_a_question_that_finds_nothing_has_nothing_to_put_in_order():
    def none(pairs, clock):
        raise AssertionError("nothing was found")

    search = build_search("bm25", PASSAGES, None, Clock())
    assert (Reranked(search, 5, texts, none).rank(["zebra"], 3, Clock()) == NONE).all()


def test_more_than_the_search_holds_is_not_asked():
    search = Given(range(3))
    assert Reranked(search, 50, texts, by_length).rank(["q"], 3, Clock()).shape == (1, 3)


@pytest.mark.parametrize("k", [1, 5])
def test_each_pair_is_of_its_own_question(k):
    def same(pairs, clock):
        return np.array([float(question.split()[0] == passage.split()[1])
                         for question, passage in pairs])

    ranked = Reranked(Given(range(20)), 20, texts, same).rank(["7 ?", "3 ?"], k, Clock())
    assert ranked[:, 0].tolist() == [7, 3]

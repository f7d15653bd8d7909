"""Scores of answers in words, against other implementations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lm_eval.api.metrics import exact_match_hf_evaluate
from rouge_score.rouge_scorer import RougeScorer

from harness.tasks.answers import (
    SCORES,
    answer_recall,
    exact_match,
    rouge_l,
    token_f1,
)
from harness.tasks.wording import WORDINGS

normalised = WORDINGS["unicode"].key
WORDS = st.lists(st.sampled_from(["the", "cat", "Cat", "sat", "a", "mat.", "on", "Riverton", "3"]),
                 max_size=8).map(" ".join)


class Splitter:
    """rouge-score's own unigram scores over words that are normalised already."""

    def tokenize(self, text):
        return text.split()


UNIGRAMS = RougeScorer(["rouge1"], tokenizer=Splitter())


@given(answer=WORDS, reference=WORDS)
def test_token_f1_and_recall_are_those_of_unigrams(answer, reference):
    theirs = UNIGRAMS.score(normalised(reference), normalised(answer))["rouge1"]
    if normalised(reference) and normalised(answer):
        assert token_f1(answer, [reference]) == pytest.approx(theirs.fmeasure)
        assert answer_recall(answer, [reference]) == pytest.approx(theirs.recall)


@given(answer=WORDS, reference=WORDS)
def test_exact_match_is_lm_eval_s_but_for_articles(answer, reference):
    theirs = exact_match_hf_evaluate([" ".join(answer.split())], [" ".join(reference.split())],
                                     ignore_case=True, ignore_punctuation=True)["exact_match"]
    ours = exact_match(answer, [reference])
    assert ours >= theirs or not normalised(answer)
    if not any(w in ("a", "the") for w in f"{answer} {reference}".lower().split()):
        assert ours == theirs


def longest_common(one, other):
    table = np.zeros((len(one) + 1, len(other) + 1), dtype=int)
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            table[i, j] = table[i - 1, j - 1] + 1 if a == b else max(table[i - 1, j],
                                                                     table[i, j - 1])
    return int(table[-1, -1])


@given(answer=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=9),
       reference=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=9))
def test_rouge_l_is_the_longest_common_subsequence(answer, reference):
    common = longest_common(answer, reference)
    wanted = 2 * common / (len(answer) + len(reference))
    assert rouge_l(" ".join(answer), [" ".join(reference)]) == pytest.approx(wanted)


@given(answer=WORDS, references=st.lists(WORDS, min_size=1, max_size=3))
def test_the_best_reference_counts_and_scores_are_shares(answer, references):
    for score in SCORES.values():
        found = score(answer, references)
        assert 0 <= found <= 1
        assert found == pytest.approx(max(score(answer, [r]) for r in references))


def test_known_answers():
    assert exact_match("The Cat!", ["dog", "a cat"]) == 1
    assert token_f1("a high school student", ["He is a high school student in Phoenix."]) \
        == pytest.approx(2 * 3 / (3 + 7))
    assert answer_recall("Ada was the ruler of all", ["Queen Ada"]) == 0.5
    assert exact_match("", ["cat"]) == token_f1("", ["cat"]) == answer_recall("", ["cat"]) == 0

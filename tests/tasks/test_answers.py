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
    chrf,
    copied,
    exact_match,
    rouge_1,
    rouge_2,
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


def f1(answer, reference):
    """Of counted things, by precision and recall."""
    both = sum(min(answer.count(thing), reference.count(thing)) for thing in set(answer))
    if not both:
        return 0.0
    precision, recall = both / len(answer), both / len(reference)
    return 2 * precision * recall / (precision + recall)


def pairs(words):
    return [(words[i], words[i + 1]) for i in range(len(words) - 1)]


@given(answer=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=9),
       reference=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=9))
def test_rouge_1_and_2_are_f1_of_words_and_of_pairs(answer, reference):
    given, wanted = " ".join(answer), [" ".join(reference)]
    assert rouge_1(given, wanted) == pytest.approx(f1(answer, reference))
    assert rouge_2(given, wanted) == pytest.approx(f1(pairs(answer), pairs(reference)))


def chrf_by_hand(answer, reference):
    """Popović 2015, section 2: precision and recall are means over the lengths of runs; of those
    alone that both texts have, as sacrebleu counts."""
    answer, reference = "".join(answer.split()), "".join(reference.split())
    precisions, recalls = [], []
    for length in range(1, 7):
        given, wanted = ([text[i:i + length] for i in range(len(text) - length + 1)]
                         for text in (answer, reference))
        if given and wanted:
            both = sum(min(given.count(run), wanted.count(run)) for run in set(given))
            precisions.append(both / len(given))
            recalls.append(both / len(wanted))
    if not sum(precisions):
        return 0.0
    precision, recall = np.mean(precisions), np.mean(recalls)
    return float(5 * precision * recall / (4 * precision + recall))


@pytest.mark.parametrize("letters", ["abc de", "тоь н", "東京タ ワ"])
@given(data=st.data())
def test_chrf_is_the_f_score_of_runs_of_characters(letters, data):
    texts = st.text(st.sampled_from(letters), min_size=1, max_size=15).filter(str.strip)
    answer, reference = data.draw(texts), data.draw(texts)
    assert chrf(answer, [reference]) == pytest.approx(chrf_by_hand(answer, reference))


def test_composed_letters_are_their_parts_and_case_counts_in_chrf():
    assert chrf("e\u0301te\u0301", ["\xe9t\xe9"]) == 1
    assert chrf("Ida", ["ida"]) < 1
    assert chrf(" \n", ["ida"]) == chrf("xyz", ["ida"]) == 0


@pytest.mark.parametrize(("answer", "share"), [
    ("the cat sat", 1), ("The cat, sat!", 1), ("a cat sat down", 1 / 3), ("sat cat", 0), ("cat", 1),
    ("dog", 0), ("", 0), ("the cat the cat", 2 / 3), ("总理辞", 1), ("总辞", 0)])
def test_what_is_copied_are_pairs_of_words_that_stand_in_the_source(answer, share):
    assert copied(answer, "The cat sat on the mat. 总理辞职") == pytest.approx(share)


def test_known_answers():
    assert exact_match("The Cat!", ["dog", "a cat"]) == 1
    assert token_f1("a high school student", ["He is a high school student in Phoenix."]) \
        == pytest.approx(2 * 3 / (3 + 7))
    assert answer_recall("Ada was the ruler of all", ["Queen Ada"]) == 0.5
    assert exact_match("", ["cat"]) == token_f1("", ["cat"]) == answer_recall("", ["cat"]) == 0

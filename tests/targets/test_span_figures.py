"""Spans: how right they are, against seqeval and scikit-learn; as tags; in words; in files."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import get_entities
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from harness.common.words import pieces
from harness.measure.spans import span_quality
from harness.targets.kinds import KINDS
from harness.targets.span_words import read_written, written
from harness.targets.spans import (
    NOTHING,
    Span,
    SpanAnswers,
    found,
    spans_json,
    spans_of_json,
)
from harness.targets.tags import can_be_tagged, spans_at, tag_names, tags_of

LABELS = ("PER", "LOC", "ORG")
NAMES = tag_names(LABELS)
METRICS = {metric.name: metric for metric in KINDS["spans"].metrics}
WORDS = st.lists(st.sampled_from(["Ana", "sees", "Rome", "U.S.", "e-mail", "(x)", "東京", "naïve",
                                  "n’t", "3.5", "👍"]), min_size=1, max_size=9)


@st.composite
def tagged_text(draw):
    """A text, and spans of whole words in it."""
    text = draw(st.sampled_from([" ", "  ", "\n"])).join(draw(WORDS))
    places, spans, at = pieces(text), [], 0
    while at < len(places):
        length = draw(st.integers(0, 3))
        inside = places[at: at + length]
        if inside:
            spans.append(Span(inside[0][0], inside[-1][1], draw(st.integers(0, 2))))
        at += length + 1
    return text, tuple(spans)


def as_tags(text, spans):
    """By seqeval's names, made from nothing but characters."""
    tags = ["O"] * len(text)
    for start, end, label in spans:
        tags[start:end] = [f"B-{LABELS[label]}"] + [f"I-{LABELS[label]}"] * (end - start - 1)
    return tags


@given(st.lists(st.tuples(tagged_text(), st.integers(0, 5)), min_size=1, max_size=6))
def test_figures_are_seqevals(items):
    right, answered, texts = [], [], []
    for (text, spans), way in items:
        texts.append(text)
        right.append(spans)
        answered.append({0: spans, 1: NOTHING, 2: spans[:1],
                         3: tuple(s._replace(label=(s.label + 1) % 3) for s in spans),
                         4: tuple(s._replace(end=s.start + 1) for s in spans),
                         5: spans}[way])
    run = found(answered, right, len(LABELS))
    theirs = [[as_tags(*each) for each in zip(texts, spans, strict=True)]
              for spans in (right, answered)]
    assert METRICS["micro_f1"].of(run) == pytest.approx(
        f1_score(*theirs, average="micro", zero_division=0))
    for name, score in (("precision", precision_score), ("recall", recall_score)):
        value = METRICS[name].of(run)
        if value is not None:
            assert value == pytest.approx(score(*theirs, average="micro", zero_division=0))
    each = f1_score(*theirs, average=None, zero_division=0)
    there = sorted({LABELS[s.label] for spans in (*right, *answered) for s in spans})
    of_right = {LABELS[s.label] for spans in right for s in spans}
    own = [f1 for label, f1 in zip(there, np.atleast_1d(each), strict=False) if label in of_right]
    macro = METRICS["macro_f1"].of(run)
    assert macro == (pytest.approx(np.mean(own)) if own else None)


def test_figures_are_scikit_learns_with_weights_and_by_class():
    rng = np.random.default_rng(0)
    right, answered = ([tuple(Span(10 * place, 10 * place + 5, int(rng.integers(3)))
                              for place in np.flatnonzero(rng.random(4) < 0.6))
                        for _ in range(40)] for _ in range(2))
    answered = [r if rng.random() < 0.5 else a for r, a in zip(right, answered, strict=True)]
    weights = rng.uniform(0.5, 2, 40)
    run = found(answered, right, 3, weights)
    there = sorted({(i, *s) for spans in (right, answered) for i, own in enumerate(spans)
                    for s in own})
    y = np.array([[(i, *s) in {(i, *o) for o in side[i]} for i, *s in
                   [(t[0], *map(int, t[1:])) for t in there]] for side in (right, answered)])
    each = np.array([weights[t[0]] for t in there])
    p, r, f, _ = precision_recall_fscore_support(y[0], y[1], average="binary", sample_weight=each)
    quality = span_quality(run, LABELS)
    assert (quality.precision, quality.recall, quality.micro_f1) == pytest.approx((p, r, f))
    for c, own in enumerate(quality.per_class):
        mine = np.array([t[3] == c for t in there])
        p, r, f, _ = precision_recall_fscore_support(y[0][mine], y[1][mine], average="binary",
                                                     sample_weight=each[mine])
        assert (own.precision, own.recall, own.f1) == pytest.approx((p, r, f))
        assert own.support == y[0][mine].sum()
    assert quality.macro_f1 == pytest.approx(np.mean([c.f1 for c in quality.per_class]))
    assert quality.all_spans == pytest.approx(accuracy_score(
        np.ones(40), [a == r for a, r in zip(answered, right, strict=True)],
        sample_weight=weights))


def test_a_run_that_finds_nothing_has_no_precision_and_one_without_spans_no_recall():
    nothing = found([NOTHING], [(Span(0, 3, 0),)], 1)
    assert METRICS["precision"].of(nothing) is None
    assert METRICS["micro_f1"].of(nothing) == 0.0
    empty = span_quality(found([NOTHING, NOTHING], [NOTHING, NOTHING], 2), ("a", "b"))
    assert (empty.recall, empty.macro_f1, empty.all_spans) == (None, None, 1.0)
    with pytest.raises(ValueError, match="no items"):
        span_quality(found([], [], 1), ("a",))


@given(tagged_text())
def test_spans_of_whole_words_are_their_tags(given_text):
    text, spans = given_text
    tags = tags_of(text, spans)
    assert spans_at(text, tags.tolist()) == spans
    assert can_be_tagged(text, spans)
    entities = get_entities([NAMES[tag] for tag in tags])
    places = pieces(text)
    assert [Span(places[first][0], places[last][1], LABELS.index(label))
            for label, first, last in entities] == list(spans)


@given(st.lists(st.sampled_from(range(len(NAMES))), min_size=1, max_size=9))
def test_a_tag_of_the_inside_begins_a_span_where_seqeval_has_one_begin(tags):
    text = " ".join(f"w{i}" for i in range(len(tags)))
    places = pieces(text)
    assert [(LABELS[label], start, end) for start, end, label in spans_at(text, tags)] == [
        (label, places[first][0], places[last][1])
        for label, first, last in get_entities([NAMES[tag] for tag in tags])]


def test_a_span_within_a_word_cannot_be_tagged():
    assert not can_be_tagged("unhappy man", (Span(2, 7, 0),))
    assert tags_of("unhappy man", (Span(2, 7, 0),)).tolist() == [1, 0]


@given(tagged_text())
def test_files_hold_what_was_answered(given_text):
    text, spans = given_text
    assert spans_of_json(spans_json(spans, text, LABELS), LABELS) == spans


def test_answers_of_runs_are_read_from_tables_and_shown():
    cells = [[spans_json(own, "Ana sees Rome", LABELS) for own in run] for run in (
        [(Span(0, 3, 0),), NOTHING], [(Span(0, 3, 0), Span(9, 13, 1)), NOTHING])]
    answers = SpanAnswers(cells, cells[1], LABELS, np.array([0, 1]))
    said, right = answers.said(LABELS)
    assert said[0].tolist() == ["PER: Ana (at 0)", "nothing"]
    assert right.tolist() == ["PER: Ana (at 0); LOC: Rome (at 9)", "nothing"]
    assert [METRICS["recall"].of(run) for run in answers.runs] == [0.5, 1.0]
    inside = answers.inside(np.array([True, False]))
    assert [run.right.tolist() for run in inside.runs] == [[False], [True]]
    assert inside.actual.tolist() == [[True, True, False]]


@given(tagged_text())
def test_what_is_written_is_read_again(given_text):
    """But where the same words stand twice and one alone is meant: the first is taken."""
    text, spans = given_text
    said = read_written(written(spans, text, LABELS), text, LABELS)
    assert [(" ".join(text[s:e].split()), label) for s, e, label in said] == [
        (" ".join(text[s:e].split()), label) for s, e, label in spans] or (
        len(set(re.findall(r"\S+", text))) < len(text.split()))


@pytest.mark.parametrize(("answer", "spans"), [
    ("none", NOTHING), ("None.", NOTHING), ("I do not know", None), ("", None),
    ("PER: Ana", (Span(0, 3, 0),)), ("per : ANA", (Span(0, 3, 0),)),
    ("LOC: Rome | PER: Ana", (Span(0, 3, 0), Span(9, 13, 1))),
    ("PER: Bob | LOC: Rome", (Span(9, 13, 1),)), ("PER: Bob", NOTHING),
    ("LOC: Rome | LOC: Rome", (Span(9, 13, 1), Span(18, 22, 1))),
    ("CITY: Rome", None), ("PER:", None)])
def test_answers_in_words_are_looked_for_in_the_text(answer, spans):
    assert read_written(answer, "Ana sees Rome and Rome", LABELS) == spans

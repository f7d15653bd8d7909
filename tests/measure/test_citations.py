"""Which passages answers name, against counting by hand."""

import dataclasses

import numpy as np
import pytest

from harness.measure.citations import citation_scores, citations
from harness.retrieval.vectors import NONE
from harness.tasks.examples import Example, weights_of
from harness.tasks.wording import WORDINGS

TEXTS = ["Ada ruled Riverton.", "Bo ruled Oakham.", "Rivers are wet."]
OF = np.array(["r", "o", "w"], dtype=object)
WORDING = dataclasses.replace(WORDINGS["unicode"], refusal="unknown")


@dataclasses.dataclass
class Found:
    """The places of passages that were found for each question, the best first."""

    rows: list

    def found(self, items, k, clock):
        return [[place for place in row[:k] if place != NONE] for row in self.rows]

    def texts(self, places):
        return [TEXTS[place] for place in places if place != NONE]

    def documents(self, places):
        return OF[places]


def of(numbers, answers, rows, documents, weights=None):
    examples = [Example(str(i), "q", None, 0, "g", {}, ("x",), document,
                        weight=1.0 if weights is None else weights[i])
                for i, document in enumerate(documents)]
    scores = citation_scores(numbers, answers, Found(rows), 2, examples, WORDING)
    return citations(scores, weights_of(examples))


def test_numbers_count_from_the_top_where_the_last_passage_is_the_best():
    """Of places [0, 1] the prompt has 1 at [1] and 0 at [2]."""
    found = of([2, 1], ["Ada", "Ada"], [[0, 1], [0, 1]], ["r", "r"])
    assert (found.cited, found.held, found.gold, found.questions) == (1.0, 0.5, 0.5, 2)


def test_what_is_not_there_is_not_cited():
    found = of([3, 0, None, 2], ["Ada"] * 4, [[0, 1], [0, 1], [0, 1], [0, NONE]], ["r"] * 4)
    assert (found.cited, found.held, found.gold, found.questions) == (0.0, None, None, 0)


def test_refusals_are_from_no_passage_and_silence_stands_in_none():
    found = of([None, 2, 2], ["Unknown.", "", "Ada"], [[0, 1]] * 3, [None, None, "r"])
    assert (found.answers, found.cited, found.held) == (2, 1.0, 0.5)
    assert (found.gold, found.questions) == (1.0, 1)
    assert of([None], ["unknown"], [[0, 1]], ["r"]).cited is None


def test_items_count_by_their_weights():
    found = of([2, None, 1], ["Ada", "Ada", "Ada"], [[0, 1]] * 3, ["r", "r", "r"], [1.0, 2.0, 3.0])
    assert found.cited == pytest.approx(4 / 6)
    assert found.held == found.gold == pytest.approx(1 / 4)

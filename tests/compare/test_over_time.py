"""Studies one after another: breaks, and what became of a choice."""

import numpy as np
import pytest
from synthetic import answers, examples, record, study

from harness.compare.over_time import Told, breaks, over_time
from harness.report.published import publish
from harness.study.tables import class_table

LABELS = ("a", "b")


def told(strengths, items=80, commit=None, **changes):
    """A study in which methods answer with these strengths."""
    rng, asked = np.random.default_rng(0), examples(items, LABELS)
    records, tables = [], {}
    for name, strength in strengths.items():
        made = record(name, 0, asked, answers(rng, asked, strength, 2), LABELS)
        records.append(made)
        tables[made.identity.run_id] = class_table(
            asked, answers(np.random.default_rng(1), asked, strength, 2), LABELS)
    made = study(records, asked, LABELS).model_copy(update=changes)
    published = publish(made, tables.__getitem__, {e.id: e.text for e in asked})
    return Told(published.study, published.summary, published.verdict, commit)


@pytest.fixture(scope="module")
def strong():
    return told({"first": 4.0, "second": 0.2})


@pytest.fixture(scope="module")
def turned():
    return told({"first": 0.2, "second": 4.0})


def test_a_choice_that_is_still_recommended_stands(strong):
    one, two = over_time([strong, strong])
    assert one.recommended == "first (b)"
    assert one.choice.state == "recommended"
    assert one.choice.comparable
    assert two.breaks == ()
    assert two.differs == ()
    assert (one.segment, two.segment) == (0, 0)
    assert one.figure == strong.summary.rows[0].common[strong.summary.metric]


def test_a_choice_that_the_newest_best_is_significantly_better_than_is_behind(strong, turned):
    one, two = over_time([strong, turned])
    assert two.recommended == "second (b)"
    assert one.choice.state == "behind"
    row = next(row for row in turned.summary.rows if row.name == "first (b)")
    assert one.choice.behind == row.behind
    assert one.choice.behind.low > 0
    assert one.choice.now == row.common[turned.summary.metric]
    assert two.choice.state == "recommended"


def test_a_method_that_is_no_more_is_absent(strong):
    other = told({"second": 4.0, "third": 0.2})
    assert over_time([strong, other])[0].choice.state == "absent"


def test_what_makes_figures_incomparable_breaks_the_line(strong, turned):
    data = strong.study.data.model_copy(update={"splits_sha256": "f" * 64})
    elsewhere = Told(strong.study.model_copy(update={"data": data}), strong.summary, strong.verdict)
    more = told({"first": 4.0, "second": 0.2}, items=60)
    dearer = Told(strong.study.model_copy(update={
        "budget": dict(strong.study.budget) | {"epochs": 99}}), strong.summary, strong.verdict)
    assert breaks(strong, turned) == ()
    assert breaks(strong, elsewhere) == ("other data or splits",)
    assert any("60 common test items, not 80" in why for why in breaks(strong, more))
    assert breaks(strong, dearer) == ("another budget: epochs",)
    moments = over_time([strong, elsewhere, strong, strong])
    assert [moment.segment for moment in moments] == [0, 1, 2, 2]
    # The first and the last are of one kind, yet a line that broke twice is not one line.
    assert [moment.choice.comparable for moment in moments] == [False, False, True, True]

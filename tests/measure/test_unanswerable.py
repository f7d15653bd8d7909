"""Questions that the documents do not answer, against scikit-learn and SQuAD 2.0's way of counting.
"""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import f1_score, recall_score

from harness.measure.generation import generation
from harness.study.tables import answer_table
from harness.suite import Unanswerable
from harness.targets.answers import read_answers
from harness.targets.kinds import KINDS
from harness.tasks.examples import Example, Row
from harness.tasks.questions import gather
from harness.tasks.wording import WORDINGS

SAYS = "not in the documents"
WORDING = dataclasses.replace(WORDINGS["unicode"], refusal=SAYS)
OF_REFUSALS = ("refused", "wrongly_refused", "answerable_f1", "exact_match_answerable")


def asked(references, weights=None):
    return [Example(f"{place:03}", f"q {place}", None, 0, f"g{place}", {}, given, None,
                    weight=1.0 if weights is None else weights[place])
            for place, given in enumerate(references)]


@pytest.fixture(params=[False, True], ids=["alike", "weighted"])
def drawn(request):
    """200 questions, of which some have no answer, and what was said."""
    rng = np.random.default_rng(3)
    references = [(SAYS,) if none else ("Ida", "Ida B") for none in rng.random(200) < 0.3]
    said = rng.choice(["Ida", "Not in the documents.", "Bo", ""], 200, p=[.4, .4, .1, .1])
    weights = rng.uniform(0.5, 2.0, 200) if request.param else None
    return asked(references, weights), said.tolist(), weights


def test_figures_are_those_of_scikit_learn(drawn):
    examples, said, weights = drawn
    found = generation(said, examples, WORDING)
    answerable = np.array([e.references[0] != SAYS for e in examples])
    answered = np.array([text != "Not in the documents." for text in said])
    right = np.array([text == "Ida" if able else text == "Not in the documents."
                      for text, able in zip(said, answerable, strict=True)])
    of = {"sample_weight": weights}
    assert found.refused == pytest.approx(recall_score(~answerable, ~answered, **of))
    assert found.wrongly_refused == pytest.approx(1 - recall_score(answerable, answered, **of))
    assert found.answerable_f1 == pytest.approx(f1_score(answerable, answered, **of))
    assert found.exact_match == pytest.approx(np.average(right, weights=weights))
    assert found.exact_match_answerable == pytest.approx(np.average(
        right[answerable], weights=None if weights is None else weights[answerable]))
    assert found.unanswerable == (~answerable).sum()


def test_the_table_gives_the_record_s_figures(drawn):
    examples, said, weights = drawn
    table = answer_table(examples, said, WORDING)
    run = read_answers("generation", [table], (), weights).run(0)
    found = generation(said, examples, WORDING)
    for name in OF_REFUSALS:
        assert KINDS["generation"].metric(name).of(run, weights) == pytest.approx(
            getattr(found, name))


@pytest.mark.parametrize(("answer", "figures"), [
    (SAYS, (1.0, 1.0, 0.0, 0.0)), ("Ida", (0.0, 0.0, 2 * 0.75 / 1.75, 1.0))])
def test_who_always_says_one_thing(answer, figures):
    """Three of four may be answered: precision 3/4, recall 1."""
    examples = asked([(SAYS,), ("Ida",), ("Ida",), ("Ida",)])
    found = generation([answer] * 4, examples, WORDING)
    assert [getattr(found, name) for name in OF_REFUSALS] == pytest.approx(figures)


def test_where_all_may_be_answered_nothing_is_refused_and_where_none_is_said_there_is_no_figure():
    examples = asked([("Ida",), ("Bo",)])
    found = generation(["Ida", SAYS], examples, WORDING)
    assert (found.refused, found.wrongly_refused, found.unanswerable) == (None, 0.5, 0)
    plain = generation(["Ida", SAYS], examples, WORDINGS["unicode"])
    assert all(getattr(plain, name) is None for name in OF_REFUSALS)
    assert plain.unanswerable is None
    table = answer_table(examples, ["Ida", SAYS], WORDINGS["unicode"])
    assert not {"m:unanswerable", "m:refusal"} & set(table.column_names)
    run = read_answers("generation", [table], ()).run(0)
    assert all(KINDS["generation"].metric(name).of(run) is None for name in OF_REFUSALS)


def test_a_refusal_is_the_phrase_as_answers_are_compared():
    refuses = WORDING.refuses
    assert refuses("Not in documents")
    assert not refuses("it is not in the documents")
    assert not refuses("")
    chinese = dataclasses.replace(WORDING, refusal="文档中没有")
    assert chinese.refuses("文档中没有。")
    assert not chinese.refuses("文档中有")


def row(text, *references):
    return Row(text, "", references=references)


def test_rows_say_that_there_is_no_answer_by_nothing_or_by_a_value():
    rows = [row("1"), row("2", "Ida"), row("3", "N/A"), row("4", "N/A", "Bo")]
    of = {text.text: text.references for text in gather(rows, {}, "one", Unanswerable())[0]}
    assert of == {"1": (SAYS,), "2": ("Ida",), "3": ("N/A",), "4": ("N/A", "Bo")}
    found, facts = gather(rows, {}, "one", Unanswerable(says="unknown", value="N/A"))
    assert {e.text: e.references for e in found} == {
        "2": ("Ida",), "3": ("unknown",), "4": ("N/A", "Bo")}
    assert facts.empty == 1


@pytest.mark.parametrize("order", [1, -1])
def test_an_answer_in_another_row_counts(order):
    found, facts = gather([row("1"), row("1", "Ida")][::order], {}, "one", Unanswerable())
    assert [e.references for e in found] == [("Ida",)]
    assert (facts.duplicates, facts.conflicting) == (1, 1)


def test_older_tables_are_read_without():
    table = answer_table(asked([("Ida",)]), ["Ida"], WORDING).drop_columns(
        ["m:unanswerable", "m:refusal"])
    assert isinstance(table, pa.Table)
    assert KINDS["generation"].metric("refused").of(
        read_answers("generation", [table], ()).run(0)) is None

"""Methods by slice: fairlearn's figures, the untuned reference, the answer in one word."""

import fairlearn.metrics as fl
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score
from sliced import BINARY, compared, sliced_study

from harness.compare.arms import arms_of
from harness.compare.fairness import MOST_SLICES, reference
from harness.compare.pairs import holm

NEXT = np.finfo(float).eps


def flat(skill):
    return lambda slices: skill


def by_region(**skills):
    return lambda slices: skills[slices["region"]]


METHODS = {
    "zero-shot": ("zero-shot", "b", flat(1.0)),
    "unfair": ("lora", "b", by_region(a=3.5, b=0.1, c=1.0)),
    "fair": ("full", "b", flat(1.2)),
    "majority": ("majority", None, flat(0.0)),
}
COLUMNS = {
    "region": lambda i: "abc"[i // 2 % 3],
    "only": lambda i: "x",
    "rare": lambda i: "one" if i == 3 else "rest",
    "gaps": lambda i: None if i < 7 else " " if i < 10 else "lr"[i // 2 % 2],
}


@pytest.fixture(scope="module")
def study():
    return sliced_study(METHODS, COLUMNS, items=600, seeds=3)


@pytest.fixture(scope="module")
def found(study):
    return compared(*study)


def column(found, name):
    return next(c for c in found.columns if c.name == name)


def method(found, name, of="region"):
    return next(m for m in column(found, of).methods if m.name == name)


THEIRS = {
    "accuracy": accuracy_score, "selection_rate": fl.selection_rate,
    "macro_f1": lambda t, p: f1_score(t, p, average="macro"),
    "false_positive_rate": fl.false_positive_rate, "false_negative_rate": fl.false_negative_rate,
}


@pytest.mark.parametrize("measure", THEIRS)
def test_figures_and_gaps_are_fairlearn_s(study, found, measure):
    made, tables = study
    for label in METHODS:
        runs = [r for r in made.records if r.identity.label == label]
        seeds = []
        for run in runs:
            table = tables[run.identity.run_id].to_pandas()
            frame = fl.MetricFrame(
                metrics=THEIRS[measure], y_true=(table["target"] == "yes").astype(int),
                y_pred=(table["p:yes"] > table["p:no"]).astype(int),
                sensitive_features=table["slice:region"])
            seeds.append(frame.by_group)
        mean = sum(seeds) / len(seeds)
        ours = method(found, runs[0].identity.name)
        figures = ours.figures[measure]
        assert {value: f.mean for value, f in figures.items()} == pytest.approx(dict(mean))
        assert all(f.low <= f.mean <= f.high and f.seeds == 3 for f in figures.values())
        gap = ours.gaps[measure]
        assert gap.difference == pytest.approx(mean.max() - mean.min())
        assert gap.ratio == pytest.approx(mean.min() / mean.max())
        assert (gap.lowest, gap.highest) == (mean.idxmin(), mean.idxmax())
        assert gap.low <= gap.difference <= gap.high + NEXT
        worst = {"accuracy": gap.lowest, "macro_f1": gap.lowest, "selection_rate": None}
        assert gap.worst == worst.get(measure, gap.highest)


def test_a_method_that_is_good_for_one_slice_alone_amplifies(found):
    unfair, fair = method(found, "unfair (b)"), method(found, "fair (b)")
    assert unfair.changes["accuracy"].answer == "amplifies" == unfair.answer
    assert unfair.changes["accuracy"].low > 0.1
    assert unfair.gaps["accuracy"].worst == "b"
    assert fair.answer == "cannot tell"
    assert fair.changes["accuracy"].low < 0 < fair.changes["accuracy"].high


def test_a_gap_that_tuning_closes_is_reduced():
    made, tables = sliced_study(
        {"features": ("features", "b", by_region(a=3.0, b=0.0)),
         "full": ("full", "b", flat(3.0))}, {"region": lambda i: "ab"[i // 2 % 2]}, items=400)
    assert method(compared(made, tables), "full (b)").answer == "reduces"


def test_the_correction_is_over_every_judged_change(found):
    changes = [c for col in found.columns for m in col.methods
               for name, c in m.changes.items() if name != "selection_rate"]
    assert found.tests == len(changes) == 2 * 4 * 2  # methods, measures, columns with a gap
    assert [c.adjusted for c in changes] == pytest.approx(
        holm(np.array([c.p_value for c in changes])))
    assert max(c.adjusted for c in changes if c.answer != "cannot tell") < 0.05


def test_the_selection_rate_is_shown_and_not_judged(found):
    change = method(found, "unfair (b)").changes["selection_rate"]
    assert (change.adjusted, change.answer) == (None, None)
    assert found.positive == "yes"


def test_a_column_with_one_value_has_figures_and_no_gap(found):
    one = method(found, "fair (b)", "only")
    assert set(one.figures["accuracy"]) == {"x"}
    assert (one.gaps, one.changes, one.answer) == ({}, {}, None)


def test_a_slice_of_one_item_has_no_figure(found):
    sizes = {s.value: (s.items, s.groups, s.enough) for s in column(found, "rare").slices}
    assert sizes == {"rest": (599, 599, True), "one": (1, 1, False)}
    assert set(method(found, "fair (b)", "rare").figures["accuracy"]) == {"rest"}


def test_items_without_a_value_are_counted_and_left_out(found):
    gaps = column(found, "gaps")
    assert gaps.without == 10
    assert sum(s.items for s in gaps.slices) == 590
    assert {s.value for s in gaps.slices} == {"l", "r"}


def test_an_error_rate_counts_its_own_class_s_items():
    found = compared(*sliced_study(
        {"full": ("full", "b", flat(1.0))},
        {"region": lambda i: "a" if i % 2 or i < 40 else "b"}, items=200))
    figures = method(found, "full (b)").figures
    assert set(figures["accuracy"]) == {"a", "b"}
    assert set(figures["false_positive_rate"]) == {"b"}, "a has 20 items of the first class"
    assert set(figures["false_negative_rate"]) == {"a"}, "b has none of the second"


def test_macro_f1_is_compared_where_the_classes_are_the_same():
    labels = ("x", "y", "z")
    found = compared(*sliced_study(
        {"features": ("features", "b", flat(1.0)), "full": ("full", "b", flat(1.0))},
        {"region": lambda i: "ab"[i % 3 == 2], "same": lambda i: "ab"[i // 3 % 2]},
        items=240, labels=labels))
    other, same = (method(found, "full (b)", of) for of in ("region", "same"))
    assert set(other.figures) == {"accuracy", "macro_f1"}
    assert (set(other.gaps), set(same.gaps)) == ({"accuracy"}, {"accuracy", "macro_f1"})


def test_many_slices_are_not_all_compared():
    found = compared(*sliced_study({"full": ("full", "b", flat(1.0))},
                                   {"region": lambda i: f"r{i // 2 % 12:02}"}, items=12 * 32))
    region = column(found, "region")
    assert (len(region.slices), region.left_out) == (12, 2)
    assert len(method(found, "full (b)").figures["accuracy"]) == MOST_SLICES


@pytest.mark.parametrize(("methods", "expected"), [
    (("few-shot", "features", "zero-shot", "full"), "zero-shot (b)"),
    (("knn", "features", "full"), "features (b)"),
    (("knn", "full"), "knn (b)"),
    (("majority", "tfidf", "full"), "tfidf"),
    (("majority", "full"), "majority"),
    (("full",), None)])
def test_the_reference_is_what_the_backbone_does_untuned(methods, expected):
    floors = ("majority", "tfidf")
    made, _ = sliced_study({name: (name, None if name in floors else "b", flat(1.0))
                            for name in methods}, {}, items=20)
    arms = {arm.label: arm for arm in arms_of(made.records)}
    chosen = reference(arms["full"], tuple(arms.values()))
    assert (chosen.name if chosen else None) == expected
    for name in floors:
        if name in arms:
            assert reference(arms[name], tuple(arms.values())) is None
    if chosen:
        assert reference(chosen, tuple(arms.values())) is None


def test_a_tuned_model_asked_with_retrieval_is_no_reference():
    made, _ = sliced_study({"rag+lora": ("rag", "b", flat(1.0)), "full": ("full", "b", flat(1.0))},
                           {}, items=20)
    first, rest = made.records[0], made.records[1:]
    inner = first.identity.model_copy(update={"inner": "0" * 16})
    arms = arms_of((first.model_copy(update={"identity": inner}), *rest))
    assert reference(arms[1], arms) is None


def test_without_slice_columns_there_is_nothing():
    assert compared(*sliced_study({"full": ("full", "b", flat(1.0))}, {}, items=40)) is None
    assert compared(*sliced_study({"full": ("full", "b", flat(1.0))}, {"region": lambda i: ""},
                                  items=40)) is None


def test_names_are_any_text():
    names = ("<script>", "slice:x", "a|b", "عربي", "0")
    found = compared(*sliced_study(
        {"full": ("full", "b", flat(1.0))},
        {"p:yes": lambda i: names[i // 2 % 5], "slice:": lambda i: names[i // 2 % 2]},
        items=400, labels=BINARY))
    assert {c.name for c in found.columns} == {"p:yes", "slice:"}
    assert set(method(found, "full (b)", "p:yes").figures["accuracy"]) == set(names)

"""Whether the gains of tuning and of retrieval add up."""

import numpy as np
import pytest
from scipy.stats import t

from harness.compare.arms import arms_of, measure_arms
from harness.compare.gains import gains
from harness.report import added
from harness.report.published import publish
from harness.study.tables import class_table
from harness.suite import Decide
from tests.synthetic import LABELS, examples, record, study

ITEMS = examples(400)
OPTIONS = {"rag": {"tokens": 64}, "rag+lora": {"tokens": 64}}


def right(chance, rng):
    """Which items a method answers right."""
    return rng.random(len(ITEMS)) < chance


def run(label, seed, hits, inner=None):
    wrong = [(example.label + 1) % len(LABELS) for example in ITEMS]
    given = np.where(hits, [example.label for example in ITEMS], wrong)
    probabilities = np.full((len(ITEMS), len(LABELS)), 0.1)
    probabilities[np.arange(len(ITEMS)), given] = 0.8
    made = record(label, seed, ITEMS, probabilities)
    identity = made.identity.model_copy(update={
        "method": label.partition("+")[0], "options": OPTIONS.get(label, {}), "inner": inner,
        "random": label.endswith("lora")})
    return (made.model_copy(update={"identity": identity}),
            class_table(ITEMS, probabilities, LABELS))


def designed(both, seeds=3, rng=None, **change):
    """A study of the four, in which the chance of an answer is .4, .5 tuned, .6 looked up."""
    rng = rng or np.random.default_rng(1)
    hits = {"zero-shot": [right(0.4, rng)], "rag": [right(0.6, rng)],
            "lora": [right(0.5, rng) for _ in range(seeds)],
            "rag+lora": [right(both, rng) for _ in range(seeds)]} | change
    runs = [run(label, seed, each, record("lora", seed, ITEMS, None).identity.run_id
                if "+" in label else None)
            for label, found in hits.items() for seed, each in enumerate(found)]
    tables = {made.identity.run_id: table for made, table in runs}
    made = study([made for made, _ in runs], ITEMS, decide=Decide(metric="accuracy"))
    return hits, made, tables


def found(made, tables, matters=0.02):
    arms = arms_of(made.records)
    measured = measure_arms(made.records, made.kind, made.labels, tables.__getitem__)
    return gains(arms, measured, "accuracy", matters)


def test_the_interaction_is_that_of_a_two_by_two_design():
    hits, made, tables = designed(0.4)
    (only,) = found(made, tables)
    assert (only.alone, only.looked_up, only.tuned, only.both) == (
        "zero-shot (b)", "rag (b)", "lora (b)", "rag+lora (b)")
    base, looked = (hits[name][0].astype(float) for name in ("zero-shot", "rag"))
    by_seed = [np.asarray(both, float) - tuned - looked + base
               for both, tuned in zip(hits["rag+lora"], hits["lora"], strict=True)]
    each = np.mean(by_seed, axis=0)
    assert only.beyond.mean == pytest.approx(each.mean())
    assert only.by_tuning.mean == pytest.approx(np.mean(hits["lora"]) - base.mean())
    assert only.by_retrieval.mean == pytest.approx(looked.mean() - base.mean())
    assert only.beyond.mean == pytest.approx(
        only.by_both.mean - only.by_tuning.mean - only.by_retrieval.mean)
    of_items = each.var(ddof=1) / len(ITEMS)
    of_seeds = np.var([one.mean() for one in by_seed], ddof=1) / len(by_seed)
    degrees = (of_items + of_seeds) ** 2 / (of_items**2 / 399 + of_seeds**2 / 2)
    reach = t.ppf(0.975, degrees) * (of_items + of_seeds) ** 0.5
    assert only.beyond.high - only.beyond.mean == pytest.approx(reach, rel=0.02)
    assert only.together == "less"
    assert "the gains overlap" in added.lines(publish(made, tables.__getitem__, {}))[0]


@pytest.mark.parametrize(("both", "matters", "together"), [
    (0.95, 0.02, "more"), (0.7, 0.02, "unknown"), (0.7, 0.5, "sum"), (0.45, 0.02, "less")])
def test_what_is_said_of_it(both, matters, together):
    _, made, tables = designed(both)
    assert found(made, tables, matters)[0].together == together


def test_an_arm_that_looks_up_otherwise_is_no_part_of_the_design():
    _, made, tables = designed(0.7)
    other = [r if r.identity.label != "rag" else r.model_copy(update={
        "identity": r.identity.model_copy(update={"options": {"tokens": 32}})})
        for r in made.records]
    assert found(made.model_copy(update={"records": tuple(other)}), tables) == ()


def test_intervals_hold_the_truth_and_a_single_seed_has_its_kin_s_spread():
    rng, held = np.random.default_rng(7), 0
    for _ in range(120):
        _, made, tables = designed(0.7, rng=rng)
        (only,) = found(made, tables)
        held += only.beyond.low <= 0.0 <= only.beyond.high
    assert held >= 108, "of 120 that are to hold 95%"
    _, made, tables = designed(0.7)
    single = [r for r in made.records if r.identity.label != "rag+lora" or r.identity.seed == 0]
    (wide,) = found(made.model_copy(update={"records": tuple(single)}), tables)
    assert wide.by_both.seeds == 1
    assert wide.by_both.high - wide.by_both.low > 2 * 1.96 * wide.by_both.sampling_error * 0.99

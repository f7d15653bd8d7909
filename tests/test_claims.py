"""Claims of others: verdicts by the rule that the page states, figures as studies have them."""

import math
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.claims import (
    FIGURES,
    KEPT,
    PAGE,
    ROOT,
    Check,
    Claim,
    Expected,
    Found,
    apart,
    figures_of,
    page,
    read_claims,
    read_kept,
    verdict,
)
from harness.methods.resolve import resolve
from harness.report.published import read_published
from harness.study.identity import arm_name
from harness.suite import load_suite


@pytest.fixture(scope="module")
def legal(tmp_path_factory):
    """The study as it is committed, for `make suite` writes it anew; as it is without git."""
    path, folder = "reports/legal/study.json", tmp_path_factory.mktemp("legal")
    found = subprocess.run(["git", "show", f":{path}"], cwd=ROOT, capture_output=True, check=False)
    if found.returncode:
        return read_published(ROOT / path)
    (folder / "study.json").write_bytes(found.stdout)
    return read_published(folder / "study.json")


def claim(**changes):
    return Claim(**{"says": "a", "source": "b", "theirs": "c", "figure": "kept",
                    "expects": Expected(low=0), "matters": 0.02, "tests": (), **changes})


def found(low, high):
    return Found(value=(low + high) / 2, low=low, high=high, study_sha256="", commit=None,
                 device="", created="")


@pytest.mark.parametrize(("low", "high", "said"), [
    (0.0, 0.3, "holds here"), (-0.3, -0.001, "refuted here"), (-0.02, 0.02, "does not show"),
    (-0.03, 0.02, "too small to tell"), (-0.001, 0.9, "too small to tell")])
def test_the_verdict_is_where_the_interval_lies(low, high, said):
    assert verdict(claim(), found(low, high)) == said


def test_a_claim_that_no_study_tests_says_so():
    assert verdict(claim(), None) == "not run here"
    around = claim(expects=Expected(low=-0.02, high=0.02))
    assert verdict(around, found(-0.01, 0.02)) == "holds here"


def test_two_figures_apart_are_as_of_normal_errors():
    """1.96 standard errors of 0.03 and 0.04 are those of 0.05, by Pythagoras and by simulation."""
    z = 1.96
    first, second = ((mean, mean - z * error, mean + z * error)
                     for mean, error in ((0.5, 0.03), (0.2, 0.04)))
    value, low, high = apart(first, second)
    assert (value, low, high) == pytest.approx((0.3, 0.3 - z * 0.05, 0.3 + z * 0.05))
    draw = np.random.default_rng(0)
    drawn = draw.normal(0.5, 0.03, 200_000) - draw.normal(0.2, 0.04, 200_000)
    np.testing.assert_allclose(np.quantile(drawn, [.025, .975]), [low, high], atol=2e-3)


@pytest.mark.parametrize("one", read_claims(), ids=lambda one: one.says[:40])
def test_every_claim_names_arms_of_a_profile_that_ships(one):
    assert one.figure in FIGURES
    for test in one.tests:
        loaded = load_suite(ROOT / f"suites/{test.suite}.yaml", test.profile)
        names = {arm_name(entry.label, entry.backbone) for entry in resolve(loaded)}
        for name in (test.first, test.second):
            method, _, backbone = name.partition(" ")
            rates = [n for n in names if n.startswith(f"{method}-") and n.endswith(backbone)]
            assert len(rates) > 1 if one.figure == "rate_ratio" else name in names
        assert test.train is None or test.train in loaded.suite.train_sizes


def test_what_was_kept_is_what_the_study_says(legal):
    """The study that is committed: the mean changes of both arms, subtracted by hand."""
    one = next(c for c in read_claims() if c.says.startswith("LoRA forgets less"))
    (key,) = figures_of([one], [legal])
    assert key in read_kept()
    rows = {row.name: row.forgot for row in legal.summary.rows}
    lora, full = rows["lora (minilm)"], rows["full (minilm)"]
    kept = figures_of([one], [legal])[key]
    assert kept.value == pytest.approx(lora.difference.mean - full.difference.mean)
    assert kept.low == pytest.approx(kept.value - math.hypot(
        lora.difference.mean - lora.low, full.high - full.difference.mean))


def test_a_lead_has_the_sign_of_the_one_that_is_named_first(legal):
    first, second = legal.summary.pairs[0].first, legal.summary.pairs[0].second
    there, back = (FIGURES["ahead"][0](legal, Check(suite="legal", profile="quick", first=a,
                                                   second=b))
                   for a, b in ((first, second), (second, first)))
    assert there == tuple(-end for end in (back[0], back[2], back[1]))
    assert there[0] == legal.summary.pairs[0].differences[legal.summary.metric].difference


@pytest.mark.parametrize("figure", FIGURES)
def test_a_study_without_the_arms_has_no_figure(figure, legal):
    test = Check(suite="a", profile="b", first="nobody (x)", second="nothing (x)")
    assert FIGURES[figure][0](legal, test) is None


def test_rates_are_compared_on_their_logarithms(legal):
    """Best 1e-3 against 1e-4, and nothing else is worse: from 1e-4/1e-4 to 1e-3/1e-5."""
    study = legal
    arms = {"lora": [1e-3, 1e-4], "full": [1e-4, 1e-5]}
    record, row = study.study.records[0], study.summary.rows[0]
    records, rows = [], []
    for method, rates in arms.items():
        for rate in rates:
            identity = record.identity.model_copy(update={
                "method": method, "label": f"{method}-{rate}", "backbone": "x",
                "options": {"learning_rates": [rate]}})
            records.append(record.model_copy(update={"identity": identity}))
            rows.append(row.model_copy(update={"name": identity.name}))
    study = study.model_copy(update={
        "study": study.study.model_copy(update={"records": tuple(records)}),
        "summary": study.summary.model_copy(update={"rows": tuple(rows), "pairs": ()})})
    found = FIGURES["rate_ratio"][0](study, Check(suite="a", profile="b", first="lora (x)",
                                                 second="full (x)"))
    assert found == pytest.approx((1.0, 0.0, 2.0))


def test_the_page_is_made_of_what_is_kept():
    assert (ROOT / PAGE).read_text() == page(read_claims(), read_kept())
    assert Path(KEPT).exists()

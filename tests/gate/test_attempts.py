"""A gate that cannot be worn out: counted attempts, on items that no study reads."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from gated import POLICY, Place, carried_out
from tiny import sentences, suite_dict

from harness.common.errors import HarnessError
from harness.common.files import sha256_file
from harness.gate import attempts, run
from harness.gate.baseline import read_baseline
from harness.gate.bounds import ONE_SIDED
from harness.gate.log import Log, read_log
from harness.gate.spending import ALPHA, alpha_of

RULES = {"metrics": {"accuracy": {"non_inferior_within": 0.5}}, "artifact_bytes_at_most": 10**7}


@pytest.fixture(scope="module")
def ground(tmp_path_factory, encoder_folder, decoder_folder):
    """Runs of a suite that keeps a part for the gate."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        value = suite_dict(encoder_folder, decoder_folder) | {"gate": RULES}
        value["methods"] = ["tfidf", "majority"]
        value["backbones"] = {"enc": value["backbones"]["enc"] | {"methods": ["features"]}}
        value["budget"] |= {"train": 96, "test": 30, "trials": 1, "seeds": 1}
        value["task"]["split"] = {"gate": 0.3}
        sentences(240).to_csv(folder / "data.csv", index=False)
        return carried_out(folder, value)


def log_in(folder) -> Log:
    return attempts.log_beside(folder / "tiny.json")


def events(folder):
    return [line["event"] for line in read_log(log_in(folder))]


def files(folder):
    return {str(p.relative_to(folder)): sha256_file(p) for p in Path(folder).rglob("*")
            if p.is_file() and p.suffix != ".lock"}


def test_the_approved_run_answers_the_gate_s_items(ground, tmp_path):
    run_id = ground.run_id("tfidf")
    baseline = read_baseline(ground.approve(run_id, tmp_path))
    splits = ground.plan.task.splits
    assert (baseline.judging, baseline.logged) == ("gate", True)
    assert set(baseline.gate.items) == {e.id for e in splits.gate}
    assert set(baseline.items) <= {e.id for e in splits.test}
    assert baseline.said("gate").sum(axis=1) == pytest.approx(np.ones(len(splits.gate)))
    assert [e.id for e in baseline.examples(ground.plan.task, "gate")] == list(baseline.gate.items)
    assert events(tmp_path) == ["approved"]


def test_no_run_of_a_study_reads_the_gate_s_items(ground):
    """Neither in what it answered nor in what it was given."""
    kept = {e.id for e in ground.plan.task.splits.gate}
    assert len(kept) == pytest.approx(0.3 * 240, abs=6)
    for planned in ground.plan.runs:
        table = ground.store.predictions(planned.run_id)
        assert not kept & set(table["item"].to_pylist())
    sample = ground.plan.sample(ground.plan.loaded.suite.budget)
    assert not len(sample.gate)


def test_a_candidate_is_judged_on_them_and_only_the_outcome_is_told(ground, tmp_path):
    ground.approve(ground.run_id("tfidf"), tmp_path)
    good = ground.gate(ground.run_id("tfidf"), tmp_path)
    assert (good.outcome, good.part, good.exit_code) == ("passed", "gate", 0)
    assert good.items == len(ground.plan.task.splits.gate)
    assert good.attempt.alpha == alpha_of(1) == ALPHA / 2
    assert "Attempt 1 of 10" in ground.shown.getvalue()
    assert "97.5%" in ground.shown.getvalue()
    bad = ground.gate(ground.run_id("majority"), tmp_path)
    assert (bad.outcome, bad.exit_code, bad.attempt.number) == ("failed", 1, 2)
    for result in (good, bad):
        assert {c.rule: c.state for c in result.checks} == {
            "accuracy against the baseline": "withheld", "artifact bytes": "passed"}
        assert (result.metrics, result.slices, result.broken, result.mended) == ({}, (), (), ())
    told = "".join(p.read_text() for p in [*(tmp_path / "out").iterdir(), log_in(tmp_path).path])
    assert not any(e.id in told or e.text in told for e in ground.plan.task.splits.gate)
    assert "whose figures are not told" in ground.shown.getvalue()


def test_figures_are_told_where_the_policy_says_so(ground, tmp_path):
    suite = ground.suite("told", gate=RULES | {"reveals": "figures"})
    ground.approve(ground.run_id("tfidf"), tmp_path, suite=suite)
    found = ground.gate(ground.run_id("majority"), tmp_path, suite)
    assert found.checks[0].state in ("failed", "undecided")
    assert found.metrics["accuracy"].difference.value < -0.3
    assert found.broken == ()


def test_bounds_are_those_of_the_attempt(ground, tmp_path):
    """Wider with each, and of the plain gate at 95%."""
    suite = ground.suite("told", gate=RULES | {"reveals": "figures"})
    ground.approve(ground.run_id("tfidf"), tmp_path, suite=suite)
    reach = []
    for label, backbone in (("tfidf", None), ("majority", None), ("features", "enc")):
        found = ground.gate(ground.run_id(label, backbone), tmp_path, suite)
        assert found.level == 1 - alpha_of(len(reach) + 1) > ONE_SIDED
        reach.append(found)
    # The same candidate as first and as third, by another log.
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "again").mkdir()
    ground.approve(ground.run_id("tfidf"), tmp_path / "again", suite=suite)
    first = ground.gate(ground.run_id("features", "enc"), tmp_path / "again", suite)
    gaps = [each.metrics["accuracy"].difference for each in (first, reach[2])]
    assert gaps[0].value == gaps[1].value
    assert gaps[0].low > gaps[1].low
    assert gaps[0].high < gaps[1].high


def test_the_same_candidate_costs_nothing_and_has_its_answer(ground, tmp_path, monkeypatch):
    ground.approve(ground.run_id("tfidf"), tmp_path)
    first = ground.gate(ground.run_id("majority"), tmp_path)
    before = log_in(tmp_path).path.read_bytes()
    monkeypatch.setattr("harness.commands.gate.run_gate", None)  # nothing is asked
    again = ground.gate(ground.run_id("majority"), tmp_path)
    assert log_in(tmp_path).path.read_bytes() == before
    assert again.attempt.kept
    assert again == first.model_copy(update={
        "attempt": first.attempt.model_copy(update={"kept": True})})
    assert "costs nothing" in ground.shown.getvalue()
    assert json.loads((tmp_path / "out" / "gate.json").read_text())["outcome"] == "failed"


def test_another_policy_is_another_attempt_and_a_higher_limit_is_not(ground, tmp_path):
    ground.approve(ground.run_id("tfidf"), tmp_path)
    ground.gate(ground.run_id("majority"), tmp_path)
    lax = ground.suite("lax", gate={"metrics": {"accuracy": {"non_inferior_within": 0.9}}})
    assert ground.gate(ground.run_id("majority"), tmp_path, lax).attempt.number == 2
    more = ground.suite("more", gate=RULES | {"attempts": 20})
    assert ground.gate(ground.run_id("majority"), tmp_path, more).attempt.kept


def test_no_more_attempts_than_the_suite_allows(ground, tmp_path):
    suite = ground.suite("few", gate=RULES | {"attempts": 1})
    ground.approve(ground.run_id("tfidf"), tmp_path, suite=suite)
    ground.gate(ground.run_id("majority"), tmp_path, suite)
    with pytest.raises(HarnessError, match=r"1 attempts were made against tfidf, .* of 1"):
        ground.gate(ground.run_id("tfidf"), tmp_path, suite)
    assert not (tmp_path / "out" / "gate.json").exists()
    assert ground.gate(ground.run_id("majority"), tmp_path, suite).attempt.kept
    # Approving the same model again gives none back; another model begins anew.
    ground.approve(ground.run_id("tfidf"), tmp_path, suite=suite)
    with pytest.raises(HarnessError, match="1 attempts were made"):
        ground.gate(ground.run_id("features", "enc"), tmp_path, suite)
    ground.approve(ground.run_id("features", "enc"), tmp_path, suite=suite)
    assert ground.gate(ground.run_id("tfidf"), tmp_path, suite).attempt.number == 1
    assert events(tmp_path) == ["approved", "attempt", "outcome", "approved", "approved",
                                "attempt", "outcome"]


def test_an_attempt_that_was_interrupted_is_spent_and_goes_on_for_nothing(
        ground, tmp_path, monkeypatch):
    ground.approve(ground.run_id("tfidf"), tmp_path)

    def stopped(*_):
        raise KeyboardInterrupt
    with monkeypatch.context() as patch:
        patch.setattr(run, "_answered", stopped)
        with pytest.raises(KeyboardInterrupt):
            ground.gate(ground.run_id("majority"), tmp_path)
    assert events(tmp_path) == ["approved", "attempt"]
    assert ground.gate(ground.run_id("tfidf"), tmp_path).attempt.number == 2
    assert ground.gate(ground.run_id("majority"), tmp_path).attempt.number == 1


def test_what_cannot_be_asked_is_no_attempt(ground, tmp_path):
    ground.approve(ground.run_id("tfidf"), tmp_path)
    with pytest.raises(HarnessError, match="neither a run in"):
        ground.gate("no-such-thing", tmp_path)
    folder = ground.artifact("majority")
    copy = shutil.copytree(ground.runs, tmp_path / "runs")
    (copy / "tiny" / folder.parent.name / folder.name / "more").write_text("x")
    damaged = Place(tmp_path, ground.plan)
    with pytest.raises(HarnessError, match=r"damaged|changed|hash"):
        damaged.gate(ground.run_id("majority"), tmp_path, ground.folder / "tiny.yaml")
    assert events(tmp_path) == ["approved"]


def test_two_that_try_the_same_at_once_have_one_answer(ground, tmp_path, monkeypatch):
    """The second one, which ends later, has what the first one found."""
    ground.approve(ground.run_id("tfidf"), tmp_path)
    inside = []

    def end(book, what, found):
        monkeypatch.setattr("harness.commands.gate.end", attempts.end)
        inside.append(ground.gate(ground.run_id("majority"), tmp_path))
        return attempts.end(book, what, found)
    monkeypatch.setattr("harness.commands.gate.end", end)
    outer = ground.gate(ground.run_id("majority"), tmp_path)
    assert events(tmp_path) == ["approved", "attempt", "outcome"]
    assert outer.attempt.kept
    assert outer.created == inside[0].created


@pytest.mark.parametrize(("harm", "words"), [
    (lambda log: (log.path.unlink(), log.head.unlink()), "log.jsonl: No such file, and attempts"),
    (lambda log: log.head.unlink(), "log.head: No such file"),
    (lambda log: log.path.write_text(""), "has 0 lines, and its head names 3"),
    (lambda log: log.path.write_text("".join(
        log.path.read_text().splitlines(keepends=True)[:1])), "the last ones were removed"),
    (lambda log: log.path.write_text(log.path.read_text().replace('"passed"', '"failed"', 1)),
     "line 3 does not have its hash")])
def test_a_log_that_cannot_be_trusted_stops_the_gate(ground, tmp_path, harm, words):
    ground.approve(ground.run_id("tfidf"), tmp_path)
    ground.gate(ground.run_id("tfidf"), tmp_path)
    harm(log_in(tmp_path))
    for name in ("tfidf", "majority"):
        with pytest.raises(HarnessError, match=words):
            ground.gate(ground.run_id(name), tmp_path)
    assert not (tmp_path / "out" / "gate.json").exists()


def test_a_baseline_of_another_approval_is_unknown_to_the_log(ground, tmp_path):
    other = tmp_path / "other"
    ground.approve(ground.run_id("tfidf"), tmp_path, note="one")
    ground.approve(ground.run_id("tfidf"), other, note="another")
    shutil.copy(other / "tiny.json", tmp_path / "tiny.json")
    with pytest.raises(HarnessError, match="knows nothing of the baseline"):
        ground.gate(ground.run_id("tfidf"), tmp_path)


def test_a_look_is_at_the_test_items_and_leaves_no_trace(ground, tmp_path):
    ground.approve(ground.run_id("tfidf"), tmp_path)
    ground.gate(ground.run_id("majority"), tmp_path)
    before = files(tmp_path)
    for name in ("tfidf", "majority"):
        seen = ground.gate(ground.run_id(name), tmp_path, what_if=True)
        assert (seen.outcome, seen.exit_code, seen.part) == ("looked", 3, "test")
        assert seen.items == 30
        assert seen.attempt.number == 2
        assert seen.checks[0].value is not None
        assert "Looked, which is no pass: " in ground.shown.getvalue()
    assert files(tmp_path) == before


def test_a_look_at_the_very_items_that_judge_is_refused(ground, place, tmp_path):
    suite = place.suite("counted", gate=POLICY | {"attempts": 5})
    place.approve(place.run_id("tfidf"), tmp_path, suite=suite)
    with pytest.raises(HarnessError, match="a look would be at the items that judge"):
        place.gate(place.run_id("tfidf"), tmp_path, suite, what_if=True)


def test_attempts_on_test_items_are_counted_where_the_suite_says_so(place, tmp_path):
    suite = place.suite("counted", gate=POLICY | {"attempts": 5})
    with_none = place.approve(place.run_id("tfidf"), tmp_path)
    assert not log_in(tmp_path).there
    assert place.gate(place.run_id("tfidf"), tmp_path).attempt is None
    with pytest.raises(HarnessError, match="No such file, and attempts against"):
        place.gate(place.run_id("tfidf"), tmp_path, suite)
    place.approve(place.run_id("tfidf"), tmp_path, suite=suite)
    found = place.gate(place.run_id("tfidf"), tmp_path, suite)
    assert (found.attempt.number, found.attempt.limit, found.part) == (1, 5, "test")
    assert found.metrics["accuracy"].difference is not None
    # Once counted they stay so: whatever the suite says later, and where the log went.
    assert place.gate(place.run_id("majority"), tmp_path).attempt.number == 2
    log = log_in(tmp_path)
    log.path.unlink()
    log.head.unlink()
    with pytest.raises(HarnessError, match="No such file, and attempts against"):
        place.gate(place.run_id("tfidf"), tmp_path)
    assert with_none.exists()


def test_a_suite_with_a_part_for_the_gate_needs_a_baseline_that_answered_it(ground, tmp_path):
    absolute = ground.suite("alone", gate={"artifact_bytes_at_most": 10**7})
    with pytest.raises(HarnessError, match=r"tiny.json: No such file"):
        ground.gate(ground.run_id("tfidf"), tmp_path, absolute)


def test_a_baseline_of_other_splits_is_refused_as_ever(ground, tmp_path):
    ground.approve(ground.run_id("tfidf"), tmp_path)
    other = ground.suite("other", task__split={"gate": 0.3, "seed": 7})
    with pytest.raises(HarnessError, match="gate items are not in the gate split now"):
        ground.gate(ground.run_id("tfidf"), tmp_path, other)
    without = ground.suite("without", task__split={})
    with pytest.raises(HarnessError, match="gate items are not in the gate split now"):
        ground.gate(ground.run_id("tfidf"), tmp_path, without)


def test_bounds_without_an_end_are_kept_and_read_again(ground, tmp_path):
    """As JSON has them that others read, too."""
    book = attempts.Book(log_in(tmp_path), read_baseline(ground.approve(
        ground.run_id("tfidf"), tmp_path)), 10)
    found = ground.gate(ground.run_id("tfidf"), tmp_path)
    endless = found.checks[0].model_copy(update={"value": 0.0, "low": -np.inf, "high": np.inf})
    found = found.model_copy(update={"checks": (endless,)})
    what = attempts.Tried("another", "name", "0" * 64, None)
    attempts.begin(book, what)
    attempts.end(book, what, found)
    assert attempts.answered_before(book, what).checks == (endless,)
    assert ": Infinity" not in book.log.path.read_text()

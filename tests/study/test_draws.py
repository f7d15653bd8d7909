"""Which training items each seed learns from."""

import pytest
import yaml
from test_study import Quiet, edit

from harness.study.kept import saved_run
from harness.study.planning.plan import make_plan
from harness.study.reproduce import reproduce
from harness.study.run import assign, run_study
from harness.study.store import Store
from harness.suite import RunLimits, load_suite


def planned(path, device, **decide):
    """All of one budget of three seeds."""
    edit(path, lambda v: (v.update(decide=decide, train_sizes=[8]), v["budget"].update(seeds=3),
                          v["backbones"]["dec"].pop("budget", None)))
    return make_plan(load_suite(path), device)


def learned(plan, store):
    """The training items of each run by seed and size, and the runs' labels."""
    found = {}
    for run in plan.runs:
        train = assign(plan, store, run).task.splits.train
        found.setdefault((run.identity.seed, run.size), {})[run.identity.label] = [
            e.id for e in train]
    return found


def test_each_seed_draws_one_training_sample_for_all_methods(suite_file, tmp_path, device):
    plan = planned(suite_file, device)
    found = learned(plan, Store(tmp_path))
    assert all(len({tuple(ids) for ids in by_label.values()}) == 1 for by_label in found.values())
    by_seed = {key: next(iter(by_label.values())) for key, by_label in found.items()}
    assert by_seed[0, None] == [e.id for e in plan.task.splits.train[:24]]
    assert len({tuple(sorted(by_seed[seed, None])) for seed in range(3)}) == 3
    for seed in range(3):
        assert by_seed[seed, None][:8] == by_seed[seed, 8], "the smaller inside the larger"
    once = [run for run in plan.runs if run.identity.label == "zero-shot" and run.size is None]
    assert len(once) == 1, "it learns from none of them"
    assert len([r for r in plan.runs if r.identity.label == "knn" and r.size is None]) == 3
    assert all(run.tuned_by == next(r.run_id for r in plan.runs if r.identity.seed == 0
                                    and (r.identity.name, r.size) == (run.identity.name, run.size))
               for run in plan.runs if run.identity.seed)


def test_validation_and_test_are_the_same_for_all(suite_file, tmp_path, device):
    plan = planned(suite_file, device)
    splits = [assign(plan, Store(tmp_path), run).task.splits for run in plan.runs]
    assert len({tuple(e.id for e in s.test) for s in splits}) == 1
    assert len({tuple(e.id for e in s.validation) for s in splits}) == 1


def test_a_study_of_these_items_learns_from_one_sample(suite_file, tmp_path, device):
    plan = planned(suite_file, device, scope="these-items")
    found = learned(plan, Store(tmp_path))
    first = [e.id for e in plan.task.splits.train[:24]]
    assert all(ids == first for (_, size), by_label in found.items() if size is None
               for ids in by_label.values())
    assert len([r for r in plan.runs if r.identity.label == "knn" and r.size is None]) == 1
    drawn = planned(suite_file, device)
    same = {r.run_id for r in plan.runs if r.identity.seed == 0 and r.identity.random}
    assert same <= {r.run_id for r in drawn.runs}, "the first seed's run is the same"


def test_where_all_items_are_learned_from_there_is_one_draw(suite_file, device):
    edit(suite_file, lambda v: v["budget"].update(train=5000))
    plan = planned(suite_file, device)
    assert {run.identity.draw for run in plan.runs if run.size is None} == {0}
    assert {run.identity.draw for run in plan.runs if run.size == 8} == {0, 1, 2}
    assert len([r for r in plan.runs if r.identity.label == "tfidf" and r.size is None]) == 1


def test_a_later_draw_is_carried_out_again_as_it_was(suite_file, tmp_path, device):
    edit(suite_file, lambda v: (v.update(methods=["tfidf"]), v["backbones"].pop("dec"),
                                v["backbones"]["enc"].update(methods=["knn"])))
    loaded = load_suite(suite_file)
    plan, store = make_plan(loaded, device), Store(tmp_path / "runs")
    records = run_study(plan, store, Quiet())
    later = [r for r in records.values() if r.identity.seed == 1]
    assert {r.identity.label for r in later} == {"tfidf", "knn"}
    assert len({r.budget_used.read.train_sha256 for r in records.values()}) == 2
    for record in later:
        saved = saved_run(loaded, plan.task, device, store, record,
                          store.artifact(record.identity.run_id))
        again = reproduce(saved, record, store, RunLimits(), lambda text: None)
        assert again.same
        assert again.items == 18


def test_a_scope_that_is_none_is_refused(suite_file):
    edit(suite_file, lambda v: v.update(decide={"scope": "all"}))
    with pytest.raises(Exception, match="such-items"):
        load_suite(suite_file)
    assert yaml.safe_load(suite_file.read_text())["decide"] == {"scope": "all"}

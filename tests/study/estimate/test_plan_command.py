"""`harness plan`: what it says, what it refuses, and what it keeps."""

from types import SimpleNamespace

import pytest
import yaml
from command_line import harness, refused

from harness.common import memory
from harness.common.device import detect
from harness.forgetting.base_model import BASE
from harness.methods.majority import Majority
from harness.methods.method import Method
from harness.study.assignment import make_job
from harness.study.estimate import measuring
from harness.study.estimate.estimate import estimate
from harness.study.planning.outlined import outline_of
from harness.study.planning.plan import make_plan
from harness.study.run import assign
from harness.study.store import Store
from harness.suite import load_suite


def planned(path, *words):
    return harness("plan", path, "--runs", path.parent / "runs", *words)


def edit(path, change):
    value = yaml.safe_load(path.read_text())
    change(value)
    path.write_text(yaml.safe_dump(value, sort_keys=False))


def estimated(path):
    """The suite's plan, and what all of it costs."""
    plan = make_plan(load_suite(path), detect())
    return plan, estimate(plan, plan.runs, lambda text: None)


def test_a_plan_says_what_it_costs_and_measures_once(suite_file):
    runs = len(make_plan(load_suite(suite_file), detect()).runs)
    first = planned(suite_file)
    assert first.code == 0, first.all
    assert f"0 kept, {runs} to do: about" in first.out
    for words in ("device-hours", "USD", "FLOPs; peak memory", "available"):
        assert words in first.out, first.out
    assert "unknown" not in first.out
    assert "not estimated" not in first.out
    again = planned(suite_file)
    assert "by the kept measurements of" in again.out, again.out


def test_another_plan_at_the_same_lengths_measures_nothing_anew(suite_file):
    estimated(suite_file)
    edit(suite_file, lambda suite: suite["budget"].update(epochs=3, test=15, trials=1))
    plan, said = make_plan(load_suite(suite_file), detect()), []
    found = estimate(plan, plan.runs, said.append)
    assert set(found.runs) == {run.run_id for run in plan.runs}
    assert said == []


def test_every_run_has_a_cost_and_more_work_costs_more(suite_file):
    plan, small = estimated(suite_file)
    assert set(small.runs) == {run.run_id for run in plan.runs}
    for run in plan.runs:
        of = small.runs[run.run_id]
        assert of.results.seconds > 0
        assert of.memory > 0
        assert (of.training_flops > 0) == run.entry.method.changes_weights
        assert (of.latency.seconds > 0) == (run.tuned_by is None)
    edit(suite_file, lambda suite: suite["budget"].update(epochs=8))
    _, large = estimated(suite_file)
    assert large.total.flops > 2 * small.total.flops
    assert large.total.seconds > small.total.seconds


def test_rows_add_up_to_the_headline(suite_file):
    plan, found = estimated(suite_file)
    outline = outline_of(plan, plan.runs, found)
    assert sum(row.costs.seconds for row in outline.rows) == pytest.approx(outline.totals.seconds)
    assert sum(row.costs.flops for row in outline.rows) == pytest.approx(outline.totals.flops)
    assert max(row.costs.memory for row in outline.rows) == outline.totals.memory


def test_a_method_that_says_nothing_is_unknown_and_named(suite_file, monkeypatch):
    monkeypatch.setattr(Majority, "work", Method.work)
    plan, found = estimated(suite_file)
    silent = [run.run_id for run in plan.runs if run.identity.method == "majority"]
    assert list(found.unknown) == silent
    assert set(found.runs) == {run.run_id for run in plan.runs} - set(silent)
    said = planned(suite_file)
    assert f"{len(silent)} of the {len(plan.runs)} runs could not be estimated" in said.out
    assert "not estimated: majority, seed 0: the method does not say how much work" in said.out


def test_a_study_with_general_questions_costs_their_time_too(suite_file, small_catalogue,
                                                             monkeypatch):
    # A process of its own would read the catalogue that ships.
    monkeypatch.setattr(measuring, "elsewhere", lambda work, argument, say: work(argument, say))
    edit(suite_file, lambda suite: suite["measure"].update(
        forgetting={"probes": {"pairs": 20}, "benchmarks": {"arc_easy": 2}, "passages": 2}))
    plan, asked = estimated(suite_file)
    assert asked.reasons == ()
    for run in plan.runs:
        assert (asked.runs[run.run_id].forgetting.seconds > 0) == run.entry.method.changes_weights
    # The first of a backbone has the untouched one's answers as well.
    full, again = (asked.runs[run.run_id].forgetting.computing for run in plan.runs
                   if run.identity.label == "full")
    assert full == pytest.approx(2 * again)
    assert sum(folder.startswith(BASE) for folder in asked.folders) == 2


def test_too_little_memory_is_refused_with_the_numbers_by_plan_and_run(suite_file, monkeypatch):
    edit(suite_file, lambda suite: suite["backbones"]["enc"].update(methods=["full", "lora"]))
    monkeypatch.setattr(memory.psutil, "virtual_memory",
                        lambda: SimpleNamespace(available=400_000.0, total=8e9))
    for command in ("plan", "run"):
        said = harness(command, suite_file, "--runs", suite_file.parent / "runs")
        refused(said, "tiny.yaml", "full (enc) needs about", "0.4 MB are available",
                "adapter methods")
    assert not (suite_file.parent / "runs" / "tiny").exists() or not any(
        path.name == "record.json" for path in (suite_file.parent / "runs").rglob("*"))


def test_a_run_that_fits_by_its_weights_alone_is_refused_by_its_activations(suite_file,
                                                                           monkeypatch):
    from harness.commands import plan as command
    from harness.commands import planned as kept

    needs = estimated(suite_file)[1].memory
    for module in (command, kept):
        monkeypatch.setattr(module, "available", lambda device: needs / 2)
    refused(planned(suite_file), "needs about", "are available")


def test_devices_are_estimated_and_marked(suite_file):
    said = planned(suite_file, "--device", "a100", "--device", "L4")
    assert said.code == 0, said.all
    assert "an estimate, nothing of it measured" in said.out
    assert "NVIDIA A100 SXM 80GB" in said.out
    assert "NVIDIA L4 24GB" in said.out
    assert "15% of the peak" in said.out


def test_an_unknown_device_is_named_with_the_nearest(suite_file):
    refused(planned(suite_file, "--device", "h10"), "no device 'h10'", "Did you mean 'h100'?")


def test_contrastive_tuning_is_planned_by_its_pairs(suite_file, tmp_path):
    """What the plan says of its arithmetic is what the run counts."""
    def one(suite):
        suite["backbones"] = {"enc": suite["backbones"]["enc"] | {"methods": ["setfit"]}}
        suite["methods"] = ["majority"]
        suite["budget"].update(seeds=1, trials=1, patience=20)

    edit(suite_file, one)
    plan, found = estimated(suite_file)
    run = next(run for run in plan.runs if run.identity.method == "setfit")
    job = make_job(assign(plan, Store(tmp_path / "runs"), run), lambda text: None)
    counted = run.entry.method.fit(job, run.entry.method.settings(job)[0]).training.flops
    assert found.runs[run.run_id].training_flops == pytest.approx(counted, rel=0.1)

"""A whole small study on tiny models: planned, run, resumed, damaged, failed, reported."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml
from forked import forked

from harness.__main__ import main
from harness.common.errors import HarnessError
from harness.common.sealed import sealed
from harness.compare.alike import DOUBTED
from harness.compare.matching import matching_rules
from harness.processes.own import in_own_process
from harness.processes.server import start_server
from harness.report.published import publish, published_json, read_published
from harness.study.planning.plan import make_plan
from harness.study.record import SCHEMA_VERSION, Record
from harness.study.run import assign, missing, run_study, unmet
from harness.study.store import Store
from harness.study.study import make_study
from harness.study.work import failure
from harness.suite import load_suite

FIELDS_OF_VERSION_11 = {
    "schema_version", "identity", "status", "setting", "budget_used", "trials", "curve", "quality",
    "generation", "multilabel", "regression", "spans", "slices", "overfitting", "forgetting",
    "latency", "latency_apart", "cost", "size", "tempering", "merge", "retrieval",
    "citations", "asked", "exports",
    "ending", "usage", "notes", "environment", "predictions_sha256", "artifact_sha256",
}


class Quiet:
    def __init__(self):
        self.runs, self.warnings = [], []

    def started(self, run):
        self.runs.append(run.title)

    def said(self, text):
        pass

    def warned(self, text):
        self.warnings.append(text)

    def ended(self, run, record):
        pass


def go(path, folder, device):
    plan = make_plan(load_suite(path), device)
    store, watcher = Store(folder / "runs"), Quiet()
    records = run_study(plan, store, watcher)
    assert watcher.warnings == []
    return plan, store, watcher.runs, records


def edit(path, change):
    value = yaml.safe_load(path.read_text())
    change(value)
    path.write_text(yaml.safe_dump(value, sort_keys=False))


def test_a_study_from_plan_to_report(suite_file, tmp_path, device):
    plan, store, ran, records = go(suite_file, tmp_path, device)
    # Each seed draws training items, so all that learn from them run once a seed.
    assert len(ran) == len(plan.runs) == 2 * 5 + 3
    assert {r.status.state for r in records.values()} == {"ok"}
    study = make_study(plan, records)

    rules = matching_rules(study, store.predictions)
    assert {rule.name: rule.held for rule in rules
            if rule.held is not True and rule.name not in DOUBTED} == {"Forgetting": None}

    published = publish(study, store.predictions, {})
    assert published.beside == ()
    summary = published.summary
    assert summary.common_items == 12
    by_name = {row.name: row for row in summary.rows}
    assert set(by_name) == {"majority", "tfidf", "knn (enc)", "features (enc)", "full (enc)",
                            "zero-shot (dec)", "lora (dec)", "rag+lora (dec)"}
    assert by_name["full (enc)"].test_items == 18
    assert by_name["zero-shot (dec)"].test_items == 12
    assert by_name["full (enc)"].common["macro_f1"].seeds == 2
    assert by_name["zero-shot (dec)"].common["macro_f1"].sd is None
    assert [name for name, row in by_name.items() if not row.random] == ["zero-shot (dec)"]
    assert len(summary.pairs) == 8 * 7 // 2
    assert {pair.items for pair in summary.pairs if "(dec)" in pair.first + pair.second} == {12}
    assert {pair.items for pair in summary.pairs
            if "(dec)" not in pair.first + pair.second} == {18}

    lora = next(r for r in records.values() if r.identity.label == "lora")
    on_top = next(r for r in records.values() if r.identity.label == "rag+lora")
    assert on_top.identity.inner == lora.identity.run_id
    assert on_top.cost.stand_alone_seconds > lora.cost.stand_alone_seconds
    assert on_top.size.trainable_parameters == lora.size.trainable_parameters > 0
    assert {"encode", "retrieve", "generate"} <= set(on_top.latency.phases_ms)
    rounds = {r.latency.round for r in records.values() if r.latency}
    assert len(rounds) == 1

    for record in records.values():
        table = store.predictions(record.identity.run_id).to_pandas()
        assert table.filter(like="p:").sum(axis=1).to_numpy() == pytest.approx(1.0)
        assert {"item", "group", "target", "slice:source"} <= set(table.columns)
        text = record.model_dump_json()
        assert str(tmp_path) not in text
        assert Record.model_validate_json(text) == record

    path = tmp_path / "study.json"
    path.write_text(published_json(published))
    assert read_published(path) == published

    # A second call computes nothing; so does a third after the latency round was there.
    assert go(suite_file, tmp_path, device)[2] == []
    check_seeds_share_the_first_seed_s_setting(records)


def test_a_learning_curve_has_a_matched_run_at_every_size(suite_file, tmp_path, device):
    edit(suite_file, lambda v: (v.update(train_sizes=[8, 16, 5000]),
                                v["budget"].update(seeds=1, trials=1)))
    plan, store, _, records = go(suite_file, tmp_path, device)
    assert {r.size for r in plan.runs} == {None, 8, 16}, "a size above the budget is no point"
    assert {r.status.state for r in records.values()} == {"ok"}
    on_top = [r for r in plan.runs if r.identity.label == "rag+lora"]
    inner = {r.run_id: r for r in plan.runs}
    assert {inner[r.identity.inner].size for r in on_top if r.size == 8} == {8}
    samples = {r.size: plan.sample(r.budget).train for r in plan.runs}
    assert samples[8] == samples[16][:8]
    assert samples[16] == samples[None][:16]
    published = publish(make_study(plan, records), store.predictions, {})
    found = [published.curves, *(beside.curves for beside in published.beside)]
    assert {tuple(p.train for p in c.points) for curves in found for c in curves.curves} == {
        (8, 16, len(samples[None]))}
    assert {row.name for part in (published, *published.beside) for row in part.summary.rows} == {
        r.identity.name for r in plan.runs}
    assert {rule.name for rule in published.rules if rule.held is False} <= set(DOUBTED)
    timed = [r for r in records.values() if r.latency]
    assert {r.identity.budget["train"] for r in timed} == {plan.loaded.suite.budget.train}


def check_seeds_share_the_first_seed_s_setting(records):
    full = [r for r in records.values() if r.identity.label == "full"]
    assert len({json.dumps(r.setting) for r in full}) == 1
    assert [len(r.trials) for r in full] == [2, 0]


def test_a_failed_run_is_a_record_and_the_study_goes_on(suite_file, tmp_path, device):
    bad = {"peft": {"peft_type": "LORA", "target_modules": ["nothing"], "as": "bad"}}
    edit(suite_file, lambda v: (
        v.update(methods=["majority"]), v["budget"].update(seeds=1, trials=1),
        v["backbones"]["enc"].update(methods=["knn"]),
        v["backbones"]["dec"].update(methods=[bad, "rag+bad", "zero-shot"], budget={})))
    plan, store, _, records = go(suite_file, tmp_path, device)
    states = {r.identity.label: r.status for r in records.values()}
    assert states["bad"].state == "failed"
    assert "PEFT cannot put LORA" in states["bad"].reason
    assert "needs the run 'bad on dec, seed 0', which is failed" in states["rag+bad"].reason
    assert states["zero-shot"].state == states["majority"].state == "ok"
    assert missing(plan, store) == []
    summary = publish(make_study(plan, records), store.predictions, {}).summary
    assert [row.label for row in summary.rows][-2:] == ["bad", "rag+bad"]
    assert summary.rows[-1].reason


def test_a_run_on_top_of_one_without_memory_is_tried_again_with_it(suite_file, tmp_path, device):
    edit(suite_file, lambda v: (
        v["budget"].update(seeds=1, trials=1), v["backbones"].pop("enc"),
        v["backbones"]["dec"].update(methods=["lora", "rag+lora"])))
    plan, store = make_plan(load_suite(suite_file), device), Store(tmp_path / "runs")
    below, above = [r for r in plan.runs if r.identity.backbone]
    store.write(failure(assign(plan, store, below), "out-of-memory", "killed"))
    record = unmet(plan, store, above, assign(plan, store, above))
    assert record.status.state == "out-of-memory"
    assert "which is out-of-memory" in record.status.reason
    assert {above.run_id, below.run_id} <= {r.run_id for r in missing(plan, store)}


def test_a_diverged_run_says_so_and_keeps_its_curve(suite_file, tmp_path, device):
    bad = {"full": {"learning_rates": [1e30], "as": "wild"}}
    edit(suite_file, lambda v: (
        v.update(methods=["majority"]), v["budget"].update(seeds=1, trials=1, epochs=3),
        v["backbones"].pop("dec"), v["backbones"]["enc"].update(methods=[bad])))
    _, _, _, records = go(suite_file, tmp_path, device)
    wild = next(r for r in records.values() if r.identity.label == "wild")
    assert wild.status.state == "diverged"
    assert "loss is" in wild.status.reason
    assert wild.curve


def test_run_ids_name_what_determines_a_result(suite_file, device):
    def ids():
        return {r.run_id for r in make_plan(load_suite(suite_file), device).runs}

    first = ids()
    assert ids() == first
    edit(suite_file, lambda v: v["measure"]["latency"].update(requests=5))
    assert ids() == first, "how latency is measured does not change a prediction"
    edit(suite_file, lambda v: v["task"]["prompt"].update(instruction="Kind? {options}"))
    assert not ids() & first
    data = suite_file.parent / "data.csv"
    pd.read_csv(data).head(110).to_csv(data, index=False)
    assert not ids() & first


def kill_oneself(argument, say):
    os.kill(os.getpid(), signal.SIGKILL)


def fail(argument, say):
    raise ValueError(f"no good: {argument}")


def test_a_process_that_is_killed_is_noticed():
    outcome = in_own_process(start_server(), kill_oneself, None, print)
    assert outcome.state == "out-of-memory"
    assert "lack of memory" in outcome.failure
    outcome = in_own_process(start_server(), fail, "argument", print)
    assert outcome.state == "failed"
    assert outcome.failure == "ValueError: no good: argument"


def test_a_record_of_a_newer_schema_is_refused(suite_file, tmp_path, device):
    edit(suite_file, lambda v: (v["backbones"].pop("dec"), v.update(methods=["majority"]),
                                v["backbones"]["enc"].update(methods=["knn"])))
    _, store, _, records = go(suite_file, tmp_path, device)
    run_id = next(iter(records))
    path = store.path(run_id) / "record.json"
    content = json.loads(path.read_text())
    path.write_text(sealed(json.dumps({**content, "schema_version": SCHEMA_VERSION + 1})))
    with pytest.raises(HarnessError, match="newer than"):
        store.load(run_id)


def test_the_fields_of_each_schema_version_are_pinned():
    assert SCHEMA_VERSION == 11
    assert set(Record.model_fields) == FIELDS_OF_VERSION_11


def wait_for_a_record(runs, timeout=1800):
    deadline = time.monotonic() + timeout
    while not list(runs.glob("*/record.json")) and time.monotonic() < deadline:
        time.sleep(0.05)


def wait_for_an_import(pid, library, timeout=1800):
    deadline = time.monotonic() + timeout
    while library not in Path(f"/proc/{pid}/maps").read_text() and time.monotonic() < deadline:
        time.sleep(0.01)


def stopped_politely(code, said):
    assert code == 130
    assert "run the same command again to go on" in said
    assert "Traceback" not in said


def run_tiny(folder):
    return ["run", "tiny", "--suites", str(folder), "--runs", str(folder / "runs"), "--reports",
            str(folder / "reports")]


def test_a_stop_while_the_program_begins_is_polite(suite_file, tmp_path):
    # A shell that runs the tests in the background has them ignore some, and all they start.
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", *run_tiny(tmp_path)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    wait_for_an_import(process.pid, "pyarrow")
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate()
    stopped_politely(process.returncode, said + errors)


def as_a_program(words, output, number):
    """`harness …` with all it says in a file; it hears a signal that the tests may ignore."""
    signal.signal(number, HEARD.get(number, signal.SIG_DFL))
    with output.open("w") as file:
        sys.argv, sys.stdout, sys.stderr = ["harness", *words], file, file
        main()


HEARD = {signal.SIGINT: signal.default_int_handler}
"""What Python itself makes of a signal at its start."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_ends_all_and_says_how_to_go_on(suite_file, tmp_path, number):
    output = tmp_path / "said"
    with forked(as_a_program, run_tiny(tmp_path), output, number) as study:
        wait_for_a_record(tmp_path / "runs" / "tiny")
        os.kill(study.pid, number)
        study.join()
    stopped_politely(study.exitcode, output.read_text())


def test_every_method_reads_the_same_words_and_the_record_says_which(suite_file, tmp_path, device):
    def cut(value):
        value["budget"].update(max_words=3, seeds=1, trials=1)
        value["backbones"] = {"enc": value["backbones"]["enc"] | {"methods": ["knn", "full"]}}

    edit(suite_file, cut)
    plan, _, _, records = go(suite_file, tmp_path, device)
    whole = plan.task.splits.sample(24, 12, 18)
    read = {r.budget_used.read for r in records.values()}
    assert len(records) == 4
    assert [(r.words_median, r.words_longest) for r in read] == [(3, 3)]
    assert {r.identity.budget["max_words"] for r in records.values()} == {3}
    assert plan.task.sha256 == next(iter(records.values())).identity.task_sha256
    assert [e.id for e in plan.sample(plan.runs[0].budget).test] == [e.id for e in whole.test]

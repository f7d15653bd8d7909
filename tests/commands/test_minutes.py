"""A study in so many minutes, by costs that are made up and a clock that is turned by hand."""

import json
import shutil

import pytest
import yaml
from command_line import harness

from harness.commands import minutes as commands
from harness.compare import leaving
from harness.methods.work import Work
from harness.report import published
from harness.study.estimate.estimate import Estimate, RunWork, costs_of
from harness.study.estimate.measuring import Units
from harness.study.estimate.units import UnitCosts
from harness.study.minutes import choice
from harness.study.minutes.bought import Bought, Buys

DRAW = 25.0
"""Seconds that a draw takes by the clock of these tests."""


class Clock:
    """Turned when a draw has been carried out."""

    now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    own, carried_out = Clock(), commands.carried_out

    def slow(console, plan, left, *rest):
        own.now += DRAW if left else 0.0
        return carried_out(console, plan, left, *rest)

    # The command's alone: the parts of runs that a plan times are timed by the real one.
    monkeypatch.setattr(commands, "time", own)
    monkeypatch.setattr(commands, "carried_out", slow)
    return own


@pytest.fixture
def folder(tmp_path, suite_file, monkeypatch, clock):
    """Of a suite of cheap methods and one that is dear: nothing of this machine is timed."""
    value = yaml.safe_load(suite_file.read_text())
    value["backbones"]["enc"]["methods"] = ["knn"]
    value["backbones"]["dec"]["methods"] = ["zero-shot", {"lora": {"learning_rates": [1e-3]}}]
    value["measure"]["latency"] = {"requests": 2, "warmup": 1, "batch": 2, "batches": 1}
    monkeypatch.setattr(choice, "LEAST_TEST", 12)
    monkeypatch.setattr(choice, "LITTLE", 0.0)
    # Here nobody leaves, and nothing ends before its time.
    value["decide"] = {"matters": 0.99}
    monkeypatch.setattr(commands, "settled", lambda study, verdict: False)
    suite_file.write_text(yaml.safe_dump(value, sort_keys=False))

    def made_up(plan, left, say):
        units = {"start": UnitCosts(load=1.0), "lora": UnitCosts(load=100.0)}
        works = {run.run_id: RunWork((Work(),), dict.fromkeys(
            ("train", "validation", "test", "seen"), ("a", 1)), 8, 32, "start",
            run.identity.label if run.identity.label in units else None) for run in left}
        return Estimate(costs_of(works, units), works, {}, Units(units), ())

    monkeypatch.setattr(commands, "estimate", made_up)
    return tmp_path


def ran(folder, minutes, *words):
    return harness("run", folder / "tiny.yaml", "--minutes", minutes, "--no-wandb", "--runs",
                   folder / "runs", "--reports", folder / "reports", *words)


def study(folder):
    return json.loads((folder / "reports/tiny/study.json").read_text())["study"]


def test_draws_go_on_while_there_is_time_and_what_is_kept_goes_on_with_more(folder, monkeypatch):
    said = ran(folder, 2)
    assert said.code == 0, said.all
    # 25 seconds each of 120: a fifth would not be done in time.
    assert "draw 4: 3 runs" in said.out
    assert "draw 5" not in said.out
    assert "left out: lora (dec): its smallest useful budget takes" in said.out
    assert "2 minutes were given and 1.7 used: 4 draws of training items" in said.out
    found = study(folder)
    assert (found["bought"]["draws"], found["bought"]["spent"]) == (4, 4 * DRAW)
    seeds = {(r["identity"]["label"], r["identity"]["seed"]) for r in found["records"]}
    assert seeds == {(name, seed) for name in ("majority", "tfidf", "knn")
                     for seed in range(4)} | {("zero-shot", 0)}
    assert {r["identity"]["budget"]["test"] for r in found["records"]} == {
        found["bought"]["buys"]["test"]}
    page = (folder / "reports/tiny/index.html").read_text()
    assert "What the minutes bought" in page
    assert "2 minutes were given" in (folder / "reports/tiny/report.md").read_text()

    again = ran(folder, 2)
    assert "nothing to compute" in again.out
    assert study(folder)["bought"]["draws"] == 4

    more = ran(folder, 2, "--more")
    assert study(folder)["bought"]["draws"] == 8
    assert "used: 8 draws of training items" in more.out

    report = harness("report", folder / "tiny.yaml", "--minutes", 2, "--runs", folder / "runs",
                     "--reports", folder / "elsewhere")
    assert report.code == 0, report.all
    there, here = (json.loads((folder / name / "tiny/study.json").read_text())["study"]
                   for name in ("elsewhere", "reports"))
    assert there["bought"] == here["bought"]
    assert there["records"] == here["records"]


def test_an_interrupted_study_goes_on_within_its_minutes(folder, monkeypatch):
    carried_out, calls = commands.carried_out, []

    def stopped(*all_of_it):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return carried_out(*all_of_it)

    with monkeypatch.context() as patch:
        patch.setattr(commands, "carried_out", stopped)
        assert ran(folder, 2).code != 0
    assert study(folder)["bought"]["draws"] == 2, "the report of whole draws stands"
    assert ran(folder, 2).code == 0
    assert study(folder)["bought"]["draws"] == 4


def test_a_plan_says_what_minutes_buy_before_anything_runs(folder):
    said = harness("plan", folder / "tiny.yaml", "--minutes", 2, "--runs", folder / "runs")
    assert said.code == 0, said.all
    assert "What 2 minutes buy" in said.out
    assert "left out: lora (dec)" in said.out
    assert not list((folder / "runs/tiny").glob("*/record.json"))


@pytest.mark.parametrize(("words", "reason"), [
    (("run", "--minutes", "0"), "0 minutes buy nothing"),
    (("run", "--minutes", "nan"), "nan minutes buy nothing"),
    (("plan", "--minutes", "2", "--device", "a100"), "`minutes` are of this machine"),
    (("run", "--more"), "`more` is of a study by minutes"),
    (("run", "--minutes", "0.02"), "0.02 minutes buy no comparison: two methods take"),
    (("report", "--minutes", "2"), "no study of tiny in 2 minutes is kept")])
def test_what_cannot_be_is_refused_with_its_reason(folder, words, reason):
    command, *rest = words
    places = ["--runs", folder / "runs"]
    places += [] if command == "plan" else ["--reports", folder / "reports"]
    said = harness(command, folder / "tiny.yaml", *places, *rest)
    assert said.code == 2
    assert reason in said.err


def test_draws_end_where_another_would_tell_little(folder, monkeypatch):
    monkeypatch.setattr(choice, "LITTLE", 0.01)
    assert ran(folder, 60).code == 0
    assert study(folder)["bought"]["draws"] == 2


def test_where_nothing_is_drawn_one_draw_is_all(folder):
    suite = folder / "tiny.yaml"
    value = yaml.safe_load(suite.read_text())
    value |= {"decide": {"scope": "these-items"}, "methods": ["majority", "tfidf"]}
    suite.write_text(yaml.safe_dump(value, sort_keys=False))
    assert ran(folder, 2).code == 0
    assert study(folder)["bought"]["draws"] == 1


def test_what_is_lost_or_forgotten_is_drawn_anew_from_the_first_draw_on(folder):
    assert ran(folder, 2).code == 0
    kept = study(folder)
    for record in kept["records"]:
        if record["identity"]["seed"] == 2:
            shutil.rmtree(folder / "runs/tiny" / record["identity"]["run_id"])
    said = ran(folder, 2, "--more")
    assert "draw 4" in said.out
    assert study(folder)["bought"]["draws"] >= 4
    said = ran(folder, 2, "--fresh")
    assert "draw 2: 3 runs" in said.out
    assert (study(folder)["bought"]["draws"], study(folder)["bought"]["spent"]) == (4, 4 * DRAW)


def test_a_settled_study_ends_and_says_so_and_needs_no_more_minutes(folder, monkeypatch):
    monkeypatch.setattr(commands, "settled", leaving.settled)
    said = ran(folder, 2)
    assert "draw 3" not in said.out
    assert "The verdict is settled, at 5% over all methods and looks" in said.out
    assert study(folder)["bought"]["draws"] == 2
    assert "nothing to compute" in ran(folder, 2, "--more").out
    assert study(folder)["bought"]["draws"] == 2
    for name in ("index.html", "report.md"):
        assert "The verdict is settled" in (folder / "reports/tiny" / name).read_text()


def test_who_left_draws_no_more_and_keeps_what_it_has(folder, monkeypatch):
    def after_two(study, summary, verdict):
        evidence = {"better": "tfidf", "difference": 0.5, "at_least": 0.25, "at_most": 0.75}
        ends = study.bought.ends
        return (leaving.Left(name="knn (enc)", draws=2, minutes=ends[2] / 60, **evidence),
                ) if study.bought.draws > 1 else ()

    monkeypatch.setattr(published, "leavers", after_two)
    said = ran(folder, 2)
    sentence = ("knn (enc): left after 0.8 minutes: lower than tfidf by 0.500 [0.250, 0.750], "
                "always valid.")
    assert said.out.count(sentence) == 2  # when it left, and at the end
    assert "draw 2: 3 runs" in said.out
    assert "draw 3: 2 runs" in said.out
    assert "draw 4: 2 runs" in said.out
    found = study(folder)
    assert found["bought"]["left"] == {"knn (enc)": 2}
    assert found["bought"]["ends"] == {str(k): k * DRAW for k in range(1, 5)}
    seeds = [r["identity"]["seed"] for r in found["records"] if r["identity"]["label"] == "knn"]
    assert seeds == [0, 1]
    whole = json.loads((folder / "reports/tiny/study.json").read_text())
    assert whole["left"][0]["minutes"] == pytest.approx(2 * DRAW / 60)
    rules = {rule["name"]: rule for rule in whole["rules"]}
    assert rules["Left by evidence"]["held"]
    assert "knn (enc) after 2" in rules["Left by evidence"]["evidence"]
    assert rules["Seeds drive everything"]["held"] is not False
    rows = {row["name"]: row for row in whole["summary"]["rows"]}
    assert (rows["knn (enc)"]["seeds"], rows["tfidf"]["seeds"]) == (2, 4)
    for name in ("index.html", "report.md"):
        assert "left after 0.8 minutes" in (folder / "reports/tiny" / name).read_text()

    assert "nothing to compute" in ran(folder, 2).out
    said = ran(folder, 2, "--more")
    assert "draw 5: 2 runs" in said.out
    said = ran(folder, 2, "--fresh")
    assert "draw 2: 3 runs" in said.out
    assert study(folder)["bought"]["left"] == {"knn (enc)": 2}


def test_who_left_on_draws_that_are_lost_is_there_again():
    buys = Buys(minutes=2, test=10, draws=4, methods=3, difference=None)
    bought = Bought(minutes=2, given=2, buys=buys, left_out=(), curve=(), draws=5,
                    left={"a": 2, "b": 4}, ends={1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0})
    kept = commands._back(bought, 2)
    assert (kept.left, kept.ends) == ({"a": 2}, {1: 1.0, 2: 2.0})

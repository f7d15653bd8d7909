"""A plan that is said again is the one that would be made; whatever it hangs on makes it anew."""

import json

import pytest
import yaml
from command_line import harness

from harness.commands import plan as making
from harness.commands import planned
from harness.common import memory, surroundings
from harness.common.cache import cache_folder
from harness.common.device import Device
from harness.common.kept import kept_folder
from harness.report.planned import Planned
from harness.study.planning import kept_outline
from harness.study.planning.kept_outline import keep, look_up, outline_name
from harness.study.planning.outline import Outline, Row, Totals
from harness.suite import Prices, load_suite

TOTALS = Totals(measured=1, seconds=5.0, forgetting=0.0, latency=1.0, flops=1e9, memory=1e6,
                took=40.0, others=0.0)
ROW = Row(backbone=None, label="majority", runs=1, left=1, train=8, validation=4, test=4, trials=1)


def outline(**changes):
    given = {"name": "tiny", "profile": "quick", "device": Device("cpu", "a processor", "no", 1),
             "prices": Prices(), "rows": (ROW,), "notes": ("a note",), "apart": (),
             "totals": TOTALS}
    return Outline(**given | changes)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Two folders of a cache of the test's own, the second not there."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))

    def write(into):
        (into / "measured.json").write_text("1")

    kept_folder(cache_folder() / "units" / "one", write)
    return "units/one", "base-models/none"


def test_what_is_kept_is_said_again_without_the_time_that_measuring_took(tmp_path, folders):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "record.json").write_text("{}")
    assert look_up("n", tmp_path) is None
    keep("n", outline(), 7.0, tmp_path, ["a", "b"], folders)
    found = look_up("n", tmp_path)
    assert found.outline == outline(totals=TOTALS.model_copy(update={"took": 0.0}))
    assert found.needs == 7.0
    assert look_up("m", tmp_path) is None


@pytest.mark.parametrize("change", ["edited", "gone", "new", "forgotten", "answered", "damaged"])
def test_what_it_was_made_from_is_looked_at_each_time(tmp_path, folders, change):
    record = tmp_path / "a" / "record.json"
    record.parent.mkdir()
    record.write_text("{}")
    keep("n", outline(), 7.0, tmp_path, ["a", "b"], folders)
    assert look_up("n", tmp_path) is not None
    measured = cache_folder() / "units" / "one.sha256"
    if change == "edited":
        record.write_text('{"a": 1}')
    elif change == "gone":
        record.unlink()
        record.parent.rmdir()
    elif change == "new":
        (tmp_path / "b").mkdir()
    elif change == "forgotten":
        measured.unlink()
    elif change == "answered":
        kept_folder(cache_folder() / "base-models" / "none", lambda into: None)
    else:
        path = next((cache_folder() / "plans").glob("n.json"))
        path.write_text(json.dumps(json.loads(path.read_text()) | {"needs": 1.0}))
    assert look_up("n", tmp_path) is None


def test_the_name_is_of_suite_data_weights_adapters_runs_code_libraries_and_machine(
        suite_file, tmp_path, monkeypatch):
    def name(profile=None, runs=tmp_path):
        return outline_name(load_suite(suite_file, profile), runs)

    adapter = suite_file.parent / "adapter_config.json"
    adapter.write_text('{"peft_type": "LORA", "r": 4}')
    value = yaml.safe_load(suite_file.read_text())
    value["backbones"]["enc"]["methods"] = [{"peft": adapter.name}]
    value["profiles"] = {"quick": {}, "other": {"budget": {"test": 4}}}
    suite_file.write_text(yaml.safe_dump(value, sort_keys=False))
    seen = [name()]
    assert name() == seen[0]
    seen += [name("other"), name(runs=tmp_path / "b")]
    adapter.write_text('{"peft_type": "LORA", "r": 8}')
    seen.append(name())
    data = (suite_file.parent / value["task"]["source"]["file"]).resolve()
    kept = data.read_bytes()
    data.write_bytes(kept + b"\n")
    seen.append(name())
    data.write_bytes(kept)
    for module, attribute, other in (
            (kept_outline, "whole_code", lambda: "other"),
            (kept_outline, "_tables", lambda: "other"),
            (kept_outline, "_installed", lambda: ["pyarrow-1.dist-info"]),
            (surroundings, "cpu_count", lambda: 77), (surroundings, "total", lambda device: 1.0),
            (surroundings, "cpu_name", lambda: "another")):
        with monkeypatch.context() as patch:
            patch.setattr(module, attribute, other)
            seen.append(name())
    with monkeypatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "5")
        seen.append(name())
        patch.setattr(surroundings, "has_driver", lambda: True)
        patch.setattr(surroundings, "total", lambda device: 8e10)
        patch.setattr(surroundings, "detect", lambda: Device("cuda", "gpu", "bf16", 4))
        seen.append(name())
    assert len(set(seen)) == len(seen)
    assert name() == seen[3]


def test_a_second_plan_makes_none_and_says_the_same(suite_file, monkeypatch):
    value = yaml.safe_load(suite_file.read_text())
    value["backbones"] = {"enc": value["backbones"]["enc"] | {"methods": ["features"]}}
    value["budget"] |= {"seeds": 1, "trials": 1}
    suite_file.write_text(yaml.safe_dump(value, sort_keys=False))
    words = ("plan", suite_file, "--runs", suite_file.parent / "runs")
    assert "about" in harness(*words).out
    made = harness(*words)
    monkeypatch.setattr(making, "prepare", None)
    again = harness(*words)
    assert again.code == 0, again.all
    assert said(again.out) == said(made.out)
    monkeypatch.undo()


def said(text):
    """But for what is free at the moment."""
    return [line.split(" of ")[0] if line.endswith("available") else line
            for line in text.splitlines()]


def test_a_kept_plan_that_does_not_fit_now_is_made_anew(suite_file, tmp_path, monkeypatch):
    name = outline_name(load_suite(suite_file), tmp_path / "tiny")
    keep(name, outline(notes=("as it was kept",)), 1e6, tmp_path / "tiny", [], ())
    made = []
    monkeypatch.setattr(making, "prepare", lambda *words: made.append(words))
    monkeypatch.setattr(making, "planned", lambda console, plan, runs, name:
                        made.append(name) or Planned(outline()))
    words = ("plan", suite_file, "--runs", tmp_path)
    assert "as it was kept" in harness(*words).out
    assert made == []
    monkeypatch.setattr(planned, "available", lambda device: 1e5)
    assert "as it was kept" not in harness(*words).out
    assert made[1:] == [name]


def test_no_driver_means_no_gpu_and_a_node_of_one_means_there_may_be(tmp_path, monkeypatch):
    monkeypatch.setattr(surroundings, "DRIVERS", ("libnone.so.1",))
    assert not surroundings.has_driver(tmp_path)
    (tmp_path / "nvidiactl").touch()
    assert surroundings.has_driver(tmp_path)
    monkeypatch.setattr(surroundings, "DRIVERS", ("libc.so.6",))
    assert surroundings.has_driver(tmp_path / "absent")
    assert memory.total(Device("cpu", "", "no", 1)) in surroundings.surroundings()

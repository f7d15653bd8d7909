"""A part of its own to calibrate on: apart from all others, read for the temperature alone."""


import pytest
import yaml
from tiny import sentences, suite_dict

from harness.common.clock import Clock
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.methods.link import CLASS_LINKS
from harness.methods.tempered import temperature_of
from harness.study.assignment import load_fitted
from harness.study.planning.plan import make_plan
from harness.study.run import assign
from harness.study.store import Store
from harness.study.work import carry_out
from harness.suite import load_suite
from harness.tasks.examples import asked
from harness.tasks.task import load_task


def suite(encoder, decoder, **split):
    found = suite_dict(encoder, decoder)
    found["task"]["split"] = {**found["task"].get("split", {}), **split}
    found["decide"] = {"calibrate": "temperature"}
    found["budget"] |= {"seeds": 1, "trials": 1}
    found["backbones"]["enc"]["methods"] = ["features"]
    del found["backbones"]["dec"]
    return found


def written(folder, value):
    sentences().to_csv(folder / "data.csv", index=False)
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(value))
    return load_suite(path)


def test_it_shares_no_group_with_another_part_and_is_drawn_as_validation_is(
        tmp_path, encoder_folder, decoder_folder):
    plain = load_task(written(tmp_path, suite(encoder_folder, decoder_folder)))
    assert not len(plain.splits.calibration)
    task = load_task(written(tmp_path, suite(encoder_folder, decoder_folder, calibration=0.2)))
    parts = {name: tuple(getattr(task.splits, name))
             for name in ("train", "validation", "test", "calibration")}
    assert not len(task.splits.gate)
    assert all(parts.values())
    for what in ("id", "group"):
        held = [{getattr(e, what) for e in part} for part in parts.values()]
        assert len(set().union(*held)) == sum(map(len, held))
    assert {e.label for e in parts["calibration"]} == {0, 1, 2}
    sample = task.splits.sample(8, 5, 4)
    assert sample.calibration == parts["calibration"][:5]
    assert task.splits.sha256 != plain.splits.sha256


def test_the_gate_s_part_and_it_are_told_apart(tmp_path, encoder_folder, decoder_folder):
    task = load_task(written(tmp_path, suite(encoder_folder, decoder_folder, gate=0.15,
                                             calibration=0.15)))
    assert len(task.splits.gate)
    assert len(task.splits.calibration)
    assert not {e.group for e in task.splits.gate} & {e.group for e in task.splits.calibration}
    other = load_task(written(tmp_path, suite(encoder_folder, decoder_folder, gate=0.15)))
    assert not len(other.splits.calibration)


def test_the_temperature_is_of_its_items(tmp_path, encoder_folder, decoder_folder):
    plan = make_plan(written(tmp_path, suite(encoder_folder, decoder_folder, calibration=0.2)),
                     detect())
    store = Store(tmp_path / "runs")
    run = next(run for run in plan.runs if run.identity.label == "features")
    assignment = assign(plan, store, run)
    made = carry_out(assignment, lambda text: None).tempering
    splits = assignment.task.splits
    assert (made.part, made.items) == ("calibration", len(splits.calibration))
    said = load_fitted(assignment).predict(asked(splits.calibration), Clock())
    wanted = temperature_of(said, splits.calibration, CLASS_LINKS["classification"])
    assert made.temperature == pytest.approx(wanted, rel=1e-3)
    validated = temperature_of(load_fitted(assignment).predict(asked(splits.validation), Clock()),
                               splits.validation, CLASS_LINKS["classification"])
    assert made.temperature != pytest.approx(validated, rel=1e-3)


def test_a_part_that_nothing_reads_is_refused(tmp_path, encoder_folder, decoder_folder):
    value = suite(encoder_folder, decoder_folder, calibration=0.2)
    with pytest.raises(HarnessError, match="nothing reads this part"):
        written(tmp_path, value | {"decide": {}})
    with pytest.raises(HarnessError, match="test and calibration leave less than a tenth"):
        written(tmp_path, suite(encoder_folder, decoder_folder, calibration=0.7))



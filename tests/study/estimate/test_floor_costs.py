"""What methods without a backbone are planned to take is what they do, however many they know."""

import dataclasses

import pytest

from harness.common.clock import Clock
from harness.common.device import detect
from harness.methods import compressed
from harness.study.estimate import machine
from harness.study.estimate.machine import FloorItems, measure_floor
from harness.study.planning.plan import make_plan
from harness.suite import load_suite
from harness.tasks.examples import indicator


@pytest.mark.parametrize("known", [16, 72])
def test_comparing_each_with_each_is_planned_by_all_training_items(known, loaded, monkeypatch):
    """Compressions stand for seconds."""
    plan = make_plan(load_suite(loaded.source.path), detect())
    run = dataclasses.replace(plan.runs[0], identity=plan.runs[0].identity.model_copy(
        update={"method": "gzip", "options": {}}))
    items = tuple(plan.task.splits.train[:known])
    assert len(items) == known
    done = []
    monkeypatch.setattr(compressed, "compressed_bytes", lambda text: done.append(0) or len(text))

    def count(work, device):
        done.clear()
        work()
        return float(len(done))

    monkeypatch.setattr(machine, "seconds_of", count)
    found = measure_floor(FloorItems(run, plan.task, items, detect()), print)
    fitted = compressed.CompressedNeighbours(tuple(e.joined for e in items),
                                             indicator(items, len(plan.task.labels)), 2)
    asked = plan.task.splits.test[:30]
    seconds = count(lambda: fitted.predict(asked, Clock()), detect())
    assert found.predict * len(asked) == pytest.approx(seconds, rel=0.15)

"""Runs of the small study in `gated`, as models that are written."""

import dataclasses

from harness.common.clock import Clock
from harness.export.formats import find_format
from harness.export.whole import whole_of
from harness.study.kept import saved_run
from harness.tasks.examples import asked


def whole(place, label, backbone):
    plan = place.plan
    run_id = place.run_id(label, backbone)
    device = dataclasses.replace(plan.device, autocast="no")
    return whole_of(saved_run(plan.loaded, plan.task, device, place.store,
                              place.store.record(run_id), place.store.artifact(run_id)))


def kept(place, label, backbone):
    """The run's own probabilities of the test items, [items, classes]."""
    table = place.store.predictions(place.run_id(label, backbone)).to_pandas()
    return table.filter(like="p:").to_numpy()


def items(place, label, backbone):
    ids = place.store.predictions(place.run_id(label, backbone))["item"].to_pylist()
    every = {e.id: e for e in place.plan.task.splits.test}
    return asked([every[one] for one in ids])


def written(place, label, backbone, to, folder):
    model = whole(place, label, backbone)
    form = find_format(to, model)
    form.write(model, folder)
    return form.load(model, folder).predict(items(place, label, backbone), Clock())

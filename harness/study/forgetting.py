"""Forgetting, measured on finished runs: each backbone's in one process, with its own scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.backbones.handle import Handle
from harness.common.device import Device, make_repeatable
from harness.common.errors import HarnessError
from harness.forgetting.base_model import base_scores, examiner, forgetting_key
from harness.forgetting.figures import forgetting, item_table, unchanged
from harness.methods.fitted import declared
from harness.study.assignment import Assignment, load_fitted
from harness.study.planning.plan import Plan, PlannedRun
from harness.study.record import Record
from harness.study.store import Store
from harness.suite import ForgettingItems


@dataclass(frozen=True)
class Check:
    """The finished runs of one backbone whose weights changed, and what to ask them."""

    backbone: Handle
    device: Device
    asked: ForgettingItems
    runs: tuple[Assignment, ...]


def measure_check(check: Check, say: Callable[[str], None]) -> int:
    """Measure the runs of a check, each kept as soon as it is done. Returns their number."""
    make_repeatable(check.device)
    say(f"forgetting: the untouched {check.backbone.name}")
    key = forgetting_key(check.backbone, check.asked, check.device)
    examined_by = examiner(check.backbone, check.asked)
    before = base_scores(check.backbone, check.asked, check.device, examined_by)
    for number, assignment in enumerate(check.runs, 1):
        say(f"forgetting: {assignment.identity.label} on {check.backbone.name} "
            f"({number}/{len(check.runs)})")
        start = time.perf_counter()
        model = declared(load_fitted(assignment)).model
        if model is None:
            raise HarnessError(f"{assignment.identity.label} changes weights in a way that its "
                               "forgetting cannot be measured", "This is a fault of the method.")
        after = examined_by.put_to(model, check.device)
        figures = forgetting(key, before, after, time.perf_counter() - start)
        assignment.store.add_forgetting(assignment.identity.run_id, figures,
                                        item_table(before, after))
    return len(check.runs)


def to_measure(plan: Plan, store: Store, assign: Callable[[PlannedRun], Assignment]
               ) -> Iterator[Check]:
    """The checks still to do, by backbone."""
    asked = plan.loaded.suite.measure.forgetting
    if asked is None:
        return
    for name, handle in plan.backbones.items():
        key = forgetting_key(handle, asked, plan.device)
        runs = tuple(assign(run) for run, record in _done(plan, store, name)
                     if run.entry.method.changes_weights and not store.has_forgetting(record, key))
        if runs:
            yield Check(handle, plan.device, asked, runs)


def pass_on(plan: Plan, store: Store) -> None:
    """Fill in what needs no measuring.

    A method on top of another asks the other's weights, so it forgot what the other forgot; one
    that leaves the weights alone forgot nothing.
    """
    asked = plan.loaded.suite.measure.forgetting
    if asked is None:
        return
    for name, handle in plan.backbones.items():
        key = forgetting_key(handle, asked, plan.device)
        for run, record in _done(plan, store, name):
            if run.entry.method.changes_weights:
                continue
            if run.identity.inner is None:
                if not store.has_forgetting(record, key):
                    store.amend(run.run_id, forgetting=unchanged(
                        key, "the backbone's weights are left as they are"))
                continue
            below = store.load(run.identity.inner)
            if below is not None and below.forgetting is not None:
                figures = below.forgetting.model_copy(update={
                    "reason": f"the weights of run {run.identity.inner}", "items_sha256": None})
                if record.forgetting != figures:
                    store.amend(run.run_id, forgetting=figures)
    _pass_on_elsewhere(plan, store)


def _pass_on_elsewhere(plan: Plan, store: Store) -> None:
    for name, endpoint in plan.endpoints.items():
        for run, record in _done(plan, store, name):
            if not store.has_forgetting(record, endpoint.sha256):
                store.amend(run.run_id, forgetting=unchanged(
                    endpoint.sha256, "the endpoint's model is left as it is"))


def _done(plan: Plan, store: Store, backbone: str) -> Iterator[tuple[PlannedRun, Record]]:
    for run in plan.runs:
        if run.identity.backbone != backbone or run.size is not None:
            continue
        record = store.load(run.run_id)
        if record is not None and record.status.state == "ok":
            yield run, record

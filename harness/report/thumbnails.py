"""Small pictures of the items that a page shows."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from harness.common.capabilities import INPUTS
from harness.common.errors import HarnessError
from harness.inputs.pictures import data_uri
from harness.study.planning.plan import Plan


def thumbnails(plan: Plan, wanted: Collection[str]) -> dict[str, str]:
    """The wanted among the items that a plan draws, by item; none of texts, and of a picture that
    is not kept any more."""
    if INPUTS[plan.task.input].in_words:
        return {}
    drawn, most = plan.sample(plan.loaded.suite.budget), max(run.budget.test for run in plan.runs)
    left, found = set(wanted), dict[str, str]()
    for example in (*plan.task.splits.test[:most], *drawn.train, *drawn.validation, *drawn.test):
        if example.id in left and example.picture is not None:
            left.discard(example.id)
            with suppress(HarnessError):
                found[example.id] = data_uri(example.picture.pixels())
    return found

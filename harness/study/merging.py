"""The test items answered again by what a team would deploy of an adapter: the merged model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.measure.merge import Merge, sign_test
from harness.methods.fitted import Answering
from harness.study.moved import apart, changed
from harness.study.tables import table_of
from harness.targets.answers import read_answers
from harness.targets.metric import Metric
from harness.targets.regression import Numbered
from harness.tasks.examples import asked, weights_of
from harness.tasks.task import Task


def unmerged(error: CannotRunError) -> Merge:
    """Of an adapter that cannot be merged."""
    return Merge(reason=error.found)


def merging(task: Task, merged: Answering, before: pa.Table, metric: Metric) -> Merge:
    """What `merged` answers beside the adapter's answers, in the table that a run keeps."""
    test = task.splits.test
    return answered_otherwise(task, before, table_of(task, test, merged.predict(asked(test),
                                                                                Clock())), metric)


def answered_otherwise(task: Task, before: pa.Table, after: pa.Table, metric: Metric) -> Merge:
    """What is not the same in two tables of answers to the test items."""
    test, weights = task.splits.test, weights_of(task.splits.test)
    both = read_answers(task.kind, [before, after], task.labels, weights)
    runs = [both.run(place) for place in (0, 1)]
    better, worse, p_value = sign_test(*map(_well, runs))
    old, new = before.to_pandas(), after.to_pandas()
    graded = any(name.startswith("p:") for name in before.column_names)
    return Merge(
        items=len(test), changed=int(changed(old, new).sum()),
        largest=float(apart(old, new).max()) if graded else None, better=better, worse=worse,
        p_value=p_value, metric=metric.name, before=metric.of(runs[0], weights),
        after=metric.of(runs[1], weights))


def _well(run: Any) -> np.ndarray:
    """How well each item is answered, [items]: right or wrong, or by how much a number is off."""
    if isinstance(run, Numbered):
        return np.asarray(-np.abs(run.answered - run.actual))
    return np.asarray(run.right, dtype=float)

"""A finished run carried out again, and what came out differently."""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from harness.common.errors import HarnessError
from harness.common.leaves import leaves
from harness.measure.part import RecordPart
from harness.study.alone import forked, run_locally
from harness.study.assignment import deciding
from harness.study.kept import SavedRun
from harness.study.moved import apart, changed
from harness.study.planning.made import made_by
from harness.study.record import Record
from harness.study.store import Store
from harness.suite import RunLimits

MEASURED = re.compile(r"(cost\.(?!training_flops)|latency(_apart)?\b|forgetting\b)"
                      r"|trials\[\d+\]\.seconds$|retrieval\.(build|update)_seconds$")
"""Times, memory, and what is measured on finished runs."""
SURROUNDINGS = ("environment.", "identity.")


class Difference(RecordPart):
    """A field of two records that is not the same."""

    field: str
    before: Any
    after: Any


class Reproduced(RecordPart):
    """What another run of the same came to."""

    before: Record
    after: Record
    surroundings: tuple[Difference, ...]
    """Code, libraries, machine."""
    figures: tuple[Difference, ...]
    items: int
    items_moved: int
    """Items of which a probability is not the same bit for bit."""
    answers_changed: int
    largest: float
    """Largest absolute difference of a probability."""

    @property
    def same(self) -> bool:
        """Whether predictions are the same bit for bit, and so are all figures but times."""
        return not self.figures and not self.items_moved


def differences(before: Record, after: Record) -> tuple[Difference, ...]:
    """All fields that differ, but those that are measured by the clock."""
    old, new = (dict(leaves(record.model_dump(mode="json"))) for record in (before, after))
    return tuple(Difference(field=name, before=old.get(name), after=new.get(name))
                 for name in sorted({*old, *new})
                 if not MEASURED.match(name) and old.get(name) != new.get(name))


def reproduce(saved: SavedRun, record: Record, kept: Store, limits: RunLimits,
              say: Callable[[str], None]) -> Reproduced:
    """Carry a kept run out again, in a folder that is removed, with the code there is now.

    Raises HarnessError when it has no result this time.
    """
    device = saved.assignment.device
    made = made_by(saved.assignment.method, deciding(saved.assignment), device.together)
    identity = record.identity.model_copy(update={
        "code_sha256": made.code_sha256, "libraries": dict(made.libraries),
        "device_type": device.type, "devices": device.together, "sharded": device.sharded,
        "autocast": device.autocast, "kernels": device.kernels})
    with tempfile.TemporaryDirectory() as folder:
        # The first seed's trials choose the setting; the other seeds were given it.
        assignment = dataclasses.replace(
            saved.assignment, identity=identity, runs=Path(folder),
            setting=None if record.trials else record.setting)
        after = run_locally(forked, assignment, say, limits)
        if after.status.state != "ok":
            raise HarnessError(f"run {identity.run_id} has no result this time: "
                               f"{after.status.state}: {after.status.reason}",
                               "Compare the environment in its record with this machine's.")
        tables = [store.predictions(identity.run_id).to_pandas().sort_values("item")
                  for store in (kept, Store(Path(folder)))]
    return _compared(record, after, *tables)


def _compared(before: Record, after: Record, old: pd.DataFrame, new: pd.DataFrame) -> Reproduced:
    """The tables have the same items: the task's hash is the same."""
    found, moved = differences(before, after), apart(old, new)
    return Reproduced(
        before=before, after=after,
        surroundings=tuple(d for d in found if d.field.startswith(SURROUNDINGS)),
        figures=tuple(d for d in found if not d.field.startswith(SURROUNDINGS)),
        items=len(old), items_moved=int((moved.max(axis=1) > 0).sum()),
        answers_changed=int(changed(old, new).sum()), largest=float(moved.max()))

"""What a run answered, item by item, as a table in W&B: all of its test items, or a sample."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from harness.common.kinds import Kind
from harness.targets.answers import read_answers

MOST_ITEMS = 2000
"""That a table has. W&B shows the first 10,000 rows of one, whatever it holds."""
KEY = "predictions"


@dataclass(frozen=True)
class Answered:
    """Columns by what they are: which item, what was answered, and how good that is."""

    asked: dict[str, list[Any]]
    said: dict[str, list[Any]]
    scored: dict[str, list[Any]]

    @property
    def columns(self) -> dict[str, list[Any]]:
        """All of them."""
        return self.asked | self.said | self.scored

    @property
    def rows(self) -> list[list[Any]]:
        """A row an item."""
        return [list(row) for row in zip(*self.columns.values(), strict=True)]


def log_predictions(run: Any, table: pa.Table, kind: Kind, labels: Sequence[str], online: bool,
                    step: int) -> None:
    """Log a run's table of predictions, and how many of its items are in it."""
    shown = sample(table)
    run.summary["predictions/items"] = table.num_rows
    run.summary["predictions/shown"] = shown.num_rows
    if shown.num_rows < table.num_rows:
        run.summary["predictions/sample"] = (
            f"{shown.num_rows:,} of {table.num_rows:,} test items, drawn by a hash of their ids: "
            "the same of every run")
    answered = answered_in(shown, kind, labels)
    if not (online and _log_evaluation(run, answered, step)):
        import wandb

        run.log({KEY: wandb.Table(columns=list(answered.columns), data=answered.rows)}, step=step)


def sample(table: pa.Table, most: int = MOST_ITEMS) -> pa.Table:
    """So many items at most, whose ids have the smallest hashes: a draw without order or seed, so
    that all runs show the same items."""
    if table.num_rows <= most:
        return table
    hashes = [hashlib.sha256(item.encode()).digest() for item in table["item"].to_pylist()]
    chosen = sorted(range(len(hashes)), key=hashes.__getitem__)[:most]
    return table.take(sorted(chosen))


def answered_in(table: pa.Table, kind: Kind, labels: Sequence[str]) -> Answered:
    """A table of predictions as one for people: no texts of items, groups or slices."""
    answers = read_answers(kind, [table], labels)
    given, targets = answers.said(labels)
    graded = {name: table[name].to_pylist() for name in table.column_names
              if name.startswith(("p:", "m:"))}
    right = {} if answers.kind.right is None else {
        "right": np.asarray(answers.run(0).right).tolist()}
    return Answered(
        {"item": table["item"].to_pylist(), "target": np.asarray(targets).tolist()},
        {"answer": np.asarray(given[0]).tolist()}
        | {name: of for name, of in graded.items() if name.startswith("p:")},
        right | {name: of for name, of in graded.items() if name.startswith("m:")})


def _log_evaluation(run: Any, answered: Answered, step: int) -> bool:
    """Log it as an evaluation, which W&B compares run by run, item by item. False where none of
    its backends is there: Weave is a package, the other one the service's."""
    import wandb

    for backend in ("weave", "ces"):
        with suppress(Exception):  # a table shows the same
            run.log({KEY: wandb.EvalTable(
                data=answered.rows, columns=list(answered.columns),
                input_columns=list(answered.asked), output_columns=list(answered.said),
                score_columns=list(answered.scored), backend=backend)}, step=step)
            return True
    return False

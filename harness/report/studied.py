"""A study that was run or reported, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from rich.console import Console

from harness.common.errors import HarnessError
from harness.common.names import did_you_mean
from harness.compare.row import Row
from harness.compare.verdict import Verdict
from harness.report import sentences
from harness.report.figures import figures
from harness.report.files import page_name
from harness.report.published import Published
from harness.report.shown import Shown
from harness.report.terminal import print_results

FACTS = ("failed", "seeds", "adapt_seconds", "device_hours", "training_flops", "peak_memory_bytes",
         "p50_ms", "p95_ms", "p99_ms", "items_per_second", "trainable_parameters",
         "total_parameters", "artifact_bytes", "pareto", "train_items", "test_items", "reason")


@dataclass(frozen=True, repr=False)
class Studied(Shown):
    """What `run` and `report` found.

    As a frame a row a method, best first: `name`, `method`, `backbone`, `standing` (best, tied,
    undecided, lower), each metric on the common test items (`macro_f1` and so on, a share from 0 to
    1; `log_loss` in nats an item) with the ends of its 95% interval (`macro_f1_low`,
    `macro_f1_high`) and its standard deviation over seeds (`macro_f1_sd`), `behind` (best minus
    this one) with its ends, `forgetting` (change of the share right on general benchmarks), and
    costs: `adapt_seconds`, `device_hours`, `training_flops`, `peak_memory_bytes`, `p50_ms` and
    other percentiles, `items_per_second`, `artifact_bytes`. What is not known is NaN or None.
    """

    published: Published
    folder: Path
    """Where the report lies."""
    incomplete: int = 0
    """Runs without a result, or not measured in full."""
    damaged: int = 0
    """Kept runs that are not as they were written, and so left out."""
    short: bool = False
    """Whether the verdict is less sure than was required."""

    @property
    def verdict(self) -> str:
        """The verdict in one sentence."""
        return sentences.headline(self.published)

    @property
    def decided(self) -> Verdict:
        """The verdict as facts: `answer` (use, lean, undecided), `recommended` and more."""
        return self.published.verdict

    @property
    def why(self) -> tuple[str, ...]:
        """What the verdict rests on, a sentence each."""
        return tuple(sentences.why(self.published))

    @property
    def page(self) -> Path:
        """The report's page, to open in a browser."""
        return Path(page_name(self.folder))

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of what `plot` draws."""
        return tuple(figures(self.published))

    def print_on(self, console: Console) -> None:
        """The table of results, what may be said of it, and where the report lies."""
        print_results(console, self.published)
        self.print_page(console)

    def print_page(self, console: Console) -> None:
        """Where the report lies."""
        console.print(f"report: {page_name(self.folder)}", markup=False, highlight=False,
                      soft_wrap=True)

    def to_pandas(self) -> pd.DataFrame:
        """A row a method, best first."""
        return pd.DataFrame([_facts(row) for row in self.published.summary.rows])

    def plot(self, name: str = "quality-cost") -> go.Figure:
        """One of the report's figures. Raises HarnessError for a name that is not in `figures`."""
        drawn = figures(self.published)
        if name not in drawn:
            raise HarnessError(f"this study has no figure '{name}'", did_you_mean(name, drawn))
        return go.Figure(drawn[name])

    def run_id(self, name: str | None = None, seed: int = 0) -> str:
        """The run of a method by its `name` in the frame, such as "full (minilm)"; of the
        recommended one where none is named. Raises HarnessError where there is none."""
        wanted = name or self.decided.recommended
        if wanted is None:
            raise HarnessError("the study recommends no method", "Name one of the frame's.")
        found = {(record.identity.name, record.identity.seed): record.identity.run_id
                 for record in reversed(self.published.study.whole())}  # the first part's last
        names = sorted({known for known, _ in found})
        if wanted not in names:
            raise HarnessError(f"this study has no method '{wanted}'", did_you_mean(wanted, names))
        if (wanted, seed) not in found:
            raise HarnessError(f"{wanted} has no run of seed {seed}", "Name another seed.")
        return found[wanted, seed]


def _facts(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {"name": row.name, "method": row.label, "backbone": row.backbone,
                             "standing": row.standing}
    for metric, figure in row.common.items():
        found |= {metric: figure.mean, f"{metric}_low": figure.low, f"{metric}_high": figure.high,
                  f"{metric}_sd": figure.sd}
    gap = row.behind
    found |= {"behind": gap and gap.difference, "behind_low": gap and gap.low,
              "behind_high": gap and gap.high, "forgetting": row.general_change}
    return found | {fact: getattr(row, fact) for fact in FACTS}

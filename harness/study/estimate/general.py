"""General benchmarks, measured: a few of their items put to a few of a backbone's blocks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.backbones.flops import FlopCounter
from harness.backbones.handle import Handle
from harness.backbones.load import load_with_head
from harness.common.device import Device
from harness.common.kinds import ASKED
from harness.common.provenance import ITEMS, provenance
from harness.forgetting.base_model import Examiner, examiner
from harness.study.estimate.cut import cut_backbone, depth_of, depths
from harness.study.estimate.live import Live
from harness.study.estimate.measured import Asked, deeper
from harness.study.estimate.probe import LABELS, Others, seconds_of
from harness.suite import ForgettingItems

FEW = 24
"""Benchmark items to measure with, in all."""
LEAST_ITEMS, LEAST_PROBED, LEAST_PASSAGES = 2, 20, 2


@dataclass(frozen=True)
class Questions:
    """A few general items for a backbone. `asked` is a suite's `ForgettingItems` as JSON."""

    backbone: Handle
    asked: str
    device: Device

    @property
    def title(self) -> str:
        """For people."""
        return f"general items on {self.backbone.name}"

    @property
    def key(self) -> list[Any]:
        """Names what the measurement depends on."""
        return [self.backbone.kind, self.backbone.sha256, self.asked,
                provenance(__name__, known=ITEMS).key]


def few_questions(asked: ForgettingItems) -> ForgettingItems:
    """A few items of each benchmark, in about the shares of all."""
    share = min(1.0, FEW / max(1, sum(asked.benchmarks.values())))
    return asked.model_copy(update={
        "benchmarks": {name: min(items, max(LEAST_ITEMS, round(items * share)))
                       for name, items in asked.benchmarks.items()},
        "probes": {name: min(items, LEAST_PROBED) for name, items in asked.probes.items()},
        "passages": min(asked.passages, max(LEAST_PASSAGES, round(asked.passages * share))),
    })


def count_items(asked: ForgettingItems, kind: str) -> int:
    """Items that a backbone of a kind is asked, passages included."""
    own = asked.benchmarks if kind in ASKED else asked.probes
    return sum(own.values()) + asked.passages


def ask_few(questions: Questions, say: Callable[[str], None]) -> Asked:
    """What asking the whole backbone takes."""
    asked = ForgettingItems.model_validate_json(questions.asked)
    start = time.perf_counter()
    examined_by = examiner(questions.backbone, asked)
    began = time.perf_counter() - start
    at = depths(questions.backbone, 2)
    with TemporaryDirectory() as folder:
        found = [_asked(questions, cut_backbone(questions.backbone, depth,
                                                Path(folder) / str(depth)),
                        examined_by, began, count_items(asked, questions.backbone.kind))
                 for depth in at]
    if len(found) == 1:
        return found[0]
    few, more = (float(depth or 0) for depth in at)
    whole = float(depth_of(questions.backbone) or 0)
    extended: Asked = deeper(found[0], found[1], (whole - more) / (more - few))
    return extended


def _asked(questions: Questions, backbone: Handle, examined_by: Examiner, began: float, items: int
           ) -> Asked:
    watch = Others()
    loaded = load_with_head(backbone, LABELS, questions.device.type)
    with (FlopCounter() as flops,
          Live([*loaded.model.parameters(), *loaded.model.buffers()]) as live):
        examined_by.put_to(loaded, questions.device)
    seconds = seconds_of(lambda: examined_by.put_to(loaded, questions.device), questions.device)
    return Asked(items, began, seconds, float(flops.total), live.operations,
                 watch.share())

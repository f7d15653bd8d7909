"""Estimating a plan's time before anything runs."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from harness.backbones.handle import parameter_count
from harness.methods.method import METHODS
from harness.study.plan import Plan, PlannedRun

MATRIX = 1024
REPEATS = 5
EFFICIENCY = 0.5
"""Share of a plain matrix product's speed that models reach; measured on MiniLM and SmolLM2."""
BACKWARD = {"full": 3.0, "selective": 1.5}
OTHER_BACKWARD = 2.5
"""Arithmetic of a training pass in forward passes: 3 for all weights (forward, and backward
twice the forward), less where the weights' own gradients are left out."""
RETRIEVED = 2.0
GENERAL_TOKENS = 80
"""Tokens a general item, choices included: the mean over 40 items of each benchmark of the
catalogue, by SmolLM2's tokenizer."""
START_SECONDS = 1.0


@dataclass(frozen=True)
class Estimate:
    """Seconds by run id, in all, and the speed they are based on."""

    seconds: dict[str, float]
    total: float
    gflops: float


def matrix_speed() -> float:
    """GFLOP/s of a 1024 x 1024 fp32 matrix product, the best of five."""
    a = np.random.default_rng(0).standard_normal((MATRIX, MATRIX), dtype=np.float32)
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * MATRIX**3 / best / 1e9


def estimate(plan: Plan, left: list[PlannedRun]) -> Estimate:
    """Arithmetic of each run (2 FLOPs a parameter and token forward), over a measured speed.

    Every text is taken to be as long as the budget allows, so short texts take less.
    """
    gflops = matrix_speed()
    sizes = {name: parameter_count(handle) for name, handle in plan.backbones.items()}
    seconds = {run.run_id: START_SECONDS
               + (_flops(run, sizes, plan) + _forgetting_flops(run, sizes, plan))
               / (gflops * EFFICIENCY * 1e9) for run in left}
    return Estimate(seconds, sum(seconds.values()), gflops)


def _forgetting_flops(run: PlannedRun, sizes: dict[str, int], plan: Plan) -> float:
    asked, backbone = plan.loaded.suite.measure.forgetting, run.identity.backbone
    if asked is None or backbone is None or not METHODS[run.identity.method].changes_weights:
        return 0.0
    items = asked.benchmarks if run.identity.kind == "decoder" else asked.probes
    return (sum(items.values()) + asked.passages) * GENERAL_TOKENS * 2 * sizes[backbone]


def _flops(run: PlannedRun, sizes: dict[str, int], plan: Plan) -> float:
    backbone, budget, method = run.identity.backbone, run.budget, METHODS[run.identity.method]
    if backbone is None:
        return 0.0
    splits = plan.sample(budget)
    items = len(splits.train) + len(splits.validation) + len(splits.test)
    passes = float(items)
    if method.changes_weights:
        factor = BACKWARD.get(run.identity.method, OTHER_BACKWARD)
        fits = budget.trials if run.tuned_by is None else 1
        passes += fits * budget.epochs * (factor * len(splits.train) + len(splits.validation))
    elif method.family == "retrieval" and run.identity.kind == "decoder":
        passes *= 1 + RETRIEVED
    elif run.tuned_by is not None:
        passes = 0.0
    return passes * budget.max_length * 2 * sizes[backbone]

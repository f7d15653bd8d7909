"""Memory: what a run needs, and a refusal where a device has too little left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.backbones.handle import Handle, parameter_count
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.common.kinds import Quantize

if TYPE_CHECKING:
    from harness.study.planning.plan import Plan, PlannedRun

FP32 = 4.0
"""Bytes of a number that learns, of its gradient and of optimizer state."""
QUANTISED: dict[Quantize, float] = {"nf4": 0.5, "int8": 1.0}
HELD = 3.0
"""Numbers that the loop holds for each that learns, beside the weight itself: its gradient and the
two moments of AdamW."""


def least_memory(backbone: Handle, run: PlannedRun, device: Device) -> float:
    """Bytes of weights, gradients and optimizer state that no batch size can save."""
    learns = HELD * FP32 if run.identity.method == "full" else 0.0
    return parameter_count(backbone) * (weight_bytes(backbone, run, device) + learns)


def weight_bytes(backbone: Handle, run: PlannedRun, device: Device) -> float:
    """Of a weight, as nearly all of a model's are held."""
    if backbone.quantize is not None:
        return QUANTISED[backbone.quantize]
    if run.entry.method.changes_matrices:
        return FP32
    return float(device.products.itemsize)


def check_least(plan: Plan, runs: Sequence[PlannedRun], has: float) -> None:
    """Raise HarnessError for runs whose weights alone do not fit in `has` bytes, before anything is
    measured."""
    for run in plan.here(runs):
        if run.entry.backbone is not None:
            needs = least_memory(plan.backbones[run.entry.backbone], run, plan.device)
            if needs > has:
                raise no_room(plan, run, needs, has)


def no_room(plan: Plan, run: PlannedRun, needs: float, has: float) -> HarnessError:
    """The refusal of a run that needs more bytes than there are."""
    name = str(run.entry.backbone)
    backbone = plan.backbones[name]
    each = weight_bytes(backbone, run, plan.device)
    weights = each * parameter_count(backbone)
    if weights > has:
        advice = "Name a smaller backbone, leave this one out of the profile"
    elif run.entry.method.changes_weights and run.identity.family != "peft":
        advice = "Choose a profile with adapter methods (lora) for it, a smaller `budget: batch`"
    else:
        advice = "Choose a profile with a smaller `budget: batch` or `max_length`"
    return plan.loaded.error(
        ("backbones", name),
        f"{run.identity.name} needs about {amount(needs)} of memory (its weights in "
        f"{8 * each:g} bits {amount(weights)}), {amount(has)} are available",
        f"{advice}, or see what another device takes: `harness plan --device a100`.")


def amount(count: float) -> str:
    """Bytes for people."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"

"""Forgetting: who was asked general items, and whether these were the same."""

from __future__ import annotations

from collections.abc import Sequence

from harness.compare.rule import Rule
from harness.study.record import Record


def same_forgetting(done: Sequence[Record]) -> Rule:
    """Every run on a backbone was asked, or leaves its weights alone, and there is one set of items
    a backbone."""
    on_backbones = [r for r in done if r.identity.backbone]
    measured = [r for r in on_backbones if r.forgetting]
    keys = {(r.identity.backbone, r.forgetting.key) for r in measured if r.forgetting}
    backbones = {backbone for backbone, _ in keys}
    changed = sum(bool(r.forgetting and r.forgetting.changed) for r in measured)
    return Rule(name="Forgetting",
                says="Tuned models are compared with their untouched backbone on the same general "
                     "items, in the same dtype, item by item.",
                held=(len(keys) == len(backbones) and len(measured) == len(on_backbones)
                      if measured else None),
                evidence=f"{len(measured)} of {len(on_backbones)} runs on a backbone: {changed} "
                         f"measured, {len(measured) - changed} leave its weights alone; "
                         f"{len(keys)} set(s) of items for {len(backbones)} backbone(s)."
                if measured else "Not measured in this study.")

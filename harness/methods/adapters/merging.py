"""An adapter's update in the weights that it is an update of: what a team deploys."""

from __future__ import annotations

from typing import Any

import torch

from harness.backbones.blocks import freeze
from harness.backbones.load import Loaded
from harness.backbones.quiet import quietly
from harness.backbones.traits import is_seq2seq
from harness.common.errors import CannotRunError

APART = 1e-3
"""The largest distance between what a model says before and after, in fp32, as a share."""


def merge(loaded: Loaded) -> Any:
    """A PEFT model in fp32 as a model of its base's class, frozen.

    Raises CannotRunError where PEFT cannot, or gives a model that says something else.
    """
    model: Any = loaded.model
    given = loaded.processor.sample(next(model.parameters()).device.type)
    before = _said(model, given)
    try:
        with quietly():
            whole = model.merge_and_unload(safe_merge=True)
    except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        raise CannotRunError(f"PEFT cannot merge it: {' '.join(str(error).split())[:200]}"
                             ) from error
    whole.eval()
    apart = float((_said(whole, given) - before).norm() / before.norm())
    if not apart < APART:
        raise CannotRunError(f"merged by PEFT it says something else (apart by {apart:.2g})")
    freeze(whole)
    return whole


def _said(model: Any, given: dict[str, torch.Tensor]) -> torch.Tensor:
    asked = {"decoder_input_ids": given["input_ids"]} if is_seq2seq(model) else {}
    with torch.no_grad():
        return torch.Tensor(model(**given, **asked).logits.float())

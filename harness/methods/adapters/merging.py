"""An adapter's update in the weights that it is an update of: what a team deploys."""

from __future__ import annotations

from typing import Any

import torch

from harness.backbones.blocks import freeze
from harness.backbones.quiet import quietly
from harness.backbones.traits import is_seq2seq
from harness.common.errors import CannotRunError

APART = 1e-3
"""The largest distance between what a model says before and after, in fp32, as a share."""
TOKENS = 8


def merge(model: Any) -> Any:
    """A PEFT model in fp32 as a model of its base's class, frozen.

    Raises CannotRunError where PEFT cannot, or gives a model that says something else.
    """
    before = _said(model)
    try:
        with quietly():
            whole = model.merge_and_unload(safe_merge=True)
    except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        raise CannotRunError(f"PEFT cannot merge it: {' '.join(str(error).split())[:200]}"
                             ) from error
    whole.eval()
    apart = float((_said(whole) - before).norm() / before.norm())
    if not apart < APART:
        raise CannotRunError(f"merged by PEFT it says something else (apart by {apart:.2g})")
    freeze(whole)
    return whole


def _said(model: Any) -> torch.Tensor:
    ids = torch.arange(1, 1 + TOKENS, device=next(model.parameters()).device)[None]
    asked = {"decoder_input_ids": ids} if is_seq2seq(model) else {}
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), **asked).logits
    return torch.Tensor(logits.float())

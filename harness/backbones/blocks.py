"""Freezing: which parts of a backbone learn."""

from __future__ import annotations

from torch import nn

from harness.common.errors import CannotRunError


def freeze(model: nn.Module) -> None:
    """No parameter learns."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)


def transformer_blocks(model: nn.Module) -> nn.ModuleList:
    """The backbone's stack of blocks: the longest list of modules of one class.

    Raises CannotRunError when there is none.
    """
    stacks = [m for m in model.modules()
              if isinstance(m, nn.ModuleList) and len({type(child) for child in m}) == 1]
    if not stacks:
        raise CannotRunError("the backbone has no stack of equal blocks to select from")
    return max(stacks, key=len)


def classification_head(model: nn.Module) -> list[nn.Module]:
    """The modules beside the base model: pooler and classifier of an encoder."""
    base = getattr(model, "base_model", model)
    heads = [child for child in model.children() if child is not base]
    pooler = getattr(base, "pooler", None)
    return heads + ([pooler] if isinstance(pooler, nn.Module) else [])


def unfreeze(modules: list[nn.Module]) -> None:
    """All parameters of the modules learn."""
    for module in modules:
        for parameter in module.parameters():
            parameter.requires_grad_(True)

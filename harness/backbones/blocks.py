"""The parts of a backbone: which learn, and which compute exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from harness.backbones.vision.timm_models import timm_blocks, timm_inside
from harness.common.device import Device
from harness.common.errors import CannotRunError


def freeze(model: nn.Module) -> None:
    """No parameter learns."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)


def transformer_blocks(model: nn.Module) -> list[nn.Module]:
    """The backbone's blocks in the order of its data: its longest list of modules of one class; of
    an encoder-decoder the encoder's blocks, then the decoder's.

    Raises CannotRunError when there is none.
    """
    config: Any = getattr(model, "config", None)
    if getattr(config, "is_encoder_decoder", False):
        parts: Any = model
        return [*_stack(parts.get_encoder()), *_stack(parts.get_decoder())]
    inside: Any = getattr(model, "get_base_model", lambda: model)()
    return timm_blocks(timm_inside(inside)) or list(_stack(model))


def _stack(model: nn.Module) -> nn.ModuleList:
    stacks = [m for m in model.modules()
              if isinstance(m, nn.ModuleList) and len({type(child) for child in m}) == 1]
    # Stages of blocks, as of Swin, are cut between stages.
    inner = {part for stack in stacks if len(stack) > 1 for child in stack
             if not isinstance(child, nn.ModuleList) for part in child.modules()}
    stacks = [stack for stack in stacks if stack not in inner]
    if not stacks:
        raise CannotRunError("the backbone has no stack of equal blocks to select from")
    return max(stacks, key=len)


def first_learning(blocks: Sequence[nn.Module]) -> int:
    """Number of blocks below the first of which something learns; all of them where none does."""
    return next((number for number, block in enumerate(blocks)
                 if any(p.requires_grad for p in block.parameters())), len(blocks))


def stay_still(model: nn.Module) -> None:
    """Modules of which nothing learns run as when they answer, without dropout, also while the
    rest of the model is trained."""
    for module in model.children():
        parameters = list(module.parameters())
        if parameters and not any(p.requires_grad for p in parameters):
            module.eval()
            module.train = lambda mode=True, module=module: module
        else:
            stay_still(module)


def classification_head(model: nn.Module) -> list[nn.Module]:
    """The modules beside the base model: pooler and classifier of an encoder."""
    inside = timm_inside(model)
    if inside is not None:
        return [inside.get_classifier()]
    base = getattr(model, "base_model", model)
    heads = [child for child in model.children() if child is not base]
    pooler = getattr(base, "pooler", None)
    return heads + ([pooler] if isinstance(pooler, nn.Module) else [])


def exact_head(model: nn.Module, device: Device) -> None:
    """Have the classification head compute in fp32 whatever autocast says: what it gives is
    compared, and bf16 has but eight bits to tell two numbers apart."""
    for module in classification_head(model):
        module.forward = partial(_exactly, module.forward, device)


def _exactly(forward: Callable[..., torch.Tensor], device: Device, *states: torch.Tensor,
             **more: Any) -> torch.Tensor:
    with torch.autocast(device.type, enabled=False):
        return forward(*(state.float() for state in states), **more)


def unfreeze(modules: list[nn.Module]) -> None:
    """All parameters of the modules learn."""
    for module in modules:
        for parameter in module.parameters():
            parameter.requires_grad_(True)


def linear_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The linear layers of the base model by name: none of a head's."""
    return {name: module for name, module in _base_modules(model).items()
            if isinstance(module, nn.Linear | Conv1D)}


def convolutions(model: nn.Module) -> dict[str, nn.Module]:
    """The convolutions of the base model over two axes by name. Those in groups (depthwise) are
    left out: PEFT (0.21.0) puts no update of low rank on them."""
    return {name: module for name, module in _base_modules(model).items()
            if isinstance(module, nn.Conv2d) and module.groups == 1}


def widths(layer: Any) -> tuple[int, int]:
    """What a linear layer reads and what it gives, whatever its weights are held in."""
    return (layer.nx, layer.nf) if isinstance(layer, Conv1D) else (
        layer.in_features, layer.out_features)


def norm_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The base model's layers that scale what passes through: all their parameters are vectors."""
    return {name: module for name, module in _base_modules(model).items()
            if not list(module.children()) and list(module.parameters())
            and all(parameter.dim() == 1 for parameter in module.parameters())}


def _base_modules(model: nn.Module) -> dict[str, nn.Module]:
    base = getattr(model, "base_model", model)
    outputs = getattr(model, "get_output_embeddings", lambda: None)()
    # Of CLIP's kin a head stands beside the parts, and all of it is the base.
    beside = getattr(model, "classifier", None) if base is model else None
    heads = [beside] if beside is not None else []
    if timm_inside(model) is not None:
        heads = classification_head(model)
    inside = set(base.modules()) - {outputs} - {part for head in heads for part in head.modules()}
    return {name: module for name, module in model.named_modules() if module in inside}


def reinitialise(model: Any, count: int) -> None:
    """Draw the last `count` blocks anew, and an encoder's pooler, as transformers draws a model of
    their kind that was never trained.

    Zhang et al. 2021, Revisiting Few-sample BERT Fine-tuning, section 4: the top blocks have
    specialised in what the model was trained on.
    """
    base = getattr(model, "base_model", model)
    pooler = getattr(base, "pooler", None)
    again = [*transformer_blocks(model)[-count:], *([pooler] if isinstance(pooler, nn.Module)
                                                    else [])]
    for part in again:
        for parameter in part.parameters():
            # transformers' mark of what it has loaded: it would leave that as it is.
            vars(parameter).pop("_is_hf_initialized", None)
        for module in part.modules():
            base._init_weights(module)

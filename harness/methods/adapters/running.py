"""What a PEFT model needs beside its configuration to train and answer in this house."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import peft
import torch
import transformers
from peft.utils.peft_types import PeftType
from torch import Tensor

from harness.backbones.encoding.pooled import pooled_part
from harness.backbones.kernels.lora import speed_up_lora
from harness.backbones.load import Loaded
from harness.backbones.traits import prompt_learner, virtual_tokens
from harness.common.errors import HarnessError
from harness.common.kinds import Quantize

TASKS = ("n_tasks", "num_tasks")
"""Fields of tuners that learn several tasks at once: here there is one, number 0."""
UNFIT = {PeftType.LILY: "its answer to a text depends on the other texts of the batch"}
"""Tuners whose figures would be of a batch and not of its items."""


UNQUANTISED: dict[Quantize, tuple[PeftType, ...]] = {
    "nf4": (PeftType.UNILORA,),
    "int8": (PeftType.DEFT, PeftType.HRA, PeftType.PEANUT, PeftType.UNILORA)}
"""Tuners that take the bytes of quantised weights for the weights, without a word of PEFT's
(0.21.0): most multiply by them, UNILORA makes zeros of its scales and learns nothing."""
KEYS_ALONE = (PeftType.PREFIX_TUNING, PeftType.CARTRIDGE)
"""Tuners that learn keys and values, and leave the input as it is."""


BEFORE_TOKENS = "what it learns stands before a text's tokens, and a picture has none"
SIGHTLESS: dict[PeftType, str] = {
    **dict.fromkeys((PeftType.PREFIX_TUNING, PeftType.CARTRIDGE, PeftType.PROMPT_TUNING,
                     PeftType.P_TUNING, PeftType.MULTITASK_PROMPT_TUNING), BEFORE_TOKENS),
    PeftType.TRAINABLE_TOKENS: "it learns tokens' embeddings, and a picture has none",
    PeftType.POLY: "PEFT hands the task's number to no model without one of its task types",
    PeftType.SHADOW: "it looks for the layers of a decoder",
    PeftType.XLORA: "it puts trained adapters together, and looks for them by a text",
}
"""Why a tuner cannot be put on a model that reads pictures, where PEFT fails without a reason."""


def keyless(reader: type[Any]) -> str | None:
    """Why PEFT puts no keys and values before what a class of models reads, or None where it does:
    PEFT's own test of a classifier, which it makes at the first pass (`_prefix_tuning_forward`).
    """
    if "past_key_values" in inspect.signature(reader.forward).parameters:
        return None
    return (f"{reader.__name__} of transformers {transformers.__version__} takes no "
            f"past_key_values, in which PEFT {peft.__version__} gives a classifier its keys")


def refuse_unfit(tuner: PeftType) -> None:
    """Raise HarnessError for a tuner whose answers are not of single items."""
    if tuner in UNFIT:
        raise HarnessError(f"{tuner.value} cannot be measured: {UNFIT[tuner]}",
                           "Use another tuner.")


def make_ready(loaded: Loaded) -> None:
    """Give a freshly wrapped PEFT model the task's number, its penalty, and full precision where
    PEFT saves what a network computes rather than its weights; take what it puts before every
    sequence from the window.

    Raises HarnessError for an unfit tuner, and for one that knows several tasks.
    """
    model = loaded.model
    config = model.active_peft_config
    refuse_unfit(config.peft_type)
    if prompt_learner(model):
        loaded.window -= virtual_tokens(model)
        pooled = pooled_part(model)
        if pooled is not None and config.peft_type not in KEYS_ALONE:
            pooled.virtual = virtual_tokens(model)
    for name in TASKS:
        if hasattr(config, name):
            if getattr(config, name) != 1:
                raise HarnessError(f"{config.peft_type.value} with {name} "
                                   f"{getattr(config, name)}: which one is this task?",
                                   f"Set {name} to 1.")
            model.register_forward_pre_hook(_with_task, with_kwargs=True)
            model.generate = partial(_generate_for_task, model.generate)
    speed_up_lora(model)
    if config.peft_type == PeftType.ADALORA:
        model.penalty = partial(orthogonality, model)
    if config.peft_type == PeftType.P_TUNING:
        for network in model.prompt_encoder.values():
            kind = next(network.parameters()).device.type
            network.forward = torch.autocast(kind, enabled=False)(network.forward)


def _with_task(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
               ) -> tuple[tuple[Any, ...], dict[str, Any]]:
    # What the rows of a pass are: a decoder that goes on from an encoder's states reads no prompt.
    read = "decoder_input_ids" if "encoder_outputs" in kwargs else next(iter(kwargs))
    rows = kwargs[read]
    return args, {**kwargs, "task_ids": torch.zeros(len(rows), dtype=torch.long,
                                                    device=rows.device)}


def _generate_for_task(generate: Any, **kwargs: Any) -> Tensor:
    ids = kwargs["input_ids"]
    task = torch.zeros(len(ids), dtype=torch.long, device=ids.device)
    given: Tensor = generate(**kwargs, task_ids=task)
    return given


def orthogonality(model: Any) -> Tensor:
    """AdaLoRA's penalty (Zhang et al. 2023, equation 4) as PEFT weighs it: the mean over A and B
    of the Frobenius norm of `A A' - 1` and `B' B - 1`, times `orth_reg_weight`.

    PEFT adds it to a loss that it computes itself; ours is computed outside the model.
    """
    grams = [p @ p.T if "lora_A" in name else p.T @ p for name, p in model.named_parameters()
             if "lora_A" in name or "lora_B" in name]
    norms = [torch.linalg.matrix_norm(gram - torch.eye(len(gram), device=gram.device))
             for gram in grams]
    weight: float = model.active_peft_config.orth_reg_weight
    return weight * torch.stack(norms).mean()


def forget_ranks(model: Any) -> None:
    """Save AdaLoRA's matrices whole. The ranks that PEFT remembers are those of the last step, and
    the weights may be of an earlier one; what was pruned by then is zero in them."""
    config = model.active_peft_config
    if config.peft_type == PeftType.ADALORA:
        config.rank_pattern = None

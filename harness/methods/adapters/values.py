"""Values that PEFT leaves to its user, chosen from the model and the task.

A value that the user gives always stands. Each rule answers for one field of PEFT's
configurations, wherever a configuration has it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING, PEFT_TYPE_TO_TUNER_MAPPING
from peft.utils import constants
from peft.utils.peft_types import PeftType

from harness.backbones.blocks import (
    convolutions,
    linear_layers,
    norm_layers,
    transformer_blocks,
    widths,
)
from harness.backbones.encoding.encode import encode
from harness.backbones.load import Loaded
from harness.backbones.prompting.writers import writer_for
from harness.methods.asking.shots import draw_shots
from harness.methods.job import Job
from harness.methods.learning.schedule import schedule_of

VIRTUAL_TOKENS = 16
ALL_LINEAR = "all-linear"
OWN_TARGETS = "TRANSFORMERS_MODELS_TO_{}_TARGET_MODULES_MAPPING"
"""Where PEFT keeps a tuner's default targets by model type, when the tuner does not name them."""


@dataclasses.dataclass(frozen=True)
class Incomplete:
    """A tuner, its options so far, and the model and task it is for."""

    tuner: PeftType
    options: Mapping[str, Any]
    loaded: Loaded
    job: Job

    @property
    def defaults(self) -> dict[str, Any]:
        """The fields of the tuner's configuration with PEFT's defaults."""
        fields = dataclasses.fields(PEFT_TYPE_TO_CONFIG_MAPPING[self.tuner])
        return {field.name: field.default for field in fields}


def completed(tuner: PeftType, options: Mapping[str, Any], loaded: Loaded, job: Job
              ) -> dict[str, Any]:
    """The options, and a value for every field that they leave open and a rule answers for."""
    if options.get("target_modules") == ALL_LINEAR:
        options = {**options, "target_modules": _all_linear(loaded)}
    place = Incomplete(tuner, options, loaded, job)
    open_fields = [name for name in RULES if name in place.defaults and options.get(name) is None]
    chosen = {name: RULES[name](place, name) for name in open_fields}
    return {**options, **{name: value for name, value in chosen.items() if value is not None}}


def _all_linear(loaded: Loaded) -> list[str]:
    """What PEFT means by `all-linear`, less any part of a head: that learns whole. Of a model
    without linear layers its convolutions."""
    return list(linear_layers(loaded.model) or convolutions(loaded.model))


def _targets(place: Incomplete, name: str) -> list[str] | None:
    """PEFT's own targets where it knows the model's type, and transformers still calls the layers
    so; or else all linear layers."""
    known = (getattr(PEFT_TYPE_TO_TUNER_MAPPING[place.tuner], "target_module_mapping", None)
             or getattr(constants, OWN_TARGETS.format(place.tuner.value), None))
    model = place.loaded.model
    if not known or place.options.get("target_parameters") is not None:
        return None
    own = known.get(model.config.model_type)
    if own is not None and _are_there(own, model):
        return None
    if place.tuner is PeftType.LN_TUNING:
        return list(norm_layers(model))
    return _all_linear(place.loaded)


def _are_there(targets: Sequence[str] | str, model: Any) -> bool:
    """Whether a model has layers of these names; a pattern is PEFT's to match."""
    names = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    return isinstance(targets, str) or not names.isdisjoint(
        target.rpartition(".")[2] for target in targets)


def _no_feedforward(place: Incomplete, name: str) -> list[str] | None:
    """IA3 scales what goes into its feed-forward modules. PEFT's own are named otherwise than the
    members of `all-linear`, where every layer's output is scaled."""
    targets = place.options.get("target_modules") or _targets(place, "target_modules")
    return [] if targets == _all_linear(place.loaded) else None


def _divisor(place: Incomplete, name: str) -> int:
    """PEFT's default, or its greatest divisor that divides the width of every linear layer."""
    return math.gcd(place.defaults[name], *(
        width for module in linear_layers(place.loaded.model).values() for width in widths(module)))


def _steps(place: Incomplete, name: str) -> int:
    return schedule_of(len(place.job.train), place.job.budget).most


def _shared_tokens(place: Incomplete, name: str) -> list[int]:
    """Tokens that stand in every training input."""
    job, loaded = place.job, place.loaded
    if job.headed:
        longest = min(job.budget.max_length, loaded.window)
        read = [item["input_ids"] for item in encode(loaded.tokenizer, job.train, longest)]
        return sorted(set.intersection(*map(set, read)))
    writer = writer_for(job.need_backbone().kind, loaded.tokenizer, job.task,
                        job.budget.max_length)
    return sorted(set.intersection(*map(set, writer.prompts(job.train))))


def _worked_examples(place: Incomplete, name: str) -> list[int]:
    """Tokens of one worked training example a class: what CPT starts from. None for a backbone that
    is not asked, which PEFT refuses by itself."""
    job = place.job
    if job.headed:
        return []
    writer = writer_for(job.need_backbone().kind, place.loaded.tokenizer, job.task,
                        job.budget.max_length)
    return writer.shots(draw_shots(job.train, 1, job.seed))


RULES: dict[str, Callable[[Incomplete, str], Any]] = {
    "target_modules": _targets,
    "feedforward_modules": _no_feedforward,
    "num_virtual_tokens": lambda place, name: VIRTUAL_TOKENS,
    "adapter_len": lambda place, name: VIRTUAL_TOKENS,
    "adapter_layers": lambda place, name: len(transformer_blocks(place.loaded.model)),
    "block_size": _divisor,
    "boft_block_size": _divisor,
    "gralora_k": _divisor,
    "group_size": _divisor,
    "vector_length": _divisor,
    "total_step": _steps,
    "token_indices": _shared_tokens,
    "cpt_token_ids": _worked_examples,
    "progressbar": lambda place, name: False,
}

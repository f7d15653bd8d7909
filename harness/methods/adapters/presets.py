"""Tuners of the PEFT library under names and values of this house, and any configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from transformers import BertModel

from harness.common.kinds import WeightsKind
from harness.methods.adapters.adapter import Adapter
from harness.methods.adapters.configuration import fields_in
from harness.methods.adapters.running import BEFORE_TOKENS, keyless
from harness.methods.adapters.values import VIRTUAL_TOKENS
from harness.methods.method import METHODS
from harness.methods.tuned import OF_ADDED

LOW_RANK = {"r": 16, "lora_alpha": 32, "target_modules": "all-linear"}
VIRTUAL = {"num_virtual_tokens": VIRTUAL_TOKENS}
UNSEEN: dict[WeightsKind, str] = {"image": BEFORE_TOKENS}
KEYLESS: dict[WeightsKind, str] = {"encoder": reason} if (reason := keyless(BertModel)) else {}
"""Of tuners that learn keys and values: BERT stands for the encoders."""


@METHODS.register("lora")
class Lora(Adapter):
    """Low-rank adaptation (Hu et al. 2022)."""

    name, peft_type, preset = "lora", "LORA", LOW_RANK
    summary = "low-rank updates of all linear layers, rank 16"
    rate = 1e-3


@METHODS.register("dora")
class Dora(Adapter):
    """Weight-decomposed low-rank adaptation (Liu et al. 2024)."""

    name, peft_type = "dora", "LORA"
    preset: ClassVar[dict[str, Any]] = {**LOW_RANK, "use_dora": True}
    summary = "LoRA with magnitude and direction apart, rank 16"
    rate = 1e-3


@METHODS.register("ia3")
class Ia3(Adapter):
    """Learned rescaling of activations (Liu et al. 2022)."""

    name, peft_type = "ia3", "IA3"
    summary = "learned rescaling of keys, values and feed-forward activations"
    rate = 5e-3
    scales: ClassVar[Mapping[str, float]] = {**OF_ADDED, "seq2seq": 0.6}


@METHODS.register("prefix-tuning")
class PrefixTuning(Adapter):
    """Learned keys and values before every layer (Li and Liang 2021)."""

    name, peft_type, preset = "prefix-tuning", "PREFIX_TUNING", VIRTUAL
    unable = UNSEEN
    summary = "16 learned keys and values before every layer"
    fails = KEYLESS
    rate, scales = 1e-2, OF_ADDED


@METHODS.register("prompt-tuning")
class PromptTuning(Adapter):
    """Learned input embeddings (Lester et al. 2021)."""

    name, peft_type, preset = "prompt-tuning", "PROMPT_TUNING", VIRTUAL
    unable = UNSEEN
    summary = "16 learned input embeddings"
    rate = 3e-2
    scales: ClassVar[Mapping[str, float]] = {**OF_ADDED, "decoder": 1 / 3}


@METHODS.register("p-tuning")
class PTuning(Adapter):
    """Learned input embeddings through a small network (Liu et al. 2021)."""

    name, peft_type = "p-tuning", "P_TUNING"
    unable = UNSEEN
    preset: ClassVar[dict[str, Any]] = {**VIRTUAL, "encoder_hidden_size": 128}
    summary = "16 input embeddings from a small learned network"
    rate, scales = 3e-3, OF_ADDED


@METHODS.register("peft")
class AnyPeft(Adapter):
    """Any configuration of the PEFT library, taken as it is."""

    name = "peft"
    peft_type = ""
    summary = "any PEFT configuration: inline, or the path of an adapter_config.json"
    rate = 1e-3

    def __init__(self, options: Mapping[str, Any] | str | Path) -> None:
        super().__init__(fields_in(Path(options)) if isinstance(options, str | Path) else options)

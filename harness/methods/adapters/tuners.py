"""Every tuner of the installed PEFT that has no preset, under PEFT's own name.

`VERA` is the method `vera`; its options are the fields of PEFT's `VeraConfig`. All learn by the
one loss of this house: what PEFT adds to a loss that it works out itself is left out (SHADOW's
auxiliary loss, CPT's weights), but for AdaLoRA's penalty.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
from peft.utils.peft_types import PeftType

from harness.backbones.handle import KINDS
from harness.common.capabilities import Can
from harness.common.kinds import WeightsKind
from harness.methods.adapters.adapter import Adapter
from harness.methods.adapters.presets import KEYLESS, Lora, PromptTuning
from harness.methods.adapters.running import KEYS_ALONE, SIGHTLESS, UNFIT
from harness.methods.method import METHODS

BUT_DECODERS: tuple[WeightsKind, ...] = ("encoder", "seq2seq")
LACKS_ITS_LAYERS = "Unable to automatically find a `nn.ModuleList` of decoder layers"
WANTS_TRAINED_EXPERTS = "`use_cache` must be False"
WANTS_EMBEDDED_ANSWERS = "expected Tensor as element 1 in argument 0, but got NoneType"
_UNABLE: dict[PeftType, dict[WeightsKind, str]] = {
    PeftType.ADAPTION_PROMPT: dict.fromkeys((*BUT_DECODERS, "image"),
                                            "Unsupported model type for adaption prompt"),
    PeftType.CPT: dict.fromkeys((*BUT_DECODERS, "image"),
                                "CPTConfig only supports task_type = CAUSAL_LM"),
    PeftType.MULTITASK_PROMPT_TUNING: {"seq2seq": WANTS_EMBEDDED_ANSWERS},
    PeftType.SHADOW: dict.fromkeys(BUT_DECODERS, LACKS_ITS_LAYERS),
    PeftType.XLORA: dict.fromkeys(KINDS, WANTS_TRAINED_EXPERTS),
}
UNABLE: dict[PeftType, dict[WeightsKind, str]] = {
    tuner: _UNABLE.get(tuner, {}) | ({"image": SIGHTLESS[tuner]} if tuner in SIGHTLESS else {})
    for tuner in PEFT_TYPE_TO_CONFIG_MAPPING}
"""Kinds of backbone that a tuner cannot be put on, with PEFT's words where it has any."""


class Tuner(Adapter):
    """A tuner with PEFT's defaults and the learning rates of the nearest preset."""


UNTAGGED = (PeftType.TRAINABLE_TOKENS,)
"""Tuners that PEFT cannot put on a token-classification model: their configurations have no
`modules_to_save`, which it looks through (peft 0.21.0, `PeftModelForTokenClassification`)."""
WRITING = dataclasses.replace(Tuner.needs, spans=(Can.LEARN, Can.WRITE))
"""What those need: the spans of a model that writes are in its text."""


def method_name(tuner: PeftType) -> str:
    """The name that suites call a tuner by."""
    return str(tuner.value).lower().replace("_", "-")


def _register(tuner: PeftType) -> None:
    config_class = PEFT_TYPE_TO_CONFIG_MAPPING[tuner]
    nearest = PromptTuning if "num_virtual_tokens" in config_class.__dataclass_fields__ else Lora
    members: dict[str, Any] = {
        "__module__": __name__,
        "name": method_name(tuner), "peft_type": tuner.value,
        "unable": (dict.fromkeys(KINDS, UNFIT[tuner]) if tuner in UNFIT
                   else UNABLE.get(tuner, {})),
        "fails": KEYLESS if tuner in KEYS_ALONE else {},
        "needs": WRITING if tuner in UNTAGGED else Tuner.needs,
        "summary": f"PEFT's {config_class.__name__}",
        "rate": nearest.rate, "scales": nearest.scales,
        "__doc__": f"PEFT's {config_class.__name__}, with PEFT's defaults.",
    }
    METHODS.register(method_name(tuner))(type(config_class.__name__, (Tuner,), members))


for _tuner in PEFT_TYPE_TO_CONFIG_MAPPING:
    if method_name(_tuner) not in METHODS:
        _register(_tuner)

"""A folder's model as transformers alone loads it: what a stranger has of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModel,
    AutoModelForImageClassification,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)

from harness.backbones.checkpoint import POOLER
from harness.backbones.encoding.pooled import PooledClassifier, read_head
from harness.backbones.encoding.pooling import pool_of
from harness.backbones.quiet import quietly
from harness.backbones.vision.stated import pixels_of
from harness.common.errors import HarnessError
from harness.export.whole import Answers, Whole
from harness.methods.fitted import Answering
from harness.methods.learning.encoder import BATCH
from harness.methods.link import LINKS
from harness.methods.shipped import Forward, Shipped, ShippedTagger
from harness.methods.shipped_pictures import ShippedPictures

LOADERS: dict[Answers, Any] = {
    "classes": AutoModelForSequenceClassification, "tags": AutoModelForTokenClassification,
    "pooled": AutoModel, "pictures": AutoModelForImageClassification}


def plain_model(folder: Path, answers: Answers, **how: Any) -> Any:
    """The model of a folder with its head, in the types that its files hold. `how` is more of what
    `from_pretrained` takes. Raises HarnessError where files and architecture do not agree."""
    with quietly():
        model, info = LOADERS[answers].from_pretrained(
            folder, dtype="auto", use_safetensors=True, trust_remote_code=False,
            output_loading_info=True, **how)
    lacking = [name for name in info["missing_keys"] if not name.startswith(POOLER)]
    if lacking or info["unexpected_keys"] or info["mismatched_keys"]:
        odd = min([*lacking, *info["unexpected_keys"], *map(str, info["mismatched_keys"])])
        raise HarnessError(f"transformers would not load it as it is: {odd} is not of its "
                           "architecture", "It cannot be used without this package.")
    if answers == "pooled":
        model = PooledClassifier(model, pool_of(folder) or ())
        read_head(model, folder)
        if model.reader.dtype != torch.float32:
            model.reader.register_forward_hook(_in_fp32)
    return model.eval()


def _in_fp32(reader: Any, given: Any, found: Any) -> Any:
    """Sums over tokens, and the head's, are of fp32 whatever states are of."""
    found["last_hidden_state"] = found.last_hidden_state.float()
    return found


def forward_of(model: Any) -> Forward:
    """Its logits, in fp32."""
    def forward(batch: Mapping[str, np.ndarray]) -> np.ndarray:
        with torch.inference_mode():
            given = {name: torch.from_numpy(values) for name, values in batch.items()}
            given = {name: values.to(model.dtype) if values.is_floating_point() else values
                     for name, values in given.items()}
            return np.asarray(model(**given).logits.float().numpy())

    return forward


def shipped(whole: Whole, folder: Path, forward: Forward, together: int = BATCH) -> Answering:
    """What answers by a folder's tokenizer or image processor, and a forward pass."""
    if whole.answers == "pictures":
        return ShippedPictures(forward, pixels_of(folder), LINKS[whole.job.task.kind], together)
    with quietly():
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    tokenizer.model_input_names = whole.loaded.tokenizer.model_input_names
    made = ShippedTagger if whole.answers == "tags" else Shipped
    return made(forward, tokenizer, whole.max_length, LINKS[whole.job.task.kind], together)

"""The whole weights in fp32, as transformers loads them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from harness.backbones.load import load_asked
from harness.export.formats import BY, FORMATS, Format
from harness.export.plain import forward_of, plain_model, shipped
from harness.export.whole import Whole
from harness.methods.fitted import Answering
from harness.methods.learning.decoder import plain_decoder
from harness.methods.whole import write_whole


def write_merged(whole: Whole, folder: Path) -> None:
    """Weights, configuration, and image processor or tokenizer, which cuts texts for a head where
    the run cut them."""
    if whole.answers not in ("prompt", "pictures"):
        whole.loaded.tokenizer.model_max_length = whole.max_length
    write_whole(whole.loaded, folder)


def load_merged(whole: Whole, folder: Path) -> Answering:
    """What answers from the folder, in the types that its files hold."""
    if whole.answers != "prompt":
        return shipped(whole, folder, forward_of(plain_model(folder, whole.answers)))
    handle = dataclasses.replace(whole.job.need_backbone(), path=folder, quantize=None)
    loaded = load_asked(handle, "cpu")
    loaded.model.to(loaded.model.config.dtype)
    return plain_decoder(dataclasses.replace(whole.job, backbone=handle), loaded=loaded)


FORMATS.register("merged")(Format(
    "safetensors in fp32, what was learned in the whole weights", tuple(BY), write_merged,
    load_merged))

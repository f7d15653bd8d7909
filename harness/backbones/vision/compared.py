"""Models that were trained to compare pictures with texts: what they compare, and how it counts.

CLIP (Radford et al. 2021, Learning Transferable Visual Models From Natural Language Supervision,
section 2.3) and SigLIP (Zhai et al. 2023, Sigmoid Loss for Language Image Pre-Training, section
3.2) make a vector of a picture and one of a text, both of length one. Their product times a learned
scale, plus a bias where a model has one, is how well the two fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from harness.backbones.admission.tokenizer import has_tokenizer
from harness.backbones.encoding.features import Encoder, Featurizer, encoder_of, key_of
from harness.backbones.encoding.letters import as_letters
from harness.backbones.handle import Handle
from harness.backbones.load import Loaded, load_comparing, load_tokenizer
from harness.common.device import Device
from harness.common.errors import CannotRunError

PADDED: dict[str, int] = {"siglip": 64, "siglip2": 64}
"""Types of models that learned from texts padded to so many tokens, which they read all of."""
ALIKE = 1e-4
"""How far a product may be from what the model itself says, as a share of the largest."""


def compared_pictures(handle: Handle, device: Device) -> Featurizer:
    """The vector of each picture that is compared with texts, [items, width] fp32, of length one.
    """
    def connect() -> Encoder:
        loaded = load_comparing(handle, device.type, device.products)
        return encoder_of(loaded, lambda batch: _seen(loaded.model, batch),
                          lambda found, items, padding: found, loaded.window, device)

    return Featurizer(key_of("compared", handle, 0, device), connect)


@dataclass(frozen=True)
class Compared:
    """What pictures' vectors are multiplied by, and what is added."""

    weights: np.ndarray
    """[width, classes] fp64: the classes' vectors times the model's scale."""
    bias: np.ndarray
    """[classes] fp64: the model's bias; zeros where it has none."""
    decides: bool
    """Whether it learned to say of a text by itself that it fits."""


def compared_with(handle: Handle, texts: Sequence[Sequence[str]], device: Device) -> Compared:
    """What says how well each class fits a picture's vector, of one or more texts a class: of
    several the mean of their vectors, made of length one again (Radford et al. 2021, section
    3.1.4).

    Raises CannotRunError for a folder without a tokenizer, for classes that are the same to it, for
    a text that is longer than the model reads, and where the model itself says otherwise of a
    picture.
    """
    tokenizer = _tokenizer(handle)
    _tell_apart(tokenizer, texts)
    loaded = load_comparing(handle, device.type)
    model = loaded.model
    with torch.inference_mode():
        vectors = [_read(model, tokenizer, of_one) for of_one in texts]
        means = torch.stack([_unit(of_one.mean(dim=0)) for of_one in vectors]).double()
        weights = (means * model.logit_scale.double().exp()).T
        bias = getattr(model, "logit_bias", torch.zeros(1)).double().reshape(-1).cpu()
        _check(loaded, tokenizer, texts[0][0], vectors[0][0])
    return Compared(weights.cpu().contiguous().numpy(), bias.expand(len(texts)).numpy().copy(),
                    hasattr(model, "logit_bias"))


def _tokenizer(handle: Handle) -> PreTrainedTokenizerBase:
    """transformers makes an empty one of a folder that has none, which knows no word."""
    if not has_tokenizer(handle.path):
        raise CannotRunError(f"{handle.origin}: there is no tokenizer beside the model, and it "
                             "has to read the classes' names: save the tokenizer too")
    return load_tokenizer(handle)


def _tell_apart(tokenizer: PreTrainedTokenizerBase, texts: Sequence[Sequence[str]]) -> None:
    """Raise CannotRunError for classes that are the same to the model."""
    known: dict[str, str] = {}
    for first, *_ in texts:
        read = str(tokenizer(as_letters(tokenizer, [first]), split_special_tokens=True,
                             verbose=False)["input_ids"])
        if read in known:
            raise CannotRunError(f"'{first[:60]}' and '{known[read][:60]}' are the same to the "
                                 "model's tokenizer: word the classes under `options`")
        known[read] = first


def _read(model: Any, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> torch.Tensor:
    """Vectors of texts, [texts, width] fp32, of length one."""
    return _unit(model.get_text_features(**_tokens(model, tokenizer, texts)).pooler_output)


def _tokens(model: Any, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]
            ) -> dict[str, torch.Tensor]:
    """As the model learned to read texts. Raises CannotRunError for one that is too long."""
    longest = int(model.config.text_config.max_position_embeddings)
    padded = PADDED.get(model.config.model_type)
    padding = {"padding": "max_length", "max_length": min(padded, longest)} if padded else {
        "padding": True}
    batch = tokenizer(as_letters(tokenizer, list(texts)), split_special_tokens=True,
                      return_tensors="pt", verbose=False, **padding)
    found, most = batch["input_ids"].shape[1], padding.get("max_length", longest)
    if found > most:
        raise CannotRunError(f"'{max(texts, key=len)[:60]}' has {found} tokens, and the model "
                             f"reads {most}: write the class shorter under `options`")
    device = model.logit_scale.device
    return {name: batch[name].to(device) for name in ("input_ids", "attention_mask")
            if name in batch}


def _seen(model: Any, batch: Any) -> torch.Tensor:
    """Of pictures, [items, width] fp32, of length one."""
    return _unit(model.get_image_features(**batch).pooler_output)


def _unit(vectors: torch.Tensor) -> torch.Tensor:
    found = vectors.float()
    return found / found.norm(dim=-1, keepdim=True)


def _check(loaded: Loaded, tokenizer: PreTrainedTokenizerBase, text: str, vector: torch.Tensor
           ) -> None:
    """Whether a made-up picture and a text fit as the model itself says that they do."""
    model = loaded.model
    picture = loaded.processor.sample(model.logit_scale.device.type)
    said = model(**picture, **_tokens(model, tokenizer, [text])).logits_per_image[0, 0]
    scale, bias = model.logit_scale.exp(), getattr(model, "logit_bias", torch.zeros_like(said))
    ours = scale * (_seen(model, picture)[0] @ vector) + bias
    if not bool((ours - said).abs() <= ALIKE * (scale + bias.abs()).max()):
        raise CannotRunError("how this model compares a picture with a text is not known: its own "
                             f"figure is {float(said):.4f}, and that of its vectors "
                             f"{float(ours):.4f}")

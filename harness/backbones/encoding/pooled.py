"""An encoder under a linear head on its pooled states.

It is saved as a sentence-transformers folder: the encoder, its pooling, and the head as a dense
layer, so that `SentenceTransformer(folder).encode` gives the classes' logits.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from harness.backbones.encoding.pooling import MODULES, Pool, place_of, pooled_by, pooler

DROPOUT, SPREAD = 0.1, 0.02
"""Of a head whose model's configuration says neither: those of BERT."""
QUANTISED = ("is_loaded_in_4bit", "is_loaded_in_8bit")
HEAD, POOLING, CLASSIFIER = "classifier", "1_Pooling", "2_Classifier"
KINDS = {kind: f"sentence_transformers.models.{kind}"
         for kind in ("Transformer", "Pooling", "Dense")}


class PooledClassifier(PreTrainedModel):
    """Dropout and a linear layer over pooled states, as of BERT's head but for its pooler."""

    config_class = PreTrainedConfig
    base_model_prefix = "reader"
    # What the reader supports it was asked about when it was made.
    _supports_sdpa = _supports_flash_attn = _supports_flex_attn = True
    virtual = 0
    """Tokens that an adapter puts before every sequence: no part of a text."""

    def __init__(self, reader: Any, pool: Pool) -> None:
        super().__init__(reader.config)
        if "add_pooling_layer" in inspect.signature(type(reader).__init__).parameters:
            reader.pooler = None  # nothing reads it
        width = len(pool) * int(self.config.get_text_config().hidden_size)
        self.reader, self.pool = reader, pool
        for name in QUANTISED:  # PEFT asks the model that it is given
            setattr(self, name, getattr(reader, name, False))
        self.pooler = pooler(pool, width // len(pool))
        self.dropout = nn.Dropout(_dropout(self.config))
        self.num_labels = int(self.config.num_labels)
        self.classifier = nn.Linear(width, self.num_labels)
        nn.init.normal_(self.classifier.weight,
                        std=getattr(self.config, "initializer_range", None) or SPREAD)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, input_ids: Tensor | None = None, attention_mask: Tensor | None = None,
                inputs_embeds: Tensor | None = None, labels: None = None,
                past_key_values: Any = None, return_dict: None = None, **more: Any
                ) -> SequenceClassifierOutput:
        """Logits [items, classes] and, where asked for, all layers' states."""
        given = {"input_ids": input_ids, "attention_mask": attention_mask,
                 "inputs_embeds": inputs_embeds, "past_key_values": past_key_values, **more}
        read = self.reader(**{name: value for name, value in given.items() if value is not None})
        pooled = self.pooled(read.last_hidden_state, attention_mask)
        return SequenceClassifierOutput(logits=self.classifier(self.dropout(pooled)),
                                        hidden_states=read.hidden_states)

    def pooled(self, states: Tensor, mask: Tensor | None) -> Tensor:
        """One vector a text, [items, width], of those states [items, tokens, width] that are its
        own: not of padding, nor of what an adapter put in front. A single state is its text's."""
        states = states[:, self.virtual:]
        own = torch.ones(states.shape[:2], dtype=torch.bool, device=states.device)
        if mask is not None and states.shape[1] > 1:
            own = mask[:, -states.shape[1]:].bool()
        return pooled_by(self.pooler, states, own)

    def get_input_embeddings(self) -> nn.Module:
        """The reader's."""
        embeddings: nn.Module = self.reader.get_input_embeddings()
        return embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        """The reader's."""
        self.reader.set_input_embeddings(value)

    def get_output_embeddings(self) -> None:
        """A classifier has none."""


def pooled_part(model: nn.Module) -> PooledClassifier | None:
    """The classifier in a model that may be wrapped by an adapter; None where there is none."""
    return next((m for m in model.modules() if isinstance(m, PooledClassifier)), None)


def set_head(model: PooledClassifier, weight: Tensor, bias: Tensor) -> None:
    """Begin with this head: weight [classes, width], bias [classes]."""
    with torch.no_grad():
        model.classifier.weight.copy_(weight)
        model.classifier.bias.copy_(bias)


def read_head(model: PooledClassifier, folder: Path) -> bool:
    """Take the head that a folder holds, where it is one of as many classes: whether it was."""
    place = place_of(folder, "name", HEAD)
    if place is None:
        return False
    saved = load_file(place / "model.safetensors")
    if saved["linear.weight"].shape != model.classifier.weight.shape:
        return False
    set_head(model, saved["linear.weight"], saved["linear.bias"])
    return True


def write_pooled(model: PooledClassifier, folder: Path) -> None:
    """Encoder, pooling and head."""
    from sentence_transformers.base.modules import Dense

    model.reader.save_pretrained(folder)
    head = model.classifier
    (folder / CLASSIFIER).mkdir(exist_ok=True)
    Dense(head.in_features, head.out_features, activation_function=None,
          init_weight=head.weight.detach().cpu().contiguous(),
          init_bias=head.bias.detach().cpu().contiguous()).save(str(folder / CLASSIFIER))
    write_pooling(model, folder, {"name": HEAD, "path": CLASSIFIER, "type": KINDS["Dense"]})


def write_pooling(model: PooledClassifier, folder: Path, *more: dict[str, str]) -> None:
    """Say in a model's or an adapter's folder how it is pooled, and what comes after that."""
    (folder / POOLING).mkdir(exist_ok=True)
    model.pooler.save(str(folder / POOLING))
    modules = [{"name": "0", "path": "", "type": KINDS["Transformer"]},
               {"name": "1", "path": POOLING, "type": KINDS["Pooling"]}, *more]
    (folder / MODULES).write_text(
        json.dumps([{"idx": i, **module} for i, module in enumerate(modules)], indent=2),
        encoding="utf-8")


def _dropout(config: Any) -> float:
    named = (getattr(config, name, None) for name in ("classifier_dropout", "hidden_dropout_prob"))
    return next((float(share) for share in named if share is not None), DROPOUT)

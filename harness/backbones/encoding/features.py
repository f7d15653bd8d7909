"""Pooled features of frozen backbones, computed once for a set of texts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from transformers import BatchEncoding

from harness.backbones.batches import by_length
from harness.backbones.blocks import exact_head
from harness.backbones.checkpoint import check_reranker
from harness.backbones.encoding.embedder import SentenceReader, read_embedder
from harness.backbones.encoding.embedder_prompts import Side, embedder_prompt
from harness.backbones.encoding.encode import Encoded
from harness.backbones.encoding.learned import Learned
from harness.backbones.encoding.padding import Padding, find_padding
from harness.backbones.encoding.pooling import MODES, Pool, pooled_by, pooler
from harness.backbones.finite import check_finite
from harness.backbones.handle import Handle
from harness.backbones.kernels.casts import cast_once
from harness.backbones.kernels.first_token import first_token_alone, last_block
from harness.backbones.load import Loaded, load_base, load_classifier
from harness.backbones.traits import is_seq2seq
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.provenance import ITEMS, provenance
from harness.tasks.examples import Item

BATCH = 32
VECTORS, COST = "features.safetensors", "cost.json"
Encoder = Callable[[Sequence[Item]], np.ndarray]


@dataclass(frozen=True)
class Featurizer:
    """Turns items into vectors with frozen weights.

    `key` names weights, length, dtype, pooling and prompt; `connect` reads the model on first use
    and returns the function that encodes.
    """

    key: str
    connect: Callable[[], Encoder]
    prompt: str = ""
    """What stands in front of every text."""
    of_words: bool = False
    """Whether it gives a vector for each word of a text, not one for the text."""


def pooled(handle: Handle, max_length: int, device: Device, pool: Pool = MODES["mean"]
           ) -> Featurizer:
    """The backbone's last hidden states, pooled: by the mean over the tokens, or as sentence-
    transformers does; [items, width] fp32.

    All texts are read as every other method reads them, without a prompt: they are of one sort,
    neither questions nor what is searched.
    """

    def connect() -> Encoder:
        loaded = load_base(handle, device.type, device.products)
        reduce = token_means if pool == MODES["mean"] else partial(pooled_states, pool)
        return encoder_of(loaded, lambda batch: loaded.model(**batch).last_hidden_state, reduce,
                        max_length, device)

    return Featurizer(key_of("+".join(pool), handle, max_length, device), connect)


@dataclass
class Embedder:
    """A sentence-transformers model's own embeddings, normalised to length one, of texts behind
    the prompt that it has for their side of a search. It is read once for all sides."""

    handle: Handle
    max_length: int
    device: Device
    learned: Learned | None = None
    """Weights in the place of its own."""

    def featurizer(self, side: Side) -> Featurizer:
        """Of texts of one side."""
        prompt = embedder_prompt(self.handle.path, side)
        weights = (self.learned.sha256,) if self.learned else ()
        key = key_of("sentences", self.handle, self.max_length, self.device, side, prompt, *weights)
        return Featurizer(key, lambda: self._encoder(side, prompt), prompt)

    def _encoder(self, side: Side, prompt: str) -> Encoder:
        reader = self._reader
        return lambda items: reader.embed([e.joined for e in items], side, prompt)

    @cached_property
    def _reader(self) -> SentenceReader:
        return read_embedder(self.handle, self.max_length, self.device, self.learned)


def key_of(pooling: str, handle: Handle, max_length: int, device: Device, *before: str) -> str:
    """What names features: how states become them, and all that makes states."""
    return sha256_json([pooling, handle.sha256, max_length, device.type, device.autocast,
                        provenance(__name__, known=ITEMS).key, *before])


def pooled_texts(loaded: Loaded, texts: Sequence[str], max_length: int, device: Device
                 ) -> np.ndarray:
    """As `pooled`, through a model with a head or an adapter as it is in memory.

    Virtual tokens that an adapter puts in front take no part in the mean.
    """
    loaded.model.eval()

    def states(batch: BatchEncoding) -> torch.Tensor:
        read = loaded.model(**batch, output_hidden_states=True)
        layers = read.encoder_hidden_states if is_seq2seq(loaded.model) else read.hidden_states
        last: torch.Tensor = layers[-1][:, -batch["input_ids"].shape[1]:]
        return last

    items = [Item(str(i), text, None) for i, text in enumerate(texts)]
    return encoder_of(loaded, states, token_means, max_length, device)(items)


def token_means(hidden: torch.Tensor, items: Sequence[Encoded], padding: Padding) -> torch.Tensor:
    """Means of the items' own states, [items, width] fp32, of those of a padded batch, [items,
    longest, width]."""
    real = padding.real([len(item["input_ids"]) for item in items])[..., None]
    # Padding may be no number, and nothing times that is none either.
    kept = hidden.float().masked_fill(~real.to(hidden.device), 0.0)
    return kept.sum(dim=1) / real.sum(dim=1).to(hidden.device)


def pooled_states(pool: Pool, hidden: torch.Tensor, items: Sequence[Encoded], padding: Padding
                  ) -> torch.Tensor:
    """As `token_means`, by another pooling."""
    real = padding.real([len(item["input_ids"]) for item in items]).to(hidden.device)
    return pooled_by(pooler(pool, hidden.shape[-1]), hidden.float(), real)


def cross_encoder(handle: Handle, max_length: int, device: Device) -> Featurizer:
    """How well the second text of a pair answers the first, by a model that reads both together:
    [pairs, 1] fp32, the number that its head gives, of which more is better.

    Raises HarnessError, at the first use, as `check_reranker` does.
    """
    def connect() -> Encoder:
        check_reranker(handle)
        loaded = load_classifier(handle, ("score",), device.type)
        exact_head(loaded.model, device)
        last = last_block(loaded.model)

        def scores(batch: BatchEncoding) -> torch.Tensor:
            with first_token_alone(last):
                found: torch.Tensor = loaded.model(**batch).logits
            return found

        return encoder_of(loaded, scores, lambda found, items, padding: found, max_length, device)

    return Featurizer(key_of("score", handle, max_length, device), connect)


Reduce = Callable[[torch.Tensor, Sequence[Encoded], Padding], torch.Tensor]


def encoder_of(loaded: Loaded, states: Callable[[Any], torch.Tensor], reduce: Reduce,
               max_length: int, device: Device) -> Encoder:
    """What turns items into vectors by a model in memory: `states` of a batch, by name, and what
    `reduce` makes of them and the batch's inputs, [items, width]: of what is no padding, told by
    lengths, for not every model takes a mask."""
    cast_once(loaded.model)
    longest, processor = min(max_length, loaded.window), loaded.processor

    def vectors(items: Sequence[Encoded], padding: Padding) -> torch.Tensor:
        batch = processor.collate(items, padding, device.type)
        return reduce(states(batch), items, padding)

    padding = find_padding(processor.trial(longest), vectors)

    def embed(items: Sequence[Item]) -> np.ndarray:
        encoded = processor.encode(items, longest)
        lengths = processor.lengths(encoded)
        rows: dict[int, np.ndarray] = {}
        for indices in padding.cut(by_length(lengths, BATCH), lengths):
            with torch.inference_mode(), device.autocast_context():
                found = vectors([encoded[i] for i in indices], padding)
            rows.update(zip(indices, found.cpu().numpy(), strict=True))
        return np.stack([rows[i] for i in range(len(items))])

    return embed


class FeatureStore:
    """Features by featurizer and set of texts, kept on disk and shared by runs.

    A set is the unit: which texts share a batch can change the last bits of a feature, so a
    text's vector must not depend on what another run happened to encode before.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._encoders: dict[str, Encoder] = {}
        self._charged: set[str] = set()

    def features(self, featurizer: Featurizer, items: Sequence[Item], clock: Clock,
                 phase: str) -> np.ndarray:
        """[items, width] fp32; of what reads words instead, [words, width], one item's behind the
        other's. A kept set costs nothing here; what it cost when it was made is `saved`, once a
        store: a run alone would not encode a set twice either.
        """
        if self.folder is None:
            with clock.phase(phase):
                return self._encode(featurizer, items)
        name = self._name(featurizer, items)

        def make(folder: Path) -> None:
            start = time.perf_counter()
            with clock.phase(phase):
                vectors = self._encode(featurizer, items)
            cost = {"seconds": time.perf_counter() - start}
            save_file({"features": vectors}, folder / VECTORS)
            (folder / COST).write_text(json.dumps(cost), encoding="utf-8")
            self._charged.add(name)

        kept_folder(self.folder / name, make)
        if name not in self._charged:
            cost = json.loads((self.folder / name / COST).read_text(encoding="utf-8"))
            clock.saved[phase] += cost["seconds"]
        self._charged.add(name)
        return np.asarray(load_file(self.folder / name / VECTORS)["features"])

    def _encode(self, featurizer: Featurizer, items: Sequence[Item]) -> np.ndarray:
        if featurizer.key not in self._encoders:
            self._encoders[featurizer.key] = featurizer.connect()
        if featurizer.of_words:
            return self._encoders[featurizer.key](items)
        # Texts that repeat have the same vector to the last bit, so that they tie in a search.
        once = {e.content: e for e in items}
        place = {text: i for i, text in enumerate(once)}
        vectors = self._encoders[featurizer.key](list(once.values()))
        check_finite(vectors, list(once.values()), "features")
        return vectors[[place[e.content] for e in items]]

    @staticmethod
    def _name(featurizer: Featurizer, items: Sequence[Item]) -> str:
        return sha256_json([featurizer.key, [list(e.content) for e in items]])[:40]

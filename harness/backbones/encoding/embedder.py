"""A sentence-transformers model as a reader of texts, each as if it were alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize
from transformers import PreTrainedTokenizerBase

from harness.backbones.batches import PASS_TOKENS, Cut, passes
from harness.backbones.checkpoint import check_embedder
from harness.backbones.encoding.embedder_prompts import Side
from harness.backbones.encoding.learned import Learned, put_into
from harness.backbones.encoding.letters import as_letters
from harness.backbones.encoding.padding import Padding, find_padding
from harness.backbones.handle import Handle
from harness.backbones.quiet import quietly
from harness.common.device import Device

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH = 32
TRIAL_TEXTS = ("a b", "a b c d e", "a b c d e f g h i j k l m n o p")


def read_embedder(handle: Handle, max_length: int, device: Device,
                  learned: Learned | None = None) -> SentenceReader:
    """The model of a folder, with weights that were learned where there are any, for texts of at
    most so many tokens. Raises HarnessError as `check_embedder` does."""
    # Its import takes over a second, and few commands embed anything.
    from sentence_transformers import SentenceTransformer

    check_embedder(handle)
    # Whether it is read, or its vectors were kept, is nothing that dropout may hang on.
    with quietly(), torch.random.fork_rng():
        model = SentenceTransformer(str(handle.path), device=device.type,
                                    model_kwargs={"use_safetensors": True})
    model.max_seq_length = min(max_length, model.max_seq_length or max_length)
    if learned is not None:
        put_into(model, learned)
    return SentenceReader(model, device)


@dataclass
class SentenceReader:
    """Reads texts as letters, padded so that none hangs on its neighbours."""

    model: SentenceTransformer
    device: Device
    size: int = field(init=False, default=BATCH)
    """Texts in a batch: one, where only a text by itself is free of the others."""

    def __post_init__(self) -> None:
        if self._tokenizer is not None:
            self._tokenizer.split_special_tokens = True
            self._pad(find_padding(TRIAL_TEXTS, self._tried))

    def embed(self, texts: Sequence[str], side: Side, prompt: str) -> np.ndarray:
        """Vectors of length one of texts behind a prompt, [texts, width] fp32; zeros, which are
        like nothing, of a text without tokens."""
        if self._tokenizer is not None:
            texts = as_letters(self._tokenizer, texts)
        read = self._with_tokens([prompt + text for text in texts])
        # A text with tokens gives the width where no other does.
        given = [texts[i] for i in read] or [TRIAL_TEXTS[0]]
        with self.device.autocast_context():
            found = self._encoded(side, given, prompt=prompt, batch_size=self.size)
        vectors = np.zeros((len(texts), found.shape[1]), dtype=np.float32)
        vectors[read] = found[: len(read)]
        return vectors

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens that are read of each text; its words, where a tokenizer counts none."""
        if self._tokenizer is None:
            return [max(1, len(text.split())) for text in texts]
        read = self._tokenizer(as_letters(self._tokenizer, texts), verbose=False)["input_ids"]
        return [max(1, min(len(ids), self.model.max_seq_length or len(ids))) for ids in read]

    def states(self, texts: Sequence[str], side: Side, prompt: str) -> Tensor:
        """Vectors of length one of texts with tokens behind a prompt, [texts, width] fp32, through
        which a gradient goes back."""
        lengths = self.lengths(texts)
        cut = passes(range(len(texts)), lengths, Cut(self.size, PASS_TOKENS[self.device.type]))
        found = torch.cat([self._forward([texts[i] for i in part], side, prompt) for part in cut])
        place = torch.tensor([i for part in cut for i in part]).argsort()
        return found[place.to(found.device)]

    def _forward(self, texts: Sequence[str], side: Side, prompt: str) -> Tensor:
        if self._tokenizer is not None:
            texts = as_letters(self._tokenizer, texts)
        # As `encode_query` and `encode_document` ask models that have a part for either side.
        task = {} if side == "alike" else {"task": side}
        batch = self.model.preprocess([prompt + text for text in texts], **task)
        batch = {name: value.to(self.device.type) if isinstance(value, Tensor) else value
                 for name, value in batch.items()}
        return normalize(self.model(batch, **task)["sentence_embedding"].float(), dim=1)

    @property
    def _tokenizer(self) -> PreTrainedTokenizerBase | None:
        """Tables of word vectors have tokenizers of another kind, and need no padding."""
        found = getattr(self.model[0], "tokenizer", None)
        return found if isinstance(found, PreTrainedTokenizerBase) else None

    def _with_tokens(self, texts: Sequence[str]) -> list[int]:
        """Which texts have tokens: all, where the tokenizer frames even an empty one with some."""
        tokenizer = self._tokenizer
        if tokenizer is None or tokenizer("")["input_ids"]:
            return list(range(len(texts)))
        read = tokenizer(list(texts), verbose=False)["input_ids"]
        return [i for i, ids in enumerate(read) if ids]

    def _tried(self, texts: Sequence[str], padding: Padding) -> torch.Tensor:
        self._pad(padding)
        return torch.from_numpy(self._encoded("alike", texts, prompt="", batch_size=len(texts)))

    def _pad(self, padding: Padding) -> None:
        if self._tokenizer is not None:
            self._tokenizer.padding_side = padding.side
        self.size = 1 if padding is Padding.NONE else BATCH

    def _encoded(self, side: Side, texts: Sequence[str], **options: Any) -> np.ndarray:
        encode = {"query": self.model.encode_query, "document": self.model.encode_document,
                  "alike": self.model.encode}[side]
        return np.asarray(encode(list(texts), normalize_embeddings=True, show_progress_bar=False,
                                 **options), dtype=np.float32)

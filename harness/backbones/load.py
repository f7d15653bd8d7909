"""Models and tokenizers from a backbone's folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from harness.backbones.aligned import align
from harness.backbones.checkpoint import Use, auto_class, compared, empty_model, refuse_gaps
from harness.backbones.encoding.pooled import HEAD, PooledClassifier, read_head
from harness.backbones.encoding.pooling import Pool
from harness.backbones.encoding.processor import Processor, TextProcessor
from harness.backbones.handle import KINDS, Handle
from harness.backbones.held import as_made, made_to_hold
from harness.backbones.kernels.attention import speed_up_attention
from harness.backbones.kernels.dropout import speed_up_dropout
from harness.backbones.kernels.lookup import add_gradients_by_row
from harness.backbones.prompting.scoring_check import check_scoring
from harness.backbones.quantised import quantising, settle
from harness.backbones.quiet import quietly
from harness.backbones.vision.processor import read_pictures
from harness.backbones.vision.statistics import keep_statistics
from harness.common.capabilities import ASKED, reads_words
from harness.common.errors import CannotRunError, HarnessError
from harness.common.kinds import WeightsKind

LoadHead = Callable[[Handle, tuple[str, ...], str, "Pool | None"], "Loaded"]
"""A backbone with a head for these outputs, on a device, over what pools its states."""
WHOLE = torch.float32


@dataclass
class Loaded:
    """A model in memory with what reads items for it. `model` may later be wrapped by an adapter.
    """

    model: Any
    processor: Processor
    window: int
    """Longest sequence in tokens."""
    fresh: dict[str, torch.nn.Parameter] = field(default_factory=dict)
    """Parameters that the checkpoint lacks, or has in another size, by name: drawn at random, so
    they must learn."""

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Of a model that reads texts. Raises CannotRunError for one that does not."""
        if not isinstance(self.processor, TextProcessor):
            raise CannotRunError("this model reads no text")
        return self.processor.tokenizer


def load_classifier(handle: Handle, labels: tuple[str, ...], device: str,
                    pool: Pool | None = None, products: torch.dtype = WHOLE) -> Loaded:
    """The backbone with a classification head: a fresh one, drawn from torch's generator, unless it
    has one of as many classes. Without a `pool` it is the head that transformers has for it.

    As in all of these, `products` is the type of matrices that only products read; `WHOLE` where
    they learn, or are changed."""
    names = dict(enumerate(labels))
    return _load(handle, "classes", device, products, pool, num_labels=len(labels), id2label=names,
                 label2id={name: i for i, name in names.items()})


def load_tagger(handle: Handle, tags: tuple[str, ...], device: str,
                products: torch.dtype = WHOLE) -> Loaded:
    """The backbone with a head that says something of each token: fresh unless it has one of as
    many tags."""
    names = dict(enumerate(tags))
    return _load(handle, "tags", device, products, num_labels=len(tags), id2label=names,
                 label2id={name: i for i, name in names.items()})


def load_base(handle: Handle, device: str, products: torch.dtype = WHOLE) -> Loaded:
    """The backbone without any head; of a sequence-to-sequence model what reads."""
    loaded = _load(handle, "states", device, products)
    if handle.kind == "seq2seq":
        loaded.model = loaded.model.get_encoder()
    return loaded


def load_causal(handle: Handle, device: str, products: torch.dtype = WHOLE) -> Loaded:
    """The backbone with its language-model head. Raises CannotRunError as `check_scoring` does."""
    loaded = _load(handle, "answers", device, products)
    check_scoring(loaded.model)
    return loaded


def load_seq2seq(handle: Handle, device: str, products: torch.dtype = WHOLE) -> Loaded:
    """The encoder, and the decoder with its language-model head.

    Raises CannotRunError as `check_scoring` does.
    """
    loaded = _load(handle, "answers", device, products)
    # PEFT 0.21 asks for it by the name that transformers 4 had for it.
    loaded.model._prepare_encoder_decoder_kwargs_for_generation = (
        loaded.model._prepare_text_encoder_decoder_kwargs_for_generation)
    check_scoring(loaded.model)
    return loaded


def load_asked(handle: Handle, device: str, products: torch.dtype = WHOLE) -> Loaded:
    """The backbone with the head that it answers prompts with."""
    load = load_seq2seq if handle.kind == "seq2seq" else load_causal
    return load(handle, device, products)


def load_with_head(handle: Handle, labels: tuple[str, ...], device: str,
                   pool: Pool | None = None, products: torch.dtype = WHOLE) -> Loaded:
    """The backbone with the head that its kind answers with; one that is asked has its own."""
    if handle.kind in ASKED:
        return load_asked(handle, device, products)
    return load_classifier(handle, labels, device, pool, products)


def load_tagging(handle: Handle, tags: tuple[str, ...], device: str, pool: Pool | None = None,
                 products: torch.dtype = WHOLE) -> Loaded:
    """The same with a head that says something of each token, where an encoder has one."""
    if handle.kind in ASKED:
        return load_asked(handle, device, products)
    return load_tagger(handle, tags, device, products)


def load_tokenizer(handle: Handle) -> PreTrainedTokenizerBase:
    """The backbone's tokenizer, with a padding token (the end token where it has none)."""
    with quietly():
        tokenizer = AutoTokenizer.from_pretrained(handle.path, trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token_id is None:
            raise CannotRunError(f"{handle.origin}: the tokenizer has no padding or end token")
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def read_texts(handle: Handle) -> TextProcessor:
    """By the backbone's tokenizer."""
    return TextProcessor(load_tokenizer(handle), handle.kind)


def _read_pictures(handle: Handle) -> Processor:
    return read_pictures(handle.path)


PROCESSORS: dict[WeightsKind, Callable[[Handle], Processor]] = {
    kind: read_texts if reads_words(kind) else _read_pictures for kind in KINDS}
"""What a backbone of each kind reads its items by."""


def _load(handle: Handle, use: Use, device: str, products: torch.dtype, pool: Pool | None = None,
          **options: Any) -> Loaded:
    """Raises HarnessError for what cannot be loaded, or lacks weights that the use reads."""
    read = use if pool is None else "states"
    try:
        processor = PROCESSORS[handle.kind](handle)
        model, info = _read(handle, read, device, products, options)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise HarnessError(f"{handle.origin}: cannot be loaded: {str(error)[:200]}",
                           "Name a model that transformers can load.") from error
    found = compared(model, info)
    refuse_gaps(found, handle.kind, read, handle.origin)
    drawn = {*found.missing, *found.misshapen}
    if pool is not None:
        model = PooledClassifier(model, pool)
        model.classifier.to(device)
        drawn = set() if read_head(model, handle.path) else {f"{HEAD}.weight", f"{HEAD}.bias"}
    # bitsandbytes' layers are where they were read, and transformers moves them no more.
    model = (model if handle.quantize else model.to(device)).eval()
    if device == "cpu":
        align(model)
        speed_up_dropout(model)
        speed_up_attention(model)
        add_gradients_by_row(model)
    keep_statistics(model)
    fresh = {name: p for name, p in model.named_parameters() if name in drawn}
    return read_by(Loaded(model, processor, 0, fresh), processor)


def _read(handle: Handle, use: Use, device: str, products: torch.dtype, options: dict[str, Any]
          ) -> tuple[Any, dict[str, Any]]:
    """The model and transformers' loading info."""
    options = {**options, "dtype": WHOLE, "use_safetensors": True, "trust_remote_code": False,
               "output_loading_info": True, "ignore_mismatched_sizes": True}
    plain = auto_class(handle.kind, use)
    with quietly():
        if handle.quantize is not None:
            empty = empty_model(handle.path, handle.kind, use)
            model, info = plain.from_pretrained(
                handle.path, quantization_config=quantising(handle.quantize, empty),
                device_map={"": device}, **options)
            settle(model)
            return model, info
        if products == WHOLE:
            model, info = plain.from_pretrained(handle.path, **options)
            return model, info
        made = type(empty_model(handle.path, handle.kind, use))
        model, info = made_to_hold(made, products).from_pretrained(handle.path, **options)
        as_made(model, made)
        return model, info


def read_by(loaded: Loaded, processor: Processor) -> Loaded:
    """The model with what it reads its items by."""
    window = processor.joined_to(loaded.model)
    return dataclasses.replace(loaded, processor=processor, window=window)

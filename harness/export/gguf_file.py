"""A decoder as one GGUF file, as llama.cpp lays out its architecture, by the `gguf` package.

Names of tensors and keys are that package's; what llama.cpp does to weights on the way (it turns
the rows of queries and keys round, for its rotation is of neighbouring pairs) is its
convert_hf_to_gguf.py's. The file is answered from as transformers reads it: dequantised, in fp32.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from harness.backbones.gguf import dequantise
from harness.backbones.load import load_asked
from harness.backbones.quiet import quietly
from harness.common.errors import HarnessError
from harness.export.formats import FORMATS, Format
from harness.export.gguf_tokenizer import ELSEWHERE, write_tokenizer
from harness.export.whole import Whole
from harness.methods.fitted import Answering
from harness.methods.learning.decoder import plain_decoder

MODEL = "model.gguf"


@dataclass(frozen=True)
class Layout:
    """How llama.cpp lays out a type of model."""

    name: str
    """Of its architecture."""
    turned: bool
    """Whether rows of queries and keys are turned round."""
    biases: bool
    """Whether queries, keys and values have biases."""
    head: int | None = None
    """The only size of a head that transformers reads back; None for any."""


LAYOUTS = {"llama": Layout("llama", turned=True, biases=False),
           "qwen2": Layout("qwen2", turned=False, biases=True),
           "qwen3": Layout("qwen3", turned=False, biases=False, head=128)}
"""By transformers' type of model."""


def write_as(kind: str, whole: Whole, folder: Path) -> None:
    """`model.gguf` with matrices of a kind (F16, Q8_0), and the tokenizer's own files. Raises
    HarnessError for a model or a tokenizer whose layout is not known here."""
    from gguf import GGUFWriter

    config = whole.loaded.model.config
    layout = _layout(whole.label, config)
    writer = GGUFWriter(folder / MODEL, layout.name)
    _describe(writer, config, kind)
    write_tokenizer(writer, whole, config.vocab_size)
    for name, tensor in _tensors(whole, config, layout):
        _add(writer, name, tensor, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with quietly():
        whole.loaded.processor.save(folder)


def _layout(label: str, config: Any) -> Layout:
    layout, rope = LAYOUTS.get(config.model_type), getattr(config, "rope_parameters", None) or {}
    if layout is None:
        raise HarnessError(f"{label}: a model of type {config.model_type} is not written as GGUF "
                           f"here ({', '.join(LAYOUTS)} are)", ELSEWHERE)
    odd = [name for name, is_odd in (
        ("rope_type", rope.get("rope_type", "default") != "default"),
        ("hidden_act", config.hidden_act != "silu"),
        ("attention_bias", getattr(config, "attention_bias", layout.biases) != layout.biases),
        ("head_dim", layout.head not in (None, getattr(config, "head_dim", None))),
        ("mlp_bias", getattr(config, "mlp_bias", False)),
        ("use_sliding_window", getattr(config, "use_sliding_window", False))) if is_odd]
    if odd:
        raise HarnessError(f"{label}: its {odd[0]} is not one that is written as GGUF here",
                           ELSEWHERE)
    return layout


def _describe(writer: Any, config: Any, kind: str) -> None:
    from gguf import GGML_QUANT_VERSION, LlamaFileType

    heads = config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    writer.add_type("model")
    writer.add_name("exported")
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_file_type(LlamaFileType[f"MOSTLY_{kind}"])
    writer.add_quantization_version(GGML_QUANT_VERSION)


def _tensors(whole: Whole, config: Any, layout: Layout) -> Iterator[tuple[str, np.ndarray]]:
    """By llama.cpp's names, in fp32. An output that is the embedding is written once."""
    from gguf import MODEL_ARCH, get_tensor_name_map

    arch = next(one for one in MODEL_ARCH if one.name.lower() == layout.name)
    names = get_tensor_name_map(arch, config.num_hidden_layers)
    for name, tensor in whole.loaded.model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        found = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if found is None:
            raise HarnessError(f"{whole.label}: {name} has no place in a GGUF file of "
                               f"{layout.name}", ELSEWHERE)
        values = tensor.detach().to(torch.float32).numpy()
        if layout.turned and name.endswith("q_proj.weight"):
            values = turned(values, config.num_attention_heads)
        if layout.turned and name.endswith("k_proj.weight"):
            values = turned(values, config.num_key_value_heads)
        yield found, values


def turned(values: np.ndarray, heads: int) -> np.ndarray:
    """Rows [heads * size, ...] so that the two halves of each head lie in turns."""
    halves = values.reshape(heads, 2, len(values) // heads // 2, *values.shape[1:])
    return halves.swapaxes(1, 2).reshape(values.shape)


def _add(writer: Any, name: str, values: np.ndarray, kind: str) -> None:
    """Vectors stay in fp32, and a matrix whose rows hold no whole blocks in fp16, as in
    llama.cpp."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quantize

    block, _ = GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
    fits = "F32" if values.ndim < 2 else "F16" if values.shape[-1] % block else kind
    held = GGMLQuantizationType[fits]
    with np.errstate(over="ignore"):
        made = quantize(np.ascontiguousarray(values), held)
    if fits == "F16" and not np.isfinite(made).all():
        raise HarnessError(f"{name}: holds numbers that fp16 does not", "Write it as bf16.")
    writer.add_tensor(name, made, raw_dtype=held)


def load_gguf(whole: Whole, folder: Path) -> Answering:
    """What answers from the file, dequantised, with the tokenizer's own files beside it."""
    with TemporaryDirectory() as passing:
        place = Path(passing)
        dequantise(folder / MODEL, place)
        for path in folder.iterdir():
            if path.name != MODEL:
                (place / path.name).write_bytes(path.read_bytes())
        handle = dataclasses.replace(whole.job.need_backbone(), path=place, quantize=None)
        loaded = load_asked(handle, "cpu")
        return plain_decoder(dataclasses.replace(whole.job, backbone=handle), loaded=loaded)


def _format(kind: str, says: str) -> Format:
    write: Callable[[Whole, Path], None] = lambda whole, folder: write_as(kind, whole, folder)  # noqa: E731
    return Format(says, ("prompt",), write, load_gguf)


FORMATS.register("gguf-f16")(_format("F16", (
    "one GGUF file, matrices in fp16. Answered here by transformers, dequantised to fp32")))
FORMATS.register("gguf-q8_0")(_format("Q8_0", (
    "one GGUF file, matrices in eight bits with a scale for each 32 numbers of a row. Answered "
    "here by transformers, dequantised to fp32: llama.cpp also rounds what they multiply")))



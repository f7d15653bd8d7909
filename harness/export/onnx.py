"""The model as an ONNX graph in fp32, by torch's own exporter."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from harness.backbones.encoding.padding import Padding
from harness.backbones.graphs.session import (
    LOGITS,
    MODEL,
    check_exporter,
    onnx_library,
    open_graph,
    runtime,
)
from harness.backbones.quiet import quietly
from harness.backbones.vision.processor import PictureProcessor
from harness.backbones.vision.stated import write_stated
from harness.common.errors import HarnessError
from harness.export.formats import FORMATS, HEADS, Format
from harness.export.merged import write_merged
from harness.export.plain import plain_model, shipped
from harness.export.whole import Whole
from harness.methods.fitted import Answering
from harness.methods.learning.encoder import BATCH

OPSET = 18
MOST = 2_000_000_000
"""Bytes of a graph in one file: protobuf holds no more than 2 GiB."""


class _Logits(nn.Module):
    """A model of the inputs in their order, which gives its logits alone."""

    def __init__(self, model: Any, names: list[str]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs: Tensor) -> Tensor:
        found: Tensor = self.model(**dict(zip(self.names, inputs, strict=True))).logits
        return found.float()


def check_installed() -> None:
    """Raise HarnessError where what graphs are written and run by is not installed."""
    onnx_library()
    runtime()
    check_exporter()


def write_onnx(whole: Whole, folder: Path) -> None:
    """`model.onnx` with configuration and tokenizer, or image processor and what it does. The graph
    is of what transformers loads from the whole weights, with plain attention. Raises HarnessError
    where torch cannot export it, or nothing but transformers could make its pixels."""
    check_installed()
    onnx = onnx_library()
    with TemporaryDirectory() as passing:
        write_merged(whole, Path(passing))
        model = plain_model(Path(passing), whole.answers, attn_implementation="eager")
    size = sum(p.numel() * p.element_size() for p in model.parameters())
    if size > MOST:
        raise HarnessError(f"{whole.label}: {size:,} bytes of weights, and one ONNX file holds "
                           f"{MOST:,}", "Write it as merged or bf16.")
    reader = whole.loaded.processor
    with quietly():
        reader.save(folder)
        model.config.save_pretrained(folder)
    if isinstance(reader, PictureProcessor):
        write_stated(reader.prepared.reference, folder)
    graph = _exported(whole, model)
    onnx.checker.check_model(graph)
    onnx.save(graph, folder / MODEL)


def _exported(whole: Whole, model: Any) -> Any:
    """The graph, without what the exporter notes of the machine's files."""
    batch, sides = _asked(whole)
    names = list(batch)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with quietly():
            program = torch.onnx.export(
                _Logits(model, names).eval(), tuple(batch[name] for name in names),
                input_names=names, output_names=[LOGITS], dynamo=True, opset_version=OPSET,
                dynamic_shapes=((sides,) * len(names),), verbose=False)
    except Exception as error:  # the exporter and what it traces raise errors of any class
        raise HarnessError(f"{whole.label}: torch cannot export this model: "
                           f"{' '.join(str(error).split())[:200]}",
                           "Write it as merged or bf16.") from error
    graph = program.model_proto
    for node in graph.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for one in (*graph.graph.value_info, *graph.graph.input, *graph.graph.output,
                *graph.graph.initializer):
        del one.metadata_props[:]
    del graph.metadata_props[:], graph.graph.metadata_props[:]
    return graph


def _asked(whole: Whole) -> tuple[Mapping[str, Tensor], dict[int, str]]:
    """What the graph is traced on, two items together, and which sides of it may be of any length.
    """
    reader = whole.loaded.processor
    if isinstance(reader, PictureProcessor):
        return {name: torch.cat([one, one]) for name, one in reader.sample("cpu").items()}, {
            0: "batch"}
    items = reader.trial(whole.max_length)[-2:]
    return reader.collate(items, Padding.RIGHT, "cpu"), {0: "batch", 1: "sequence"}


def load_onnx(whole: Whole, folder: Path) -> Answering:
    """What answers by onnxruntime."""
    graph = open_graph(folder)
    return shipped(whole, folder, graph, 1 if graph.rounds else BATCH)


FORMATS.register("onnx")(Format(
    f"an ONNX graph in fp32, opset {OPSET}", HEADS, write_onnx, load_onnx, check_installed))

"""The ONNX graph with its products in eight bits, by onnxruntime's quantisation.

Of models that multiply matrices weights are rounded per column to int8 once, activations to uint8
by a scale that is taken of them when they are multiplied (onnxruntime, "Quantize ONNX models",
dynamic). Networks whose weights are convolutions have their activations' scales from pictures that
the run learned from (static): by dynamic scales they were no faster than in fp32. Norms, softmax
and sums stay fp32.
"""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from harness.backbones.encoding.padding import Padding
from harness.backbones.graphs.session import MODEL, PIXELS
from harness.export.formats import FORMATS, HEADS, Format
from harness.export.onnx import check_installed, load_onnx, write_onnx
from harness.export.whole import Whole
from harness.tasks.examples import asked

PRODUCTS = ("MatMul", "Gemm")
ROUNDED = (*PRODUCTS, "Gather")
"""Products, and the tables that tokens are looked up in: half of a small encoder's bytes."""
CONVOLVED = ("Conv", *PRODUCTS, "Add")
"""What of a convolutional network is rounded: sums, too, so that branches join in eight bits."""
CALIBRATED = 64
"""Pictures that scales are found by: at the most, evenly spread over those that the run learned
from."""
TOGETHER = 8


def write_int8(whole: Whole, folder: Path) -> None:
    """As `onnx`, with a graph of a quarter of its bytes."""
    with TemporaryDirectory() as passing:
        write_onnx(whole, Path(passing))
        graph = Path(passing) / MODEL
        if share_in(graph, ("Conv",)) > 0.5:
            calibrated(graph, folder / MODEL, _pictures(whole))
        else:
            rounded(graph, folder / MODEL)
        graph.unlink()
        shutil.copytree(passing, folder, dirs_exist_ok=True)


def share_in(graph: Path, operators: tuple[str, ...]) -> float:
    """Share of a graph's weights that these operators read."""
    import onnx

    model = onnx.load(graph).graph
    sizes = {one.name: math.prod(one.dims) for one in model.initializer}
    read = {name for node in model.node if node.op_type in operators for name in node.input}
    return float(sum(sizes[name] for name in read & set(sizes)) / sum(sizes.values()))


def rounded(graph: Path, into: Path) -> None:
    """A graph's products in eight bits, as another file; scales as activations come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _unsaid():
        quantize_dynamic(graph, into, op_types_to_quantize=list(ROUNDED), per_channel=True,
                         weight_type=QuantType.QInt8)
    _leave_own(into)


def calibrated(graph: Path, into: Path, batches: Iterator[np.ndarray]) -> None:
    """A graph's convolutions and products in eight bits, as another file; the scales of activations
    are of what `batches` of pixels make them. Weights have seven bits: sums of pairs of products
    would else overflow on processors without VNNI, and answers hang on the machine."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Batches(CalibrationDataReader):
        def get_next(self) -> Any:
            batch = next(batches, None)
            return None if batch is None else {PIXELS: batch}

    with _unsaid():
        quantize_static(graph, into, Batches(), quant_format=QuantFormat.QDQ, per_channel=True,
                        reduce_range=True, op_types_to_quantize=list(CONVOLVED),
                        weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8)
    _leave_own(into)


def _pictures(whole: Whole) -> Iterator[np.ndarray]:
    """Pixels of pictures that the run learned from."""
    reader, learned = whole.loaded.processor, whole.job.train
    places = np.unique(np.linspace(0, len(learned) - 1, CALIBRATED).round().astype(int))
    items = asked([learned[place] for place in places])
    for start in range(0, len(items), TOGETHER):
        batch = reader.encode(items[start: start + TOGETHER], whole.max_length)
        yield reader.collate(batch, Padding.RIGHT, "cpu")[PIXELS].numpy()


@contextmanager
def _unsaid() -> Iterator[None]:
    """onnxruntime would have a graph prepared that is prepared."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _leave_own(path: Path) -> None:
    """A graph's file without operators' sets that nothing of it is of."""
    import onnx

    model = onnx.load(path)
    used = {node.domain for node in model.graph.node}
    kept = [one for one in model.opset_import if one.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    onnx.checker.check_model(model)
    onnx.save(model, path)


FORMATS.register("int8")(Format(
    "the ONNX graph with its products in eight bits, weights by column. Activations have a scale "
    "that is taken of them as they come, so that it is asked one item at a time: the scale is of "
    "all that is asked at once, and in a batch an answer would hang on the other items. Those of a "
    "network of convolutions have scales from pictures that the run learned from", HEADS,
    write_int8, load_onnx, check_installed))

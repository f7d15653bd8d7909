"""The ONNX graph with its products in eight bits, by onnxruntime's dynamic quantisation.

Weights are rounded per column to int8 once, activations to uint8 by a scale that is taken of them
when they are multiplied (onnxruntime, "Quantize ONNX models"); norms, softmax and sums stay fp32.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.backbones.graphs.session import MODEL
from harness.export.formats import FORMATS, HEADS, Format
from harness.export.onnx import check_installed, load_onnx, write_onnx
from harness.export.whole import Whole

ROUNDED = ("MatMul", "Gemm", "Gather")
"""Products, and the tables that tokens are looked up in: half of a small encoder's bytes."""


def write_int8(whole: Whole, folder: Path) -> None:
    """As `onnx`, with a graph of a quarter of its bytes."""
    with TemporaryDirectory() as passing:
        write_onnx(whole, Path(passing))
        rounded(Path(passing) / MODEL, folder / MODEL)
        (Path(passing) / MODEL).unlink()
        shutil.copytree(passing, folder, dirs_exist_ok=True)


def rounded(graph: Path, into: Path) -> None:
    """A graph's products in eight bits, as another file."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # it would have a graph prepared that is prepared
    try:
        quantize_dynamic(graph, into, op_types_to_quantize=list(ROUNDED), per_channel=True,
                         weight_type=QuantType.QInt8)
    finally:
        logging.disable(before)
    model = onnx.load(into)
    used = {node.domain for node in model.graph.node}
    kept = [one for one in model.opset_import if one.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    onnx.checker.check_model(model)
    onnx.save(model, into)


FORMATS.register("int8")(Format(
    "the ONNX graph with its products in eight bits, weights by column, activations by a scale "
    "that is taken of them as they come. It is asked one text at a time: the scale is of all that "
    "is asked at once, so that in a batch an answer hangs on the other texts", HEADS, write_int8,
    load_onnx, check_installed))

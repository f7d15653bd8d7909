"""A stranger's ONNX folder, looked at before it is used.

A graph is data, but not harmless: it may name files, operators that a library would have to be
loaded for, loops without an end, and shapes that no memory holds. What is left is what encoders
with a head are made of. It is run once, on the longest text, within limits on time and memory.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from harness.backbones.admission.folder import (
    CONFIG,
    MAX_BYTES,
    Admitted,
    Looked,
    check_each_json,
    check_names,
    files_within,
)
from harness.backbones.admission.tokenizer import check_tokenizer, has_tokenizer
from harness.backbones.graphs.session import (
    INPUTS,
    LOGITS,
    MODEL,
    onnx_library,
    open_graph,
    runtime,
)
from harness.common.errors import HarnessError
from harness.common.files import sha256_tree
from harness.processes.bounded import bounded

STANDARD = ("", "ai.onnx")
REPEATING = ("Loop", "Scan", "SequenceMap")
OLDEST, INT64, FLOAT = 11, 7, 1
"""Of opsets; and types of tensors, as ONNX numbers them."""
AGAIN = "Export the model itself, with torch.onnx.export."
LONGEST = 512
"""Tokens of the text that it is run on, at the most."""


def is_graph(folder: Path) -> bool:
    """Whether a folder's model is a graph: it has one, and no weights beside it."""
    return (folder / MODEL).is_file() and not any(folder.glob("*.safetensors"))


def admit_graph(folder: Path, most_bytes: int = MAX_BYTES) -> Admitted:
    """Look at an ONNX folder without trust.

    Raises HarnessError as `look` does of its files, and for a graph that is damaged, reads other
    files, has functions, operators or loops that no encoder has, an opset that is not known here,
    inputs or an output of another form, or that cannot be run once.
    """
    for library in (onnx_library, runtime):  # said here, and not by the process that looks
        library()
    found: Looked = bounded(_look, folder, most_bytes, about=str(folder))
    return Admitted(folder, sha256_tree(folder), found.bytes, found.parameters, is_adapter=False)


def _look(folder: Path, most_bytes: float) -> Looked:
    files = files_within(folder, most_bytes)
    check_each_json(files)
    _check_folder(folder)
    graph = _checked(folder / MODEL)
    check_tokenizer(folder)
    _run_once(folder)
    parameters = sum(math.prod(one.dims) for one in graph.initializer)
    return Looked(sum(path.stat().st_size for path in files), parameters, is_adapter=False)


def _check_folder(folder: Path) -> None:
    if not (folder / CONFIG).is_file():
        raise HarnessError(f"{folder}: {MODEL} without {CONFIG}, which names its classes",
                           "Put the model's configuration beside it.")
    if not has_tokenizer(folder):
        raise HarnessError(f"{folder}: has no tokenizer", "Save it beside the model.")
    check_names(folder)
    if not isinstance(json.loads((folder / CONFIG).read_text(encoding="utf-8")), dict):
        raise HarnessError(f"{folder}: {CONFIG} is no mapping", "Save the model again.")


def _checked(path: Path) -> Any:
    """The graph of a file that may be used."""
    onnx = onnx_library()
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:  # whatever a stranger's bytes make a parser raise
        raise HarnessError(f"{path}: is no ONNX model ({type(error).__name__})",
                           "Copy or export it again.") from None
    _check_parts(path, model)
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # the checker has a class of its own, and parsers below it others
        raise HarnessError(f"{path}: is no sound graph: {' '.join(str(error).split())[:200]}",
                           "Export it again.") from None
    _check_form(path, model.graph)
    return model.graph


def _check_parts(path: Path, model: Any) -> None:
    """No files, operators or loops beyond what encoders need."""
    from onnx import TensorProto
    from onnx.defs import onnx_opset_version

    for opset in model.opset_import:
        if opset.domain not in STANDARD:
            raise HarnessError(f"{path}: has operators of its own ({opset.domain})",
                               f"Only ONNX's own are run. {AGAIN}")
        if not OLDEST <= opset.version <= onnx_opset_version():
            raise HarnessError(f"{path}: is of opset {opset.version}; known here are {OLDEST} to "
                               f"{onnx_opset_version()}", "Export it for one of these.")
    if len(model.functions):
        raise HarnessError(f"{path}: has functions of its own ({model.functions[0].name})", AGAIN)
    for graph in _graphs(model.graph):
        _check_nodes(path, graph)
        for tensor in _tensors(graph):
            if tensor.data_location == TensorProto.EXTERNAL or len(tensor.external_data):
                raise HarnessError(f"{path}: {tensor.name} lies in another file",
                                   "Save it with all its weights in one file.")


def _check_nodes(path: Path, graph: Any) -> None:
    for node in graph.node:
        if node.domain not in STANDARD:
            raise HarnessError(f"{path}: has operators of its own ({node.domain}.{node.op_type})",
                               f"Only ONNX's own are run. {AGAIN}")
        if node.op_type in REPEATING:
            raise HarnessError(f"{path}: has a loop ({node.op_type}), which may have no end",
                               AGAIN)


def _graphs(graph: Any) -> Iterator[Any]:
    """A graph, and those within its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if len(inner.node):
                    yield from _graphs(inner)


def _tensors(graph: Any) -> Iterator[Any]:
    """All that holds numbers: weights, and constants of nodes."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors, attribute.sparse_tensor.values,
                        attribute.sparse_tensor.indices)


def _check_form(path: Path, graph: Any) -> None:
    """Tokens in, and the logits of classes or tags out."""
    held = {one.name for one in graph.initializer}
    inputs = {one.name: one.type.tensor_type for one in graph.input if one.name not in held}
    if not {*INPUTS[:2]} <= set(inputs) <= {*INPUTS}:
        raise HarnessError(f"{path}: reads {', '.join(map(repr, inputs)) or 'nothing'}, and texts "
                           f"are {', '.join(map(repr, INPUTS))}", "Export it with these names.")
    for name, kind in inputs.items():
        if kind.elem_type != INT64 or len(kind.shape.dim) != 2:
            raise HarnessError(f"{path}: {name} is not int64 of [batch, sequence]", AGAIN)
        if any(side.HasField("dim_value") for side in kind.shape.dim):
            raise HarnessError(f"{path}: {name} has a fixed shape",
                               "Export it with a batch and a sequence of any length.")
    outputs = {one.name: one.type.tensor_type for one in graph.output}
    if set(outputs) != {LOGITS}:
        raise HarnessError(f"{path}: gives {', '.join(map(repr, outputs)) or 'nothing'}, not "
                           f"'{LOGITS}' alone", "Export it with that one output.")
    kind = outputs[LOGITS]
    if kind.elem_type != FLOAT or len(kind.shape.dim) not in (2, 3):
        raise HarnessError(f"{path}: '{LOGITS}' is not fp32 of [batch, classes], nor of [batch, "
                           "sequence, tags]", AGAIN)


def _run_once(folder: Path) -> None:
    """Two texts of the longest kind, as a pair that is padded."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    known = config.get("max_position_embeddings")
    longest = min(LONGEST, known - 2) if isinstance(known, int) and known > 2 else LONGEST
    ids = np.ones((2, max(1, longest)), dtype=np.int64)
    mask = ids.copy()
    mask[1, 1:] = 0
    found = open_graph(folder)({"input_ids": ids, "attention_mask": mask,
                                "token_type_ids": np.zeros_like(ids)})
    if len(found) != 2:
        raise HarnessError(f"{folder / MODEL}: answers {len(found)} times to two texts", AGAIN)

"""A stranger's ONNX folder, looked at before it is used.

A graph is data, but not harmless: it may name files, operators that a library would have to be
loaded for, loops without an end, and shapes that no memory holds. What is left is what encoders
with a head are made of. It is run once, on the longest text or on pictures, within limits on time
and memory.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.backbones.admission.folder import (
    CONFIG,
    MAX_BYTES,
    Admitted,
    Looked,
    check_each_json,
    check_names,
    files_within,
)
from harness.backbones.admission.graph_form import AGAIN, GraphForm, form_of
from harness.backbones.graphs.session import MODEL, onnx_library, open_graph, runtime
from harness.common.errors import HarnessError
from harness.common.files import sha256_tree
from harness.processes.bounded import bounded

STANDARD = ("", "ai.onnx")
REPEATING = ("Loop", "Scan", "SequenceMap")
OLDEST = 11
"""Of opsets."""


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
    form = form_of(folder / MODEL, graph)
    form.check_reader(folder)
    _run_once(folder, form)
    parameters = sum(math.prod(one.dims) for one in graph.initializer)
    return Looked(sum(path.stat().st_size for path in files), parameters, is_adapter=False)


def _check_folder(folder: Path) -> None:
    if not (folder / CONFIG).is_file():
        raise HarnessError(f"{folder}: {MODEL} without {CONFIG}, which names its classes",
                           "Put the model's configuration beside it.")
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


def _run_once(folder: Path, form: GraphForm) -> None:
    found = open_graph(folder)(form.trial(folder))
    if len(found) != 2:
        raise HarnessError(f"{folder / MODEL}: answers {len(found)} times to two items", AGAIN)

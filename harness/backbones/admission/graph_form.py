"""What a classifier's graph reads and gives: a row for texts, one for pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.backbones.admission.image_processor import check_image_processor, read_image_processor
from harness.backbones.admission.tokenizer import check_tokenizer, has_tokenizer
from harness.backbones.graphs.session import INPUTS, LOGITS, PIXELS
from harness.common.errors import HarnessError
from harness.common.kinds import Input

CONFIG = "config.json"
INT64, FLOAT = 7, 1
"""Types of tensors, as ONNX numbers them."""
AGAIN = "Export the model itself, with torch.onnx.export."
LONGEST = 512
"""Tokens of the text that a graph is run on, at the most."""


@dataclass(frozen=True)
class GraphForm:
    """How items are given to a graph."""

    needed: frozenset[str]
    known: tuple[str, ...]
    """Inputs that it must have, and those that it may."""
    element: int
    sides: tuple[str, ...]
    """Of each input; those that may have any length are `free`."""
    free: int
    answers: tuple[int, ...]
    """How many sides its output may have."""
    check_reader: Callable[[Path], None]
    """Look at what makes the inputs. Raises HarnessError where it is missing or does harm."""
    trial: Callable[[Path], Mapping[str, np.ndarray]]
    """Two items together, as large as they come."""


def _check_tokenizer(folder: Path) -> None:
    if not has_tokenizer(folder):
        raise HarnessError(f"{folder}: has no tokenizer", "Save it beside the model.")
    check_tokenizer(folder)


def _check_processor(folder: Path) -> None:
    read_image_processor(folder)  # one that is missing is an error here
    check_image_processor(folder)


def _texts(folder: Path) -> Mapping[str, np.ndarray]:
    """Of the longest kind, as a pair that is padded."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    known = config.get("max_position_embeddings")
    longest = min(LONGEST, known - 2) if isinstance(known, int) and known > 2 else LONGEST
    ids = np.ones((2, max(1, longest)), dtype=np.int64)
    mask = ids.copy()
    mask[1, 1:] = 0
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


def _pictures(folder: Path) -> Mapping[str, np.ndarray]:
    """What its image processor makes of two."""
    made = read_image_processor(folder)([np.zeros((64, 64, 3), dtype=np.uint8)] * 2,
                                        input_data_format="channels_last", return_tensors="np")
    return {PIXELS: np.asarray(made[PIXELS], dtype=np.float32)}


FORMS: Mapping[Input, GraphForm] = {
    "text": GraphForm(frozenset(INPUTS[:2]), INPUTS, INT64, ("batch", "sequence"), 2, (2, 3),
                      _check_tokenizer, _texts),
    "image": GraphForm(frozenset({PIXELS}), (PIXELS,), FLOAT,
                       ("batch", "colours", "height", "width"), 1, (2,), _check_processor,
                       _pictures)}
TYPES = {INT64: "int64", FLOAT: "fp32"}


def form_of(path: Path, graph: Any) -> GraphForm:
    """The form of a graph, onnx's. Raises HarnessError for inputs or an output of another one."""
    held = {one.name for one in graph.initializer}
    inputs = {one.name: one.type.tensor_type for one in graph.input if one.name not in held}
    found = next((form for form in FORMS.values()
                  if form.needed <= set(inputs) <= {*form.known}), None)
    if found is None:
        raise HarnessError(f"{path}: reads {', '.join(map(repr, inputs)) or 'nothing'}, and texts "
                           f"are {', '.join(map(repr, INPUTS))}, pictures '{PIXELS}'",
                           "Export it with these names.")
    for name, kind in inputs.items():
        if kind.elem_type != found.element or len(kind.shape.dim) != len(found.sides):
            raise HarnessError(f"{path}: {name} is not {TYPES[found.element]} of "
                               f"[{', '.join(found.sides)}]", AGAIN)
        if any(side.HasField("dim_value") for side in kind.shape.dim[:found.free]):
            raise HarnessError(f"{path}: {name} has a fixed shape", "Export it with a "
                               f"{' and a '.join(found.sides[:found.free])} of any length.")
    _check_output(path, graph, found)
    return found


def _check_output(path: Path, graph: Any, form: GraphForm) -> None:
    outputs = {one.name: one.type.tensor_type for one in graph.output}
    if set(outputs) != {LOGITS}:
        raise HarnessError(f"{path}: gives {', '.join(map(repr, outputs)) or 'nothing'}, not "
                           f"'{LOGITS}' alone", "Export it with that one output.")
    kind = outputs[LOGITS]
    if kind.elem_type != FLOAT or len(kind.shape.dim) not in form.answers:
        tags = ", nor of [batch, sequence, tags]" if 3 in form.answers else ""
        raise HarnessError(f"{path}: '{LOGITS}' is not fp32 of [batch, classes]{tags}", AGAIN)

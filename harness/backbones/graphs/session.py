"""A graph opened by onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.common.errors import HarnessError
from harness.common.kinds import Input

MODEL = "model.onnx"
LOGITS = "logits"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""What a graph of texts may read: tokens, which of them are no padding, and of which text they are.
"""
PIXELS = "pixel_values"
"""What one of pictures reads."""
ROUNDS = "DynamicQuantizeLinear"
"""The operator that rounds activations by a scale which it takes of all that is asked at once."""
EXTRA = "pip install 'adaptation-harness[export]'"


def onnx_library() -> Any:
    """onnx, of the extra. Raises HarnessError where it is not installed."""
    try:
        import onnx
    except ImportError:
        raise _absent("onnx") from None
    return onnx


def runtime() -> Any:
    """onnxruntime, of the extra. Raises HarnessError where it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        raise _absent("onnxruntime") from None
    return onnxruntime


def check_exporter() -> None:
    """Raise HarnessError where what torch writes graphs by is not installed."""
    try:
        import onnxscript  # noqa: F401  (torch imports it)
    except ImportError:
        raise _absent("onnxscript") from None


def _absent(library: str) -> HarnessError:
    return HarnessError(f"ONNX needs {library}, which is not installed", EXTRA)


@dataclass(frozen=True)
class Graph:
    """A session, with the names of what it reads."""

    session: Any
    inputs: tuple[str, ...]
    rounds: bool
    """Whether it rounds activations by what is asked together: an answer is then an item's own
    only where it is asked alone."""

    @property
    def reads(self) -> Input:
        """What its items are."""
        return "image" if PIXELS in self.inputs else "text"

    def __call__(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        """Logits [items, outputs], or [items, longest, tags], of a padded batch of int64 arrays
        [items, longest], or of pixels [items, 3, height, width] fp32. Raises HarnessError where
        onnxruntime cannot run it."""
        given = {name: batch[name] for name in self.inputs if name in batch}
        for name in self.inputs:
            if name not in given:  # one text alone: its segments are all the first
                given[name] = np.zeros_like(batch["input_ids"])
        try:
            found: np.ndarray = self.session.run([LOGITS], given)[0]
        except Exception as error:  # whatever onnxruntime raises: it has a class for each fault
            raise HarnessError(f"{MODEL} cannot be run: {' '.join(str(error).split())[:200]}",
                               "Export it again with a batch of any length, and of texts a "
                               "sequence too.") from None
        return found


def open_graph(folder: Path) -> Graph:
    """The graph of a folder, with as many threads as torch has. Raises HarnessError."""
    onnxruntime = runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
    options.log_severity_level = 3
    path = folder / MODEL
    try:
        session = onnxruntime.InferenceSession(str(path), options,
                                               providers=["CPUExecutionProvider"])
    except Exception as error:  # whatever onnxruntime raises: it has a class for each fault
        raise HarnessError(f"{path}: onnxruntime cannot read it: "
                           f"{' '.join(str(error).split())[:200]}", "Export it again.") from None
    return Graph(session, tuple(one.name for one in session.get_inputs()), rounds(folder))


def rounds(folder: Path) -> bool:
    """Whether a folder's graph rounds activations, by the operator's name in the file."""
    return ROUNDS.encode() in (folder / MODEL).read_bytes()

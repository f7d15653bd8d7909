"""Weights where the processor's widest loads begin, whatever file they came from."""

from __future__ import annotations

import itertools
from typing import Any

LINE = 64
"""Bytes: what torch's own allocator aligns to (c10/core/impl/alignment.h)."""


def align(model: Any) -> None:
    """Move parameters and buffers that lie at other addresses, as views of a mapped safetensors
    file do: its header is of any length.

    MKL's matrix products of one row differ in their last bits by where a weight begins, so that a
    model, saved and loaded again, would not answer bit for bit alike.
    """
    for tensor in itertools.chain(model.parameters(), model.buffers()):
        if tensor.data_ptr() % LINE:
            tensor.data = tensor.data.clone()

"""A backbone cut to its first blocks: quick to measure, and what it takes grows with its blocks."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

from harness.backbones.handle import Handle
from harness.backbones.weights import tensor_shapes

CONFIG = "config.json"
DEPTH = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
"""What configurations call the number of blocks."""
BY_LAYER = ("layer_types", "no_rope_layers", "mlp_layer_types")
"""Fields with one entry a block."""
FEW = 2
"""Blocks between the two depths that are measured."""


def depth_of(handle: Handle) -> int | None:
    """Number of blocks, as the configuration has it; None where it does not say."""
    depth = _config(handle).get(_field(handle))
    return depth if isinstance(depth, int) and depth > 0 else None


def depths(handle: Handle, least: int) -> tuple[int | None, ...]:
    """The depths at which to measure: two, or None (the whole) where that is about as quick."""
    whole = depth_of(handle)
    if whole is None or whole <= 2 * least + FEW:
        return (None,)
    return least, least + FEW


def cut_backbone(handle: Handle, depth: int | None, folder: Path) -> Handle:
    """The backbone with its first `depth` blocks: a folder with a shorter configuration and links
    to the rest, whose weights of other blocks are not read."""
    if depth is None:
        return handle
    folder.mkdir(parents=True)
    config = _config(handle) | {_field(handle): depth}
    for name in BY_LAYER:
        if isinstance(config.get(name), list):
            config[name] = config[name][:depth]
    for path in handle.path.iterdir():
        if path.name != CONFIG:
            (folder / path.name).symlink_to(path.resolve())
    (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    return dataclasses.replace(handle, path=folder)


def parameters_at(handle: Handle, depth: int | None) -> int:
    """Parameters of the backbone cut to `depth` blocks, from the headers of its files."""
    return sum(math.prod(shape) for path in handle.path.glob("*.safetensors")
               for name, shape in tensor_shapes(path).items()
               if depth is None or _block(name) < depth)


def _block(tensor: str) -> int:
    """The number of a tensor's block: the first number in its name; 0 for those of no block."""
    return next((int(word) for word in tensor.split(".") if word.isdigit()), 0)


def _field(handle: Handle) -> str:
    config = _config(handle)
    return next((name for name in DEPTH if name in config), DEPTH[0])


def _config(handle: Handle) -> dict[str, Any]:
    return dict(json.loads((handle.path / CONFIG).read_text(encoding="utf-8")))

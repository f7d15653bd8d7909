"""The whole weights in bf16, norms and head too: half the bytes."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from harness.export.formats import BY, FORMATS, Format
from harness.export.merged import load_merged, write_merged
from harness.export.whole import Whole


def write_bf16(whole: Whole, folder: Path) -> None:
    """As `merged`, with every number that has a point in bf16, and a configuration that says so."""
    write_merged(whole, folder)
    for path in sorted(folder.rglob("*.safetensors")):
        _round(path)
    for path in folder.glob("*.safetensors.index.json"):
        index = json.loads(path.read_text(encoding="utf-8"))
        index.setdefault("metadata", {})["total_size"] = sum(
            each.stat().st_size for each in folder.glob("*.safetensors"))
        path.write_text(json.dumps(index, indent=2), encoding="utf-8")
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(config | {"dtype": "bfloat16"}, indent=2), encoding="utf-8")


def _round(path: Path) -> None:
    with safe_open(path, "pt") as file:
        said = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    save_file({name: one.to(torch.bfloat16) if one.is_floating_point() else one
               for name, one in tensors.items()}, path, said)


FORMATS.register("bf16")(Format(
    "safetensors in bf16, norms and head too", tuple(BY), write_bf16, load_merged))
